"""The Registry as the steps read it: which version is in use, what it needs, and what it predicts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .errors import PipelineError

if TYPE_CHECKING:
    from datetime import datetime

    from snowflake.ml.model import ModelVersion
    from snowflake.ml.registry import Registry
    from snowflake.snowpark import DataFrame, Row, Session

    from .config import Run

JUDGED = "JUDGED"
PROVENANCE = "provenance"
"""The metric of a version that says where it comes from."""


def version_in_use(session: Session, run: Run) -> ModelVersion | None:
    """Return the default version of the run's model; None before there is one."""
    if not _listed(session, run.name(run.settings.registry.model)):
        return None
    return open_registry(session).get_model(run.name(run.settings.registry.model)).default


def required(session: Session, run: Run) -> ModelVersion:
    """Return the version in use. Raises PipelineError where there is none."""
    version = version_in_use(session, run)
    if version is None:
        model = run.name(run.settings.registry.model)
        raise PipelineError(f"no version of the model {model} is in use\nnext: SHOW VERSIONS IN MODEL {model}")
    return version


def version_names(session: Session, run: Run) -> set[str]:
    """Return the names of all versions of the run's model."""
    model = _listed(session, run.name(run.settings.registry.model))
    return set(json.loads(model["versions"])) if model else set()


def judged_name(run: Run) -> str:
    """Return the name of the model whose versions are those that were judged: see registration.py."""
    return f"{run.name(run.settings.registry.model)}_{JUDGED}"


def judged(session: Session, run: Run, version: ModelVersion) -> ModelVersion | None:
    """Return the model that was judged for this version, which has learned from the earlier rows alone.

    A version that was fitted on nothing else than what it was judged with, such as one that people logged, is its own.
    None for one that was copied from elsewhere: what judged it is there.
    """
    twin = found(session, judged_name(run), version.version_name)
    return twin or (None if "judged" in provenance(version) else version)


def found(session: Session, model: str, version: str) -> ModelVersion | None:
    """Return a version by name; None where there is none."""
    listed = _listed(session, model)
    if listed is None or version not in json.loads(listed["versions"]):
        return None
    return open_registry(session).get_model(model).version(version)


def provenance(version: ModelVersion) -> dict[str, Any]:
    """Return where a version comes from, as the pipeline has recorded it; nothing of one that people logged."""
    return version.show_metrics().get(PROVENANCE) or {}


def _listed(session: Session, name: str) -> Row | None:
    schema = session.get_fully_qualified_current_schema()
    models = session.sql(f"SHOW MODELS LIKE '{name}' IN SCHEMA {schema}").collect()
    # LIKE takes _ for any letter, so the answer may hold other models.
    return next((row for row in models if row["name"] == name), None)


def created_on(session: Session, version: ModelVersion) -> datetime:
    """Return when the version was logged."""
    versions = session.sql(f"SHOW VERSIONS IN MODEL {version.fully_qualified_model_name}").collect()
    found: datetime = next(row["created_on"] for row in versions if row["name"] == version.version_name)
    return found


def score(run: Run, version: ModelVersion, rows: DataFrame) -> DataFrame:
    """Add the version's prediction, the score of the definition's kind, computed where the data is.

    Raises PipelineError when the version's signature is not that of this release.
    """
    if missing := missing_inputs(run, version, rows):
        raise PipelineError(
            f"version {version.version_name} has another signature than this release: {', '.join(missing)} is missing\n"
            f'next: run the graph with the CONFIG {{"retrain": true}}, or deploy the release that made that version'
        )
    kind = run.definition.kind
    answered: DataFrame = version.run(rows, function_name=kind.method)
    return answered.select(*rows.columns, kind.score)


def missing_inputs(run: Run, version: ModelVersion, rows: DataFrame) -> list[str]:
    """Return the inputs or outputs that do not match, which keep this release from using a version of another one.

    That is features that `rows` lack; or the method, or a name of its answer, that the version lacks.
    """
    kind = run.definition.kind
    functions = version.show_functions()
    signature = next((each["signature"] for each in functions if each["target_method"] == kind.method), None)
    if signature is None:
        return [kind.method]
    answers = {spec.name for spec in signature.outputs}
    lacking = [spec.name for spec in signature.inputs if spec.name not in rows.columns]
    return [*lacking, *(name for name in kind.answers if name not in answers)]


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
    names = (session.get_current_database(), session.get_current_schema())
    database, schema = ((name or "").strip('"') for name in names)
    return Registry(session, database_name=database, schema_name=schema)
