"""Implicit casts: numbers where text is asked for, and text where numbers are.

Nothing here is looked at while DuckDB finds a form for each call. A statement that is refused for the types of its
arguments is translated again with these casts, and keeps its refusal when they do not help.
https://docs.snowflake.com/en/sql-reference/data-type-conversion
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from sqlglot import exp

from ...kernel.errors import SnowflakeError
from ..scope import RESOLVED
from .rewriting import Node, call, literal, name_of

_T = TypeVar("_T")
_CASTING: ContextVar[bool] = ContextVar("_CASTING", default=False)
_WRONG_TYPES = "001044"
# What the second attempt ends with where the casts do not help; in a transaction, the first one has ended it.
_UNHELPED = {_WRONG_TYPES, "000002", "100132"}
# Which arguments of a function are text.
_EACH = range(9)
_TEXTS: dict[str, range | tuple[int, ...]] = {
    **dict.fromkeys(("UPPER", "LOWER", "REVERSE", "INITCAP", "MD5", "MD5_HEX", "SHA1", "SHA1_HEX", "ASCII"), (0,)),
    **dict.fromkeys(("REPEAT", "LEFT", "RIGHT", "SUBSTR", "SUBSTRING", "SHA2", "SHA2_HEX", "UNICODE"), (0,)),
    **dict.fromkeys(("TRIM", "LTRIM", "RTRIM", "REPLACE", "TRANSLATE", "STARTSWITH", "ENDSWITH", "CONTAINS"), _EACH),
    **dict.fromkeys(("SPLIT", "LIKE", "ILIKE", "EDITDISTANCE", "JAROWINKLER_SIMILARITY", "STRTOK"), (0, 1)),
    **dict.fromkeys(("SPLIT_PART", "CHARINDEX", "POSITION", "REGEXP_COUNT", "REGEXP_INSTR", "REGEXP_SUBSTR"), (0, 1)),
    **dict.fromkeys(("REGEXP_LIKE", "RLIKE", "REGEXP_REPLACE"), (0, 1, 2)),
    **dict.fromkeys(("LPAD", "RPAD"), (0, 2)),
    "INSERT": (0, 3),
}
# Text counts as a NUMBER(18, 5), in aggregates as a FLOAT: https://docs.snowflake.com/en/sql-reference/functions/sum
_NUMBERS = {"ABS", "CEIL", "FLOOR", "ROUND", "TRUNC", "TRUNCATE", "SIGN", "MOD", "SQUARE", "DIV0", "DIV0NULL"}
_FLOATS = {
    *("SUM", "AVG", "MEDIAN", "STDDEV", "STDDEV_SAMP", "STDDEV_POP", "VARIANCE", "VARIANCE_SAMP", "VARIANCE_POP"),
    *("VAR_SAMP", "VAR_POP", "SKEW", "KURTOSIS", "CORR", "COVAR_POP", "COVAR_SAMP"),
}
# Functions whose two arguments become alike.
_ALIKE, _PAIR = {"COALESCE", "NVL", "IFNULL", "GREATEST", "LEAST", "EQUAL_NULL", "NULLIF"}, (0, 1)
_WRITTEN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
_PATTERNS = (exp.Like, exp.ILike, exp.RegexpLike)


def text_arguments(function: str) -> range | tuple[int, ...]:
    """The places of a function's arguments that are text."""
    return _TEXTS.get(function, _MORE_TEXTS.get(function, ()))


# These take bytes as well.
_MORE_TEXTS = {**dict.fromkeys(("LENGTH", "LEN"), (0,)), **dict.fromkeys(("CONCAT", "CONCAT_WS"), _EACH)}


def attempted(attempt: Callable[[], _T]) -> _T:
    """What the attempt answers; one that is refused for the types of arguments is made again with implicit casts.

    Raises:
        SnowflakeError: of the first attempt, if the second one is refused as well.

    """
    try:
        return attempt()
    except SnowflakeError as error:
        if error.code != _WRONG_TYPES or _CASTING.get():
            raise
        first = error
    with _casting():
        try:
            return attempt()
        except SnowflakeError as error:
            raise (first if error.code in _UNHELPED else error) from first


@contextmanager
def _casting() -> Iterator[None]:
    token = _CASTING.set(True)
    try:
        yield
    finally:
        _CASTING.reset(token)


def casts(tree: Node) -> Node:
    """Snowflake's tree with the implicit casts that its calls may need; itself where none are wanted."""
    if not _CASTING.get():
        return tree
    for node in reversed(list(tree.dfs())):  # from the leaves on, as what is wrapped is a copy
        if isinstance(node, exp.Anonymous) and not node.meta.get(RESOLVED):
            _cast_arguments(node)
        elif isinstance(node, _ARITHMETIC):
            _cast_operands(node, _number)
        elif isinstance(node, _PATTERNS):
            _cast_operands(node, _text)
        elif isinstance(node, _COMPARISONS):
            _cast_alike(node.this, node.expression)
        elif isinstance(node, exp.In) and node.expressions:
            _cast_like(node.this, *node.expressions)
        elif isinstance(node, exp.Between):
            _cast_like(node.this, node.args["low"], node.args["high"])
    return tree


def _cast_arguments(function: exp.Anonymous) -> None:
    name = name_of(function)
    if name in _FLOATS:
        for argument in function.expressions:
            inner = argument.expressions[0] if isinstance(argument, exp.Distinct) else argument
            inner.replace(_float(inner))
    elif name in _NUMBERS:
        function.expressions[0].replace(_number(function.expressions[0]))
    elif name in _ALIKE and len(function.expressions) == len(_PAIR):
        _cast_alike(*function.expressions)
    for place in _TEXTS.get(name, ()):
        if place < len(function.expressions):
            argument = function.expressions[place]
            argument.replace(_text(argument))


def _cast_alike(*pair: Node) -> None:
    """Two values of which the one that is text becomes what the other one is."""
    left, right = (_wrapped("_sf_implicit_like", *values) for values in (pair, pair[::-1]))
    pair[0].replace(left)
    pair[1].replace(right)


def _cast_like(value: Node, *others: Node) -> None:
    """A value and what it is compared with: each as `_cast_alike` does."""
    cast = _wrapped("_sf_implicit_like", value, others[0])
    for other in others:
        other.replace(_wrapped("_sf_implicit_like", other, value))
    value.replace(cast)


def _cast_operands(node: exp.Expression, kind: Callable[[Node], Node]) -> None:
    sides = [side for side in (node.this, node.args.get("expression")) if side is not None]
    if not any(isinstance(side, exp.Interval | exp.Any | exp.All) for side in sides):
        for side in sides:
            side.replace(kind(side))


def _number(value: Node) -> Node:
    written = literal(value)
    if written is not None and _WRITTEN.fullmatch(written):
        found = exp.Literal.number(written.lstrip("-"))
        return exp.paren(exp.Neg(this=found)) if written.startswith("-") else found
    return value if _is_number(value) else _wrapped("_sf_implicit_number", value)


def _float(value: Node) -> Node:
    return value if _is_number(value) else _wrapped("_sf_implicit_float", value)


def _text(value: Node) -> Node:
    return value if literal(value) is not None else _wrapped("_sf_implicit_text", value)


def _is_number(value: Node) -> bool:
    """Whether it is a number as it is written, or by what computes it."""
    return isinstance(value.unnest(), (exp.Null, *_ARITHMETIC)) or (
        isinstance(value, exp.Literal) and not value.is_string
    )


def _wrapped(macro: str, *values: Node) -> Node:
    cast = call(macro, *(value.copy() for value in values))
    cast.meta[RESOLVED] = True
    return cast
