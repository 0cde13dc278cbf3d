"""Values of `?` and `:1` placeholders, written into the statement as typed literals."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from ..tokens import Tokens, tokenize


def inlined(text: str, bindings: list[Any]) -> str:
    """The statement with each placeholder replaced by its value.

    Without bindings the text stays as it is: a placeholder is then described as a text.
    """
    if not bindings:
        return text
    pieces, at, serial = [], 0, iter(bindings)
    tokens = tokenize(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.kind == "symbol" and token.text == "?":
            pieces += [text[at : token.start], sql_literal(next(serial))]
            at = token.end
        elif before is not None and before.text == ":" and token.kind == "number" and _stands_alone(text, before.start):
            pieces += [text[at : before.start], sql_literal(bindings[int(token.text) - 1])]
            at = token.end
    return "".join(pieces) + text[at:]


def placeholders(text: str) -> int:
    """How many `?` the text has."""
    return sum(token.kind == "symbol" and token.text == "?" for token in tokenize(text))


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
    if isinstance(value, int):
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
