"""Texts in INSERT ... VALUES become what their columns are, read as a cast reads them.

https://docs.snowflake.com/en/sql-reference/data-type-conversion
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from ..sql import columns
from ..sql.naming import relation_named, written_parts
from ..sql.transforms.rewriting import literal

if TYPE_CHECKING:
    from ..sql.scope import Scope

# Types of which DuckDB reads texts otherwise than Snowflake, and the texts that both read alike.
_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"\d\d:\d\d:\d\d(\.\d{1,6})?"
_ALIKE = {
    "BINARY": re.compile(r"(?!)"),
    "BOOLEAN": re.compile(r"true|false", re.IGNORECASE),
    "DATE": re.compile(_DAY),
    "TIME": re.compile(_CLOCK),
    **dict.fromkeys(("TIMESTAMP_LTZ", "TIMESTAMP_NTZ", "TIMESTAMP_TZ"), re.compile(f"{_DAY}([ T]{_CLOCK})?")),
}
# To cast a column of many rows is cheaper than to cast their texts one by one.
_MANY = 8


def typed(scope: Scope, statement: exp.Expression) -> exp.Expression:
    """The INSERT with the texts of its VALUES (or of a SELECT without FROM) cast to the types of their columns."""
    rows = _rows(statement)
    if not any(literal(cell) is not None for row in rows[:_MANY] for cell in row):
        return statement
    into = statement.this
    table = into.this if isinstance(into, exp.Schema) else into
    known = {c.name: c.datatype.name for c in columns.of(relation_named(scope, written_parts(scope, table), "INSERT"))}
    names = [column.name for column in into.expressions] if isinstance(into, exp.Schema) else list(known)
    kinds = {place: known[name] for place, name in enumerate(names) if known.get(name) in _ALIKE}
    wanted = {place: kind for place, kind in kinds.items() if any(_differs(row, place, kind) for row in rows)}
    if wanted and len(rows) > _MANY and not any(isinstance(cell, exp.Var) for row in rows for cell in row):
        statement.set("expression", _cast_columns(statement.expression, len(rows[0]), wanted))
        return statement
    for row in rows:
        for place, kind in wanted.items():
            if _differs(row, place, kind):
                row[place].replace(_cast(row[place], kind))
    return statement


def _differs(row: list[exp.Expression], place: int, kind: str) -> bool:
    written = literal(row[place]) if place < len(row) else None
    return written is not None and not _ALIKE[kind].fullmatch(written)


def _cast(value: exp.Expression, kind: str) -> exp.Cast:
    return exp.Cast(this=value.copy(), to=exp.DataType.build(kind, dialect="snowflake"))


def _cast_columns(values: exp.Values, width: int, kinds: dict[int, str]) -> exp.Select:
    found = [exp.column(f"COLUMN{place + 1}", quoted=True) for place in range(width)]
    cast = [_cast(column, kinds[place]) if place in kinds else column for place, column in enumerate(found)]
    return exp.select(*cast).from_(values)


def _rows(statement: exp.Expression) -> list[list[exp.Expression]]:
    source = statement.expression if isinstance(statement, exp.Insert) else None
    if isinstance(source, exp.Values):
        return [row.expressions for row in source.expressions if isinstance(row, exp.Tuple)]
    if isinstance(source, exp.Select) and not source.args.get("from_"):
        return [[projection.unalias() for projection in source.expressions]]
    return []
