"""Rules of names, types and expressions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.tokens import Token

from ...kernel import reserved
from ...kernel.errors import invalid
from .. import datatypes
from .position import Rule, refused


def _identifier(node: exp.Identifier, tokens: Sequence[Token]) -> None:
    """https://docs.snowflake.com/en/sql-reference/reserved-keywords."""
    name = node.name
    if len(name) > reserved.LONGEST:
        raise reserved.too_long(name)
    if node.args.get("quoted"):
        return
    if not name.isascii():
        raise refused(name, tokens)
    word = name.upper()
    if word in reserved.ANYWHERE and not _orders_by_all(node):
        raise refused(name, tokens)
    if word in reserved.IN_EXPRESSIONS and isinstance(node.parent, exp.Column):
        raise refused(name, tokens)
    if word in reserved.AS_COLUMN and isinstance(node.parent, exp.Alias):
        raise refused(name, tokens)


def _orders_by_all(node: exp.Identifier) -> bool:
    column = node.parent
    return node.name.upper() == "ALL" and isinstance(column, exp.Column) and isinstance(column.parent, exp.Ordered)


def _is(node: exp.Is, tokens: Sequence[Token]) -> None:
    if not isinstance(node.expression, exp.Null):
        raise refused(node.expression.sql("snowflake"), tokens)


def _interval(node: exp.Interval, tokens: Sequence[Token]) -> None:
    if not isinstance(node.this, exp.Literal) or not node.this.is_string:
        raise refused("INTERVAL", tokens)


def _window(node: exp.Window, tokens: Sequence[Token]) -> None:
    if node.args.get("spec") and not node.args.get("order"):
        raise invalid("Cumulative window frame unsupported without an ORDER BY in the window.", "002303", "42601")


def _frame(node: exp.WindowSpec, tokens: Sequence[Token]) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-window-syntax."""
    if str(node.args.get("kind")).upper() not in {"ROWS", "RANGE"}:
        raise refused(str(node.args.get("kind")), tokens)
    for edge in (node.args.get("start"), node.args.get("end")):
        if isinstance(edge, exp.Expression) and not isinstance(edge, exp.Literal | exp.Interval):
            raise invalid(f"Invalid window frame: {edge.sql('snowflake')} is no constant.", "002302", "42601")


def _type(node: exp.DataType, tokens: Sequence[Token]) -> None:
    """Types as they are written: the reader folds those of many dialects into one."""
    written = node.meta.get("text")
    if written and not isinstance(node.parent, exp.DataType):
        datatypes.parse(written)


def _path(node: exp.JSONExtract, tokens: Sequence[Token]) -> None:
    if not node.args.get("variant_extract"):
        raise refused("->", tokens)
    if isinstance(node.this, exp.Literal | exp.Array):
        raise refused(":", tokens)


def _dotted(node: exp.Dot, tokens: Sequence[Token]) -> None:
    """Parts of a name; fields of values are reached by a colon."""
    if isinstance(node.this, exp.Struct | exp.Array | exp.Tuple | exp.Paren | exp.Literal | exp.Boolean | exp.Null):
        raise refused(".", tokens)


def _call(node: exp.Anonymous, tokens: Sequence[Token]) -> None:
    for argument in node.expressions:
        if isinstance(argument, exp.Order | exp.Limit | exp.Alias | exp.PropertyEQ | exp.Ordered):
            raise refused("ORDER" if isinstance(argument, exp.Order) else argument.key.upper(), tokens)


def _tried(node: exp.TryCast, tokens: Sequence[Token]) -> None:
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        raise invalid(
            "Function TRY_CAST cannot be used with arguments of types NUMBER and " + str(node.to), "001065", "22023"
        )


RULES: dict[type[exp.Expression], Rule] = {
    exp.Identifier: _identifier,
    exp.Is: _is,
    exp.Interval: _interval,
    exp.Window: _window,
    exp.WindowSpec: _frame,
    exp.DataType: _type,
    exp.JSONExtract: _path,
    exp.Dot: _dotted,
    exp.Anonymous: _call,
    exp.TryCast: _tried,
}
