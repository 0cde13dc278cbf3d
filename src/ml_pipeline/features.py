"""Features: what is known of each row of the data on its day, computed where the data is.

The row's own features come from the definition; those of entities come from the feature views, by the row's day.
Training and scoring read the same table.
"""

from typing import Any

from snowflake.snowpark import Column, DataFrame, Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import feature_views
from .config import Run
from .data import sample
from .errors import PipelineError
from .tables import save

TABLE = "FEATURES"

TRAIN, GAP, TEST, OPEN = "TRAIN", "GAP", "TEST", "OPEN"
"""The parts of the time line, oldest first. GAP is what a model made on the eve of TEST could not yet have known; the
label of OPEN is not known today: these are the rows to score."""


def features(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Compute the features of all rows into the table FEATURES.

    Raises PipelineError when the dates leave nothing to train with, to judge by, or to score, and for a feature that
    nothing computes.
    """
    declared, table = run.definition, run.name(TABLE)
    known, views, dropped = spine(session, run), [], []
    if declared.views:
        store = feature_views.open_store(session)
        views = feature_views.refreshed(store, session, run)
        known = store.retrieve_feature_values(known, views, spine_timestamp_col=declared.time)
    _check_computed(known.columns, run)
    kept = (*declared.keys, declared.time, "PART", declared.label, *declared.features)
    save(known.select(*dict.fromkeys(kept)), table, "What is known of each row on its day.")
    if views:
        dropped = feature_views.drop_others(store, session, run, views)
    sizes = {row["PART"]: row["COUNT"] for row in session.table(table).group_by("PART").count().collect()}
    for part in (TRAIN, TEST, OPEN):
        if part not in sizes:
            raise PipelineError(_no_rows(part, run, table))
    return {
        "rows": sum(sizes.values()),
        "parts": dict(sorted(sizes.items())),
        "features": list(declared.features),
        "views": {str(view.name): str(view.version) for view in views},
        "dropped": dropped,
    }


def spine(session: Session, run: Run) -> DataFrame:
    """Return keys, day, part, label and own features of the data: what the feature views are joined to."""
    declared = run.definition
    rows = declared.prepare(session.table(run.name(declared.table)))
    entities = {key: None for view in declared.views for key in view.keys}
    plain = dict.fromkeys((*declared.keys, declared.time, *entities))
    own = [name for name in declared.features if name in rows.columns and name not in plain]
    part = _part(run)
    return rows.select(
        *plain,
        part.alias("PART"),
        F.when(part != OPEN, F.col(declared.label)).alias(declared.label),
        *(F.col(name).cast("FLOAT").alias(name) for name in own),
    )


def rows(session: Session, run: Run, part: str) -> DataFrame:
    """Return the rows of one part; no more than fit into a task's memory where they are to be fetched."""
    table = session.table(run.name(TABLE)).filter(F.col("PART") == part)
    return sample(table, run.settings.data.max_training_rows, run.definition.keys)


def _part(run: Run) -> Column:
    settings, declared = run.settings.data, run.definition
    days_ago = F.datediff("day", F.col(declared.time), F.to_date(F.lit(settings.as_of.isoformat())))
    lag, test = settings.label_lag_days, settings.test_days
    return (
        F.when((days_ago < lag) | F.col(declared.label).is_null(), F.lit(OPEN))
        .when(days_ago < lag + test, F.lit(TEST))
        .when(days_ago < lag + test + lag, F.lit(GAP))
        .otherwise(F.lit(TRAIN))
    )


def _check_computed(columns: list[str], run: Run) -> None:
    missing = [name for name in run.definition.features if name not in columns]
    if missing:
        raise PipelineError(
            f"neither the data nor a feature view has {', '.join(missing)}; they have {', '.join(columns)}\n"
            f"next: compute it in src/{run.definition.prepare.__module__.replace('.', '/')}.py or in a feature view, "
            f"or take it out of the definition's features"
        )


def _no_rows(part: str, run: Run, table: str) -> str:
    settings, time = run.settings.data, run.definition.time
    return (
        f"no row falls into the part {part}: as_of {settings.as_of}, test_days {settings.test_days} and "
        f"label_lag_days {settings.label_lag_days} leave none\n"
        f"next: SELECT PART, MIN({time}), MAX({time}) FROM {table} GROUP BY PART"
    )
