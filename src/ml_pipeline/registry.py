"""The Registry as the steps read it: which version is in use, what it needs, and what it says of lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .errors import PipelineError

if TYPE_CHECKING:
    from datetime import datetime

    from snowflake.ml.model import ModelVersion
    from snowflake.ml.registry import Registry
    from snowflake.snowpark import DataFrame, Row, Session

    from .config import Run

PROBABILITIES = ("ON_TIME_PROBABILITY", "LATE_PROBABILITY")
"""What a version answers for a line, in the order of the label's values."""

METHOD = "predict_proba"
"""The method of a version that answers PROBABILITIES."""

VERDICT, PREDICTED = "predict", "PREDICTED"
"""The method of a version that answers whether a line will be late, and its answer: a monitor needs a method with one.

https://docs.snowflake.com/en/sql-reference/sql/create-model-monitor"""


def version_in_use(session: Session, run: Run) -> ModelVersion | None:
    """Return the default version of the run's model; None before there is one."""
    if not _listed(session, run):
        return None
    return open_registry(session).get_model(run.name(run.settings.registry.model)).default


def version_names(session: Session, run: Run) -> set[str]:
    """Return the names of all versions of the run's model."""
    model = _listed(session, run)
    return set(json.loads(model["versions"])) if model else set()


def _listed(session: Session, run: Run) -> Row | None:
    name, schema = run.name(run.settings.registry.model), session.get_fully_qualified_current_schema()
    models = session.sql(f"SHOW MODELS LIKE '{name}' IN SCHEMA {schema}").collect()
    # LIKE takes _ for any letter, so the answer may hold other models.
    return next((row for row in models if row["name"] == name), None)


def created_on(session: Session, version: ModelVersion) -> datetime:
    """Return when the version was logged."""
    versions = session.sql(f"SHOW VERSIONS IN MODEL {version.fully_qualified_model_name}").collect()
    return next(row["created_on"] for row in versions if row["name"] == version.version_name)


def score(version: ModelVersion, lines: DataFrame) -> DataFrame:
    """Add LATE_PROBABILITY, the version's probability that a line will be late, computed where the data is.

    Raises PipelineError when the version's signature is not that of this release.
    """
    if missing := missing_inputs(version, lines):
        raise PipelineError(
            f"version {version.version_name} has another signature than this release: {', '.join(missing)} is missing\n"
            f'next: run the graph with the CONFIG {{"retrain": true}}, or deploy the release that made that version'
        )
    return version.run(lines, function_name=METHOD).select(*lines.columns, PROBABILITIES[1])


def missing_inputs(version: ModelVersion, lines: DataFrame) -> list[str]:
    """Return what keeps a version of another release from being used by this one: whatever one asks of the other.

    That is features that `lines` lack; or the method, or a name of its answer, that the version lacks.
    """
    signature = next((each["signature"] for each in version.show_functions() if each["target_method"] == METHOD), None)
    if signature is None:
        return [METHOD]
    answers = {spec.name for spec in signature.outputs}
    lacking = [spec.name for spec in signature.inputs if spec.name not in lines.columns]
    return [*lacking, *(name for name in PROBABILITIES if name not in answers)]


def version_name(run: Run) -> str:
    """Return the name of the version that a run registers."""
    return named(run.id)


def named(run_id: str) -> str:
    """Return the same for the id of a run."""
    return f"V_{run_id}"


def open_registry(session: Session) -> Registry:
    """Return the Registry of the session's schema."""
    from snowflake.ml.registry import Registry

    # Unquoted, as the configuration allows only names that need no quotes.
    database, schema = (name.strip('"') for name in (session.get_current_database(), session.get_current_schema()))
    return Registry(session, database_name=database, schema_name=schema)
