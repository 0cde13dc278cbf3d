"""The Registry: models that have passed the quality gate, one of which is in use, the default version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import candidate
from .features import FEATURES
from .quality_gate import objections

if TYPE_CHECKING:
    from datetime import datetime

    from snowflake.ml.model import Model, ModelVersion
    from snowflake.ml.model.model_signature import ModelSignature
    from snowflake.ml.registry import Registry
    from snowflake.snowpark import DataFrame, Session

    from .config import Run

PROBABILITIES = ("ON_TIME_PROBABILITY", "LATE_PROBABILITY")
"""What a version answers for a line, in the order of the label's values."""

_METHOD = "predict_proba"


def register(session: Session, run: Run, inputs: dict[str, Any]) -> dict[str, Any]:
    """Log the accepted model as a version named after the run, and make it the default.

    A second attempt finds the version that the first one logged. A smoke run has a model of its own.
    """
    evaluation = inputs["EVALUATE"]
    previous = version_in_use(session, run)
    version = _logged(session, run) or _log(session, run, evaluation)
    model = _registry(session).get_model(run.name(run.settings.model))
    model.default = version.version_name
    dropped = _drop_oldest(model, run.settings.keep_versions)
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
    candidate.discard(session, evaluation["model"])
    in_use = version_in_use(session, run)
    return {
        "reasons": objections(evaluation, run.settings),
        "in_use": in_use.version_name if in_use else None,
    }


def version_in_use(session: Session, run: Run) -> ModelVersion | None:
    """Return the default version of the run's model; None before there is one."""
    name = run.name(run.settings.model)
    models = session.sql(
        f"SHOW MODELS LIKE '{name}' IN SCHEMA {session.get_fully_qualified_current_schema()}"
    ).collect()
    # LIKE takes _ for any letter, so the answer may hold other models.
    if not any(row["name"] == name for row in models):
        return None
    return _registry(session).get_model(name).default


def created_on(session: Session, version: ModelVersion) -> datetime:
    """Return when the version was logged."""
    versions = session.sql(f"SHOW VERSIONS IN MODEL {version.fully_qualified_model_name}").collect()
    return next(row["created_on"] for row in versions if row["name"] == version.version_name)


def score(version: ModelVersion, lines: DataFrame) -> DataFrame:
    """Add LATE_PROBABILITY, the version's probability that a line will be late, computed where the data is."""
    return version.run(lines, function_name=_METHOD).select(*lines.columns, PROBABILITIES[1])


def missing_inputs(version: ModelVersion, lines: DataFrame) -> list[str]:
    """Return the features that the version needs and `lines` lack: an older release may have computed others."""
    signature = next(each["signature"] for each in version.show_functions() if each["target_method"] == _METHOD)
    return [spec.name for spec in signature.inputs if spec.name not in lines.columns]


def version_name(run: Run) -> str:
    """Return the name of the version that a run registers."""
    return f"V_{run.id}"


def _logged(session: Session, run: Run) -> ModelVersion | None:
    if not version_in_use(session, run):
        return None
    versions = _registry(session).get_model(run.name(run.settings.model)).versions()
    return next((each for each in versions if each.version_name == version_name(run)), None)


def _log(session: Session, run: Run, evaluation: dict[str, Any]) -> ModelVersion:
    from snowflake.ml.model import task

    return _registry(session).log_model(
        candidate.load(session, evaluation["model"]),
        model_name=run.name(run.settings.model),
        version_name=version_name(run),
        comment=f"release {run.release}, run {run.id}",
        metrics=evaluation["metrics"],
        signatures={_METHOD: _signature()},
        target_platforms=["WAREHOUSE"],
        # The versions that it was tested with, as everywhere else.
        options={"relax_version": False},
        task=task.Task.TABULAR_BINARY_CLASSIFICATION,
    )


def _signature() -> ModelSignature:
    """Declare inputs and outputs; told from sample rows, they would depend on which of them have a history."""
    from snowflake.ml.model.model_signature import DataType, FeatureSpec, ModelSignature

    inputs, outputs = (
        [FeatureSpec(dtype=DataType.DOUBLE, name=name) for name in names] for names in (FEATURES, PROBABILITIES)
    )
    return ModelSignature(inputs=inputs, outputs=outputs)


def _drop_oldest(model: Model, keep: int) -> list[str]:
    versions = model.show_versions().sort_values("created_on", ascending=False)
    spare = [name for name in versions["name"][keep:] if name != model.default.version_name]
    for name in spare:
        model.delete_version(name)
    return spare


def _registry(session: Session) -> Registry:
    from snowflake.ml.registry import Registry

    # Unquoted, as the configuration allows only names that need no quotes.
    database, schema = (name.strip('"') for name in (session.get_current_database(), session.get_current_schema()))
    return Registry(session, database_name=database, schema_name=schema)
