"""The model monitor of a version: Snowflake holds the lines that it scored against those that it was judged on.

A monitor reads a view of the prediction log, and has what the version says of the held-out lines as its baseline. It
sees new rows when it refreshes, so what it answers may be an hour old.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Self

from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import predictions, registry
from .features import FEATURES, LABEL, TEST, rows

if TYPE_CHECKING:
    from snowflake.ml.model import ModelVersion
    from snowflake.snowpark import DataFrame, Row, Session

    from .config import Run

REFRESH, WINDOW = "1 hour", "1 day"
SEGMENT = "PRIORITY_CLASS"
"""P1 (urgent) to P5: metrics can be asked for each, with this as the segment column."""

_METRIC = "POPULATION_STABILITY_INDEX"


class Measure(NamedTuple):
    """A metric, and the lines that it rests on; None where they have none."""

    value: float | None
    lines: int


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

    _said(predictions.of_version(session, run, version.version_name)).create_or_replace_view(
        watch.source, comment="What the monitor reads of the prediction log."
    )
    judged = predictions.logged(registry.score(version, rows(session, run, TEST)), version.version_name, LABEL)
    _said(judged).write.save_as_table(
        watch.baseline,
        mode="overwrite",
        table_type="transient",
        comment="What the version said of the lines that judged it.",
    )
    registry.open_registry(session).add_monitor(
        watch.monitor,
        ModelMonitorSourceConfig(
            source=watch.source,
            baseline=watch.baseline,
            timestamp_column=predictions.ORDERED,
            id_columns=list(predictions.KEYS),
            prediction_score_columns=[predictions.PROBABILITY],
            prediction_class_columns=[predictions.PREDICTED],
            actual_class_columns=[LABEL],
            segment_columns=[SEGMENT],
        ),
        ModelMonitorConfig(version, registry.VERDICT, session.get_current_warehouse().strip('"'), REFRESH, WINDOW),
    )
    what = f"Whether lines drift from those that judged {version.version_name}, and how good it still is."
    session.sql(f"ALTER MODEL MONITOR {watch.monitor} SET COMMENT = '{what}'").collect()


def _said(log: DataFrame) -> DataFrame:
    """Return what a monitor reads of the log: it takes every other column for a feature, and scores as NUMBER."""
    return log.select(
        *predictions.KEYS,
        predictions.ORDERED,
        F.col(predictions.PROBABILITY).cast("NUMBER(18, 16)").alias(predictions.PROBABILITY),
        F.col(predictions.PREDICTED).cast("NUMBER(1, 0)").alias(predictions.PREDICTED),
        F.col(LABEL).cast("NUMBER(1, 0)").alias(LABEL),
        F.concat(F.lit("P"), F.col("PRIORITY").cast("NUMBER(1, 0)").cast("VARCHAR")).alias(SEGMENT),
        *FEATURES,
    )


def drift(session: Session, run: Run, watch: Watch) -> dict[str, Measure]:
    """Return the stability index of every feature, and of what was said, over the open lines."""
    settings = run.settings
    since = settings.data.as_of - timedelta(days=settings.data.label_lag_days)
    calls = (
        f"SELECT COLUMN_NAME, METRIC_VALUE, COL_COUNT_USED FROM TABLE(MODEL_MONITOR_DRIFT_METRIC("
        f"'{watch.monitor}', '{_METRIC}', '{column}', 'ALL', {_range(run, since)}))"
        for column in (*FEATURES, predictions.PROBABILITY)
    )
    return {row[0]: Measure(_rounded(row[1]), row[2]) for row in session.sql(" UNION ALL ".join(calls)).collect()}


def auc(session: Session, run: Run, watch: Watch) -> Measure:
    """Return the AUC on the lines whose outcome has become known within `test_days`."""
    settings = run.settings
    since = settings.data.as_of - timedelta(days=settings.data.label_lag_days + settings.data.test_days)
    found = session.sql(
        f"SELECT METRIC_VALUE, COUNT_USED FROM TABLE(MODEL_MONITOR_PERFORMANCE_METRIC("
        f"'{watch.monitor}', 'ROC_AUC', 'ALL', {_range(run, since)}))"
    ).collect()
    return Measure(_rounded(found[0][0]), found[0][1]) if found else Measure(None, 0)


def _range(run: Run, since: object) -> str:
    return f"'{since}'::TIMESTAMP_NTZ, '{run.settings.data.as_of + timedelta(days=1)}'::TIMESTAMP_NTZ"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
