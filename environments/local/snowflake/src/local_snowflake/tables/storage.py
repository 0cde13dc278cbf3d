"""The rows of tables: made, filled, counted and dropped in DuckDB."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlglot import exp

from ..kernel.names import literal, quote
from ..sql import columns as table_columns
from ..sql import engine, transactions
from ..sql.parsing import parse_expression
from ..sql.places import relation, sql_name
from ..sql.scope import Scope
from ..sql.transforms import ALL
from ..sql.transforms.rewriting import literal as literal_of
from ..sql.wide import wide
from . import assigning
from .translate import generated, resolved

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.session import Session
    from ..sql.columns import TableColumn


def build(session: Session, table: Object, columns: list[TableColumn], query: str = "") -> None:
    """Make the table, in place of one of that name, and fill it from a query in DuckDB's SQL.

    Without constraints and defaults it is one CREATE TABLE AS SELECT, which is as quick as DuckDB is.

    Raises:
        SnowflakeError: from the query, or 100072 when it gives NULL where the column takes none.

    """
    name = sql_name(session, table)
    plain = all(c.nullable and not c.default and not c.identity and not c.limit for c in columns)
    if query and plain:
        engine.change(
            session.connection, f"CREATE OR REPLACE {_temporary(table)}TABLE {name} AS {_cast(columns, query)}"
        )
        return
    statements = [
        *_sequences(session, table, columns),
        f"CREATE OR REPLACE {_temporary(table)}TABLE {name} ({_definitions(session, table, columns)})",
    ]
    if query:
        statements.append(f"INSERT INTO {name} {_cast(columns, query)}")
    engine.together(session.connection, statements)


def rebuilt(session: Session, table: Object, kept: list[TableColumn], columns: list[TableColumn]) -> list[str]:
    """The steps that give the table other columns in a way that DuckDB's ALTER TABLE cannot: its rows written anew.

    Args:
        session: who asks.
        table: the table as it is.
        kept: the columns whose values stay; the others get their defaults.
        columns: all that it has afterwards.

    """
    name, new = sql_name(session, table), f"{table.id} rebuilt"
    place = relation(session, table)
    beside = exp.table_(new, place.db, place.catalog, quoted=True).sql("duckdb")
    names = ", ".join(quote(c.name) for c in kept)
    return [
        f"CREATE {_temporary(table)}TABLE {beside} ({_definitions(session, table, columns)})",
        f"INSERT INTO {beside} ({names}) SELECT {names} FROM {name}",
        f"DROP TABLE {name}",
        f"ALTER TABLE {beside} RENAME TO {quote(place.name)}",
    ]


def alter(session: Session, table: Object, steps: list[str], new: Object) -> None:
    """Change the table's columns in DuckDB, and write on it what the catalogue is to hold from then on.

    A server that is killed before the catalogue holds it finds it there: `kernel.repair`.

    Args:
        session: who asks.
        table: the table as it is.
        steps: DuckDB's SQL.
        new: the table once the steps are done.

    """
    note = literal(json.dumps({"properties": new.properties, "comment": new.comment}, default=str))
    engine.together(session.connection, [*steps, f"COMMENT ON TABLE {sql_name(session, table)} IS {note}"])


def widen(session: Session, table: Object) -> None:
    """Give the table's whole numbers of more than 18 digits 128 bits, where that is what the statement needs."""
    if not wide() or transactions.active(session) or table.kind != "TABLE":
        return
    name = sql_name(session, table)
    narrow = {row[0] for row in engine.execute(session.connection, f"DESCRIBE {name}") if row[1] == "BIGINT"}
    columns = table_columns.of(table)
    if any(column.name in narrow and column.datatype.duckdb == "HUGEINT" for column in columns):
        engine.together(session.connection, rebuilt(session, table, columns, columns))


def drop(session: Session, table: Object) -> None:
    """Remove the rows."""
    if not table.properties.get("temporary"):
        session.account.remains.rows(table.id)
        return
    gone = [f"DROP TABLE IF EXISTS {sql_name(session, table)}"]
    gone += [f"DROP SEQUENCE IF EXISTS {_sequence(session, table, c)}" for c in table_columns.of(table) if c.identity]
    engine.together(session.connection, gone)


def count(session: Session, table: Object) -> int:
    """How many rows the table has."""
    return engine.execute(session.connection, f"SELECT count(*) FROM {sql_name(session, table)}")[0][0]


def default(session: Session, table: Object, column: TableColumn) -> str:
    """The column's default in DuckDB's SQL; "" for none."""
    if column.identity:
        return f"nextval({literal(_sequence(session, table, column))})"
    if not column.default:
        return ""
    value = parse_expression(column.default)
    with Scope(session) as scope:
        if column.datatype.name != "TIMESTAMP_TZ":
            return generated(scope, resolved(scope, value))
        if literal_of(value) is None:
            return f"_sf_tz_default({generated(scope, resolved(scope, value))})"
        made = generated(scope, resolved(scope, exp.select(assigning.converted(value, "TIMESTAMP_TZ"))))
    # A text has an offset of its own, and is read once and for all.
    return f"CAST({literal(engine.execute(session.connection, f'SELECT CAST(({made}) AS VARCHAR)')[0][0])} AS INTERVAL)"


def _temporary(table: Object) -> str:
    return "TEMPORARY " if table.properties.get("temporary") else ""


def _cast(columns: list[TableColumn], query: str) -> str:
    names = ", ".join(quote(c.name) for c in columns)
    cast = ", ".join(f"{_converted(c)} AS {quote(c.name)}" for c in columns)
    return f"SELECT {cast} FROM ({query}) AS q({names})"


def _converted(column: TableColumn) -> str:
    """What a query gives, as a cast of Snowflake's makes it what the column is."""
    kind = assigning.target(column.datatype)
    value = exp.column(column.name, quoted=True)
    if kind is None:
        return f"{value.sql('duckdb')}::{column.datatype.duckdb}"
    cast = assigning.converted(value, kind)
    for transform in ALL:
        cast = transform(cast)
    return cast.sql("duckdb", identify=True)


def _definitions(session: Session, table: Object, columns: list[TableColumn]) -> str:
    return ", ".join(c.definition(default(session, table, c)) for c in columns)


def _sequences(session: Session, table: Object, columns: list[TableColumn]) -> list[str]:
    made = [(c, c.identity) for c in columns if c.identity]
    return [
        f"CREATE {_temporary(table)}SEQUENCE {_sequence(session, table, column)} START {start} INCREMENT {step}"
        for column, (start, step) in made
    ]


def _sequence(session: Session, table: Object, column: TableColumn) -> str:
    # Named after the table's identity, so that a replaced table's numbers start again.
    found = relation(session, table)
    return exp.table_(f"{table.id}.{column.name}", found.db, found.catalog, quoted=True).sql("duckdb")
