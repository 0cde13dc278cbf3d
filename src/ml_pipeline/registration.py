"""Registration: what becomes of a judged model, a version of the Registry that is put in use, or nothing."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

from . import candidate, datasets, experiments, provenance, quality_gate, registry
from .errors import PipelineError
from .payload import ANACONDA

if TYPE_CHECKING:
    from snowflake.ml.model import Model, ModelVersion
    from snowflake.snowpark import Session

    from .config import Run

_SAMPLE_ROWS = 100

REGISTERED, REJECTED = "registered", "rejected"
QUALITY_GATE, PROVENANCE = "quality_gate", "provenance"
"""What a version keeps beside its metrics: how it was accepted, and where it comes from."""


def register(session: Session, run: Run, inputs: dict[str, Any]) -> dict[str, Any]:
    """Log the accepted model as a version named after the run, and make it the default.

    A second attempt finds the version that the first one logged. A smoke run has a model of its own.
    Raises PipelineError when the candidate is not the model that was judged.
    """
    evaluation = inputs["EVALUATE"]
    previous = registry.version_in_use(session, run)
    version = _logged(session, run, evaluation) or _log(session, run, evaluation)
    model = registry.open_registry(session).get_model(run.name(run.settings.registry.model))
    if not model.comment:
        model.comment = f"{run.definition.purpose} A version is named after the run that trained it."
    model.default = version.version_name
    dropped = _drop_oldest(model, run.settings.registry.keep_versions)
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


def facts(run: Run, evaluation: dict[str, Any]) -> dict[str, Any]:
    """Return what a version is to tell of itself: its metrics, how it passed the quality gate, and its provenance."""
    checks = quality_gate.checks(evaluation, run)
    gate = {
        "passed": all(check.passed for check in checks),
        "checks": len(checks),
        "compared_with": (evaluation["in_use"] or {}).get("version") or "",
    }
    return {**evaluation["metrics"], QUALITY_GATE: gate, PROVENANCE: evaluation["provenance"]}


def _logged(session: Session, run: Run, evaluation: dict[str, Any]) -> ModelVersion | None:
    """Return the version that an earlier attempt has logged; what that one had no time to say of it is added."""
    if not registry.version_in_use(session, run):
        return None
    versions = registry.open_registry(session).get_model(run.name(run.settings.registry.model)).versions()
    version = next((each for each in versions if each.version_name == registry.version_name(run)), None)
    if version and not version.show_metrics():
        for name, value in facts(run, evaluation).items():
            version.set_metric(name, value)
    return version


def _log(session: Session, run: Run, evaluation: dict[str, Any]) -> ModelVersion:
    kind, features = run.definition.kind, run.definition.features
    return experiments.log_model(
        session,
        run,
        candidate.unpickled(_judged(session, evaluation)),
        model_name=run.name(run.settings.registry.model),
        version_name=registry.version_name(run),
        comment=_comment(run),
        metrics=facts(run, evaluation),
        signatures=kind.signatures(features),
        # A row of it is kept with the version, and where the rows come from is the version's lineage.
        sample_input_data=datasets.rows(session, run).select(*features).limit(_SAMPLE_ROWS),
        target_platforms=["WAREHOUSE", "SNOWPARK_CONTAINER_SERVICES"],
        # The versions that it was tested with, as everywhere else.
        options={"relax_version": False},
        **packages(run),
        task=kind.task(),
    )


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
