"""Rules of INSERT, UPDATE, DELETE and MERGE."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from ...kernel.errors import invalid
from .position import Rule, refused


def _insert(node: exp.Insert, tokens: Sequence[Token]) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert."""
    if isinstance(node.parent, exp.When):
        return
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    if not isinstance(target, exp.Table) or target.args.get("alias"):
        raise refused("AS", tokens)
    if not isinstance(node.expression, exp.Values | exp.Query) or any(t.token_type is TokenType.SET for t in tokens):
        raise refused("SET" if isinstance(node.expression, exp.Values) else "INTO", tokens)
    if isinstance(node.expression, exp.Values):
        _plain_values(node.expression)


# Calls that answer an ARRAY, an OBJECT or a VARIANT, which no VALUES clause of INSERT takes.
_SEMI_STRUCTURED = {"PARSE_JSON", "TRY_PARSE_JSON", "TO_VARIANT", "TO_ARRAY", "TO_OBJECT", "PARSE_XML", "SPLIT"}
_SEMI_STRUCTURED_FAMILIES = ("ARRAY_", "OBJECT_")


def _plain_values(values: exp.Values) -> None:
    for row in values.expressions:
        for value in row.expressions:
            for part in value.walk():
                if _is_no_plain_value(part):
                    shown = value.sql("snowflake")
                    raise invalid(f"Invalid expression [{shown}] in VALUES clause", "002014", "22000")


def _is_no_plain_value(part: exp.Expression) -> bool:
    if isinstance(part, exp.Anonymous):
        name = part.name.upper()
        return name in _SEMI_STRUCTURED or name.startswith(_SEMI_STRUCTURED_FAMILIES)
    return isinstance(part, exp.Query | exp.Window | exp.Array | exp.Struct | exp.Column)


def _update(node: exp.Update, tokens: Sequence[Token]) -> None:
    assigned = [e.this for e in node.expressions if isinstance(e, exp.EQ)]
    if not assigned or len(assigned) < len(node.expressions) or not all(isinstance(a, exp.Column) for a in assigned):
        raise refused("SET", tokens)
    if isinstance(node.parent, exp.When):
        return
    clauses = [key for key in node.args if key in {"expressions", "from_", "where"} and node.args[key]]
    if not isinstance(node.this, exp.Table) or node.this.args.get("joins") or clauses != sorted(clauses):
        raise refused("UPDATE", tokens)


def _delete(node: exp.Delete, tokens: Sequence[Token]) -> None:
    if not isinstance(node.this, exp.Table) or node.this.args.get("joins"):
        raise refused("DELETE", tokens)


def _merge(node: exp.Merge, tokens: Sequence[Token]) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/merge."""
    if node.args.get("on") is None or not node.args["whens"].expressions:
        raise refused("MERGE", tokens)
    ended: set[bool] = set()
    for when in node.args["whens"].expressions:
        matched = bool(when.args.get("matched"))
        if matched in ended:
            raise invalid("Unreachable clause in MERGE: an earlier one of its type has no AND.", "002095", "42601")
        if when.args.get("condition") is None:
            ended.add(matched)


RULES: dict[type[exp.Expression], Rule] = {
    exp.Insert: _insert,
    exp.Update: _update,
    exp.Delete: _delete,
    exp.Merge: _merge,
}
