"""Values of `?` and `:1` placeholders, written into the statement as typed literals."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from ..kernel.errors import invalid
from ..kernel.tokens import Tokens, tokenize


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
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.kind == "symbol" and token.text == "?":
            yield token.start, token.end, next(serial)
        elif before is not None and before.text == ":" and token.text.isdigit() and _stands_alone(text, before.start):
            yield before.start, token.end, int(token.text) - 1


def placeholders(text: str) -> int:
    """How many `?` the text has."""
    return sum(text[start] == "?" for start, _, _ in _found(text))


def remaining(tokens: Tokens) -> str:
    """The text from the next token on, with its placeholders replaced; earlier ones took the first bindings."""
    taken = placeholders(tokens.text[: tokens.peek().start])
    return inlined(tokens.rest, tokens.bindings[taken:])


def _stands_alone(text: str, colon: int) -> bool:
    # `v:1` is a path into a VARIANT; a placeholder follows white space, a comma, an operator or a parenthesis.
    return colon == 0 or not (text[colon - 1].isalnum() or text[colon - 1] in '_"$])')


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
    if isinstance(value, datetime):
        return "::TIMESTAMP_NTZ" if value.tzinfo is None else "::TIMESTAMP_TZ"
    return {date: "::DATE", time: "::TIME"}.get(type(value), "")


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
