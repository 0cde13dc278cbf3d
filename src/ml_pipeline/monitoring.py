"""Monitoring: drift of the rows that were scored, and predictions against labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import monitors, predictions, registry, thresholds
from .functions import distribution_shift
from .monitors import Measure, Watch
from .scoring import open_rows
from .tables import replace_rows

if TYPE_CHECKING:
    from snowflake.snowpark import DataFrame, Session

    from .config import Run

WEEKS_SHOWN = 26
"""So many weeks are in the result; all of them are in MONITORING."""
STEADY, DRIFTED, WORSE = "steady", "drifted", "worse"


def monitor(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Ask the monitor of the version in use, write its metrics and means by week to MONITORING; judge it.

    The verdict is steady, drifted (features, over `max_drift`) or worse (a metric of the labelled rows, beyond its
    threshold by more than chance), with the reasons.
    """
    version = registry.required(session, run)
    watch = monitors.ensure(session, run, version)
    drift, performance = monitors.drift(session, run, watch), monitors.performance(session, run, watch)
    weeks = _weeks(session, run, version.version_name)
    if run.smoke:  # else it would refresh until the next smoke run, for nobody
        session.sql(f"ALTER MODEL MONITOR {watch.monitor} SUSPEND").collect()
    figures = {name: measure.value for name, measure in drift.items()}
    _write(session, run, figures, performance, weeks)
    return {
        "monitor": watch.monitor,
        **verdict(drift, performance, run),
        "max_drift": run.settings.monitoring.max_drift,
        "drift": figures,
        "performance": {name: measure.value for name, measure in performance.items()},
        "labelled": max((measure.rows for measure in performance.values()), default=0),
        "weeks": weeks[-WEEKS_SHOWN:],
    }


def verdict(drift: Mapping[str, Measure], performance: Mapping[str, Measure], run: Run) -> dict[str, Any]:
    """Compare drift and metrics with the thresholds; fewer rows than `min_rows` say nothing.

    The drift of the prediction is shown, and is no reason: the baseline has the predictions of the judged model, so it
    contains how these differ from the version's own.
    """
    settings, declared = run.settings.monitoring, run.definition
    drifted = {
        name: measure.value
        for name, measure in drift.items()
        if name not in (*declared.moving, declared.kind.score) and measure.rows >= settings.min_rows
        if measure.value is not None and measure.value > settings.max_drift
    }
    reasons = [f"{name} has drifted by {value}, over {settings.max_drift}" for name, value in drifted.items()]
    worse = list(_worse(performance, run))
    return {
        "verdict": WORSE if worse else DRIFTED if drifted else STEADY,
        "drifted": [*drifted],
        "reasons": reasons + worse,
    }


def _worse(performance: Mapping[str, Measure], run: Run) -> Iterator[str]:
    """Return the thresholds that labelled rows break, by more than chance."""
    for each in thresholds.labelled(run.definition, run.settings):
        value, rows = performance.get(each.metric, Measure(None, 0))
        if value is None or rows < run.settings.monitoring.min_rows:
            continue
        chance = run.definition.metrics[each.metric].chance(rows)
        if value + chance < each.bound if each.least else value - chance > each.bound:
            beyond = "under" if each.least else "over"
            yield f"the {each.metric} of {rows} labelled rows is {value}, {beyond} {each.bound}"


def observe(session: Session, run: Run, version: str) -> list[str]:
    """Return reasons to retrain: the rows that a version is about to score, and the labels known by now."""
    watch = Watch.of(run, version)
    if watch.monitor not in {row["name"] for row in monitors.shown(session)}:
        return []
    found = verdict(incoming_drift(session, run, version), monitors.performance(session, run, watch), run)
    return [*found["reasons"]]


def incoming_drift(session: Session, run: Run, version: str) -> dict[str, Measure]:
    """Return the stability index of each feature over the open rows that the version has not scored yet.

    They are compared with the version's baseline before they are in the log, so that a drifted day is seen on the day.
    """
    incoming = predictions.unscored(open_rows(session, run), run, version)
    count = incoming.count()
    if count < run.settings.monitoring.min_rows:
        return {}
    baseline = session.table(Watch.of(run, version).baseline)
    names = [name for name in run.definition.features if name in baseline.columns]
    both = _marked(baseline, names, yes=True).union_all(_marked(incoming, names, yes=False))
    bins = distribution_shift(run, both, F.col("IS_BASELINE"), names)
    found = bins.group_by("FEATURE").agg(F.sum("PSI").alias("PSI")).collect()
    return {row["FEATURE"]: Measure(round(row["PSI"], 4), count) for row in found}


def _marked(rows: DataFrame, names: list[str], *, yes: bool) -> DataFrame:
    return rows.select(F.lit(yes).alias("IS_BASELINE"), *names)


def _weeks(session: Session, run: Run, version: str) -> list[dict[str, Any]]:
    """Return the means of prediction and label by week, of baseline and log; a label's is null until it is known."""
    settings = run.settings.data
    since = settings.as_of - timedelta(days=settings.label_lag_days + settings.test_days)
    baseline, log = session.table(Watch.of(run, version).baseline), predictions.of_version(session, run, version)
    both = _numbers(baseline, run).union_all(_numbers(log, run))
    label, score = run.definition.label, run.definition.kind.score
    found = (
        both.filter(F.col(predictions.EVENT) >= F.to_date(F.lit(since.isoformat())))
        .group_by(F.date_trunc("week", F.col(predictions.EVENT)).alias("WEEK"))
        .agg(
            F.avg(score).alias("MEAN_PREDICTED"),
            F.avg(label).alias("MEAN_LABEL"),
            F.count("*").alias("N_ROWS"),
            F.count(label).alias("LABELLED"),
        )
        .sort("WEEK")
        .collect()
    )
    return [
        {
            "week": str(row["WEEK"])[:10],
            "mean_predicted": round(row["MEAN_PREDICTED"], 4),
            "mean_label": None if row["MEAN_LABEL"] is None else round(row["MEAN_LABEL"], 4),
            "rows": row["N_ROWS"],
            "labelled": row["LABELLED"],
        }
        for row in found
    ]


def _numbers(rows: DataFrame, run: Run) -> DataFrame:
    names = (run.definition.kind.score, run.definition.label)
    return rows.select(predictions.EVENT, *(F.col(name).cast("FLOAT").alias(name) for name in names))


def _write(
    session: Session,
    run: Run,
    drift: Mapping[str, float | None],
    performance: Mapping[str, Measure],
    weeks: list[dict[str, Any]],
) -> None:
    found = [["drift", name, value] for name, value in drift.items()]
    found += [[name, "labelled", measure.value] for name, measure in performance.items()]
    found += [[metric, week["week"], week[metric]] for week in weeks for metric in ("mean_predicted", "mean_label")]
    known = [row for row in found if row[2] is not None]
    replace_rows(session, run, "MONITORING", known)
