"""The WHEN condition of a task: parsed when the task is written, evaluated when it is due, without a warehouse.

Snowflake allows type conversions, comparisons and three functions.
https://docs.snowflake.com/en/sql-reference/sql/create-task (WHEN)
https://docs.snowflake.com/en/sql-reference/functions/system_predecessors_state
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from ..kernel.errors import SnowflakeError, execution_error, invalid, unsupported
from ..kernel.tokens import Tokens


class Lookup(Protocol):
    """What a condition can ask."""

    def predecessor_value(self, written: str | None) -> str | None:
        """SYSTEM$GET_PREDECESSOR_RETURN_VALUE: a predecessor's value; None asks for the only one's."""

    def stream_has_data(self, written: str) -> bool:
        """SYSTEM$STREAM_HAS_DATA of the stream of that name."""

    def predecessor_states(self) -> Collection[str]:
        """How each predecessor ended: SUCCEEDED, FAILED, SKIPPED or CANCELLED."""


# An evaluated node: reads what it needs through the lookup.
Expression = Callable[[Lookup], Any]

_PREDECESSOR, _STREAM = "SYSTEM$GET_PREDECESSOR_RETURN_VALUE", "SYSTEM$STREAM_HAS_DATA"
_STATES = "SYSTEM$PREDECESSORS_STATE"
_SUCCEEDED, _FAILED, _SKIPPED = "SUCCEEDED", "FAILED", "SKIPPED"
# What it may be asked, of the states of all predecessors.
_OUTCOMES: dict[str, Callable[[Collection[str]], bool]] = {
    "ALL_SUCCEEDED": lambda states: set(states) <= {_SUCCEEDED},
    "ALL_FAILED": lambda states: set(states) <= {_FAILED},
    "ALL_DONE": lambda _: True,
    "ALL_SKIPPED": lambda states: set(states) <= {_SKIPPED},
    "AT_LEAST_ONE_FAILED": lambda states: _FAILED in states,
    "AT_LEAST_ONE_SUCCEEDED": lambda states: _SUCCEEDED in states,
    "NONE_FAILED": lambda states: set(states) <= {_SUCCEEDED, _SKIPPED},
    "NONE_FAILED_MIN_ONE_SUCCEEDED": lambda states: set(states) <= {_SUCCEEDED, _SKIPPED} and _SUCCEEDED in states,
    "NONE_SKIPPED": lambda states: _SKIPPED not in states,
}
_COMPARISONS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Condition:
    """A parsed condition; `text` is as written."""

    text: str
    holds: Callable[[Lookup], bool]


def reads_stream(text: str | None) -> bool:
    """Whether a condition asks for a stream's data, so that a task without a schedule can wait for that."""
    return _STREAM in (text or "").upper()


def reads_states(text: str | None) -> bool:
    """Whether a condition asks how the predecessors ended, so that it is due whatever they did."""
    return _STATES in (text or "").upper()


def parse(text: str) -> Condition:
    """The condition of a whole text.

    Raises:
        SnowflakeError: as `read`; 001003 when something follows the condition.

    """
    tokens = Tokens(text)
    condition = read(tokens)
    tokens.end()
    return condition


def read(tokens: Tokens) -> Condition:
    """The condition that stands next; the cursor ends behind it.

    Raises:
        SnowflakeError: 001008 for anything but the functions and conversions that Snowflake allows.

    """
    start = tokens.peek().start
    expression = _either(tokens)
    text = tokens.text[start : tokens.peek().start].strip()
    return Condition(text, lambda lookup: _as_boolean(expression(lookup)) is True)


# ---- grammar, loosest first
def _either(tokens: Tokens) -> Expression:
    left = _both(tokens)
    while tokens.accept("OR"):
        left = _or(left, _both(tokens))
    return left


def _both(tokens: Tokens) -> Expression:
    left = _negated(tokens)
    while tokens.accept("AND"):
        left = _and(left, _negated(tokens))
    return left


def _negated(tokens: Tokens) -> Expression:
    if not tokens.accept("NOT"):
        return _comparison(tokens)
    inner = _negated(tokens)
    return lambda lookup: _not(_as_boolean(inner(lookup)))


def _comparison(tokens: Tokens) -> Expression:
    left = _converted(tokens)
    symbol = tokens.accept_any(*_COMPARISONS)
    if symbol:
        right, compare = _converted(tokens), _COMPARISONS[symbol]
        return lambda lookup: _compared(compare, left(lookup), right(lookup))
    if tokens.accept("IS"):
        wanted = not tokens.accept("NOT")
        tokens.expect("NULL")
        return lambda lookup: (left(lookup) is None) == wanted
    return _membership(tokens, left)


def _membership(tokens: Tokens, left: Expression) -> Expression:
    negated = tokens.accept("NOT")
    if not tokens.accept("IN"):
        if negated:
            raise tokens.unexpected()
        return left
    tokens.expect("(")
    options = [_either(tokens)]
    while tokens.accept(","):
        options.append(_either(tokens))
    tokens.expect(")")
    found = options and _any([lambda lookup, o=o: _compared(operator.eq, left(lookup), o(lookup)) for o in options])
    return (lambda lookup: _not(found(lookup))) if negated else found


