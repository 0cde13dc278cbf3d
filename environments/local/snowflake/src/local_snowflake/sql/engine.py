"""Running DuckDB's SQL: rows as Arrow, column types as Snowflake's, errors as Snowflake's."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ..kernel import timestamp_tz
from ..kernel.errors import SnowflakeError
from ..kernel.names import quote
from ..kernel.result import SELECT, Result
from .datatypes import AS_JSON, AS_TEXT, column_of
from .faults import translated

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from ..kernel.data import Connection

_T = TypeVar("_T")
# Snowflake lets the later of two writers wait; DuckDB refuses it, so it tries again, for about ten seconds in all.
_ATTEMPTS, _FIRST_PAUSE, _LONGEST_PAUSE = 60, 0.005, 0.25


def query(connection: Connection, sql: str, *, describe: bool = False) -> Result:
    """The answer of a query in DuckDB's SQL, or only its columns.

    Raises:
        SnowflakeError: DuckDB's complaint in Snowflake's words and codes.

    """
    try:
        relation = connection.relation(sql)
        columns = tuple(column_of(n, kind) for n, kind in zip(relation.columns, relation.types, strict=True))
        rows = _sendable(relation.limit(0) if describe else relation).to_arrow_table()
        for values in rows.columns:
            if pa.types.is_interval(values.type):
                for chunk in values.chunks:
                    timestamp_tz.parts(chunk)
    except duckdb.Error as error:
        raise translated(error, sql) from error
    for values, kind in zip(rows.columns, relation.types, strict=True):
        if kind.id == "hugeint" and not describe:
            _check_digits(values)
    return Result(columns, _in_utc(rows), SELECT)


_MOST = 10**38 - 1


def _check_digits(values: pa.ChunkedArray) -> None:
    """Sums of whole numbers have 128 bits in DuckDB, and 38 digits in Snowflake."""
    extremes = pc.min_max(values).as_py()
    if extremes["min"] is not None and max(-int(extremes["min"]), int(extremes["max"])) > _MOST:
        raise SnowflakeError("Number out of representable range", "100046", "22003")


def _in_utc(rows: pa.Table) -> pa.Table:
    """Times as the account keeps them; DuckDB names the session's time zone, which changes no moment."""
    kinds = [f.type for f in rows.schema]
    if not any(pa.types.is_timestamp(kind) and kind.tz not in {None, "UTC"} for kind in kinds):
        return rows
    moved = [pa.timestamp(k.unit, "UTC") if pa.types.is_timestamp(k) and k.tz else k for k in kinds]
    return rows.cast(pa.schema([f.with_type(k) for f, k in zip(rows.schema, moved, strict=True)]))


def execute(connection: Connection, sql: str) -> list[tuple]:
    """Run a statement, and return the rows it answers (a count, or RETURNING).

    Raises:
        SnowflakeError: DuckDB's complaint in Snowflake's words and codes.

    """
    try:
        return connection.execute(sql).fetchall()
    except duckdb.Error as error:
        raise translated(error, sql) from error


def change(connection: Connection, sql: str) -> list[tuple]:
    """Run a statement that writes, as a transaction of its own: one that meets another writer is run again.

    Raises:
        SnowflakeError: as `execute`; 000625 when the other writers do not end.

    """
    return _persistent(lambda: connection.execute(sql).fetchall())


def together(connection: Connection, statements: list[str]) -> None:
    """Run statements as one transaction, again when it meets another writer.

    Raises:
        SnowflakeError: as `change`; nothing is changed then.

    """

    def attempt() -> None:
        connection.execute("BEGIN")
        try:
            for statement in statements:
                connection.execute(statement)
            connection.execute("COMMIT")
        except duckdb.Error:
            rollback(connection)
            raise

    _persistent(attempt)


def rollback(connection: Connection) -> None:
    """End DuckDB's transaction without its changes; one that has ended already (a failed COMMIT) is no error."""
    try:
        connection.execute("ROLLBACK")
    except duckdb.TransactionException as error:
        if "no transaction is active" not in str(error):
            raise


def _persistent(attempt: Callable[[], _T]) -> _T:
    pause = _FIRST_PAUSE
    for left in reversed(range(_ATTEMPTS)):
        try:
            return attempt()
        except duckdb.TransactionException as error:
            if not left or "onflict" not in str(error):
                raise translated(error) from error
        except duckdb.Error as error:
            raise translated(error) from error
        time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - no secret: two writers should not stay in step
        pause = min(2 * pause, _LONGEST_PAUSE)
    raise AssertionError("unreachable: the last attempt returns or raises")


def _sendable(relation: DuckDBPyRelation) -> DuckDBPyRelation:
    """The relation with nested values as JSON and exotic ones as text; itself when it has none."""
    kinds = [kind.id for kind in relation.types]
    if not (AS_JSON | AS_TEXT) & set(kinds):
        return relation
    names = [f"c{i}" for i in range(len(kinds))]
    cast = {**dict.fromkeys(AS_JSON, "to_json({})::VARCHAR"), **dict.fromkeys(AS_TEXT, "{}::VARCHAR")}
    shown = [cast.get(kind, "{}").format(name) for kind, name in zip(kinds, names, strict=True)]
    text = ", ".join(f"{s} AS {quote(n)}" for s, n in zip(shown, relation.columns, strict=True))
    return relation.query("answer", f"SELECT {text} FROM answer AS answer({', '.join(names)})")
