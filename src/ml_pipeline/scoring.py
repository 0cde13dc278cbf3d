"""Batch scoring: the predictions of the version in use for each open row; it scores no row twice."""

from typing import Any

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import predictions, registry
from .config import Run
from .features import OPEN, TABLE


def score(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Score the rows of the part OPEN that the version in use has not scored yet, into PREDICTIONS.

    A version that has just come into use scores all of them; the predictions of other versions stay.
    Raises PipelineError when no version is in use.
    """
    version = registry.required(session, run)
    name = version.version_name
    predictions.ready(session, run)
    waiting = predictions.unscored(open_rows(session, run), run, name)
    new = predictions.add(registry.score(run, version, waiting), run, name)
    row = predicted(session, run, name).agg(F.count("*"), F.avg(run.definition.kind.score)).collect()[0]
    return {"version": name, "rows": row[0], "new": new, "mean_predicted": round(row[1], 4)}


def predicted(session: Session, run: Run, version: str) -> DataFrame:
    """Return what the log has of a version on the rows that are open today."""
    keys = list(run.definition.keys)
    return predictions.of_version(session, run, version).join(open_rows(session, run).select(*keys), on=keys)


def open_rows(session: Session, run: Run) -> DataFrame:
    """Return the rows whose label is not known today, with their features."""
    return session.table(run.name(TABLE)).filter(F.col("PART") == OPEN)
