"""Functions in SQL: their text takes the place of the call.

https://docs.snowflake.com/en/developer-guide/udf/sql/udf-sql-introduction
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from ..kernel.errors import invalid, unsupported
from ..sql.parsing import parse, parse_expression
from ..tables.translate import resolved

if TYPE_CHECKING:
    from ..sql.scope import Scope
    from .definitions import Definition
    from .routines import Routine


def read(definition: Definition) -> exp.Expression:
    """The body: one expression, or one query.

    Raises:
        SnowflakeError: 001003 when it is neither; 000904 for a name in an expression that is no argument; 001319 for
            a query of more or fewer columns than the function returns.

    """
    text = definition.body.strip().rstrip(";")
    if text[:6].upper().startswith(("SELECT", "WITH")):
        query = parse(text)
        _check_columns(definition, query)
        return query
    if definition.tabular:
        raise unsupported("a table function in SQL whose body is no query")
    body = parse_expression(text).copy()
    names = {argument.name for argument in definition.arguments}
    # What stands in a query inside of the expression may be a table's column.
    unknown = [c for c in body.find_all(exp.Column) if c.find_ancestor(exp.Query) is None and c.name not in names]
    if unknown:
        raise invalid(f"invalid identifier '{unknown[0].sql('snowflake')}'", "000904", "42000")
    return body


def _check_columns(definition: Definition, query: exp.Expression) -> None:
    if not isinstance(query, exp.Query):
        raise invalid("A function in SQL is one expression or one query.", "001003", "42000")
    given, returned = query.selects, len(definition.columns) if definition.tabular else 1
    if len(given) != returned and not query.is_star:
        what = f"the query has {len(given)} columns, and {definition.returned} is returned."
        raise invalid(f"Declared return type is incompatible with actual return type: {what}", "001319", "42601")


def call(scope: Scope, routine: Routine, arguments: list[exp.Expression]) -> exp.Expression:
    """The body, resolved in the function's schema with its owner's rights, its arguments in place of their names."""
    scope.computes = True
    definition = routine.definition
    body = resolved(scope.within(routine.thing), read(definition))
    given = {
        a.name: exp.cast(resolved(scope, e.copy()), _type(a.type))
        for a, e in zip(definition.arguments, arguments, strict=True)
    }
    held = exp.Subquery(this=body) if isinstance(body, exp.Query) else exp.Paren(this=body)
    for column in list(held.find_all(exp.Column)):
        if not column.table and column.name in given:
            column.replace(given[column.name].copy())
    return held if definition.tabular else exp.cast(held, _type(definition.returns))


def _type(written: str) -> exp.DataType:
    return exp.DataType.build(written, dialect="snowflake")
