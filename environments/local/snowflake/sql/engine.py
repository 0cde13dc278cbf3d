"""Running DuckDB's SQL: rows as Arrow, column types as Snowflake's, errors as Snowflake's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from ..names import quote
from ..result import SELECT, Result
from .datatypes import AS_JSON, AS_TEXT, column_of
from .faults import translated

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from ..data import Connection
    from ..types import Column


def query(connection: Connection, sql: str, *, describe: bool = False) -> Result:
    """The answer of a query in DuckDB's SQL, or only its columns.

    Raises:
        SnowflakeError: DuckDB's complaint in Snowflake's words and codes.

    """
    try:
        relation = connection.relation(sql)
        columns = columns_of(relation)
        rows = _sendable(relation.limit(0) if describe else relation).to_arrow_table()
    except duckdb.Error as error:
        raise translated(error) from error
    return Result(columns, rows, SELECT)


def execute(connection: Connection, sql: str) -> list[tuple]:
    """Run a statement that is no query, and return the rows it answers (a count, or RETURNING).

    Raises:
        SnowflakeError: DuckDB's complaint in Snowflake's words and codes.

    """
    try:
        return connection.execute(sql).fetchall()
    except duckdb.Error as error:
        raise translated(error) from error


def columns_of(relation: DuckDBPyRelation) -> tuple[Column, ...]:
    """The Snowflake columns of a relation, which is bound but not run."""
    return tuple(column_of(name, kind) for name, kind in zip(relation.columns, relation.types, strict=True))


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
