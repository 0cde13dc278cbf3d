"""Batch scoring, and what follows from it: whom to call about lines that are likely late."""

from typing import Any

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from ml_pipeline import functions, predictions, scoring
from ml_pipeline.config import Run

from . import contacts, working_days
from .features import PROBABILITY

URGENT_WORKING_DAYS = 5
"""A line that is likely late can still be hurried when it is due so soon."""


def score(session: Session, run: Run, inputs: dict[str, Any]) -> dict[str, Any]:
    """Score the open lines, fetch the customers that they belong to, and count the urgent lines."""
    result = scoring.score(session, run, inputs)
    contacts.fetch(session, run)
    contacts.publish(session, run)
    urgent = urgent_of(scoring.predicted(session, run, result["version"]), run).count()
    return {**result, "urgent": urgent}


def urgent_of(predicted: DataFrame, run: Run) -> DataFrame:
    """Return those of the logged lines that are likely late and due within URGENT_WORKING_DAYS."""
    session, today = predicted.session, F.to_date(F.lit(run.settings.data.as_of.isoformat()))
    due = F.to_date(F.dateadd("day", F.col("PROMISED_DAYS").cast("INT"), F.col(predictions.EVENT)))
    late = predicted.filter((F.col(PROBABILITY) >= run.settings.scoring.cut_off) & (due >= today))
    counted = functions.created(session, run, working_days.SIGNATURE, working_days.working_days, working_days.PACKAGES)
    return late.filter(F.call_function(counted, today, due) <= URGENT_WORKING_DAYS)
