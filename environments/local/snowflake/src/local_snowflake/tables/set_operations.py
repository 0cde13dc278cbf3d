"""UNION, INTERSECT and EXCEPT of columns of different types: a text becomes what the other side is, or is refused.

DuckDB makes texts of everything instead.
https://docs.snowflake.com/en/sql-reference/operators-query
https://docs.snowflake.com/en/sql-reference/data-type-conversion
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from ..kernel.errors import invalid
from ..kernel.types import Column
from ..sql.datatypes import column_of, type_of
from ..sql.transforms.rewriting import call

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

    from ..sql.scope import Scope

# What makes values of each kind of column, and of which other kinds.
_TIMES = {"text", "date", "timestamp_ntz", "timestamp_ltz"}
_MADE: dict[str, tuple[str, set[str]]] = {
    "fixed": ("_sf_union_number", {"text"}),
    "scaled": ("_sf_implicit_number", {"text"}),
    "real": ("_sf_implicit_float", {"text"}),
    "date": ("sf_to_date", {"text"}),
    "time": ("sf_to_time", {"text"}),
    "timestamp_ntz": ("sf_to_timestamp_ntz", {"text"}),
    "timestamp_ltz": ("sf_to_timestamp_ltz", {"text"}),
    "timestamp_tz": ("sf_to_timestamp_tz", _TIMES),
    "boolean": ("sf_to_boolean", {"text"}),
    "text": ("sf_to_varchar", {"variant"}),
}
# In the order of what becomes what: the last of those that a column has is what it is.
_ORDER = (
    "text",
    "boolean",
    "fixed",
    "scaled",
    "real",
    "time",
    "date",
    "timestamp_ntz",
    "timestamp_ltz",
    "timestamp_tz",
)
_NUMBERS, _MOMENTS = {"fixed", "scaled", "real"}, {"date", "timestamp_ntz", "timestamp_ltz", "timestamp_tz"}


def alike(scope: Scope, tree: exp.Expression) -> exp.Expression:
    """DuckDB's tree, in which the branches of every set operation have columns of the same types.

    Raises:
        SnowflakeError: 001790 for types of which none becomes the other.

    """
    for node in reversed(list(tree.find_all(exp.SetOperation))):
        if not isinstance(node.parent, exp.SetOperation) and not node.args.get("by_name") and not _recursive(node):
            _make_alike(scope, node)
    return tree


def _recursive(node: exp.SetOperation) -> bool:
    """Whether a branch may read the rows that the operation itself makes."""
    clause = node.parent.parent if isinstance(node.parent, exp.CTE) else None
    return isinstance(clause, exp.With) and bool(clause.recursive)


def _make_alike(scope: Scope, operation: exp.SetOperation) -> None:
    branches = _branches(operation)
    written = {_written(branch) for branch in branches}
    if len(written) == 1 and None not in written:
        return
    try:
        columns = _columns(scope, branches, operation)
    except duckdb.Error:
        return  # what is wrong with it, or which rows around it a branch reads, is told when it runs
    if len({len(each) for each in columns}) != 1:
        return
    targets = [_target([each[place] for each in columns]) for place in range(len(columns[0]))]
    for branch, each in zip(branches, columns, strict=True):
        makers = [_maker(kind, target) for (_, kind), target in zip(each, targets, strict=True)]
        if any(makers):
            branch.replace(_converted(branch.copy(), [name for name, _ in each], makers))


def _branches(node: exp.Expression) -> list[exp.Expression]:
    """The queries that a chain of set operations is made of."""
    found: list[exp.Expression] = []
    waiting = [node]
    while waiting:
        each = waiting.pop()
        inner = each.unnest()
        if isinstance(inner, exp.SetOperation) and not inner.args.get("by_name"):
            waiting += [inner.expression, inner.this]
        else:
            found.append(each)
    return found


def _written(branch: exp.Expression) -> tuple[bool, ...] | None:
    """Which columns of a branch are texts, where all are literals; None where DuckDB has to be asked."""
    query = branch.unnest()
    values = [each.unalias() for each in query.expressions] if isinstance(query, exp.Select) else []
    values = [each.this if isinstance(each, exp.Cast) and each.to.is_type("BIGINT") else each for each in values]
    if not values or not all(isinstance(each, exp.Literal) for each in values):
        return None
    return tuple(each.is_string for each in values)


def _columns(scope: Scope, branches: list[exp.Expression], place: exp.Expression) -> list[list[tuple[str, str]]]:
    """Names and kinds of each branch's columns. DuckDB binds them, and runs nothing."""
    clauses = [clause.sql("duckdb", identify=True) for clause in _with_clauses(place)]
    prefix = "".join(f"{clause} SELECT * FROM (" for clause in clauses)
    found = []
    for branch in branches:
        sql = f"{prefix}{branch.unnest().sql('duckdb', identify=True)}{')' * len(clauses)}"
        relation = scope.session.connection.relation(sql)
        found.append([(n, _kind(kind)) for n, kind in zip(relation.columns, relation.types, strict=True)])
    return found


