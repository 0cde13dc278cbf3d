"""The decision whether to train: a model is made when there is a reason to, and otherwise the one in use goes on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from . import monitoring, predictions, registry
from .features import TABLE

if TYPE_CHECKING:
    from snowflake.ml.model import ModelVersion
    from snowflake.snowpark import Session

    from .config import Run

TRAIN, KEEP = "TRAIN", "KEEP"
"""The tasks that the branch goes on with."""

_NO_VERSION = "no version of the model is in use"


def decide(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Log the labels that have come; return the task to go on with, and every reason to train.

    What monitoring observes is no reason to train while the version in use is younger than `rest_days`.
    """
    labels = predictions.join_labels(session, run)
    version = registry.version_in_use(session, run)
    reasons, observed = reasons_to_train(session, run, version) if version else ([_NO_VERSION], [])
    return {"branch": TRAIN if reasons else KEEP, "reasons": reasons, "observed": observed, "labels": labels}


def reasons_to_train(session: Session, run: Run, version: ModelVersion) -> tuple[list[str], list[str]]:
    """Hold the version in use against what this run knows; return why another one is due, and what was observed."""
    reasons = ["this run was asked to train"] if run.retrain else []
    missing = registry.missing_inputs(run, version, session.table(run.name(TABLE)))
    if missing:
        reasons.append(f"{version.version_name} has another signature: {', '.join(missing)} is missing")
    age, most = _age_days(session, run, version), run.settings.training.retrain_days
    if age >= most:
        reasons.append(f"{version.version_name} is {age} days old, of {most}")
    observed = [] if missing else monitoring.observe(session, run, version.version_name)
    return reasons + (observed if age >= run.settings.monitoring.rest_days else []), observed


def keep(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Leave the version in use where it is, and say which it is and how old."""
    version = registry.required(session, run)
    return {"in_use": version.version_name, "age_days": _age_days(session, run, version)}


def _age_days(session: Session, run: Run, version: ModelVersion) -> int:
    """Return the days from the `as_of` of the run that trained the version to that of this one, at least 0.

    So the model and the data age by the same clock. A version that says of no such day ages since it was logged.
    """
    trained = registry.provenance(version).get("as_of")
    if trained is None:
        return (datetime.now(UTC) - registry.created_on(session, version)).days
    return max((run.settings.data.as_of - date.fromisoformat(trained)).days, 0)
