"""Customers and suppliers: how many of their order lines have a known outcome on a day, and which share was late.

What became of a line counts a number of days after its order, when it is known for certain; data validation checks
that. To change a feature, change it here: the version of the views is made of this file's text, and every use follows.
"""

from functools import partial

from snowflake.snowpark import Column, DataFrame, Window
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from ml_pipeline.definition import EntityView

_BEGINNING = "1970-01-01"
"""Before all orders: on this day nothing is known of anybody, so that every order finds a row."""


def was_late() -> Column:
    """Return 1 for a line that came after the promised day, else 0."""
    return F.iff(F.col("RECEIPT_DATE") > F.col("COMMIT_DATE"), F.lit(1), F.lit(0))


def history(lines: DataFrame, lag: int, who: str) -> DataFrame:
    """Return key, day and features of a customer or supplier: a row for each day on which something becomes known.

    The share starts at a half, as if one line had been late and one in time, so that it is never null.
    """
    key = f"{who}_KEY"
    ordered = lines.group_by(key, "ORDER_DATE").agg(F.count("*").alias("LINES"), F.sum(was_late()).alias("LATE"))
    known = ordered.select(key, F.dateadd("day", F.lit(lag), F.col("ORDER_DATE")).alias("KNOWN_ON"), "LINES", "LATE")
    nothing = lines.select(key).distinct().select(
        key, F.to_date(F.lit(_BEGINNING)).alias("KNOWN_ON"), F.lit(0).alias("LINES"), F.lit(0).alias("LATE")
    )  # fmt: skip
    until_then = (
        Window.partition_by(key).order_by("KNOWN_ON").rows_between(Window.UNBOUNDED_PRECEDING, Window.CURRENT_ROW)
    )
    number, were_late = F.sum("LINES").over(until_then), F.sum("LATE").over(until_then)
    return known.union_all(nothing).select(
        key,
        "KNOWN_ON",
        number.cast("FLOAT").alias(f"{who}_LINES"),
        ((were_late + 1).cast("FLOAT") / (number + 2)).alias(f"{who}_LATE_SHARE"),
    )


def _view(who: str, description: str) -> EntityView:
    return EntityView(
        entity=who,
        description=description,
        keys=(f"{who}_KEY",),
        features={
            f"{who}_LINES": "lines whose outcome is known",
            f"{who}_LATE_SHARE": "which share of them was late",
        },
        query=partial(history, who=who),
    )


VIEWS = (_view("CUSTOMER", "who orders"), _view("SUPPLIER", "who delivers"))
