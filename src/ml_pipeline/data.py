"""Ingest: one validated snapshot of the order lines, so that what was checked is what is used."""

from typing import Any

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)
from snowflake.snowpark.exceptions import SnowparkSQLException
from snowflake.snowpark.types import DateType, DecimalType, DoubleType, LongType, StringType

from .config import Run
from .errors import PipelineError
from .expectations import validate
from .settings import Pipeline

ORDER_LINES = "ORDER_LINES"
"""One row for each line of an order: what was ordered, and what became of it."""

_NO_SUCH_OBJECT = 2003
_NO_SUCH_COLUMN = 904
_KINDS = {
    "a number": (LongType, DecimalType, DoubleType),
    "a date": (DateType,),
    "a text": (StringType,),
}
_DECLARED = {
    **dict.fromkeys(("ORDER_KEY", "LINE_NUMBER", "SUPPLIER_KEY", "CUSTOMER_KEY"), "a number"),
    **dict.fromkeys(("QUANTITY", "PRICE", "DISCOUNT"), "a number"),
    **dict.fromkeys(("COMMIT_DATE", "SHIP_DATE", "RECEIPT_DATE", "ORDER_DATE"), "a date"),
    "PRIORITY": "a text",
}
# A multiplicative hash (Knuth): unlike HASH() it is the same on every platform, so a sample is too.
_SHUFFLED = "MOD(ORDER_KEY * 2654435761, 4294967296)"


def ingest(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Copy the order lines that this run is about into ORDER_LINES, and check every declared expectation.

    Raises PipelineError for a source that is missing or empty or has other columns, or data that is not as expected.
    """
    table = run.name(ORDER_LINES)
    try:
        lines = order_lines(session, run.settings)
        _check_columns(lines, run.settings)
        _replace(session, table, lines)
    except SnowparkSQLException as error:
        raise _explained(session, run.settings, error) from error
    summary = _summary(session, table)
    if not summary["lines"]:
        source = run.settings.data.source
        raise PipelineError(
            f"{source} has no order lines\n"
            f"next: SELECT COUNT(*) FROM {source}.LINEITEM; choose another source in environments/*.toml"
        )
    return {**summary, "expectations": validate(session, run, table)}


def order_lines(session: Session, settings: Pipeline) -> DataFrame:
    """Return lines with their order; at most `max_orders` orders, chosen by a hash of the key.

    A run as of an earlier day, a backfill, has the orders that there were then.
    """
    orders = (
        session.table(f"{settings.data.source}.ORDERS")
        .filter(F.col("O_ORDERDATE") <= F.to_date(F.lit(settings.data.as_of.isoformat())))
        .select(
            F.col("O_ORDERKEY").alias("ORDER_KEY"),
            F.col("O_CUSTKEY").alias("CUSTOMER_KEY"),
            F.col("O_ORDERDATE").alias("ORDER_DATE"),
            F.col("O_ORDERPRIORITY").alias("PRIORITY"),
        )
    )
    lines = session.table(f"{settings.data.source}.LINEITEM").select(
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
    return lines.join(sample(orders, settings.data.max_orders), on="ORDER_KEY")


def _replace(session: Session, table: str, lines: DataFrame) -> None:
    """Replace the rows in one statement; the table stays, as dynamic tables and streams read it, unless it must change.

    Until the statement has ended, everybody else reads the earlier rows.
    """
    stays = _types(lines) == _types_of(session, table)
    comment = "The order lines of the last run, validated."
    mode = "truncate" if stays else "overwrite"
    lines.write.save_as_table(table, mode=mode, table_type="transient", comment=comment)


def _types(rows: DataFrame) -> dict[str, str]:
    return {field.name: str(field.datatype) for field in rows.schema.fields}


def _types_of(session: Session, table: str) -> dict[str, str]:
    try:
        return _types(session.table(table))
    except SnowparkSQLException as error:
        if error.sql_error_code != _NO_SUCH_OBJECT:
            raise
        return {}


def _check_columns(lines: DataFrame, settings: Pipeline) -> None:
    """Raise PipelineError when a column of the source has become another kind of value."""
    wrong = [
        f"{field.name} is {field.datatype}, not {_DECLARED[field.name]}"
        for field in lines.schema.fields
        if not isinstance(field.datatype, _KINDS[_DECLARED[field.name]])
    ]
    if wrong:
        raise PipelineError(
            f"columns of {settings.data.source} have changed: {', '.join(wrong)}\n"
            f"next: DESCRIBE TABLE {settings.data.source}.LINEITEM; then adapt src/ml_pipeline/data.py"
        )


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


def _explained(session: Session, settings: Pipeline, error: SnowparkSQLException) -> Exception:
    """Return what to raise for an error of the query of the source."""
    if error.sql_error_code == _NO_SUCH_OBJECT:
        return PipelineError(_no_source(session, settings, error))
    if error.sql_error_code == _NO_SUCH_COLUMN:
        return PipelineError(
            f"columns of {settings.data.source} have changed: {error.message.strip()}\n"
            f"next: DESCRIBE TABLE {settings.data.source}.LINEITEM; then adapt src/ml_pipeline/data.py"
        )
    return error


def _no_source(session: Session, settings: Pipeline, error: SnowparkSQLException) -> str:
    database = settings.data.source.partition(".")[0]
    role = (session.get_current_role() or "").strip('"')
    return (
        f"the source {settings.data.source} is missing, or role {role} may not read it: {error.message.strip()}\n"
        f"next: GRANT IMPORTED PRIVILEGES ON DATABASE {database} TO ROLE {role}; where there is no such database, "
        f"first: CREATE DATABASE {database} FROM SHARE SFC_SAMPLES.SAMPLE_DATA"
    )