def _with_clauses(place: exp.Expression) -> list[exp.With]:
    """The WITH clauses around an operation, the outermost first, as far as they stand before it."""
    found = []
    node, below = place.parent, place
    if place.args.get("with_"):
        found.append(place.args["with_"].copy())
    while node is not None:
        clause = node.args.get("with_")
        if isinstance(node, exp.With):
            earlier = node.expressions[: node.expressions.index(below)]
            if earlier:
                found.append(exp.With(expressions=[cte.copy() for cte in earlier], recursive=node.recursive))
        elif clause is not None and clause is not below:
            found.append(clause.copy())
        node, below = node.parent, node
    return found[::-1]


def _kind(found: DuckDBPyType) -> str:
    column = column_of("", found)
    if column.type == "fixed" and column.scale:
        return "scaled"
    return "null" if str(found) == '"NULL"' else column.type


def _target(column: list[tuple[str, str]]) -> str | None:
    """What the column becomes; None where DuckDB does as Snowflake does."""
    kinds = {kind for _, kind in column} - {"null"}
    if len(kinds) < 2 or kinds <= _NUMBERS or kinds <= _MOMENTS - {"timestamp_tz"}:
        return None
    if "variant" in kinds and kinds <= _NUMBERS | {"variant", "boolean"}:
        return None
    if kinds == {"variant", "text"}:
        return "text"
    others = kinds - {"text"}
    if not kinds <= set(_ORDER) or not (len(others) == 1 or others <= _NUMBERS or others <= _MOMENTS):
        first, second = sorted(kinds)[:2]
        raise invalid(
            f"inconsistent data type for result columns for set operator input branches, expected "
            f"{_named(first)}, got {_named(second)}",
            "001790",
            "42601",
        )
    return max(kinds, key=_ORDER.index)


def _named(kind: str) -> str:
    return type_of(Column("", "fixed" if kind == "scaled" else kind)).name


def _maker(kind: str, target: str | None) -> str | None:
    """The macro that makes a value of the target of one of another kind."""
    if target is None or kind in {target, "null"}:
        return None
    macro, sources = _MADE[target]
    return macro if kind in sources else None


def _converted(branch: exp.Expression, names: list[str], makers: list[str | None]) -> exp.Expression:
    places = [exp.to_identifier(f"_{place}", quoted=True) for place in range(len(names))]
    alias = exp.TableAlias(this=exp.to_identifier("_BRANCH"), columns=places)
    values = [
        exp.alias_(call(maker, exp.column(p.copy())) if maker else exp.column(p.copy()), name, quoted=True)
        for p, name, maker in zip(places, names, makers, strict=True)
    ]
    source = exp.Subquery(this=branch.unnest(), alias=alias)
    return exp.Subquery(this=exp.Select(expressions=values, from_=exp.From(this=source)))
