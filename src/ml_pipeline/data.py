"""Ingest: one validated snapshot of the order lines, so that what was checked is what is used."""

from typing import Any

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)
from snowflake.snowpark.exceptions import SnowparkSQLException

from .config import Pipeline, Run
from .errors import PipelineError
from .expectations import validate

ORDER_LINES = "ORDER_LINES"
"""One row for each line of an order: what was ordered, and what became of it."""

_NO_SUCH_OBJECT = 2003
# A multiplicative hash (Knuth): unlike HASH() it is the same on every platform, so a sample is too.
_SHUFFLED = "MOD(ORDER_KEY * 2654435761, 4294967296)"


def ingest(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Copy the order lines that this run is about into ORDER_LINES, and check every declared expectation.

    Raises PipelineError for a source that is missing or empty, or data that is not as expected.
    """
    table = run.name(ORDER_LINES)
    try:
        order_lines(session, run.settings).write.save_as_table(
            table, mode="overwrite", table_type="transient", comment="The order lines of the last run, validated."
        )
    except SnowparkSQLException as error:
        if error.sql_error_code == _NO_SUCH_OBJECT:
            raise PipelineError(_no_source(session, run.settings, error)) from error
        raise
    summary = _summary(session, table)
    if not summary["lines"]:
        raise PipelineError(
            f"{run.settings.source} has no order lines\n"
            f"next: SELECT COUNT(*) FROM {run.settings.source}.LINEITEM; choose another source in environments/*.toml"
        )
    return {**summary, "expectations": validate(session, run, table)}


def order_lines(session: Session, settings: Pipeline) -> DataFrame:
    """Return lines with their order; at most `max_orders` orders, chosen by a hash of the key."""
    orders = session.table(f"{settings.source}.ORDERS").select(
        F.col("O_ORDERKEY").alias("ORDER_KEY"),
        F.col("O_CUSTKEY").alias("CUSTOMER_KEY"),
        F.col("O_ORDERDATE").alias("ORDER_DATE"),
        F.col("O_ORDERPRIORITY").alias("PRIORITY"),
    )
    lines = session.table(f"{settings.source}.LINEITEM").select(
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
    return lines.join(sample(orders, settings.max_orders), on="ORDER_KEY")


def sample(rows: DataFrame, limit: int) -> DataFrame:
    """Return at most `limit` rows (0: all), the same ones everywhere; they need an ORDER_KEY."""
    if not limit:
        return rows
    ties = [name for name in ("ORDER_KEY", "LINE_NUMBER") if name in rows.columns]
    return rows.sort(F.sql_expr(_SHUFFLED), *ties).limit(limit)


def _summary(session: Session, table: str) -> dict[str, Any]:
    row = (
        session.table(table)
        .agg(
            F.count("*").alias("LINES"),
            F.count_distinct("ORDER_KEY").alias("ORDERS"),
            F.min("ORDER_DATE").alias("FIRST_ORDER"),
            F.max("ORDER_DATE").alias("LAST_ORDER"),
        )
        .collect()[0]
    )
    dates = {"first_order": str(row["FIRST_ORDER"]), "last_order": str(row["LAST_ORDER"])}
    return {"lines": row["LINES"], "orders": row["ORDERS"], **dates}


def _no_source(session: Session, settings: Pipeline, error: SnowparkSQLException) -> str:
    database = settings.source.partition(".")[0]
    role = (session.get_current_role() or "").strip('"')
    return (
        f"the source {settings.source} is missing, or role {role} may not read it: {error.message.strip()}\n"
        f"next: GRANT IMPORTED PRIVILEGES ON DATABASE {database} TO ROLE {role}; where there is no such database, "
        f"first: CREATE DATABASE {database} FROM SHARE SFC_SAMPLES.SAMPLE_DATA"
    )
