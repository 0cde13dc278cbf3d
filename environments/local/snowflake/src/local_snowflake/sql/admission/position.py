"""Rules, and where a word stands that one of them refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot.tokens import Token

from ...kernel.errors import SnowflakeError, syntax_error

# What a node of one class must be, beyond what it has; raises for what it is not.
Rule = Callable[[Any, Sequence[Token]], None]


def unexpected(token: Token | None) -> SnowflakeError:
    """The syntax error for a token; for the end of the statement without one."""
    if token is None:
        return syntax_error("line 1 at position 0 unexpected '<EOF>'.")
    position = max(token.col - len(token.text), 0)
    return syntax_error(f"line {token.line} at position {position} unexpected '{token.text}'.")


def refused(word: str, tokens: Sequence[Token]) -> SnowflakeError:
    """The syntax error for a word, at its first place in the statement."""
    wanted = word.upper().replace(" ", "")
    at = next((t for t in tokens if t.text.upper().replace(" ", "") == wanted), None)
    return unexpected(at) if at else syntax_error(f"line 1 at position 0 unexpected '{word}'.")
