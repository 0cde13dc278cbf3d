"""Ingest: one validated snapshot of the data, so that what was checked is what is used.

The rows are written beside the definition's table and checked there. Only then do they replace the rows of the last
run, in one statement. Where the check fails, everybody goes on reading what was there before.
"""

from typing import Any

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)
from snowflake.snowpark.exceptions import SnowparkSQLException
from snowflake.snowpark.types import BooleanType, DateType, DecimalType, DoubleType, LongType, StringType, TimestampType

from .config import Run
from .definition import BOOLEAN, DATE, NUMBER, TEXT, TIMESTAMP
from .errors import PipelineError
from .tables import save
from .validation import validate

INCOMING = "INCOMING"
"""Ends the name of the table whose rows data validation has not passed yet."""
_NO_SUCH_OBJECT = 2003
_NO_SUCH_COLUMN = 904
_KINDS = {
    NUMBER: ("a number", (LongType, DecimalType, DoubleType)),
    TEXT: ("a text", (StringType,)),
    DATE: ("a date", (DateType,)),
    TIMESTAMP: ("a timestamp", (TimestampType,)),
    BOOLEAN: ("true or false", (BooleanType,)),
}


def ingest(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Check the data that this run is about, and copy it into the definition's table.

    Raises PipelineError for a source that is missing or empty or has other columns, or data that is not as expected.
    """
    table = run.name(run.definition.table)
    incoming = f"{table}_{INCOMING}"
    try:
        everything = known_by_then(run.definition.source(session, run.settings), run)
        _check_columns(everything, run)
        newest = everything.agg(F.to_date(F.max(run.definition.time))).collect()[0][0]
        save(run.definition.sample(everything, run.settings), incoming, "Rows that are not validated yet.")
    except SnowparkSQLException as error:
        raise _explained(session, run, error) from error
    summary = _summary(session, incoming, run.definition.time)
    if not summary["rows"]:
        raise PipelineError(
            f"{run.settings.data.source} has no rows for {table}\n"
            f"next: see the query in {_file(run)}, or choose another source in environments/*.toml"
        )
    held = validate(session, run, incoming, newest)
    _replace(session, table, incoming)
    return {**summary, "as_of": str(run.settings.data.as_of), "newest": str(newest), "expectations": held}


def known_by_then(rows: DataFrame, run: Run) -> DataFrame:
    """Return the rows that there were on the day of the run: a run as of an earlier day, a backfill, has no others.

    Rows without a time stay, for data validation to find them.
    """
    time, today = F.col(run.definition.time), F.to_date(F.lit(run.settings.data.as_of.isoformat()))
    return rows.filter(time.is_null() | (F.to_date(time) <= today))


def _replace(session: Session, table: str, incoming: str) -> None:
    """Replace the rows in one statement; the table stays, as dynamic tables and streams read it, unless it must change.

    What failed data validation stays in the other table until the next run, for people to look at.
    """
    rows = session.table(incoming)
    mode = "truncate" if _types(rows) == _types_of(session, table) else "overwrite"
    save(rows, table, "The data of the last run that passed validation.", mode)
    session.sql(f"DROP TABLE {incoming}").collect()


def _types(rows: DataFrame) -> dict[str, str]:
    return {field.name: str(field.datatype) for field in rows.schema.fields}


def _types_of(session: Session, table: str) -> dict[str, str]:
    try:
        return _types(session.table(table))
    except SnowparkSQLException as error:
        if error.sql_error_code != _NO_SUCH_OBJECT:
            raise
        return {}


def _check_columns(rows: DataFrame, run: Run) -> None:
    """Raise PipelineError when the query returns other columns than are declared, or other kinds of values."""
    declared = run.definition.columns
    found = {field.name: field.datatype for field in rows.schema.fields}
    wrong = [
        f"{name} is {found[name]}, not {_KINDS[kind][0]}"
        for name, kind in declared.items()
        if name in found and not isinstance(found[name], _KINDS[kind][1])
    ]
    wrong += [f"{name} is missing" for name in declared if name not in found]
    wrong += [f"{name} is not declared" for name in found if name not in declared]
    if wrong:
        raise PipelineError(_changed(run, ", ".join(wrong)))


def sample(rows: DataFrame, limit: int, keys: tuple[str, ...]) -> DataFrame:
    """Return at most `limit` rows (0: all), the same ones everywhere: those with the first hashes of their keys.

    Unlike HASH(), MD5 is the same on every platform.
    """
    if not limit:
        return rows
    hashed = F.md5(F.concat_ws(F.lit("/"), *(F.to_varchar(F.col(key)) for key in keys)))
    return rows.sort(hashed, *keys).limit(limit)


def _summary(session: Session, table: str, time: str) -> dict[str, Any]:
    row = session.table(table).agg(F.count("*"), F.min(time), F.max(time)).collect()[0]
    return {"rows": row[0], "first": str(row[1]), "last": str(row[2])}


def _explained(session: Session, run: Run, error: SnowparkSQLException) -> Exception:
    """Return what to raise for an error of the query of the source."""
    if error.sql_error_code == _NO_SUCH_OBJECT:
        return PipelineError(_no_source(session, run, error))
    if error.sql_error_code == _NO_SUCH_COLUMN:
        return PipelineError(_changed(run, (error.message or "").strip()))
    return error


def _changed(run: Run, cause: str) -> str:
    source = run.settings.data.source
    return f"columns of {source} have changed: {cause}\nnext: SHOW COLUMNS IN SCHEMA {source}; then adapt {_file(run)}"


def _no_source(session: Session, run: Run, error: SnowparkSQLException) -> str:
    source = run.settings.data.source
    role, database = (session.get_current_role() or "").strip('"'), source.partition(".")[0]
    return (
        f"the source {source} is missing, or role {role} may not read it: {(error.message or '').strip()}\n"
        f"next: GRANT IMPORTED PRIVILEGES ON DATABASE {database} TO ROLE {role} where it is shared with the "
        f"account; else GRANT SELECT ON ALL TABLES IN SCHEMA {source} TO ROLE {role}"
    )


def _file(run: Run) -> str:
    return f"src/{run.definition.source.__module__.replace('.', '/')}.py"
