"""From Snowflake's SQL to DuckDB's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ..sql import engine, meaning
from ..sql.parsing import parse
from ..sql.transforms import ALL, definitions
from ..sql.transforms.once import computed_once
from .references import called, resolve

if TYPE_CHECKING:
    from ..kernel.result import Result
    from ..sql.scope import Scope


def translate(scope: Scope, text: str) -> str:
    """DuckDB's SQL for a query or DML in Snowflake's."""
    return generated(scope, resolved(scope, parse(text)))


def resolved(scope: Scope, expression: exp.Expression) -> exp.Expression:
    """The tree with every name of the account replaced by what DuckDB can read."""
    return resolve(scope, expression, constants)


def table_function(scope: Scope, node: exp.TableFromRows) -> Result | None:
    """What a table function of the account answers; None when it has none of that name."""
    return called(scope, node.this, constants)


def generated(scope: Scope, expression: exp.Expression) -> str:
    """DuckDB's SQL for a resolved tree: Snowflake's meaning first, then DuckDB's words."""
    settings = scope.session.parameters
    if not settings.usual:
        expression = meaning.of_names(expression, settings)
    for transform in ALL:
        expression = transform(expression)
    if not settings.usual:
        expression = meaning.of_values(expression, settings)
    expression = computed_once(expression, definitions())
    return expression.sql(dialect="duckdb", identify=True, copy=False)


def constants(scope: Scope, expressions: list[exp.Expression]) -> list[Any]:
    """The values of expressions that read no table."""
    if _literal(expressions):
        return [e.to_py() for e in expressions]
    found = [resolved(scope, e.copy()) for e in expressions]
    if _literal(found):  # RESULT_SCAN(LAST_QUERY_ID()) takes the value of a function of the account
        return [e.to_py() for e in found]
    query = exp.select(*(exp.alias_(e, f"C{i}", copy=False) for i, e in enumerate(found)))
    return list(engine.query(scope.session.connection, generated(scope, query)).rows.to_pylist()[0].values())


def _literal(expressions: list[exp.Expression]) -> bool:
    return all(isinstance(e, exp.Literal | exp.Boolean | exp.Null) for e in expressions)
