"""Comparison and arithmetic with variants: the variant takes the other side's kind."""

from __future__ import annotations

from sqlglot import exp

from ..wide import wide
from .dates import by_type, shifted
from .rewriting import Node, call, integer
from .semi_structured import is_variant, numeric, plain

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Mod)


def compared(node: exp.Binary) -> Node:
    """A variant against a number compares as a number, else as text; two variants compare as they are."""
    left, right = node.this, node.expression
    if is_variant(left) and is_variant(right):
        return node
    by_number = any(_is_number(side) for side in (left, right))
    return type(node)(**{**node.args, "this": _scalar(left, by_number), "expression": _scalar(right, by_number)})


def _scalar(node: Node, by_number: bool) -> Node:  # noqa: FBT001 - private, and named where it is called
    return numeric(node) if by_number else plain(node)


def _is_number(node: Node) -> bool:
    node = node.unnest()
    if isinstance(node, exp.Cast):
        return node.to.is_type("BIGINT", "DOUBLE", "DECIMAL")
    return (isinstance(node, exp.Literal) and not node.is_string) or isinstance(node, exp.Neg | exp.Binary)


def calculated(node: exp.Binary) -> Node:
    """Arithmetic with a variant counts with its number; with an INTERVAL, it is a date's."""
    if isinstance(node.this.unnest(), exp.Interval) and isinstance(node, exp.Add):
        node = exp.Add(this=node.expression, expression=node.this)
    if isinstance(node.expression.unnest(), exp.Interval):
        return shifted(node)
    if not (is_variant(node.this) or is_variant(node.expression)):
        return _widened(node) if wide() else node
    return type(node)(this=numeric(node.this), expression=numeric(node.expression))


def _widened(node: exp.Binary) -> Node:
    """Of 128 bits, where a whole number has fewer."""
    return call("_sf_within", type(node)(**{key: exp.paren(by_type("_sf_wide", side)) for key, side in _sides(node)}))


def _sides(node: exp.Binary) -> list[tuple[str, Node]]:
    return [("this", numeric(node.this.copy())), ("expression", numeric(node.expression.copy()))]


def multiplied(node: exp.Mul) -> Node:
    """`*`: DuckDB has as many digits as both factors together, Snowflake at most 12 where no factor has more."""
    if wide():
        return call("_sf_within", call("_sf_mul", *(by_type("_sf_wide", side) for _, side in _sides(node))))
    product = calculated(node)
    factors = (product.this, product.expression)
    if isinstance(node.parent, exp.Mul) or any(map(_adds_no_digits, factors)):
        return product
    if any(isinstance(part, exp.Window | exp.Interval) for factor in factors for part in factor.walk()):
        return product  # the macro names each factor three times
    return call("_sf_mul", *factors)


def _adds_no_digits(node: Node) -> bool:
    """Whether the tree alone shows a whole number or a float."""
    node = node.unnest()
    return (
        integer(node) is not None
        or isinstance(node, exp.Null)
        or (isinstance(node, exp.Cast) and node.to.is_type("BIGINT", "DOUBLE"))
    )


def within(node: exp.In) -> Node:
    """`variant IN (...)` compares with each as `=` does."""
    if not is_variant(node.this):
        return node
    by_number = all(_is_number(value) for value in node.expressions)
    node.set("this", _scalar(node.this, by_number))
    return node


def between(node: exp.Between) -> Node:
    """`variant BETWEEN a AND b`."""
    if is_variant(node.this):
        node.set("this", _scalar(node.this, _is_number(node.args["low"])))
    return node


RULES = {
    **dict.fromkeys(_COMPARISONS, compared),
    **dict.fromkeys(_ARITHMETIC, calculated),
    exp.Mul: multiplied,
    exp.In: within,
    exp.Between: between,
}
