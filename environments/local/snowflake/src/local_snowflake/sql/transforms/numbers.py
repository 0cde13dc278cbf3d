"""Numbers: rounding, quotients, conversions from text."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from ...kernel.errors import invalid, unsupported
from ..wide import SAFE_DIGITS, wide
from .conversions import taken
from .dates import date_trunc
from .rewriting import Call, Node, call, cast, integer, literal, renamed
from .semi_structured import numeric

_DEFAULT_PRECISION = 38


_ROUND = ("EXPR", "SCALE", "ROUNDING_MODE")


def round_(arguments: Sequence[Node]) -> Node:
    """ROUND(x [, digits [, mode]]), also by name: half away from zero, or half to even when the mode says so."""
    given = named("ROUND", _ROUND, arguments)
    mode = (literal(given[2]) or "").upper() if len(given) > 2 else "HALF_AWAY_FROM_ZERO"
    if mode not in {"HALF_AWAY_FROM_ZERO", "HALF_TO_EVEN"}:
        raise invalid(f"Invalid rounding mode '{mode}' of ROUND")
    if len(given) > 1 and integer(given[1]) is None:
        return call("_sf_round", *given[:2])
    return call("round_even" if mode == "HALF_TO_EVEN" else "round", *given[:2])


def named(function: str, names: Sequence[str], arguments: Sequence[Node]) -> list[Node]:
    """The arguments in their places; those that are given by name come after the others."""
    given: dict[str, Node] = {}
    for place, argument in enumerate(arguments):
        name = argument.this.name.upper() if isinstance(argument, exp.Kwarg) else names[place]
        if name not in names or name in given or (not isinstance(argument, exp.Kwarg) and len(given) != place):
            raise invalid(f"Invalid argument {name} of {function}", "001010", "42601")
        given[name] = argument.expression if isinstance(argument, exp.Kwarg) else argument
    if list(given) != list(names[: len(given)]):
        raise invalid(f"missing argument of {function}", "001010", "42601")
    return list(given.values())


def trunc(arguments: Sequence[Node]) -> Node:
    """TRUNC(x [, digits]) of a number; TRUNC(moment, part) is DATE_TRUNC."""
    if len(arguments) > 1 and integer(arguments[1]) is None and literal(arguments[1]) is not None:
        return date_trunc(arguments)
    return call("trunc" if len(arguments) == 1 or integer(arguments[1]) is not None else "_sf_trunc", *arguments)


def _stepwise(name: str) -> Call:
    """CEIL and FLOOR, which Snowflake can also do to a number of digits."""
    return lambda arguments: call(name if len(arguments) == 1 else f"_sf_{name}", *arguments)


def _to_number(*, safe: bool) -> Call:
    """TO_NUMBER(x [, format] [, precision [, scale]])."""

    def convert(arguments: Sequence[Node]) -> Node:
        value, rest = arguments[0], list(arguments[1:])
        if rest and literal(rest[0]) is not None:
            raise unsupported("TO_NUMBER with a format")
        sizes = [integer(a) for a in rest]
        if None in sizes:
            raise unsupported("TO_NUMBER with a precision that is no literal")
        precision, scale = [*sizes, *(_DEFAULT_PRECISION, 0)[len(sizes) :]]
        value = taken(value, "BIGINT")
        if not scale:
            width = "wide_integer" if wide() else "integer"
            return call(f"_sf_try_{width}" if safe else f"_sf_{width}", value)
        kind = exp.DataType.build(f"DECIMAL({precision}, {scale})", dialect="duckdb")
        return (exp.TryCast if safe else exp.Cast)(this=value, to=kind)

    return convert


def _to_double(*, safe: bool) -> Call:
    def convert(arguments: Sequence[Node]) -> Node:
        if len(arguments) > 1:
            raise unsupported("TO_DOUBLE with a format")
        converted = cast(taken(arguments[0], "DOUBLE"), "DOUBLE")
        return exp.TryCast(this=converted.this, to=converted.to) if safe else converted

    return convert


def _extreme(name: str) -> Call:
    """GREATEST and LEAST are NULL when any argument is, where DuckDB's leave NULLs out."""

    def extreme(arguments: Sequence[Node]) -> Node:
        nothing = exp.or_(*(exp.Is(this=exp.paren(a.copy()), expression=exp.null()) for a in arguments), copy=False)
        return exp.Case(ifs=[exp.If(this=nothing, true=exp.null())], default=call(name, *arguments))

    return extreme


def _widened(name: str) -> Call:
    return lambda arguments: call(name, *(cast(a, "DOUBLE") for a in arguments))


