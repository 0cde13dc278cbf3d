"""A tokenizer for Snowflake's statements, and a cursor to parse the ones that are not queries.

Queries go to sqlglot; its tokenizer swallows SHOW, PUT, EXECUTE and the like whole, so those are read here.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from . import reserved
from .errors import syntax_error
from .names import Name, fold

_PATTERN = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*|/\*.*?\*/)
    | (?P<dollar>\$\$.*?\$\$)
    | (?P<string>'(?:[^'\\]++|''|\\.)*+')
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<url>snow://[^\s;()]*|(?:file|s3|azure|gcs)://[^\s;]*)
    | (?P<line>//[^\n]*)
    | (?P<location>@(?:"(?:[^"]|"")*"|[^\s;,()'"])+)
    | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<variable>\$\w+)
    | (?P<symbol>=>|::|<>|!=|>=|<=|\|\||->>?|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b"}
_SKIPPED = {"space", "line"}


class Token(NamedTuple):
    """A piece of a statement.

    Attributes:
        kind: a group of the pattern.
        text: as written.
        start: where it stands.
        end: where it ends.
        upper: a word in upper case; quoted text never equals a keyword.

    """

    kind: str
    text: str
    start: int
    end: int
    upper: str

    @property
    def value(self) -> str:
        """What a string, a number or a word stands for."""
        if self.kind == "dollar":
            return self.text[2:-2]
        if self.kind == "string":
            return unescape(self.text)
        return self.text


def unescape(written: str) -> str:
    """A single-quoted literal's value: doubled quotes and backslash escapes resolved."""
    body = written[1:-1].replace("''", "'")
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), body, flags=re.DOTALL)


def tokenize(text: str) -> tuple[Token, ...]:
    """All tokens of the text, comments and white space left out.

    A statement is read at several places on its way, so the last ones are remembered.
    """
    return _short(text) if len(text) <= _SHORT else _long(text)


def _read(text: str) -> tuple[Token, ...]:
    found = ((match.lastgroup or "", match) for match in _PATTERN.finditer(text))
    return tuple(_token(kind, match.group(), *match.span()) for kind, match in found if kind not in _SKIPPED)


def _token(kind: str, text: str, start: int, end: int) -> Token:
    return Token(kind, text, start, end, text.upper() if kind == "word" else text)


def end_of(text: str) -> Token:
    """What stands behind the last token."""
    return Token("end", "", len(text), len(text), "")


_SHORT = 20_000  # characters
_short, _long = lru_cache(maxsize=64)(_read), lru_cache(maxsize=2)(_read)


