"""The tables that outlive a run. Rows belong to runs: a second attempt at a step replaces what the first one wrote."""

from collections.abc import Mapping, Sequence
from itertools import chain

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from .config import Run

Row = Sequence[str | float | bool | None]

_STAMP = "RUN_ID VARCHAR, RELEASE VARCHAR, WRITTEN_AT TIMESTAMP_NTZ"
_COLUMNS = {
    "DATA_VALIDATION": {"EXPECTATION": "VARCHAR", "FAILED_ROWS": "NUMBER", "OFFENDERS": "VARCHAR"},
    "MONITORING": {"METRIC": "VARCHAR", "SLICE": "VARCHAR", "VALUE": "FLOAT"},
    "STEP_RESULTS": {"STEP": "VARCHAR", "SUCCEEDED": "BOOLEAN", "SECONDS": "FLOAT", "RESULT": "VARCHAR"},
    "REPORTS": {"OUTCOME": "VARCHAR", "DOCUMENT": "VARCHAR"},
}
_COMMENTS = {
    "DATA_VALIDATION": "How often each expectation of the data failed, run by run.",
    "MONITORING": "How features have drifted, and predictions beside labels, run by run.",
    "STEP_RESULTS": "What each step of a run returned, or why it failed.",
    "REPORTS": "How each run ended, with the results of all of its steps.",
}


def create(session: Session, run: Run, table: str, columns: Mapping[str, str], comment: str) -> str:
    """Create a table of stamped rows unless it exists; return its name, which a smoke run has to itself."""
    name, described = run.name(table), ", ".join(f"{column} {kind}" for column, kind in columns.items())
    session.sql(f"CREATE TABLE IF NOT EXISTS {name} ({_STAMP}, {described}) COMMENT = '{comment}'").collect()
    return name


def _created(session: Session, run: Run, table: str) -> str:
    return create(session, run, table, _COLUMNS[table], _COMMENTS[table])


def replace_rows(session: Session, run: Run, table: str, rows: Sequence[Row], **same: str) -> None:
    """Make `rows`, with the values of the table's own columns in its order, those that this run has in `table`.

    `same`: of the run's rows, replace those with these values only, such as STEP="TRAIN".

    These are plain statements with bound values: a DataFrame of the same values takes Snowpark twice as many.
    """
    name = _created(session, run, table)
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


def save(rows: DataFrame, table: str, comment: str, mode: str = "overwrite") -> None:
    """Make the rows a table's, which keeps no history to fail back to."""
    # Snowpark's types lack the comment.
    rows.write.save_as_table(table, mode=mode, table_type="transient", comment=comment)  # type: ignore[call-overload]


def stamped(rows: DataFrame, run: Run) -> DataFrame:
    """Put the run, its release and the time (UTC) before the columns of `rows`."""
    stamp = (F.lit(run.id).alias("RUN_ID"), F.lit(run.release).alias("RELEASE"), F.sysdate().alias("WRITTEN_AT"))
    return rows.select(*stamp, *rows.columns)


def rows_of(session: Session, run: Run, table: str) -> DataFrame:
    """Return the rows that this run has in `table`."""
    return rows_of_all(session, run, table).filter(F.col("RUN_ID") == run.id)


def rows_of_all(session: Session, run: Run, table: str) -> DataFrame:
    """Return the rows that all runs have in `table`; smoke runs have a table of their own."""
    return session.table(_created(session, run, table))
