"""What INSERT, UPDATE and MERGE put into a column becomes what the column is, as a cast makes it.

DuckDB has casts of its own for that: of texts to bytes and times, of times to texts, of floats to whole numbers.
https://docs.snowflake.com/en/sql-reference/data-type-conversion
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from ..sql import columns
from ..sql.naming import privileges_on, relation_named, written_parts
from ..sql.scope import RESOLVED
from ..sql.transforms.rewriting import literal
from ..sql.wide import SAFE_DIGITS, wide

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..sql.datatypes import DataType
    from ..sql.scope import Scope

# Types that DuckDB makes of other types otherwise than Snowflake.
_OTHERWISE = {
    *("BINARY", "BOOLEAN", "DATE", "NUMBER", "TIME", "TIMESTAMP_LTZ", "TIMESTAMP_NTZ", "TIMESTAMP_TZ", "VARCHAR"),
}
# Of these, the ones of which it reads texts otherwise, and the texts that both read alike.
_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"\d\d:\d\d:\d\d(\.\d{1,6})?"
_ALIKE = {
    "BINARY": re.compile(r"(?!)"),
    "BOOLEAN": re.compile(r"true|false", re.IGNORECASE),
    "DATE": re.compile(_DAY),
    "TIME": re.compile(_CLOCK),
    **dict.fromkeys(("TIMESTAMP_LTZ", "TIMESTAMP_NTZ"), re.compile(f"{_DAY}([ T]{_CLOCK})?")),
    "TIMESTAMP_TZ": re.compile(r"(?!)"),
}
# To cast a column of many rows is cheaper than to cast their texts one by one.
_MANY = 8


# What the query of an INSERT is called, in whose place its cast columns stand.
SOURCE = "_INSERTED"


def typed(scope: Scope, statement: exp.Expression) -> exp.Expression:
    """The statement with what it writes cast to the types of its columns."""
    if isinstance(statement, exp.Insert):
        return _typed_insert(scope, statement)
    kinds = _kinds(scope, statement)
    for named, value in list(_assignments(statement)):
        kind = kinds.get(named)
        if kind is not None and _differs(value, kind):
            value.replace(converted(value, kind))
    return statement


def _assignments(statement: exp.Expression) -> Iterator[tuple[str, exp.Expression]]:
    """The values of UPDATE and MERGE, with the columns that they go into."""
    for update in statement.find_all(exp.Update):
        yield from ((each.this.name, each.expression) for each in update.expressions if isinstance(each, exp.EQ))
    for into in statement.find_all(exp.Insert):
        if isinstance(into.this, exp.Tuple) and isinstance(into.expression, exp.Tuple):
            names = (column.name for column in into.this.expressions)
            yield from zip(names, into.expression.expressions, strict=False)


def _kinds(scope: Scope, statement: exp.Expression) -> dict[str, str]:
    """For each of the columns that are written: the type to cast to; None where DuckDB's cast will do."""
    into = statement.this
    table = into.this if isinstance(into, exp.Schema) else into
    thing = relation_named(scope, written_parts(scope, table), *privileges_on(table))
    known = {c.name: target(c.datatype) for c in columns.of(thing)}
    names = [column.name for column in into.expressions] if isinstance(into, exp.Schema) else list(known)
    return {name: known[name] for name in names if name in known} if len(set(names)) == len(names) else {}


def target(kind: DataType) -> str | None:
    """The type that values are cast to; None where DuckDB's cast does what Snowflake's does."""
    if kind.name == "NUMBER" and kind.arguments[1]:
        return None
    if kind.name == "NUMBER" and wide() and kind.arguments[0] > SAFE_DIGITS:
        return str(kind)
    return kind.name if kind.name in _OTHERWISE else None


def _differs(value: exp.Expression, kind: str) -> bool:
    """Whether DuckDB would make something else of a value; its types are not known here, but a literal's are."""
    value = value.unnest()
    if kind.startswith("NUMBER("):  # which has more digits than DuckDB's literals are checked for
        return not isinstance(value, exp.Null | exp.Var)
    written = literal(value)
    if written is not None:
        return kind in _ALIKE and not _ALIKE[kind].fullmatch(written)
    if isinstance(value, exp.Literal | exp.Boolean | exp.Neg):
        return kind in _ALIKE and kind != "BOOLEAN"
    if isinstance(value, exp.Cast):
        return value.to.this is not exp.DataType.build(kind, dialect="snowflake").this
    return not isinstance(value, exp.Null | exp.Var)  # DEFAULT is a word


