"""What the laws of the transforms share: a Snowflake expression as DuckDB's text, and as a value."""

from functools import cache
from typing import Any

import duckdb
from sqlglot import exp

from local_snowflake.sql.parsing import parse
from local_snowflake.sql.transforms import ALL, definitions, implicit
from local_snowflake.sql.transforms.once import computed_once
from local_snowflake.tables.references import numbered


def translated(statement: str) -> str:
    """DuckDB's text for a statement of Snowflake's."""
    tree = implicit.casts(parse(statement))
    for values in list(tree.find_all(exp.Values)):
        numbered(values)
    for transform in ALL:
        tree = transform(tree)
    return computed_once(tree, definitions()).sql("duckdb", identify=True)


def expression(text: str) -> str:
    """DuckDB's text for a Snowflake expression, without the alias that a column gets."""
    return translated(f"SELECT {text} AS X").removeprefix("SELECT ").removesuffix(' AS "X"')


@cache
def database() -> duckdb.DuckDBPyConnection:
    """A database with all that the transforms call."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(definitions())
    return connection


def rows(statement: str) -> list[tuple[Any, ...]]:
    """The rows of a statement of Snowflake's."""
    return database().execute(translated(statement)).fetchall()


def value(text: str) -> Any:
    """The value of a Snowflake expression."""
    return rows(f"SELECT {text} AS X")[0][0]
