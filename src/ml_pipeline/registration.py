"""Registration: what becomes of a judged model, a version of the Registry that is put in use, or nothing.

What is registered is the accepted model, fitted on all labelled rows (see training.py). Its metrics are those of the
judged model, which has not learned from the last rows. That one is kept as the version of the same name of the model
<name>_JUDGED. Later models are compared with it, and its predictions are the baseline of the model monitor.
"""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

from . import candidate, datasets, experiments, provenance, quality_gate, registry, training
from .datasets import EARLIER, LABELLED
from .errors import PipelineError
from .payload import ANACONDA
from .registry import PROVENANCE

if TYPE_CHECKING:
    from snowflake.ml.model import Model, ModelVersion
    from snowflake.snowpark import Session

    from .config import Run
    from .datasets import Part

_SAMPLE_ROWS = 100

REGISTERED, REJECTED = "registered", "rejected"
QUALITY_GATE = "quality_gate"
"""What a version keeps beside its metrics and where it comes from: how it was accepted."""
_MAKE_OF_IT = ["WAREHOUSE"]
_SERVE_IT = ["WAREHOUSE", "SNOWPARK_CONTAINER_SERVICES"]


def register(session: Session, run: Run, inputs: dict[str, Any]) -> dict[str, Any]:
    """Fit the accepted model on all labelled rows, log it as a version named after the run, and make it the default.

    A second attempt finds the version that the first one logged. A smoke run has a model of its own.
    Raises PipelineError when the candidate is not the model that was judged.
    """
    evaluation = inputs["EVALUATE"]
    previous = registry.version_in_use(session, run)
    version = registry.found(session, run.name(run.settings.registry.model), registry.version_name(run))
    if version is None or not version.show_metrics():
        version = _log(session, run, evaluation, version)
    model = registry.open_registry(session).get_model(run.name(run.settings.registry.model))
    if not model.comment:
        model.comment = f"{run.definition.purpose} A version is named after the run that trained it."
    model.default = version.version_name
    dropped = _drop_oldest(model, run.settings.registry.keep_versions)
    _drop_judged(session, run, version.version_name)
    experiments.end(session, run, REGISTERED, [])
    candidate.discard(session, evaluation["model"])
    return {
        "model": model.name,
        "version": version.version_name,
        "previous": previous.version_name if previous else None,
        "dropped": dropped,
    }


def reject(session: Session, run: Run, inputs: dict[str, Any]) -> dict[str, Any]:
    """Leave the version in use where it is, and say why."""
    evaluation = inputs["EVALUATE"]
    reasons = quality_gate.objections(evaluation, run)
    experiments.end(session, run, REJECTED, reasons)
    candidate.discard(session, evaluation["model"])
    in_use = registry.version_in_use(session, run)
    return {"reasons": reasons, "in_use": in_use.version_name if in_use else None}


def facts(run: Run, evaluation: dict[str, Any], origin: dict[str, Any]) -> dict[str, Any]:
    """Return what a version is to tell of itself: metrics, how it passed the quality gate, and its provenance.

    The metrics are those of the judged model.
    """
    checks = quality_gate.checks(evaluation, run)
    gate = {
        "passed": all(check.passed for check in checks),
        "checks": len(checks),
        "compared_with": (evaluation["in_use"] or {}).get("version") or "",
    }
    return {**evaluation["metrics"], QUALITY_GATE: gate, PROVENANCE: origin}


def _log(session: Session, run: Run, evaluation: dict[str, Any], there: ModelVersion | None) -> ModelVersion:
    """Log the judged model, and the one that is fitted on all labelled rows; a version that is there gets its facts."""
    judged, content = evaluation["provenance"], _judged(session, evaluation)
    refit = training.refit(session, run, {name: judged[name] for name in run.settings.model.to_dict()})
    fitted = candidate.read(session, refit["model"])
    told = facts(run, evaluation, provenance.of_refit(judged, refit, fitted))
    if there is None:
        if registry.found(session, registry.judged_name(run), registry.version_name(run)) is None:
            registry.open_registry(session).log_model(
                candidate.unpickled(content),
                model_name=registry.judged_name(run),
                target_platforms=_MAKE_OF_IT,
                **_options(session, run, EARLIER, {PROVENANCE: judged}),
            )
        there = experiments.log_model(
            session,
            run,
            candidate.unpickled(fitted),
            model_name=run.name(run.settings.registry.model),
            target_platforms=_SERVE_IT,
            **_options(session, run, LABELLED, told),
        )
    else:  # an earlier attempt had no time for them
        for metric, value in told.items():
            there.set_metric(metric, value)
    candidate.discard(session, refit["model"])
    return there


def _options(session: Session, run: Run, part: Part, metrics: dict[str, Any]) -> dict[str, Any]:
    declared = run.definition
    return {
        "version_name": registry.version_name(run),
        "comment": _comment(run),
        "metrics": metrics,
        "signatures": declared.kind.signatures(declared.features),
        # A row of it is kept with the version, and where the rows come from is the version's lineage.
        "sample_input_data": datasets.rows(session, run, part).select(*declared.features).limit(_SAMPLE_ROWS),
        # The versions that it was tested with, as everywhere else.
        "options": {"relax_version": False},
        **packages(run),
        "task": declared.kind.task(),
    }


def packages(run: Run) -> dict[str, Any]:
    """Return where a version gets its packages from in a warehouse, as the client takes it.

    These decide it for the others, which the client adds by itself in the versions that are here.
    """
    first = [f"{name}=={metadata.version(name)}" for name in run.definition.packages]
    if run.package_repository == ANACONDA:
        return {"conda_dependencies": first}
    if run.package_repository:
        return {"pip_requirements": first, "artifact_repository_map": {"pip": run.package_repository}}
    return {}


def _judged(session: Session, evaluation: dict[str, Any]) -> bytes:
    """Return the candidate's file, which must be the one that was judged."""
    content, path = candidate.read(session, evaluation["model"]), evaluation["model"]
    if provenance.digest(content) != evaluation["provenance"]["sha256"]:
        raise PipelineError(
            f"{path} is not the model that was evaluated: somebody has written over it\n"
            f"next: run the graph again, so that what is there is evaluated"
        )
    return content


def _comment(run: Run) -> str:
    made = [("release", run.release), ("commit", run.commit), ("run", run.id)]
    return ", ".join(f"{what} {value}" for what, value in made if value)


def _drop_oldest(model: Model, keep: int) -> list[str]:
    versions = model.show_versions().sort_values("created_on", ascending=False)
    spare = [name for name in versions["name"][keep:] if name != model.default.version_name]
    for name in spare:
        model.delete_version(name)
    return spare


def _drop_judged(session: Session, run: Run, newest: str) -> None:
    """Drop the judged models whose version is gone."""
    model = registry.open_registry(session).get_model(registry.judged_name(run))
    if not model.comment:
        model.comment = (
            f"What each version of {run.name(run.settings.registry.model)} was judged by: see its provenance."
        )
    model.default = newest  # a default version cannot be dropped
    kept = registry.version_names(session, run)
    for name in model.show_versions()["name"]:
        if name not in kept:
            model.delete_version(name)
