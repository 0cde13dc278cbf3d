"""What is known of an order line when it is ordered, and whether it was late."""

from snowflake.snowpark import Column, DataFrame
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from .data import KEYS, ORDERED
from .entities import was_late

LABEL = "LATE"
PROBABILITY, PREDICTED = "LATE_PROBABILITY", "PREDICTED_LATE"
"""What is predicted: how likely it is, and whether it is likely."""
OWN = ("PROMISED_DAYS", "PRIORITY", "ORDER_MONTH", "QUANTITY", "PRICE", "DISCOUNT")
"""Features of the line itself; those of its customer and supplier are in entities.py."""


def prepare(lines: DataFrame) -> DataFrame:
    """Return keys, day, entities, label and own features of the lines."""
    return lines.select(
        *KEYS,
        ORDERED,
        "CUSTOMER_KEY",
        "SUPPLIER_KEY",
        was_late().alias(LABEL),
        F.datediff("day", F.col(ORDERED), F.col("COMMIT_DATE")).alias("PROMISED_DAYS"),
        F.left(F.col("PRIORITY"), F.lit(1)).alias("PRIORITY"),
        F.month(F.col(ORDERED)).alias("ORDER_MONTH"),
        "QUANTITY",
        "PRICE",
        "DISCOUNT",
    )


def priority_class() -> Column:
    """Return P1 (urgent) to P5: the model monitor gives its metrics for each of them, too."""
    return F.concat(F.lit("P"), F.col("PRIORITY").cast("NUMBER(1, 0)").cast("VARCHAR"))