def _hash(arguments: Sequence[Node]) -> Node:
    """HASH of several values; the same values give the same number, though not Snowflake's."""
    if len(arguments) == 1:
        return call("sf_hash", arguments[0])
    return call("sf_hash", call("row", *(call("sf_hash", argument) for argument in arguments)))


_TRIGONOMETRY = ("ACOS", "ASIN", "ATAN", "ATAN2", "COS", "COSH", "COT", "SIN", "SINH", "TAN", "TANH")
_SAME = (*_TRIGONOMETRY, "ABS", "CBRT", "DEGREES", "EXP", "LN", "PI", "POW", "POWER", "RADIANS", "SQRT")
CALLS: dict[str, Call] = {
    **{name: renamed(name.lower()) for name in _SAME},
    "ROUND": round_,
    **dict.fromkeys(("TRUNC", "TRUNCATE"), trunc),
    "CEIL": _stepwise("ceil"),
    "FLOOR": _stepwise("floor"),
    "MOD": lambda a: exp.Mod(this=exp.paren(a[0]), expression=exp.paren(a[1])),
    "DIV0": lambda a: call("sf_div0", *_typed(a)),
    "DIV0NULL": lambda a: call("sf_div0null", *_typed(a)),
    "GREATEST": _extreme("greatest"),
    "LEAST": _extreme("least"),
    "GREATEST_IGNORE_NULLS": renamed("greatest"),
    "LEAST_IGNORE_NULLS": renamed("least"),
    **dict.fromkeys(("TO_NUMBER", "TO_DECIMAL", "TO_NUMERIC"), _to_number(safe=False)),
    **dict.fromkeys(("TRY_TO_NUMBER", "TRY_TO_DECIMAL", "TRY_TO_NUMERIC"), _to_number(safe=True)),
    "TO_DOUBLE": _to_double(safe=False),
    "TRY_TO_DOUBLE": _to_double(safe=True),
    "TO_BOOLEAN": lambda a: call("sf_to_boolean", taken(a[0], "BOOLEAN")),
    "HAVERSINE": _widened("sf_haversine"),
    "WIDTH_BUCKET": _widened("sf_width_bucket"),
    "HASH": _hash,
    "BIT_SHIFTLEFT": renamed("sf_bitshiftleft"),
    "BIT_SHIFTRIGHT": renamed("sf_bitshiftright"),
    **{f"BIT_{name}": renamed(f"sf_bit{name.lower()}") for name in ("AND", "OR", "XOR", "NOT")},
}


_QUOTIENTS = {"_sf_div", "_sf_div_again", "_sf_average"}


def divided(node: exp.Div) -> Node:
    """`/`: six more digits behind the point, and an error when the divisor is 0."""
    dividend = node.this.unnest()
    again = isinstance(dividend, exp.Anonymous) and dividend.this in _QUOTIENTS
    return call("_sf_div_again" if again else "_sf_div", *_typed([numeric(node.this), numeric(node.expression)]))


def _typed(arguments: Sequence[Node]) -> list[Node]:
    """A bare NULL has no type to calculate with."""
    return [cast(a, "BIGINT") if isinstance(a, exp.Null) else a for a in arguments]


_INTEGER_CONTEXT = (exp.Add, exp.Sub, exp.Mul)


def widened(node: exp.Literal) -> Node:
    """A whole number that becomes a value is as wide as NUMBER, so that sums of it do not overflow."""
    if node.is_string or not node.name.isdigit() or not _is_value(node):
        return node
    return cast(node.copy(), "BIGINT" if _digits(node) <= SAFE_DIGITS and not wide() else "HUGEINT")


def _digits(node: exp.Literal) -> int:
    """Of the number, and of what it is multiplied with or added to."""
    other = node.parent.expression if isinstance(node.parent, _INTEGER_CONTEXT) else None
    more = len(str(integer(other))) if other is not None and isinstance(node.parent, exp.Mul) else 0
    return max(len(node.name) + more, len(str(integer(other))) if other is not None else 0)


def _is_value(node: Node) -> bool:
    parent = node.parent
    if isinstance(parent, exp.Neg | exp.Paren):
        return False
    if isinstance(parent, exp.Alias):
        return isinstance(parent.parent, exp.Select)
    if isinstance(parent, exp.Tuple):
        return isinstance(parent.parent, exp.Values)
    both = isinstance(parent, _INTEGER_CONTEXT) and integer(parent.this) is not None
    return both and integer(parent.expression) is not None and parent.this is node


RULES = {exp.Div: divided, exp.Literal: widened}
