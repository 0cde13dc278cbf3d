"""Monitoring: whether the lines scored look like those the model learned from, and whether what was said came true."""

from typing import Any

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from .config import Run
from .data import ORDER_LINES
from .features import FEATURES, OPEN, TABLE, TRAIN
from .tables import replace_rows, rows_of


def monitor(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Write the shift of every feature, and said against actual late shares by week, to MONITORING."""
    shifts = shift(session.table(run.name(TABLE)))
    weeks = _weeks(rows_of(session, run, "PREDICTIONS"), session.table(run.name(ORDER_LINES)))
    rows = [["shift", name, value] for name, value in shifts.items()]
    rows += [[metric, week["week"], week[metric]] for week in weeks for metric in ("said", "late")]
    replace_rows(session.create_dataframe(rows, schema=["METRIC", "SLICE", "VALUE"]), run, "MONITORING")
    return {"shift": shifts, "weeks": weeks}


def shift(features: DataFrame) -> dict[str, float]:
    """Return how far each feature's mean has moved from TRAIN to OPEN, in standard deviations of TRAIN."""
    aggregates = [
        aggregate(name).alias(f"{name}_{label}")
        for name in FEATURES
        for label, aggregate in (("MEAN", F.avg), ("DEVIATION", F.stddev))
    ]
    parts = features.filter(F.col("PART").in_([TRAIN, OPEN])).group_by("PART").agg(*aggregates).collect()
    train, scored = (next(row for row in parts if row["PART"] == part) for part in (TRAIN, OPEN))
    return {
        name: _ratio(scored[f"{name}_MEAN"], train[f"{name}_MEAN"], train[f"{name}_DEVIATION"]) for name in FEATURES
    }


def _ratio(now: float | None, then: float | None, deviation: float | None) -> float:
    """Return 0 where there is nothing to compare, such as a history that nobody has yet."""
    if now is None or then is None or not deviation:
        return 0.0
    return round((now - then) / deviation, 4)


def _weeks(predictions: DataFrame, lines: DataFrame) -> list[dict[str, Any]]:
    """Compare by order week. TPC-H knows the future; elsewhere the outcomes arrive in later runs."""
    late = F.iff(F.col("RECEIPT_DATE") > F.col("COMMIT_DATE"), F.lit(1.0), F.lit(0.0))
    outcomes = lines.select(
        "ORDER_KEY", "LINE_NUMBER", F.date_trunc("week", F.col("ORDER_DATE")).alias("WEEK"), late.alias("WAS_LATE")
    )
    weeks = (
        predictions.join(outcomes, on=["ORDER_KEY", "LINE_NUMBER"])
        .group_by("WEEK")
        .agg(F.avg("LATE_PROBABILITY").alias("SAID"), F.avg("WAS_LATE").alias("LATE"), F.count("*").alias("LINES"))
        .sort("WEEK")
        .collect()
    )
    return [
        {
            "week": str(row["WEEK"])[:10],
            "said": round(float(row["SAID"]), 4),
            "late": round(float(row["LATE"]), 4),
            "lines": row["LINES"],
        }
        for row in weeks
    ]
