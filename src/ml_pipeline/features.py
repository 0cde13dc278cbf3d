"""Features: what is known about an order line when it is ordered, computed where the data is, as one query.

Nothing that comes later may slip in. What became of a customer's or supplier's earlier lines counts only for orders
at least `history_lag_days` after theirs, when it was known for certain; data validation holds that this is so.
"""

from typing import Any

from snowflake.snowpark import Column, DataFrame, Session, Window
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from .config import Pipeline, Run
from .data import ORDER_LINES, sample
from .errors import PipelineError

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

TRAIN, GAP, TEST, OPEN = "TRAIN", "GAP", "TEST", "OPEN"
"""The parts of the time line, oldest first. GAP is what a model made on the eve of TEST could not yet have known; the
outcome of OPEN is not known today: these are the lines to score."""


def build(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Compute the features of all lines into the table FEATURES.

    Raises PipelineError when the dates leave nothing to train with, to judge by, or to score.
    """
    table = run.name(TABLE)
    lines = session.table(run.name(ORDER_LINES))
    features_of(lines, run.settings).write.save_as_table(
        table, mode="overwrite", table_type="transient", comment="What is known of each line when it is ordered."
    )
    sizes = {row["PART"]: row["COUNT"] for row in session.table(table).group_by("PART").count().collect()}
    for part in (TRAIN, TEST, OPEN):
        if part not in sizes:
            raise PipelineError(_no_lines(part, run.settings, table))
    return {"lines": sum(sizes.values()), "parts": dict(sorted(sizes.items())), "features": list(FEATURES)}


def features_of(lines: DataFrame, settings: Pipeline) -> DataFrame:
    """Return keys, part, label and features of `lines`, which look like the table ORDER_LINES."""
    known = lines.with_columns(
        ["WAS_LATE", "ORDER_DAY", "PART"],
        [
            F.iff(F.col("RECEIPT_DATE") > F.col("COMMIT_DATE"), F.lit(1), F.lit(0)),
            F.datediff("day", F.to_date(F.lit("1970-01-01")), F.col("ORDER_DATE")),
            _part(settings),
        ],
    )
    return known.select(
        "ORDER_KEY",
        "LINE_NUMBER",
        "ORDER_DATE",
        "PART",
        F.when(F.col("PART") != OPEN, F.col("WAS_LATE")).alias(LABEL),
        _number(F.datediff("day", F.col("ORDER_DATE"), F.col("COMMIT_DATE")), "PROMISED_DAYS"),
        _number(F.left(F.col("PRIORITY"), F.lit(1)), "PRIORITY"),
        _number(F.month(F.col("ORDER_DATE")), "ORDER_MONTH"),
        *(_number(F.col(name), name) for name in ("QUANTITY", "PRICE", "DISCOUNT")),
        *_history("CUSTOMER", settings.history_lag_days),
        *_history("SUPPLIER", settings.history_lag_days),
    )


def rows(session: Session, run: Run, part: str) -> DataFrame:
    """Return the rows of one part; no more than fit into a task's memory where they are to be fetched."""
    table = session.table(run.name(TABLE)).filter(F.col("PART") == part)
    return sample(table, run.settings.max_training_lines)


def _history(who: str, lag: int) -> tuple[Column, Column]:
    """Return the number of known earlier lines of a customer or supplier, and which share of them was late.

    The share starts at a half, as if one line had been late and one in time, so that it is never null: the model
    cannot learn from a column of nulls, which a small sample of many customers has.
    """
    window = Window.partition_by(f"{who}_KEY").order_by("ORDER_DAY").range_between(Window.UNBOUNDED_PRECEDING, -lag)
    known = F.count("WAS_LATE").over(window)
    late = F.coalesce(F.sum("WAS_LATE").over(window), F.lit(0))
    share = (late + 1).cast("FLOAT") / (known + 2)
    return _number(known, f"{who}_LINES"), share.alias(f"{who}_LATE_SHARE")


def _part(settings: Pipeline) -> Column:
    days_ago = F.datediff("day", F.col("ORDER_DATE"), F.to_date(F.lit(settings.as_of.isoformat())))
    lag, test = settings.history_lag_days, settings.test_days
    return (
        F.when(days_ago < lag, F.lit(OPEN))
        .when(days_ago < lag + test, F.lit(TEST))
        .when(days_ago < lag + test + lag, F.lit(GAP))
        .otherwise(F.lit(TRAIN))
    )


def _number(column: Column, name: str) -> Column:
    return column.cast("FLOAT").alias(name)


def _no_lines(part: str, settings: Pipeline, table: str) -> str:
    return (
        f"no order line falls into the part {part}: as_of {settings.as_of}, test_days {settings.test_days}, "
        f"history_lag_days {settings.history_lag_days} and max_orders {settings.max_orders} leave none\n"
        f"next: SELECT PART, MIN(ORDER_DATE), MAX(ORDER_DATE) FROM {table} GROUP BY PART"
    )