class Tokens:
    """A cursor over one statement's tokens.

    Args:
        text: one statement, without a trailing semicolon.
        bindings: values for its `?` placeholders, in order; each is read as a literal.

    """

    def __init__(self, text: str, bindings: list[Any] | None = None) -> None:
        self.text = text
        self.bindings = bindings or []
        found = tokenize(text)
        self._tokens: Sequence[Token] = self._bound(found) if self.bindings else found
        self._at = 0

    def _bound(self, tokens: Sequence[Token]) -> list[Token]:
        """The tokens with a literal in place of each `?` that has a value."""
        found = list(tokens)
        places = (i for i, token in enumerate(tokens) if token.text == "?" and token.kind == "symbol")
        for i, value in zip(places, self.bindings, strict=False):
            found[i] = _literal(value, found[i])
        return found

    # ---- looking
    @property
    def all(self) -> Sequence[Token]:
        """The statement's tokens, those that were taken among them."""
        return self._tokens

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return self._at >= len(self._tokens)

    def peek(self, ahead: int = 0) -> Token:
        """The next token (or one further on); an empty one at the end."""
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else end_of(self.text)

    def looking_at(self, *words: str) -> bool:
        """Whether the next tokens are these words or symbols."""
        return self.peek().upper == words[0] and all(self.peek(i).upper == word for i, word in enumerate(words))

    @property
    def previous(self) -> Token:
        """The token that was taken last."""
        return self._tokens[self._at - 1]

    @property
    def rest(self) -> str:
        """The text from the next token to the end, as written."""
        return self.text[self.peek().start :]

    # ---- taking
    def take(self) -> Token:
        """The next token, whatever it is."""
        token = self.peek()
        if token.kind == "end":
            raise self.unexpected()
        self._at += 1
        return token

    def accept(self, *words: str) -> bool:
        """Take these words if they are next."""
        if not self.looking_at(*words):
            return False
        self._at += len(words)
        return True

    def accept_any(self, *words: str) -> str | None:
        """Take the next token if it is one of these words, and say which."""
        return self.take().upper if self.peek().upper in words and not self.done else None

    def expect(self, *words: str) -> None:
        """Take these words.

        Raises:
            SnowflakeError: 001003, naming what stands there instead.

        """
        for word in words:
            if not self.accept(word):
                raise self.unexpected()

    def end(self) -> None:
        """Nothing may be left.

        Raises:
            SnowflakeError: 001003, naming what is left.

        """
        if not self.done:
            raise self.unexpected()

    def unexpected(self, at: int | None = None) -> Exception:
        """The syntax error for the next token, or the one at an index."""
        token = self.peek(0 if at is None else at - self._at)
        line = self.text.count("\n", 0, token.start) + 1
        position = token.start - (self.text.rfind("\n", 0, token.start) + 1)
        what = f"unexpected '{token.text}'" if token.kind != "end" else "unexpected '<EOF>'"
        return syntax_error(
            f"line {line} at position {position} {what}.\nStatement: {' '.join(self.text.split())[:300]}"
        )

    # ---- names and values
    def identifier(self) -> str:
        """One identifier, folded: https://docs.snowflake.com/en/sql-reference/identifiers-syntax.

        Raises:
            SnowflakeError: 001003 for what is none, or empty; 000904 for one that is too long.

        """
        token = self.peek()
        if token.kind not in {"word", "quoted"} or not (name := fold(token.text)):
            raise self.unexpected()
        if len(name) > reserved.LONGEST:
            raise reserved.too_long(name)
        self.take()
        return name

    def column(self) -> str:
        """The name of a column that is being defined, folded: no reserved word, unless it is quoted."""
        if self.peek().upper in reserved.NO_COLUMN:
            raise self.unexpected()
        return self.identifier()

    def name(self) -> tuple[str, ...]:
        """A dotted name of one to three folded parts; IDENTIFIER('...'), IDENTIFIER(?) and '...' count."""
        if self.accept("IDENTIFIER", "("):
            parts = Tokens(self.take().value).name()
            self.expect(")")
            return parts
        if self.peek().kind == "string":
            return Tokens(self.take().value).name()
        parts = [self._part()]
        while self.accept("."):
            # DB..NAME leaves the schema out: PUBLIC.
            parts.append("PUBLIC" if self.looking_at(".") else self._part())
        return tuple(parts)

    def _part(self) -> str:
        """A part of a name: no reserved word, unless it is quoted."""
        if self.peek().upper in reserved.ANYWHERE:
            raise self.unexpected()
        return self.identifier()

    def value(self) -> str:
        """A literal or a bare word, as text; a leading minus is kept."""
        sign = "-" if self.accept("-") else ""
        if self.peek().kind not in {"string", "dollar", "number", "word", "quoted", "location", "url"}:
            raise self.unexpected()
        return sign + self.take().value

    def values(self) -> list[str]:
        """A parenthesised list of values: ('a', 'b')."""
        self.expect("(")
        found: list[str] = []
        while not self.accept(")"):
            found.append(self.value())
            self.accept(",")
        return found

    def parenthesised(self) -> str:
        """The text between the next parenthesis and the one that closes it."""
        opening = self.peek()
        self.expect("(")
        depth = 1
        while depth:
            token = self.take()
            depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "symbol" else 0
        return self.text[opening.end : self._tokens[self._at - 1].start]

    def options(self, *stops: str) -> dict[str, Any]:
        """`KEY = value` pairs (values may be parenthesised) up to one of the stop words or the end.

        A nested `KEY = (A = 1, B = 2)` becomes a dict, `KEY = ('a', 'b')` a list.
        """
        found: dict[str, Any] = {}
        while not self.done and self.peek().upper not in stops:
            self.accept(",")
            key = self.take().upper
            self.expect("=")
            found[key] = self._option_value()
        return found

    def _option_value(self) -> Any:
        if self.peek(1).text == ".":
            return str(Name(*("", "", "", *self.name())[-3:]))
        if not self.looking_at("("):
            return self.value()
        if self.peek(2).text == "=":
            inner = Tokens(self.parenthesised())
            return inner.options()
        return self.values()


def _literal(value: Any, at: Token) -> Token:
    if value is None:
        return _token("word", "NULL", at.start, at.end)
    if isinstance(value, bool):
        return _token("word", str(value).upper(), at.start, at.end)
    if isinstance(value, int | float):
        return _token("number", str(value), at.start, at.end)
    escaped = str(value).replace("\\", "\\\\").replace("'", "''")
    return _token("string", f"'{escaped}'", at.start, at.end)
