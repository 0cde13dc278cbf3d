"""The tables that outlive a run. Rows belong to runs: a second attempt at a step replaces what the first one wrote."""

from collections.abc import Mapping, Sequence
from itertools import chain

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from .config import Run

Row = Sequence[str | float | bool | None]

_STAMP = "RUN_ID VARCHAR, RELEASE VARCHAR, WRITTEN_AT TIMESTAMP_NTZ"
_COLUMNS = {
    "DATA_VALIDATION": "EXPECTATION VARCHAR, FAILED_ROWS NUMBER, OFFENDERS VARCHAR",
    "PREDICTIONS": (
        "ORDER_KEY NUMBER, LINE_NUMBER NUMBER, ORDERED_AT TIMESTAMP_NTZ, MODEL_VERSION VARCHAR, "
        "LATE_PROBABILITY FLOAT, PREDICTED_LATE NUMBER, LATE NUMBER, LABELLED_AT TIMESTAMP_NTZ"
    ),
    "MONITORING": "METRIC VARCHAR, SLICE VARCHAR, VALUE FLOAT",
    "STEP_RESULTS": "STEP VARCHAR, SUCCEEDED BOOLEAN, SECONDS FLOAT, RESULT VARCHAR",
    "REPORTS": "OUTCOME VARCHAR, DOCUMENT VARCHAR",
}
_COMMENTS = {
    "DATA_VALIDATION": "How often each expectation of the data failed, run by run.",
    "PREDICTIONS": "What each version of the model said of a line, with its features, and what became of it.",
    "MONITORING": "How features have shifted, and late shares as said and as they came true, run by run.",
    "STEP_RESULTS": "What each step of a run returned, or why it failed.",
    "REPORTS": "How each run ended, with what all of its steps said.",
}


def create(session: Session, run: Run, table: str) -> str:
    """Create one of the tables above unless it exists; return its name, which a smoke run has to itself."""
    name = run.name(table)
    comment = f"COMMENT = '{_COMMENTS[table]}'"
    session.sql(f"CREATE TABLE IF NOT EXISTS {name} ({_STAMP}, {_COLUMNS[table]}) {comment}").collect()
    return name


def replace_rows(session: Session, run: Run, table: str, rows: Sequence[Row], **same: str) -> None:
    """Make `rows`, with the values of the table's own columns in its order, those that this run has in `table`.

    `same`: of the run's rows, replace those with these values only, such as STEP="TRAIN".

    These are plain statements with bound values: a DataFrame of the same values takes Snowpark twice as many.
    """
    name = create(session, run, table)
    # A table is created outside the transaction: DDL would commit it.
    session.sql("BEGIN TRANSACTION").collect()
    try:
        _delete(session, name, {"RUN_ID": run.id, **same})
        if rows:
            _insert(session, run, name, rows)
    except Exception:
        session.sql("ROLLBACK").collect()
        raise
    session.sql("COMMIT").collect()


def _delete(session: Session, name: str, same: Mapping[str, str]) -> None:
    where = " AND ".join(f"{column} = ?" for column in same)
    session.sql(f"DELETE FROM {name} WHERE {where}", [*same.values()]).collect()


def _insert(session: Session, run: Run, name: str, rows: Sequence[Row]) -> None:
    values = ", ".join(f"({', '.join('?' * len(row))})" for row in rows)
    statement = f"INSERT INTO {name} SELECT ?, ?, SYSDATE(), * FROM VALUES {values}"
    session.sql(statement, [run.id, run.release, *chain.from_iterable(rows)]).collect()


def stamped(rows: DataFrame, run: Run) -> DataFrame:
    """Put the run, its release and the time (UTC) before the columns of `rows`."""
    stamp = (F.lit(run.id).alias("RUN_ID"), F.lit(run.release).alias("RELEASE"), F.sysdate().alias("WRITTEN_AT"))
    return rows.select(*stamp, *rows.columns)


def rows_of(session: Session, run: Run, table: str) -> DataFrame:
    """Return the rows that this run has in `table`."""
    return session.table(create(session, run, table)).filter(F.col("RUN_ID") == run.id)
