"""A cursor over a block's text, which knows the line of each token and cuts out expressions."""

from __future__ import annotations

from bisect import bisect_right
from copy import copy
from typing import TYPE_CHECKING

from ..kernel.errors import syntax_error
from ..kernel.names import fold
from ..kernel.tokens import Token, Tokens
from . import text
from .tree import Place

if TYPE_CHECKING:
    from .text import Text

_DEPTH = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


class Source(Tokens):
    """The tokens of a block."""

    def __init__(self, body: str) -> None:
        super().__init__(body)
        self._lines = [0, *(i + 1 for i, c in enumerate(body) if c == "\n")]

    def place(self) -> Place:
        """Where the next token stands."""
        return self._place(self.peek())

    def _place(self, token: Token) -> Place:
        line = bisect_right(self._lines, token.start)
        return Place(line, token.start - self._lines[line - 1])

    def part(self, tokens: list[Token]) -> Source:
        """A cursor over some of the tokens."""
        found = copy(self)
        found._tokens, found._at = tokens, 0
        return found

    def unexpected_at(self, token: Token) -> Exception:
        """The syntax error for a token that was taken."""
        place = self._place(token)
        return syntax_error(f"line {place.line} at position {place.position} unexpected '{token.text}'.")

    def folded(self, token: Token) -> str:
        """The name that a token is.

        Raises:
            SnowflakeError: 001003 when it is none.

        """
        if token.kind not in {"word", "quoted"}:
            raise self.unexpected_at(token)
        return fold(token.text)

    def until(self, *stops: str) -> list[Token]:
        """The tokens up to a stop word, which is not taken; those in parentheses and in CASE ... END do not stop it.

        Raises:
            SnowflakeError: 001003 when there are none.

        """
        found: list[Token] = []
        depth = 0
        while not self.done and (depth or self.peek().upper not in stops or self.peek().kind == "quoted"):
            token = self.take()
            found.append(token)
            if token.kind == "symbol":
                depth += _DEPTH.get(token.text, 0)
            elif token.kind == "word":
                depth += {"CASE": 1, "END": -1}.get(token.upper, 0)
            if depth < 0:
                raise self.unexpected_at(token)
        if not found:
            raise self.unexpected()
        return found

    def expression(self, *stops: str) -> Text:
        """The expression up to a stop word, which is not taken."""
        return self.expression_of(self.until(*stops))

    def expression_of(self, tokens: list[Token]) -> Text:
        """The expression that these tokens are."""
        return text.expression(self.text, tokens)

    def arguments(self) -> tuple[Text, ...]:
        """`(expression, ...)`."""
        self.expect("(")
        found: list[Text] = []
        while not self.accept(")"):
            found.append(self.expression(",", ")"))
            self.accept(",")
        return tuple(found)
