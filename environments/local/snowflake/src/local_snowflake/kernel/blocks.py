"""Where one statement ends and the next begins: at a semicolon, but a Snowflake Scripting block is one statement.

https://docs.snowflake.com/en/developer-guide/snowflake-scripting/blocks
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from .tokens import Token, Tokens, end_of, tokenize

# The verb under which the handler of blocks is registered.
BLOCK = "BEGIN ... END"
# What opens a part that its own END closes, where a statement begins. DECLARE's part is closed by the BEGIN after it.
_OPENING = {"DECLARE", "BEGIN", "IF", "FOR", "WHILE", "REPEAT", "LOOP", "CASE"}
# Behind these words a statement begins, inside a block.
_BEFORE_A_STATEMENT = {";", "BEGIN", "DECLARE", "THEN", "ELSE", "DO", "LOOP", "REPEAT"}
# What may follow the BEGIN of a transaction.
_TRANSACTION = {"", ";", "TRANSACTION", "WORK", "NAME"}
# Statements whose body, behind AS, may be a block.
_WITH_A_BODY = re.compile(r"(CREATE (OR (REPLACE|ALTER) )?|ALTER )((SECURE|TEMP|TEMPORARY) )?(TASK|PROCEDURE)\b")
_LONGEST_HEAD = 5  # words that the pattern above may need
_EXPRESSION = "CASE in an expression"
_END = end_of("")


def split(text: str) -> list[str]:
    """The statements of a multi-statement text, without their semicolons; empty ones are dropped."""
    tokens = tokenize(text)
    if not any(t.text == ";" for t in tokens):
        return [text.strip()] if tokens else []
    ends = _ends(tokens)
    starts = [0] + [t.end for t in ends]
    stops = [t.start for t in ends] + [len(text)]
    pieces = [text[a:b].strip() for a, b in zip(starts, stops, strict=True)]
    return [piece for piece in pieces if tokenize(piece)]


def statement_end(tokens: Tokens) -> list[Token]:
    """Take the tokens of the next statement, up to its semicolon, which is left; a block's are part of it."""
    nesting, found = _Nesting(), []
    while not tokens.done and not nesting.ends_statement(tokens.peek(), tokens.peek(1)):
        found.append(tokens.take())
    return found


def opens(tokens: Tokens) -> bool:
    """Whether a block (or a loop or condition, which may stand alone as well) comes next, and no transaction."""
    return _opens(tokens.peek(), tokens.peek(1))


def has_body(tokens: Tokens) -> bool:
    """Whether a statement comes next that has another one as its body."""
    return _WITH_A_BODY.match(" ".join(tokens.peek(i).upper for i in range(_LONGEST_HEAD))) is not None


def _opens(token: Token, following: Token) -> bool:
    if token.upper == "BEGIN":
        return following.upper not in _TRANSACTION
    return token.upper in _OPENING


def _ends(tokens: Sequence[Token]) -> list[Token]:
    """The semicolons that stand in no block."""
    nesting = _Nesting()
    return [t for t, following in pairwise([*tokens, _END]) if nesting.ends_statement(t, following)]


class _Nesting:
    """What is open between one token and the next, of the tokens of a text in order."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._head: list[str] = []  # the first words of the statement
        self._previous = ";"

    def ends_statement(self, token: Token, following: Token) -> bool:
        """Take the next token; whether it is a semicolon outside of every block."""
        word, begins = token.upper, self._statement_begins()
        if begins:
            self._head = []
        if len(self._head) < _LONGEST_HEAD:
            self._head.append(word)
        if word == "END":
            self._close(begins=begins)
        elif word in _OPENING:
            self._meet(token, following, begins=begins)
        self._previous = word
        return word == ";" and not self._open

    def _statement_begins(self) -> bool:
        if self._previous == ";":
            return True
        return self._previous in _BEFORE_A_STATEMENT and bool(self._open) and self._open[-1] != _EXPRESSION

    def _meet(self, token: Token, following: Token, *, begins: bool) -> None:
        """Take a word that may open a part."""
        if (begins or self._body_begins()) and _opens(token, following):
            self._enter(token.upper, begins=begins)
        elif token.upper == "CASE" and self._previous != "END":
            self._open.append(_EXPRESSION)

    def _body_begins(self) -> bool:
        nested = self._open[-1:] == ["DECLARE"] and "PROCEDURE" in self._head[1:2]
        return self._previous == "AS" and (nested or _WITH_A_BODY.match(" ".join(self._head)) is not None)

    def _enter(self, word: str, *, begins: bool) -> None:
        if word == "BEGIN" and begins and self._open[-1:] == ["DECLARE"]:
            self._open.pop()
        self._open.append(word)

    def _close(self, *, begins: bool) -> None:
        """END closes a part where a statement could begin; CASE in an expression and REPEAT ... UNTIL end anywhere."""
        if self._open and (begins or self._open[-1] in {_EXPRESSION, "REPEAT"}):
            self._open.pop()
