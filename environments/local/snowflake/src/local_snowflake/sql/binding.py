"""Values of `?` and `:1` placeholders, written into the statement as typed literals."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from ..kernel.errors import invalid
from ..kernel.tokens import Token, Tokens, tokenize


class LocalMoment(datetime):
    """A TIMESTAMP_LTZ; another `datetime` with a time zone is a TIMESTAMP_TZ."""


def inlined(text: str, bindings: list[Any], *, describe: bool = False) -> str:
    """The statement with each placeholder replaced by its value; by NULL where it is only described.

    Raises:
        SnowflakeError: 002049 when there are fewer values than placeholders.

    """
    pieces, at = [], 0
    for start, end, number in _found(text):
        if number >= len(bindings) and not describe:
            raise invalid(
                f"error line 1 at position {start}\nBind variable {text[start:end]} not set.", "002049", "42601"
            )
        pieces += [text[at:start], sql_literal(bindings[number] if number < len(bindings) else None)]
        at = end
    return "".join(pieces) + text[at:]


def _found(text: str) -> Iterator[tuple[int, int, int]]:
    """Start, end and number (from 0) of each placeholder."""
    serial = itertools.count()
    tokens = tokenize(text)
    for at, token in enumerate(tokens):
        if token.kind == "symbol" and token.text == "?":
            yield token.start, token.end, next(serial)
        elif at and token.text.isdigit() and _starts_placeholder(text, tokens, at - 1):
            yield tokens[at - 1].start, token.end, int(token.text) - 1


def placeholders(text: str) -> int:
    """How many `?` the text has."""
    return sum(text[start] == "?" for start, _, _ in _found(text))


def remaining(tokens: Tokens) -> str:
    """The text from the next token on, with its placeholders replaced; earlier ones took the first bindings."""
    taken = placeholders(tokens.text[: tokens.peek().start])
    return inlined(tokens.rest, tokens.bindings[taken:])


def _starts_placeholder(text: str, tokens: Sequence[Token], at: int) -> bool:
    """Whether a token is the colon of `:1`.

    `v:1` is a path into a VARIANT, `{'a': 1}` an object; a placeholder follows white space, a comma, an operator or a
    parenthesis.
    """
    colon = tokens[at]
    if colon.text != ":" or (at and tokens[at - 1].kind == "string"):
        return False
    return colon.start == 0 or not (text[colon.start - 1].isalnum() or text[colon.start - 1] in '_"$])')


def sql_literal(value: Any) -> str:
    """A Python value as a literal in Snowflake's SQL, of the value's own type."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, float):
        return f"{_text(repr(value))}::FLOAT"
    if isinstance(value, bytes):
        return f"TO_BINARY('{value.hex()}', 'HEX')"
    return _text(str(value)) + _cast(value)


def _cast(value: Any) -> str:
    if isinstance(value, LocalMoment):
        return "::TIMESTAMP_LTZ"
    if isinstance(value, datetime):
        return "::TIMESTAMP_NTZ" if value.tzinfo is None else "::TIMESTAMP_TZ"
    return {date: "::DATE", time: "::TIME"}.get(type(value), "")


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
