"""SQL that names variables: read once, filled with their values each time that it runs.

In a statement a variable is `:name`; in an expression, outside of the queries in it, the colon may be left out.
https://docs.snowflake.com/en/developer-guide/snowflake-scripting/variables
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ..kernel.names import fold
from ..kernel.tokens import Token, end_of
from . import documents
from .documents import Construction

_END = end_of("")
_QUERY = {"SELECT", "WITH"}
# A word behind one of these is no variable: part of a name, a path, a type, an alias.
_BEFORE_NO_VARIABLE = {".", ":", "::", "AS"}
_NAMES = {"word", "quoted"}


@dataclass(frozen=True)
class Reference:
    """What may be a variable, if the block has one of that name.

    Attributes:
        name: its folded name.
        written: the text as it stands there, for when it is none.
        field: the column, of `row.column`.
        sure: whether a colon says that it is a variable.
        table: whether it stands in TABLE(...), where a RESULTSET may stand.

    """

    name: str
    written: str
    field: str | None = None
    sure: bool = False
    table: bool = False


@dataclass(frozen=True)
class Text:
    """A statement or an expression: its text with the places where variables stand.

    Attributes:
        pieces: the text between the places, and what stands there.
        construction: the OBJECT_CONSTRUCT that it is, when its keys are literals.

    """

    pieces: tuple[str | Reference, ...]
    construction: Construction | None = None

    def filled(self, value: Callable[[Reference], str | None]) -> str:
        """The text with each reference replaced; one of which `value` knows nothing stays as written."""
        return "".join(p if isinstance(p, str) else self._shown(p, value) for p in self.pieces)

    @staticmethod
    def _shown(reference: Reference, value: Callable[[Reference], str | None]) -> str:
        found = value(reference)
        return reference.written if found is None else found

    @cached_property
    def only(self) -> Reference | None:
        """The reference that is all of it, if it is nothing else."""
        return self.pieces[0] if len(self.pieces) == 1 and isinstance(self.pieces[0], Reference) else None

    @cached_property
    def written(self) -> str:
        """The text as the block has it."""
        return self.filled(lambda _: None)


def statement(source: str, *parts: Sequence[Token]) -> Text:
    """A SQL statement, of one or several stretches of tokens."""
    return _made(source, parts, _in_sql)


def expression(source: str, tokens: Sequence[Token]) -> Text:
    """An expression."""
    construction = documents.read(tokens, lambda part: expression(source, part))
    return replace(_made(source, (tokens,), _in_expression), construction=construction)


def _made(source: str, parts: Sequence[Sequence[Token]], find: Callable) -> Text:
    pieces: list[str | Reference] = []
    for tokens in parts:
        if pieces and tokens:
            pieces.append(" ")
        at = tokens[0].start if tokens else 0
        for start, end, made in find(tokens):
            pieces += [source[at:start], Reference(written=source[start:end], **made)]
            at = end
        pieces.append(source[at : tokens[-1].end] if tokens else "")
    return Text(tuple(p for p in pieces if p))


def _in_sql(tokens: Sequence[Token]) -> Iterator[tuple[int, int, dict]]:
    """Start, end and fields of each reference in a statement."""
    for i, token in enumerate(tokens):
        if _is_colon(tokens, i):
            name, end, field = _named(tokens, i + 1)
            yield token.start, end, {"name": name, "field": field, "sure": True, "table": _in_table(tokens, i)}
        elif token.kind in _NAMES and _in_table(tokens, i):
            yield token.start, token.end, {"name": fold(token.text), "table": True}


def _in_expression(tokens: Sequence[Token]) -> Iterator[tuple[int, int, dict]]:
    """Start, end and fields of each reference in an expression."""
    covered = -1
    for first, last in _queries(tokens):
        yield from _plain(tokens[covered + 1 : first])
        yield from _in_sql(tokens[first : last + 1])
        covered = last
    yield from _plain(tokens[covered + 1 :])


def _queries(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Where the parentheses with a query in them begin and end."""
    at = 0
    while at < len(tokens):
        if tokens[at].text == "(" and at + 1 < len(tokens) and tokens[at + 1].upper in _QUERY:
            last = closing(tokens, at)
            yield at, last
            at = last
        at += 1


def closing(tokens: Sequence[Token], opening: int) -> int:
    """The index of the parenthesis that closes the one at `opening`; the last token when none does."""
    depth = 0
    for at in range(opening, len(tokens)):
        if tokens[at].kind == "symbol":
            depth += {"(": 1, ")": -1}.get(tokens[at].text, 0)
        if not depth:
            return at
    return len(tokens) - 1


def _plain(tokens: Sequence[Token]) -> Iterator[tuple[int, int, dict]]:
    skip = -1
    for i, token in enumerate(tokens):
        if token.start < skip:
            continue
        if _is_colon(tokens, i):
            name, skip, field = _named(tokens, i + 1)
            yield token.start, skip, {"name": name, "field": field, "sure": True}
        elif token.kind in _NAMES and _may_be_variable(tokens, i):
            name, skip, field = _named(tokens, i)
            yield token.start, skip, {"name": name, "field": field}


def _may_be_variable(tokens: Sequence[Token], i: int) -> bool:
    before = tokens[i - 1].upper if i else ""
    return before not in _BEFORE_NO_VARIABLE and _at(tokens, i + 1).text not in {"(", "=>"}


def _is_colon(tokens: Sequence[Token], i: int) -> bool:
    """A colon that begins a variable: right before a name, and not right behind a value (that would be a path)."""
    token, name = tokens[i], _at(tokens, i + 1)
    if token.text != ":" or name.kind not in _NAMES or name.start != token.end:
        return False
    before = _at(tokens, i - 1) if i else _END
    return before.end != token.start or (before.kind == "symbol" and before.text not in {")", "]"})


def _named(tokens: Sequence[Token], i: int) -> tuple[str, int, str | None]:
    """The name at `i`, where it ends, and the field behind it."""
    name, dot, field = _at(tokens, i), _at(tokens, i + 1), _at(tokens, i + 2)
    if dot.text == "." and dot.start == name.end and field.kind in _NAMES and _at(tokens, i + 3).text != "(":
        return fold(name.text), field.end, fold(field.text)
    return fold(name.text), name.end, None


def _in_table(tokens: Sequence[Token], i: int) -> bool:
    """Whether TABLE( stands before, and a parenthesis right behind the name."""
    behind = i + 2 if tokens[i].text == ":" else i + 1
    around = (_at(tokens, i - 2).upper, _at(tokens, i - 1).text, _at(tokens, behind).text) if i > 1 else ()
    return around == ("TABLE", "(", ")")


def _at(tokens: Sequence[Token], i: int) -> Token:
    return tokens[i] if 0 <= i < len(tokens) else _END
