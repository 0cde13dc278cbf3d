"""PIVOT, as the aggregation that it stands for: a column for each value, grouped by the columns that it does not name.

https://docs.snowflake.com/en/sql-reference/constructs/pivot
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from ..kernel.errors import invalid, unsupported
from ..sql import engine
from .translate import generated, resolved

if TYPE_CHECKING:
    from ..sql.scope import Scope


def _pivoted(scope: Scope, pivot: exp.Pivot) -> None:
    """Put the aggregation in the place of the relation that is pivoted, whose own names are resolved already."""
    if pivot.args.get("unpivot"):
        return
    source = pivot.parent
    aggregate = pivot.expressions[0].unalias()
    choice = pivot.args["fields"][0]
    wanted, used = choice.this, list(aggregate.find_all(exp.Column))
    if not used:
        raise invalid("PIVOT aggregates a column.", "001003", "42601")
    new = exp.Subquery(alias=pivot.args.get("alias") or _alias(source))
    new.set("joins", source.args.get("joins"))
    rest = [other for other in source.args["pivots"] if other is not pivot]
    source.replace(new)
    source.set("joins", None)
    source.set("pivots", None)
    values = _values(scope, choice, source, new)
    kept = exp.Star(except_=[column.this.copy() for column in (*used, wanted)])
    columns = [_column(pivot, value, name) for value, name in values.items()]
    new.set("this", exp.select(kept, *columns, copy=False).from_(source, copy=False))
    new.this.set("group", exp.Group(all=True))
    new.set("pivots", rest)


def _alias(source: exp.Expression) -> exp.TableAlias | None:
    return exp.TableAlias(this=exp.to_identifier(source.alias_or_name, quoted=True)) if source.alias_or_name else None


def _column(pivot: exp.Pivot, value: exp.Expression, name: str) -> exp.Expression:
    """The aggregate of the rows that have the value."""
    aggregate = pivot.expressions[0].unalias().copy()
    wanted = pivot.args["fields"][0].this
    summed = aggregate.expressions[0]
    aggregate.set("expressions", [exp.Case(ifs=[exp.If(this=_same(wanted, value), true=summed)])])
    default = pivot.args.get("default_on_null")
    if default:
        aggregate = exp.Anonymous(this="COALESCE", expressions=[aggregate, default.copy()])
    if pivot.expressions[0].alias:
        total = f"_{pivot.expressions[0].alias}"
        name = f"{name[:-1]}{total}'" if name.endswith("'") else name + total
    return exp.alias_(aggregate, exp.to_identifier(name, quoted=True), copy=False)


def _same(column: exp.Expression, value: exp.Expression) -> exp.Expression:
    if isinstance(value, exp.Null):
        return exp.Is(this=column.copy(), expression=value.copy())
    return exp.EQ(this=column.copy(), expression=value.copy())


def _values(scope: Scope, choice: exp.In, source: exp.Expression, place: exp.Expression) -> dict[exp.Expression, str]:
    """The values to pivot on, and the name of each one's column."""
    first = choice.expressions[0]
    if isinstance(first, exp.PivotAny):
        order = first.this.copy() if first.this else exp.Order(expressions=[exp.Ordered(this=choice.this.copy())])
        query = exp.select(choice.this.copy()).from_(source.copy()).group_by(choice.this.copy())
        query.set("order", order)
        return _found(scope, _with_clauses(query, place))
    if isinstance(first, exp.Query):
        return _found(scope, _with_clauses(first.copy(), place))
    return {
        (value.this if isinstance(value, exp.PivotAlias) else value): (
            value.args["alias"].name if isinstance(value, exp.PivotAlias) else _name(value)
        )
        for value in choice.expressions
    }


def _name(value: exp.Expression) -> str:
    return value.sql("snowflake")


def _with_clauses(query: exp.Query, place: exp.Expression) -> exp.Query:
    """The query with the WITH of the statement that it stands in."""
    clause = next((a.args["with_"] for a in _above(place) if a.args.get("with_")), None)
    if clause is None:
        return query
    earlier = [cte for cte in clause.expressions if place.find_ancestor(exp.CTE) is not cte]
    inside = place.find_ancestor(exp.CTE)
    if inside in clause.expressions:
        earlier = clause.expressions[: clause.expressions.index(inside)]
    if earlier:
        query.set("with_", exp.With(expressions=[cte.copy() for cte in earlier], recursive=clause.recursive))
    return query


def _above(node: exp.Expression) -> list[exp.Expression]:
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found


def _found(scope: Scope, query: exp.Query) -> dict[exp.Expression, str]:
    """The distinct values that a query answers, in its order."""
    rows = engine.query(scope.session.connection, generated(scope, resolved(scope, query))).rows
    if rows.num_columns != 1:
        raise invalid("The subquery of PIVOT has one column.", "002064", "42601")
    if pa.types.is_interval(rows.column(0).type):
        raise unsupported("PIVOT by a TIMESTAMP_TZ")
    values = [exp.convert(value) for value in dict.fromkeys(rows.column(0).to_pylist())]
    return {value: _name(value) for value in values}


def _positioned(scope: Scope, node: exp.Parameter) -> exp.Expression | None:
    """`$1` of a relation that is pivoted: its columns are known once it is."""
    select = node.find_ancestor(exp.Select) if node.this.name.isdigit() else None
    source = select.args["from_"].this if select is not None and select.args.get("from_") else None
    if source is None or not source.args.get("pivots"):
        return None
    query = _with_clauses(exp.select("*").from_(source.copy()), source)
    found = engine.query(scope.session.connection, generated(scope, resolved(scope, query)), describe=True).columns
    number = int(node.this.name)
    return exp.column(found[number - 1].name if number <= len(found) else f"${number}", quoted=True)


REWRITES = {"Pivot": _pivoted, "Parameter": _positioned}
