"""The data: a row for each line of an order, with its delivery; and what it must be like."""

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from ml_pipeline.definition import DATE, NUMBER, TEXT
from ml_pipeline.expectations import Expectation, every, present
from ml_pipeline.settings import Pipeline

ORDER_LINES = "ORDER_LINES"
KEYS = ("ORDER_KEY", "LINE_NUMBER")
ORDERED = "ORDER_DATE"
COLUMNS = {
    **dict.fromkeys(("ORDER_KEY", "LINE_NUMBER", "SUPPLIER_KEY", "CUSTOMER_KEY"), NUMBER),
    **dict.fromkeys(("QUANTITY", "PRICE", "DISCOUNT"), NUMBER),
    **dict.fromkeys(("COMMIT_DATE", "SHIP_DATE", "RECEIPT_DATE", "ORDER_DATE"), DATE),
    "PRIORITY": TEXT,
}
# A multiplicative hash (Knuth): unlike HASH() it is the same on every platform, so a sample is too.
_SHUFFLED = "MOD(CUSTOMER_KEY * 2654435761, 4294967296)"


def order_lines(session: Session, settings: Pipeline) -> DataFrame:
    """Return every line with its order."""
    source = settings.data.source
    orders = session.table(f"{source}.ORDERS").select(
        F.col("O_ORDERKEY").alias("ORDER_KEY"),
        F.col("O_CUSTKEY").alias("CUSTOMER_KEY"),
        F.col("O_ORDERDATE").alias("ORDER_DATE"),
        F.col("O_ORDERPRIORITY").alias("PRIORITY"),
    )
    lines = session.table(f"{source}.LINEITEM").select(
        F.col("L_ORDERKEY").alias("ORDER_KEY"),
        F.col("L_LINENUMBER").alias("LINE_NUMBER"),
        F.col("L_SUPPKEY").alias("SUPPLIER_KEY"),
        F.col("L_QUANTITY").alias("QUANTITY"),
        F.col("L_EXTENDEDPRICE").alias("PRICE"),
        F.col("L_DISCOUNT").alias("DISCOUNT"),
        F.col("L_COMMITDATE").alias("COMMIT_DATE"),
        F.col("L_SHIPDATE").alias("SHIP_DATE"),
        F.col("L_RECEIPTDATE").alias("RECEIPT_DATE"),
    )
    return lines.join(orders, on="ORDER_KEY")


def of_some_customers(lines: DataFrame, settings: Pipeline) -> DataFrame:
    """Return all lines of at most `max_customers` customers (0: of all), chosen by a hash of their key.

    A sample of orders would leave each customer a few of theirs, and so no history to learn from.
    """
    limit = settings.data.max_customers
    if not limit:
        return lines
    customers = lines.select("CUSTOMER_KEY").distinct().sort(F.sql_expr(_SHUFFLED), "CUSTOMER_KEY").limit(limit)
    return lines.join(customers, on="CUSTOMER_KEY").select(*COLUMNS)


def expectations(settings: Pipeline) -> tuple[Expectation, ...]:
    """Declare what every run checks, beside unique keys and fresh data."""
    # The features count an outcome as known label_lag_days after the order: it must be settled by then.
    longest = settings.data.label_lag_days - 1
    return (
        *present(*COLUMNS),
        every("priority is known", "LEFT(PRIORITY, 1) IN ('1', '2', '3', '4', '5')"),
        every("quantity from 1 to 50", "QUANTITY BETWEEN 1 AND 50"),
        every("price above 0", "PRICE > 0"),
        every("discount from 0 to 0.1", "DISCOUNT BETWEEN 0 AND 0.1"),
        every("shipped after it was ordered", "SHIP_DATE > ORDER_DATE"),
        every("received after it was shipped", "RECEIPT_DATE > SHIP_DATE"),
        every(f"promised within {longest} days", f"DATEDIFF('day', ORDER_DATE, COMMIT_DATE) BETWEEN 1 AND {longest}"),
    )
