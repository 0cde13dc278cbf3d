"""Monitoring: whether the lines scored look like those the model learned from, and whether what was said came true."""

from typing import Any

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import predictions
from .config import Run
from .features import FEATURES, LABEL, OPEN, TABLE, TRAIN
from .tables import replace_rows


def monitor(session: Session, run: Run, inputs: dict[str, Any]) -> dict[str, Any]:
    """Join the labels that have arrived; write feature shifts, and said and late shares by week, to MONITORING."""
    labels = predictions.join_labels(session, run)
    shifts = shift(session.table(run.name(TABLE)))
    weeks = _weeks(predictions.of_version(session, run, inputs["SCORE"]["version"]))
    rows = [["shift", name, value] for name, value in shifts.items()]
    rows += [
        [metric, week["week"], week[metric]]
        for week in weeks
        for metric in ("said", "late")
        if week[metric] is not None
    ]
    replace_rows(session.create_dataframe(rows, schema=["METRIC", "SLICE", "VALUE"]), run, "MONITORING")
    return {"labels": labels, "shift": shifts, "weeks": weeks}


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


def _weeks(said: DataFrame) -> list[dict[str, Any]]:
    """Compare by order week; what became of a week's lines is null until it is known."""
    rows = (
        said.group_by(F.date_trunc("week", F.col(predictions.ORDERED)).alias("WEEK"))
        .agg(
            F.avg(predictions.PROBABILITY).alias("SAID"),
            F.avg(F.col(LABEL).cast("FLOAT")).alias("LATE"),
            F.count("*").alias("LINES"),
            F.count(LABEL).alias("LABELLED"),
        )
        .sort("WEEK")
        .collect()
    )
    return [
        {
            "week": str(row["WEEK"])[:10],
            "said": round(row["SAID"], 4),
            "late": None if row["LATE"] is None else round(row["LATE"], 4),
            "lines": row["LINES"],
            "labelled": row["LABELLED"],
        }
        for row in rows
    ]
