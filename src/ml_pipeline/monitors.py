"""The model monitor of a version: Snowflake compares the rows that it scored with those that it was judged on.

A monitor reads a view of the prediction log. Its baseline is what the judged model predicts of the held-out rows: the
version itself has learned from them, so its own predictions there would be surer than any that it will make. A monitor
sees new rows when it refreshes, so what it answers may be an hour old.
https://docs.snowflake.com/en/sql-reference/sql/create-model-monitor
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Self

from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import predictions, registry
from .features import TEST, rows
from .tables import save

if TYPE_CHECKING:
    from snowflake.ml.model import ModelVersion
    from snowflake.snowpark import DataFrame, Row, Session

    from .config import Run

REFRESH, WINDOW = "1 hour", "1 day"
_METRIC = "POPULATION_STABILITY_INDEX"


class Measure(NamedTuple):
    """A metric, and the rows that it rests on; None where they have none."""

    value: float | None
    rows: int


@dataclass(frozen=True)
class Watch:
    """The objects that watch a version, by name: its monitor, the view that this reads, and the baseline."""

    monitor: str
    source: str
    baseline: str

    @classmethod
    def of(cls, run: Run, version: str) -> Self:
        """Name them. A smoke run has a model of its own, and so monitors of its own."""
        return cls(*(run.name(f"{what}_{version}") for what in ("MONITOR", predictions.TABLE, "BASELINE")))


def shown(session: Session) -> list[Row]:
    """Return the monitors of the schema, as SHOW MODEL MONITORS shows them."""
    return session.sql(f"SHOW MODEL MONITORS IN SCHEMA {session.get_fully_qualified_current_schema()}").collect()


def ensure(session: Session, run: Run, version: ModelVersion) -> Watch:
    """Make the version's monitor unless it is there, and let go of those whose version was dropped."""
    watch = Watch.of(run, version.version_name)
    models = {row["name"]: json.loads(row["model"]) for row in shown(session)}
    for name, model in models.items():
        if model["model_name"] == version.model_name and model["version_status"] == "DELETED":
            _drop(session, Watch.of(run, model["version_name"]), name)
    if watch.monitor not in models:
        _create(session, run, version, watch)
    return watch


def _drop(session: Session, watch: Watch, monitor: str) -> None:
    session.sql(f"DROP MODEL MONITOR IF EXISTS {monitor}").collect()
    session.sql(f"DROP VIEW IF EXISTS {watch.source}").collect()
    session.sql(f"DROP TABLE IF EXISTS {watch.baseline}").collect()


def _create(session: Session, run: Run, version: ModelVersion, watch: Watch) -> None:
    from snowflake.ml.monitoring.entities.model_monitor_config import ModelMonitorConfig, ModelMonitorSourceConfig

    declared = run.definition
    log = predictions.of_version(session, run, version.version_name)
    _watched(log, run).create_or_replace_view(watch.source, comment="What the monitor reads of the prediction log.")
    held_out = registry.score(run, registry.judged(session, run, version) or version, rows(session, run, TEST))
    judged = predictions.logged(held_out, run, version.version_name, declared.label)
    comment = "What the judged model of the version predicts of the rows that judged it."
    save(_watched(judged, run), watch.baseline, comment)
    warehouse = (session.get_current_warehouse() or "").strip('"')
    segments = {"segment_columns": list(declared.segments)} if declared.segments else {}
    registry.open_registry(session).add_monitor(
        watch.monitor,
        ModelMonitorSourceConfig(
            source=watch.source,
            baseline=watch.baseline,
            timestamp_column=predictions.EVENT,
            id_columns=list(declared.keys),
            **declared.kind.monitor(declared.label),
            **segments,
        ),
        ModelMonitorConfig(version, declared.kind.monitored, warehouse, REFRESH, WINDOW),
    )
    what = f"Whether rows drift from those that judged {version.version_name}, and how good it still is."
    session.sql(f"ALTER MODEL MONITOR {watch.monitor} SET COMMENT = '{what}'").collect()


def _watched(log: DataFrame, run: Run) -> DataFrame:
    """Return what a monitor reads of the log: it takes every other column for a feature, and scores as NUMBER."""
    declared = run.definition
    return log.select(
        *declared.keys,
        predictions.EVENT,
        *(F.col(name).cast(kind).alias(name) for name, kind in declared.kind.watched(declared.label).items()),
        *(make().alias(name) for name, make in declared.segments.items()),
        *declared.features,
    )


def drift(session: Session, run: Run, watch: Watch) -> dict[str, Measure]:
    """Return the stability index of every feature, and of the prediction, over the open rows."""
    settings, declared = run.settings.data, run.definition
    since = settings.as_of - timedelta(days=settings.label_lag_days)
    calls = (
        f"SELECT COLUMN_NAME, METRIC_VALUE, COL_COUNT_USED FROM TABLE(MODEL_MONITOR_DRIFT_METRIC("
        f"'{watch.monitor}', '{_METRIC}', '{column}', 'ALL', {_range(run, since)}))"
        for column in (*declared.features, declared.kind.score)
    )
    return {row[0]: Measure(_rounded(row[1]), row[2]) for row in session.sql(" UNION ALL ".join(calls)).collect()}


def performance(session: Session, run: Run, watch: Watch) -> dict[str, Measure]:
    """Return the metrics that a monitor has, on the rows whose label has become known within `test_days`."""
    settings = run.settings.data
    since = settings.as_of - timedelta(days=settings.label_lag_days + settings.test_days)
    calls = {
        name: f"SELECT METRIC_VALUE, COUNT_USED FROM TABLE(MODEL_MONITOR_PERFORMANCE_METRIC("
        f"'{watch.monitor}', '{metric.monitored}', 'ALL', {_range(run, since)}))"
        for name, metric in run.definition.metrics.items()
        if metric.monitored
    }
    found = {name: session.sql(call).collect() for name, call in calls.items()}
    return {
        name: Measure(_rounded(rows[0][0]), rows[0][1]) if rows else Measure(None, 0) for name, rows in found.items()
    }


def _range(run: Run, since: object) -> str:
    return f"'{since}'::TIMESTAMP_NTZ, '{run.settings.data.as_of + timedelta(days=1)}'::TIMESTAMP_NTZ"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
