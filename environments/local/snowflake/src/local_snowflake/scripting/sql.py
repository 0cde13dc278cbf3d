"""SQL statements of a block, and the INTO that names the variables that their row sets.

https://docs.snowflake.com/en/sql-reference/constructs/into
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import text, tree

if TYPE_CHECKING:
    from ..kernel.tokens import Token
    from .source import Source

_INTO = {"SELECT", "WITH", "CALL"}


def read(source: Source, tokens: list[Token], place: tree.Place) -> tree.Sql:
    """A SQL statement of these tokens; INTO of a SELECT or a CALL names the variables that it sets."""
    at = _into(tokens) if tokens and tokens[0].upper in _INTO else None
    if at is None:
        return tree.Sql(place, text.statement(source.text, tokens))
    names: list[str] = []
    behind = at
    while behind == at or (behind < len(tokens) and tokens[behind].text == ","):
        colon = behind + 1
        if colon + 1 >= len(tokens) or tokens[colon].text != ":":
            raise source.unexpected_at(tokens[min(colon, len(tokens) - 1)])
        names.append(source.folded(tokens[colon + 1]))
        behind = colon + 2
    return tree.Sql(place, text.statement(source.text, tokens[:at], tokens[behind:]), tuple(names))


def _into(tokens: list[Token]) -> int | None:
    """Where INTO stands, outside of parentheses."""
    depth = 0
    for at, token in enumerate(tokens):
        if token.kind == "symbol":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.upper == "INTO" and not depth:
            return at
    return None
