"""OBJECT_CONSTRUCT('a', a, 'b', b) of values that are known already: put together here, without asking DuckDB.

A block that gathers what it has read ends with one, and a handler that reports an error is one; documents in it may be
megabytes long.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..kernel.tokens import Token

if TYPE_CHECKING:
    from .text import Text
    from .variables import Value

_CALLS = {"OBJECT_CONSTRUCT": False, "OBJECT_CONSTRUCT_KEEP_NULL": True}


@dataclass(frozen=True)
class Construction:
    """The call: its keys, which are literals, and its values."""

    keys: tuple[str, ...]
    values: tuple[Text, ...]
    keeps_null: bool

    def document(self, known: Callable[[Text], Value | None]) -> str | None:
        """The object as JSON; None when one of its values must be computed, or has no plain form in JSON."""
        shown = []
        for key, text in zip(self.keys, self.values, strict=True):
            value = known(text)
            written = None if value is None else _json(value)
            if written is None:
                return None
            if self.keeps_null or value.data is not None:
                shown.append(f"{_quoted(key)}:{written}")
        return "{" + ",".join(shown) + "}"


def read(tokens: Sequence[Token], expression: Callable[[Sequence[Token]], Text]) -> Construction | None:
    """The call that these tokens are; None for anything else.

    Args:
        tokens: an expression's.
        expression: reads the expression that a value is.

    """
    if len(tokens) < len("f()") or tokens[0].upper not in _CALLS or tokens[1].text != "(" or tokens[-1].text != ")":
        return None
    arguments = _split(tokens[2:-1])
    keys, values = arguments[::2], arguments[1::2]
    if len(keys) != len(values) or any(len(k) != 1 or k[0].kind != "string" for k in keys) or not all(values):
        return None
    names = tuple(k[0].value for k in keys)
    if len(set(names)) < len(names):
        return None
    return Construction(names, tuple(expression(v) for v in values), _CALLS[tokens[0].upper])


def _split(tokens: Sequence[Token]) -> list[list[Token]]:
    """The tokens between commas that stand in no parentheses."""
    found: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind == "symbol":
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.text, 0)
        if token.text == "," and not depth:
            found.append([])
        else:
            found[-1].append(token)
    return found


def _json(value: Value) -> str | None:
    if value.is_document and value.data is not None:
        return value.data
    if value.data is None or isinstance(value.data, bool | int | str):
        return _quoted(value.data)
    return None


def _quoted(data: str | int | None) -> str:
    return json.dumps(data, ensure_ascii=False)