def _typed_insert(scope: Scope, statement: exp.Insert) -> exp.Expression:
    rows = _rows(statement)
    if not rows:
        return _typed_query(scope, statement)
    if not wide() and not any(_is_open(cell) for row in rows[:_MANY] for cell in row):
        return statement
    kinds = [kind or "" for kind in _kinds(scope, statement).values()]
    wanted = {
        place: kind
        for place, kind in enumerate(kinds)
        if kind and any(place < len(row) and _differs(row[place], kind) for row in rows)
    }
    if wanted and len(rows) > _MANY and not any(isinstance(cell, exp.Var) for row in rows for cell in row):
        statement.set("expression", _cast_columns(statement.expression, len(rows[0]), wanted))
        return statement
    for row in rows:
        for place, kind in wanted.items():
            if place < len(row) and _differs(row[place], kind):
                row[place].replace(converted(row[place], kind))
    return statement


def _is_open(cell: exp.Expression) -> bool:
    """Whether a value may need a cast: all but numbers, NULL and DEFAULT may."""
    return literal(cell) is not None or not isinstance(cell, exp.Literal | exp.Neg | exp.Null | exp.Var)


def _typed_query(scope: Scope, statement: exp.Insert) -> exp.Expression:
    """The query's columns, cast: by their places, whatever they are called."""
    query = statement.expression
    if not isinstance(query, exp.Query):
        return statement
    kinds = list(_kinds(scope, statement).values())
    names = [f"_{place}" for place in range(len(kinds))]
    if not any(kinds) or _width(query) not in {None, len(kinds)}:
        return statement  # with too few or too many values it is refused as it stands
    found = [exp.column(name, quoted=True) for name in names]
    cast = [converted(column, kind) if kind else column for column, kind in zip(found, kinds, strict=True)]
    alias = exp.TableAlias(
        this=exp.to_identifier(SOURCE), columns=[exp.to_identifier(name, quoted=True) for name in names]
    )
    source = exp.Subquery(this=query.unnest(), alias=alias)
    # A star may bring more columns than there are places for, which is an error.
    rest = [] if _width(query) else [exp.Star(except_=[exp.to_identifier(name, quoted=True) for name in names])]
    statement.set("expression", exp.Select(expressions=[*cast, *rest], from_=exp.From(this=source)))
    return statement


def _width(query: exp.Query) -> int | None:
    """How many columns a query has; None where a star stands for some."""
    first = query.unnest()
    while isinstance(first, exp.SetOperation):
        first = first.this.unnest()
    if not isinstance(first, exp.Select) or any(projection.is_star for projection in first.expressions):
        return None
    return len(first.expressions)


def converted(value: exp.Expression, kind: str) -> exp.Expression:
    """The value as a type of Snowflake's; bytes become no text by themselves."""
    if kind == "VARCHAR":
        text = exp.Anonymous(this="_sf_assigned_text", expressions=[value.copy()])
        text.meta[RESOLVED] = True
        return text
    return exp.Cast(this=value.copy(), to=exp.DataType.build(kind, dialect="snowflake"))


def _cast_columns(values: exp.Values, width: int, kinds: dict[int, str]) -> exp.Select:
    found = [exp.column(f"COLUMN{place + 1}", quoted=True) for place in range(width)]
    cast = [converted(column, kinds[place]) if place in kinds else column for place, column in enumerate(found)]
    return exp.select(*cast).from_(values)


def _rows(statement: exp.Expression) -> list[list[exp.Expression]]:
    source = statement.expression if isinstance(statement, exp.Insert) else None
    if isinstance(source, exp.Values):
        return [row.expressions for row in source.expressions if isinstance(row, exp.Tuple)]
    if isinstance(source, exp.Select) and not source.args.get("from_"):
        return [[projection.unalias() for projection in source.expressions]]
    return []