def _converted(tokens: Tokens) -> Expression:
    value = _value(tokens)
    while tokens.accept("::"):
        value = _cast(value, tokens)
    return value


def _value(tokens: Tokens) -> Expression:
    if tokens.accept("("):
        inner = _either(tokens)
        tokens.expect(")")
        return inner
    kind, word = tokens.peek().kind, tokens.peek().upper
    if kind in {"string", "dollar"}:
        return _constant(tokens.take().value)
    if kind == "number" or tokens.looking_at("-"):
        return _constant(Decimal(tokens.value()))
    if word in _WORDS and kind == "word":
        tokens.take()
        return _constant(_WORDS[word])
    return _call(tokens)


_WORDS = {"TRUE": True, "FALSE": False, "NULL": None}


def _call(tokens: Tokens) -> Expression:
    if tokens.peek().kind != "word" or not tokens.peek(1).text == "(":
        raise _not_allowed()
    name = tokens.take().upper
    tokens.expect("(")
    if name == _STREAM:
        stream = tokens.value()
        tokens.expect(")")
        return lambda lookup: lookup.stream_has_data(stream)
    if name == _STATES:
        return _outcome(tokens)
    if name == _PREDECESSOR:
        argument = None if tokens.looking_at(")") else tokens.take().value
        tokens.expect(")")
        return lambda lookup: lookup.predecessor_value(argument)
    return _conversion(name, tokens)


def _outcome(tokens: Tokens) -> Expression:
    wanted = tokens.value()
    tokens.expect(")")
    if wanted.upper() not in _OUTCOMES:
        raise invalid(f"Invalid argument '{wanted}' of {_STATES}; one of: {', '.join(_OUTCOMES)}.", "001015", "22023")
    return lambda lookup: _OUTCOMES[wanted.upper()](lookup.predecessor_states())


def _conversion(name: str, tokens: Tokens) -> Expression:
    if name not in {"CAST", *_FUNCTIONS}:
        raise _not_allowed()
    value = _either(tokens)
    if name == "CAST":
        tokens.expect("AS")
        value = _cast(value, tokens)
    else:
        value = _applied(_FUNCTIONS[name], value)
    tokens.expect(")")
    return value


def _cast(value: Expression, tokens: Tokens) -> Expression:
    kind = tokens.identifier()
    if kind not in _TYPES or tokens.looking_at("("):
        raise unsupported(f"WHEN with a conversion to {kind} {tokens.peek().text}".strip())
    return _applied(_TYPES[kind], value)


# ---- values: None is NULL, in three-valued logic
def _constant(value: Any) -> Expression:
    return lambda _: value


def _applied(convert: Callable[[Any], Any], value: Expression) -> Expression:
    return lambda lookup: None if (found := value(lookup)) is None else convert(found)


def _and(left: Expression, right: Expression) -> Expression:
    def both(lookup: Lookup) -> bool | None:
        values = _as_boolean(left(lookup)), _as_boolean(right(lookup))
        return False if False in values else None if None in values else True

    return both


def _or(left: Expression, right: Expression) -> Expression:
    return _any([left, right])


def _any(options: list[Expression]) -> Expression:
    def one(lookup: Lookup) -> bool | None:
        values = [_as_boolean(option(lookup)) for option in options]
        return True if True in values else None if None in values else False

    return one


def _not(value: bool | None) -> bool | None:  # noqa: FBT001 - three-valued logic
    return None if value is None else not value


def _compared(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    if isinstance(left, bool) or isinstance(right, bool):
        return compare(_as_boolean(left), _as_boolean(right))
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        return compare(_as_number(left), _as_number(right))
    return compare(left, right)


def _as_boolean(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Decimal):
        return value != 0
    word = value.strip().upper()
    if word in {"TRUE", "T", "YES", "Y", "ON", "1"}:
        return True
    if word in {"FALSE", "F", "NO", "N", "OFF", "0"}:
        return False
    raise execution_error(f"Boolean value '{value}' is not recognized", "100037", "22018")


def _as_number(value: Any) -> Decimal:
    if isinstance(value, bool):
        return Decimal(int(value))
    try:
        return Decimal(value)
    except InvalidOperation as error:
        raise execution_error(f"Numeric value '{value}' is not recognized", "100038", "22018") from error


def _as_integer(value: Any) -> Decimal:
    return _as_number(value).to_integral_value(rounding="ROUND_HALF_UP")


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_TYPES: dict[str, Callable[[Any], Any]] = (
    dict.fromkeys(("INT", "INTEGER", "BIGINT", "SMALLINT", "NUMBER", "NUMERIC"), _as_integer)
    | dict.fromkeys(("FLOAT", "DOUBLE", "REAL"), _as_number)
    | dict.fromkeys(("BOOLEAN",), _as_boolean)
    | dict.fromkeys(("VARCHAR", "STRING", "TEXT", "CHAR"), _as_text)
)
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "TO_NUMBER": _as_integer,
    "TO_DOUBLE": _as_number,
    "TO_BOOLEAN": _as_boolean,
    "TO_VARCHAR": _as_text,
    "TO_CHAR": _as_text,
}


def _not_allowed() -> SnowflakeError:
    return invalid(
        "Invalid expression for task condition expression. Only some data type conversions and the following "
        f"functions are allowed: [{_PREDECESSOR}, {_STATES}, {_STREAM}]."
    )
