"""Features: what is known about an order line when it is ordered, computed where the data is.

The line's own terms are computed here; what became of earlier lines comes from the feature views, by the day of the
order. Training and scoring read the same table.
"""

from typing import Any

from snowflake.snowpark import Column, DataFrame, Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import feature_views
from .config import Run
from .data import ORDER_LINES, sample
from .errors import PipelineError
from .settings import Pipeline

FEATURES = (
    "PROMISED_DAYS",
    "PRIORITY",
    "ORDER_MONTH",
    "QUANTITY",
    "PRICE",
    "DISCOUNT",
    "CUSTOMER_LINES",
    "CUSTOMER_LATE_SHARE",
    "SUPPLIER_LINES",
    "SUPPLIER_LATE_SHARE",
)
"""The model's inputs: numbers, and never null."""

LABEL = "LATE"
TABLE = "FEATURES"
ORDERED = "ORDER_DATE"
"""The day by which a line looks at the feature views."""

TRAIN, GAP, TEST, OPEN = "TRAIN", "GAP", "TEST", "OPEN"
"""The parts of the time line, oldest first. GAP is what a model made on the eve of TEST could not yet have known; the
outcome of OPEN is not known today: these are the lines to score."""

_KEPT = ("ORDER_KEY", "LINE_NUMBER", ORDERED, "PART", LABEL)


def build(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Compute the features of all lines into the table FEATURES.

    Raises PipelineError when the dates leave nothing to train with, to judge by, or to score, and for a feature that
    nothing computes.
    """
    table, store = run.name(TABLE), feature_views.open_store(session)
    views = feature_views.refreshed(store, session, run)
    lines = store.retrieve_feature_values(spine(session, run), views, spine_timestamp_col=ORDERED)
    _check_computed(lines.columns)
    lines.select(*_KEPT, *FEATURES).write.save_as_table(
        table, mode="overwrite", table_type="transient", comment="What is known of each line when it is ordered."
    )
    dropped = feature_views.drop_others(store, session, run, views)
    sizes = {row["PART"]: row["COUNT"] for row in session.table(table).group_by("PART").count().collect()}
    for part in (TRAIN, TEST, OPEN):
        if part not in sizes:
            raise PipelineError(_no_lines(part, run.settings, table))
    return {
        "lines": sum(sizes.values()),
        "parts": dict(sorted(sizes.items())),
        "features": list(FEATURES),
        "views": {str(view.name): str(view.version) for view in views},
        "dropped": dropped,
    }


def spine(session: Session, run: Run) -> DataFrame:
    """Return keys, day, part, label and own terms of the order lines: what the feature views are joined to."""
    lines = session.table(run.name(ORDER_LINES))
    part = _part(run.settings)
    was_late = F.iff(F.col("RECEIPT_DATE") > F.col("COMMIT_DATE"), F.lit(1), F.lit(0))
    return lines.select(
        "ORDER_KEY",
        "LINE_NUMBER",
        ORDERED,
        *(f"{who}_KEY" for who in feature_views.ENTITIES),
        part.alias("PART"),
        F.when(part != OPEN, was_late).alias(LABEL),
        _number(F.datediff("day", F.col(ORDERED), F.col("COMMIT_DATE")), "PROMISED_DAYS"),
        _number(F.left(F.col("PRIORITY"), F.lit(1)), "PRIORITY"),
        _number(F.month(F.col(ORDERED)), "ORDER_MONTH"),
        *(_number(F.col(name), name) for name in ("QUANTITY", "PRICE", "DISCOUNT")),
    )


def rows(session: Session, run: Run, part: str) -> DataFrame:
    """Return the rows of one part; no more than fit into a task's memory where they are to be fetched."""
    table = session.table(run.name(TABLE)).filter(F.col("PART") == part)
    return sample(table, run.settings.data.max_training_rows)


def _part(settings: Pipeline) -> Column:
    days_ago = F.datediff("day", F.col(ORDERED), F.to_date(F.lit(settings.data.as_of.isoformat())))
    lag, test = settings.data.label_lag_days, settings.data.test_days
    return (
        F.when(days_ago < lag, F.lit(OPEN))
        .when(days_ago < lag + test, F.lit(TEST))
        .when(days_ago < lag + test + lag, F.lit(GAP))
        .otherwise(F.lit(TRAIN))
    )


def _number(column: Column, name: str) -> Column:
    return column.cast("FLOAT").alias(name)


def _check_computed(columns: list[str]) -> None:
    missing = [name for name in FEATURES if name not in columns]
    if missing:
        raise PipelineError(
            f"no line and no feature view has {', '.join(missing)}; they have {', '.join(columns)}\n"
            f"next: compute it in src/ml_pipeline/features.py or feature_views.py, or take it out of FEATURES"
        )


def _no_lines(part: str, settings: Pipeline, table: str) -> str:
    return (
        f"no order line falls into the part {part}: as_of {settings.data.as_of}, test_days {settings.data.test_days}, "
        f"label_lag_days {settings.data.label_lag_days} and max_orders {settings.data.max_orders} leave none\n"
        f"next: SELECT PART, MIN(ORDER_DATE), MAX(ORDER_DATE) FROM {table} GROUP BY PART"
    )
