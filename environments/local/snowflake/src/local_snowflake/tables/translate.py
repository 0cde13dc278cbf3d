"""From Snowflake's SQL to DuckDB's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ..kernel import timestamp_tz
from ..kernel.errors import SnowflakeError, invalid
from ..sql import columns, engine, lineage, meaning
from ..sql.parsing import parse
from ..sql.transforms import ALL, definitions, implicit
from ..sql.transforms.once import computed_once
from . import set_operations
from .references import called, resolve

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.result import Result
    from ..sql.scope import Scope


def translate(scope: Scope, text: str) -> str:
    """DuckDB's SQL for a query or DML in Snowflake's."""
    return generated(scope, resolved(scope, parse(text)))


def resolved(scope: Scope, expression: exp.Expression) -> exp.Expression:
    """The tree with every name of the account replaced by what DuckDB can read."""
    tree = resolve(scope, expression, constants)
    while scope.outdated:
        _check_view(scope, *scope.outdated.pop())
    return tree


def _check_view(scope: Scope, view: Object, body: exp.Expression) -> None:
    """The text of a view answers the columns that the view was made with, though its sources are others now.

    https://docs.snowflake.com/en/sql-reference/sql/create-view: "View definitions are not dynamic".

    Raises:
        SnowflakeError: 002057 for more or fewer columns, 002037 for others.

    """
    try:
        found = engine.query(scope.session.connection, generated(scope, body), describe=True).columns
    except SnowflakeError as error:
        raise _not_expanded(view, error.message) from error
    made = columns.of(view)
    if len(found) != len(made):
        text = f"View definition for '{view.name}' declared {len(made)} column(s), but view query produces {len(found)}"
        raise invalid(f"{text} column(s).", "002057", "42601")
    given = view.properties.get("given") or [column.name for column in made]
    for at, (new, old, name) in enumerate(zip(found, made, given, strict=True)):
        if new.name != name or not lineage.same_kind(new, old.datatype.column(name)):
            text = f"View columns mismatch with view definition for view '{view.name}', at position [{at}], "
            raise _not_expanded(view, f"{text}should have been [{name} {old.type}]")


def _not_expanded(view: Object, why: str) -> SnowflakeError:
    return invalid(f"Failure during expansion of view '{view.name.name}': {why}", "002037", "42601")


def table_function(scope: Scope, node: exp.TableFromRows) -> Result | None:
    """What a table function of the account answers; None when it has none of that name."""
    return called(scope, node.this, constants)


def generated(scope: Scope, expression: exp.Expression) -> str:
    """DuckDB's SQL for a resolved tree: Snowflake's meaning first, then DuckDB's words."""
    settings = scope.session.parameters
    expression = implicit.casts(expression)
    if not settings.usual:
        expression = meaning.of_names(expression, settings)
    for transform in ALL:
        expression = transform(expression)
    if not settings.usual:
        expression = meaning.of_values(expression, settings)
    expression = set_operations.alike(scope, computed_once(expression, definitions()))
    return expression.sql(dialect="duckdb", identify=True, copy=False)


def constants(scope: Scope, expressions: list[exp.Expression]) -> list[Any]:
    """The values of expressions that read no table."""
    if _literal(expressions):
        return [e.to_py() for e in expressions]
    found = [resolved(scope, e.copy()) for e in expressions]
    if _literal(found):  # RESULT_SCAN(LAST_QUERY_ID()) takes the value of a function of the account
        return [e.to_py() for e in found]
    query = exp.select(*(exp.alias_(e, f"C{i}", copy=False) for i, e in enumerate(found)))
    answer = engine.query(scope.session.connection, generated(scope, query))
    values = answer.rows.to_pylist()[0].values()
    zoned = (column.type == "timestamp_tz" for column in answer.columns)
    return [timestamp_tz.read(v) if z else v for z, v in zip(zoned, values, strict=True)]


def _literal(expressions: list[exp.Expression]) -> bool:
    return all(isinstance(e, exp.Literal | exp.Boolean | exp.Null) for e in expressions)
