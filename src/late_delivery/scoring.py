"""Batch scoring: how likely each open line is to be late, by the version in use; no line is scored twice by it."""

from typing import Any

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import contacts, predictions, registry
from .config import Run
from .errors import PipelineError
from .features import OPEN, TABLE
from .functions import working_days_between

URGENT_WORKING_DAYS = 5
"""A line that is likely late can still be hurried when it is due so soon."""


def score(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Score the lines of the part OPEN that the version in use has not scored yet, into PREDICTIONS.

    A version that has just come into use scores all of them anew; what others said of them stays.
    Raises PipelineError when no version is in use.
    """
    version = registry.version_in_use(session, run)
    if version is None:
        model = run.name(run.settings.registry.model)
        raise PipelineError(f"no version of the model {model} is in use\nnext: SHOW VERSIONS IN MODEL {model}")
    name = version.version_name
    lines = session.table(run.name(TABLE)).filter(F.col("PART") == OPEN)
    predictions.ready(session, run)
    new = predictions.add(registry.score(version, predictions.unscored(lines, run, name)), run, name)
    contacts.fetch(session, run)
    contacts.publish(session, run)
    said = predictions.of_version(session, run, name).join(lines.select(*predictions.KEYS), on=list(predictions.KEYS))
    row = said.agg(F.count("*"), F.avg(predictions.PROBABILITY)).collect()[0]
    urgent = urgent_of(said, run).count()
    return {"version": name, "lines": row[0], "new": new, "late_share": round(row[1], 4), "urgent": urgent}


def urgent_of(said: DataFrame, run: Run) -> DataFrame:
    """Return those of the logged lines that are likely late and due within URGENT_WORKING_DAYS."""
    today = F.to_date(F.lit(run.settings.data.as_of.isoformat()))
    due = F.to_date(F.dateadd("day", F.col("PROMISED_DAYS").cast("INT"), F.col(predictions.ORDERED)))
    late = said.filter((F.col(predictions.PREDICTED) == 1) & (due >= today))
    left = working_days_between(said.session, run, today, due)
    return late.filter(left <= URGENT_WORKING_DAYS)
