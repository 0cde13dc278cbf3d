"""Rules of queries and their clauses."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.tokens import Token

from ...kernel.errors import invalid, syntax_error
from .position import Rule, refused


def _query_inside(node: exp.CTE, tokens: Sequence[Token]) -> None:
    if not isinstance(node.this, exp.Query):
        raise refused(node.this.key.upper(), tokens)


def _set_operation(node: exp.SetOperation, tokens: Sequence[Token]) -> None:
    """UNION may keep duplicates, the others never; only UNION matches columns BY NAME."""
    if not isinstance(node, exp.Union) and not node.args.get("distinct"):
        raise refused("ALL", tokens)


def _select(node: exp.Select, tokens: Sequence[Token]) -> None:
    if node.args.get("offset") and not node.args.get("limit"):
        raise refused("OFFSET", tokens)
    if not node.expressions:
        raise refused("FROM", tokens)
    qualify = node.args.get("qualify")
    if qualify and not any(part.find(exp.Window) for part in (qualify, *node.expressions)):
        raise invalid("QUALIFY clause without a window function", "002304", "42601")


def _group(node: exp.Group, tokens: Sequence[Token]) -> None:
    every = node.args.get("all")
    if every is False:
        raise refused("DISTINCT", tokens)
    if every and node.expressions:
        raise syntax_error(f"line 1 at position 0 unexpected '{node.expressions[0].sql('snowflake')}'.")


def _constant_count(node: exp.Limit | exp.Offset, tokens: Sequence[Token]) -> None:
    """A count is a constant: a whole number, NULL, '' or a variable.

    https://docs.snowflake.com/en/sql-reference/constructs/limit
    """
    count = node.expression
    if isinstance(count, exp.Null | exp.Placeholder | exp.Parameter):
        return
    if not isinstance(count, exp.Literal | exp.RawString) or (count.name and not count.name.isdigit()):
        shown = count.sql("snowflake") if count is not None else ""
        raise invalid(f"Invalid row count '{shown}' in limit clause", "001003", "42601")


def _fetch(node: exp.Fetch, tokens: Sequence[Token]) -> None:
    if node.args.get("count") is None:
        raise refused("FETCH", tokens)


# Where `*` stands for columns.
_OF_STARS = (exp.Select, exp.Anonymous, exp.Column, exp.Struct, exp.Distinct)


def _star(node: exp.Star, tokens: Sequence[Token]) -> None:
    if not isinstance(node.parent, _OF_STARS):
        raise refused(node.parent.key.upper() if node.parent else "*", tokens)
    if node.args.get("ilike") and node.args.get("except_"):
        raise refused("EXCLUDE", tokens)


RULES: dict[type[exp.Expression], Rule] = {
    exp.CTE: _query_inside,
    **dict.fromkeys((exp.Union, exp.Except, exp.Intersect), _set_operation),
    exp.Select: _select,
    exp.Group: _group,
    **dict.fromkeys((exp.Limit, exp.Offset), _constant_count),
    exp.Fetch: _fetch,
    exp.Star: _star,
}
