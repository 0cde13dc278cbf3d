"""Experiments: each training run with what it was given and what came of it, so that runs can be compared.

A run of the graph is a run of the experiment that is named after the model. It is open from the evaluation until its
model is registered or rejected. https://docs.snowflake.com/en/developer-guide/snowflake-ml/experiments
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from . import registry

if TYPE_CHECKING:
    from snowflake.ml.experiment import ExperimentTracking
    from snowflake.ml.model import ModelVersion
    from snowflake.snowpark import Row, Session

    from .config import Run

RUNNING, FAILED = "RUNNING", "FAILED"


def begin(session: Session, run: Run, trained: dict[str, Any], evaluation: dict[str, Any]) -> None:
    """Record what a model was made with and how good it is; a second attempt replaces the record of the first.

    `trained` and `evaluation` are the results of these two steps. Where the training chose among candidates, the
    metric of each is a step of one metric.
    Runs that were left open by a graph that failed are ended as failed, and the oldest ones are dropped.
    """
    tracking = _tracking(session)
    tracking.set_experiment(run.name(run.settings.registry.model))
    _clear(session, run, tracking)
    tracking.start_run(registry.version_name(run))
    tracking.log_params(parameters(run, evaluation))
    tracking.log_metrics(numbers(evaluation))
    for metric, values in trained.get("candidates", {}).items():
        for step, value in enumerate(values):
            tracking.log_metrics({f"candidate_{metric}": value}, step)


def log_model(session: Session, run: Run, model: Any, **options: Any) -> ModelVersion:
    """Log a model as `Registry.log_model` does, so that its lineage names the run that it comes from.

    A run that a later one has ended meanwhile, as failed, is left out of it.
    """
    logging = _resumed(session, run) if _is_open(session, run) else registry.open_registry(session)
    return logging.log_model(model, **options)


def end(session: Session, run: Run, outcome: str, reasons: list[str]) -> None:
    """Say what became of the model and commit the run; one that is committed already stays as it is."""
    if _is_open(session, run):
        tracking = _resumed(session, run)
        tracking.log_params({"outcome": outcome, "reasons": "; ".join(reasons)})
        tracking.end_run()


def parameters(run: Run, evaluation: dict[str, Any]) -> dict[str, Any]:
    """Return what a run was given: where its rows come from, and the settings that make the model."""
    compared = (evaluation["in_use"] or {}).get("version") or ""
    return {**run.settings.data.to_dict(), **evaluation["provenance"], "compared_with": compared}


def numbers(evaluation: dict[str, Any]) -> dict[str, float]:
    """Return the metrics of the model, and of the version in use as in_use_<metric>; omitting missing values."""
    in_use = (evaluation["in_use"] or {}).get("metrics") or {}
    found = {**evaluation["metrics"], **{f"in_use_{name}": value for name, value in in_use.items()}}
    return {name: value for name, value in found.items() if value is not None}


def _clear(session: Session, run: Run, tracking: ExperimentTracking) -> None:
    rows = sorted(_runs(session, run), key=lambda row: row["created_on"], reverse=True)
    earlier = [row for row in rows if row["name"] != registry.version_name(run)]
    dropped = earlier[max(run.settings.registry.keep_runs - 1, 0) :]
    for row in [row for row in earlier if row not in dropped and _status(row) == RUNNING]:
        tracking.end_run(row["name"], FAILED)
    for row in [*dropped, *(row for row in rows if row["name"] == registry.version_name(run))]:
        tracking.delete_run(row["name"])


def _resumed(session: Session, run: Run) -> ExperimentTracking:
    tracking = _tracking(session)
    tracking.set_experiment(run.name(run.settings.registry.model))
    tracking.start_run(registry.version_name(run))
    return tracking


def _is_open(session: Session, run: Run) -> bool:
    return any(row["name"] == registry.version_name(run) and _status(row) == RUNNING for row in _runs(session, run))


def _runs(session: Session, run: Run) -> list[Row]:
    return session.sql(f"SHOW RUNS IN EXPERIMENT {run.name(run.settings.registry.model)}").collect()


def _status(row: Row) -> str:
    return str(json.loads(row["metadata"])["status"])


def _tracking(session: Session) -> ExperimentTracking:
    from snowflake.ml.experiment import ExperimentTracking

    # The class keeps its first object, and with it a session that another run has closed; a subclass has its own.
    fresh = type("Tracking", (ExperimentTracking,), {"_instance": None})
    # Where it runs is no checkout, so it would look for one in vain; the commit is a parameter.
    return fresh(session, capture_source_info=False)
