"""Which columns of a query come unchanged from a table, and so keep the type that the table declares.

DuckDB knows no VARCHAR(20) and no OBJECT: without this, `SELECT * FROM t` would answer wider types than the table has.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from ..kernel.errors import SnowflakeError
from ..kernel.types import SEMI_STRUCTURED
from . import columns as table_columns
from .naming import is_cte, relation_named, written_parts

if TYPE_CHECKING:
    from ..kernel.types import Column
    from .scope import Scope

_ZONED = {"timestamp_ltz", "timestamp_tz"}


def columns(scope: Scope, query: exp.Expression) -> dict[str, Column]:
    """The declared columns by the name under which the query answers them; those it computes are left out."""
    if isinstance(query, exp.Subquery):
        return columns(scope, query.this)
    if not isinstance(query, exp.Select):
        return {}
    joins = query.args.get("joins") or []
    sources = [_source(scope, node) for node in _sources(query)]
    found: dict[str, Column] = {}
    for projection in query.expressions:
        found |= _passed(projection, dict(sources))
    # The other side of an outer join is NULL where nothing matches.
    return {name: replace(c, nullable=True) for name, c in found.items()} if joins else found


def refined(column: Column, declared: dict[str, Column]) -> Column:
    """The column with its declared type, where that is the same kind of value."""
    known = declared.get(column.name)
    return known if known is not None and same_kind(column, known) else column


def same_kind(found: Column, known: Column) -> bool:
    """Whether a column of DuckDB's holds the values that the declared one does."""
    if found.type == "fixed":
        return known.type == "fixed" and (found.scale or 0) == (known.scale or 0)
    same = ({found.type, known.type} <= group for group in (_ZONED, SEMI_STRUCTURED))
    return found.type == known.type or any(same)


def _sources(query: exp.Select) -> list[exp.Expression]:
    clause = query.args.get("from_")
    return ([clause.this] if clause else []) + [join.this for join in query.args.get("joins") or []]


def _source(scope: Scope, node: exp.Expression) -> tuple[str, dict[str, Column]]:
    if isinstance(node, exp.Subquery):
        return node.alias, {} if node.args.get("pivots") else columns(scope, node.this)
    if not isinstance(node, exp.Table) or node.args.get("pivots"):
        return node.alias, {}
    parts = written_parts(scope, node)
    if not parts or is_cte(node, parts[0]):
        return node.alias_or_name, {}
    try:
        table = relation_named(scope, parts)
    except SnowflakeError:
        # Missing or hidden: whoever resolves the name says so.
        return node.alias_or_name, {}
    described = (c.datatype.column(c.name, nullable=c.nullable) for c in table_columns.of(table))
    return node.alias or parts[-1], {c.name: c for c in described}


def _passed(projection: exp.Expression, sources: dict[str, dict[str, Column]]) -> dict[str, Column]:
    """The columns that one projection passes through: `*`, `t.*`, `a`, `t.a AS b`."""
    inner = projection.unalias()
    if not isinstance(inner, exp.Column | exp.Star):
        return {}
    table = inner.table if isinstance(inner, exp.Column) else ""
    reachable = [known for alias, known in sources.items() if not table or alias == table]
    if projection.is_star:
        return _merged(reachable)
    column = _merged(reachable).get(inner.name)
    name = projection.alias_or_name
    return {name: replace(column, name=name)} if column else {}


def _merged(sources: list[dict[str, Column]]) -> dict[str, Column]:
    """The columns of several tables; a name that two of them have tells nothing."""
    names = [name for known in sources for name in known]
    return {n: c for known in sources for n, c in known.items() if names.count(n) == 1}
