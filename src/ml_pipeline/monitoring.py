"""Monitoring: whether the lines scored look like those the model was judged on, and whether what was said came true."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import monitors, predictions, registry
from .features import FEATURES, LABEL, OPEN, TABLE
from .functions import distribution_shift
from .monitors import Measure, Watch
from .tables import replace_rows

if TYPE_CHECKING:
    from snowflake.snowpark import DataFrame, Session

    from .config import Run
    from .settings import Pipeline

MOVING = ("CUSTOMER_LINES", "SUPPLIER_LINES", "ORDER_MONTH")
"""Features that grow, or go with the calendar, in any data: shown, but no sign of drift."""

STEADY, DRIFTED, WORSE = "steady", "drifted", "worse"


def monitor(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Ask the monitor of the version in use, write what it says and said and late by week to MONITORING; judge it.

    The verdict is steady, drifted (features, over `max_drift`) or worse (the labelled lines' AUC, under
    `min_labelled_auc` by more than chance), with the reasons.
    """
    version = registry.version_in_use(session, run)
    watch = monitors.ensure(session, run, version)
    drift, auc = monitors.drift(session, run, watch), monitors.auc(session, run, watch)
    weeks = _weeks(session, run, version.version_name)
    if run.smoke:  # else it would refresh until the next smoke run, for nobody
        session.sql(f"ALTER MODEL MONITOR {watch.monitor} SUSPEND").collect()
    figures = {name: measure.value for name, measure in drift.items()}
    _write(session, run, figures, auc, weeks)
    return {
        "monitor": watch.monitor,
        **verdict(drift, auc, run.settings),
        "max_drift": run.settings.monitoring.max_drift,
        "drift": figures,
        "auc": auc.value,
        "labelled": auc.lines,
        "weeks": weeks,
    }


def verdict(drift: dict[str, Measure], auc: Measure, settings: Pipeline) -> dict[str, Any]:
    """Hold drift and AUC against the thresholds; fewer lines than `min_rows` say nothing."""
    drifted = {
        name: measure.value
        for name, measure in drift.items()
        if name not in MOVING and measure.lines >= settings.monitoring.min_rows
        if measure.value is not None and measure.value > settings.monitoring.max_drift
    }
    reasons = [
        f"{name} has drifted by {value}, over {settings.monitoring.max_drift}" for name, value in drifted.items()
    ]
    worse = auc.value is not None and auc.lines >= settings.monitoring.min_rows
    worse = worse and auc.value + _chance(auc.lines) < settings.monitoring.min_labelled_auc
    if worse:
        reasons.append(
            f"the AUC of {auc.lines} labelled lines is {auc.value}, under {settings.monitoring.min_labelled_auc}"
        )
    return {"verdict": WORSE if worse else DRIFTED if drifted else STEADY, "drifted": [*drifted], "reasons": reasons}


def _chance(lines: int) -> float:
    """Return twice the standard error of an AUC of that many lines, half of them late: what chance may make of it.

    https://doi.org/10.1148/radiology.143.1.7063747 (Hanley and McNeil, 1982), where the classes do not differ.
    """
    return 2 / math.sqrt(3 * lines)


def observe(session: Session, run: Run, version: str) -> list[str]:
    """Return what speaks against a version: the lines that it is about to score, and the outcomes known by now."""
    watch = Watch.of(run, version)
    if watch.monitor not in {row["name"] for row in monitors.shown(session)}:
        return []
    return verdict(incoming_drift(session, run, version), monitors.auc(session, run, watch), run.settings)["reasons"]


def incoming_drift(session: Session, run: Run, version: str) -> dict[str, Measure]:
    """Return the stability index of each feature over the open lines that the version has not scored yet.

    They are held against the version's baseline before they are in the log, so that a drifted day is seen on the day.
    """
    lines = session.table(run.name(TABLE)).filter(F.col("PART") == OPEN)
    incoming = predictions.unscored(lines, run, version)
    count = incoming.count()
    if count < run.settings.monitoring.min_rows:
        return {}
    baseline = session.table(Watch.of(run, version).baseline)
    names = [name for name in FEATURES if name in baseline.columns]
    both = _marked(baseline, names, yes=True).union_all(_marked(incoming, names, yes=False))
    bins = distribution_shift(run, both, F.col("IS_BASELINE"), names)
    found = bins.group_by("FEATURE").agg(F.sum("PSI").alias("PSI")).collect()
    return {row["FEATURE"]: Measure(round(row["PSI"], 4), count) for row in found}


def _marked(lines: DataFrame, names: list[str], *, yes: bool) -> DataFrame:
    return lines.select(F.lit(yes).alias("IS_BASELINE"), *names)


def _weeks(session: Session, run: Run, version: str) -> list[dict[str, Any]]:
    """Compare by order week, in the baseline and since; what became of a week's lines is null until it is known."""
    settings = run.settings
    since = settings.data.as_of - timedelta(days=settings.data.label_lag_days + settings.data.test_days)
    baseline, log = session.table(Watch.of(run, version).baseline), predictions.of_version(session, run, version)
    said = _outcomes(baseline).union_all(_outcomes(log))
    rows = (
        said.filter(F.col(predictions.ORDERED) >= F.to_date(F.lit(since.isoformat())))
        .group_by(F.date_trunc("week", F.col(predictions.ORDERED)).alias("WEEK"))
        .agg(
            F.avg(predictions.PROBABILITY).alias("SAID"),
            F.avg(LABEL).alias("LATE"),
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


def _outcomes(lines: DataFrame) -> DataFrame:
    return lines.select(
        predictions.ORDERED, *(F.col(name).cast("FLOAT").alias(name) for name in (predictions.PROBABILITY, LABEL))
    )


def _write(
    session: Session, run: Run, drift: dict[str, float | None], auc: Measure, weeks: list[dict[str, Any]]
) -> None:
    found = [["drift", name, value] for name, value in drift.items()]
    found += [["auc", "labelled", auc.value]]
    found += [[metric, week["week"], week[metric]] for week in weeks for metric in ("said", "late")]
    known = [row for row in found if row[2] is not None]
    replace_rows(session, run, "MONITORING", known)
