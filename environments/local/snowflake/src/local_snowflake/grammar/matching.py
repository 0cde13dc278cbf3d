"""Parts of a grammar, and where each can end in a statement's tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..kernel.tokens import Token


@dataclass
class Trace:
    """How far a statement could be read, and what was wrong there.

    Attributes:
        furthest: the index of the first token that no part of the grammar took.
        key: the option whose value is wrong there; "" when it is not a value that is wrong.
        property: the word there stands where an option could stand, and is none.

    """

    tokens: Sequence[Token]
    furthest: int = 0
    key: str = ""
    property: bool = False

    def text(self, at: int) -> str:
        """The token at an index as keywords are compared; "" behind the last."""
        return self.tokens[at].upper if at < len(self.tokens) else ""

    def kind(self, at: int) -> str:
        """The kind of the token at an index."""
        return self.tokens[at].kind if at < len(self.tokens) else "end"

    def reached(self, at: int) -> None:
        """A part begins here, or could not go on here."""
        if at > self.furthest:
            self.furthest, self.key, self.property = at, "", False

    def wrong_value(self, at: int, key: str) -> None:
        """The option's value at an index is none that it takes."""
        self.reached(at)
        if at == self.furthest:
            self.key = key

    def no_property(self, at: int) -> None:
        """`WORD =` stands where an option could stand, and none is called so."""
        self.reached(at)
        if at == self.furthest:
            self.property = True


class Part(Protocol):
    """A part of a grammar."""

    def ends(self, trace: Trace, at: int) -> Iterator[int]:
        """The indices behind what the part can take from `at` on, the preferred one first."""


@dataclass(frozen=True)
class Word:
    """A keyword or a symbol; quoted text is never one."""

    text: str

    def ends(self, trace: Trace, at: int) -> Iterator[int]:
        """As of every part."""
        trace.reached(at)
        if trace.text(at) == self.text and trace.kind(at) in {"word", "symbol", "variable"}:
            yield at + 1


@dataclass(frozen=True)
class InOrder:
    """Parts one behind another."""

    parts: tuple[Part, ...]

    def ends(self, trace: Trace, at: int) -> Iterator[int]:
        """As of every part."""
        yield from self._from(trace, at, 0)

    def _from(self, trace: Trace, at: int, number: int) -> Iterator[int]:
        if number == len(self.parts):
            yield at
            return
        for end in self.parts[number].ends(trace, at):
            yield from self._from(trace, end, number + 1)


@dataclass(frozen=True)
class Choice:
    """One of several parts."""

    parts: tuple[Part, ...]

    def ends(self, trace: Trace, at: int) -> Iterator[int]:
        """As of every part."""
        for part in self.parts:
            yield from part.ends(trace, at)


@dataclass(frozen=True)
class Maybe:
    """A part or nothing."""

    part: Part

    def ends(self, trace: Trace, at: int) -> Iterator[int]:
        """As of every part."""
        yield from self.part.ends(trace, at)
        yield at


@dataclass(frozen=True)
class Repeat:
    """A part once or several times, with commas between or without. Each is read in the first way that it can be."""

    part: Part
    comma: bool

    def ends(self, trace: Trace, at: int) -> Iterator[int]:
        """As of every part."""
        found: list[int] = []
        while (end := next(self.part.ends(trace, at), None)) is not None and end > at:
            found.append(end)
            trace.reached(end)
            if self.comma and trace.text(end) != ",":
                break
            at = end + self.comma
        yield from reversed(found)


@dataclass(frozen=True)
class Options:
    """Any of some parts, in any order, each once at most, a Repeat as often as it comes.

    Attributes:
        commas: commas may stand between.
        some: at least one of them.

    """

    parts: tuple[Part, ...]
    commas: bool
    some: bool = False

    def ends(self, trace: Trace, at: int) -> Iterator[int]:
        """As of every part."""
        found, left, begin = [at], list(_alternatives(self.parts)), at
        while (taken := self._one(trace, begin, left)) is not None:
            part, end = taken
            if not isinstance(part, Repeat):
                left.remove(part)
            found.append(end)
            trace.reached(end)
            begin = end + (self.commas and trace.text(end) == ",")
        if trace.kind(begin) == "word" and trace.text(begin + 1) == "=":
            trace.no_property(begin)
        yield from reversed(found[self.some :])

    @staticmethod
    def _one(trace: Trace, at: int, parts: list[Part]) -> tuple[Part, int] | None:
        for part in parts:
            end = next(part.ends(trace, at), None)
            if end is not None and end > at:
                return part, end
        return None


def _alternatives(parts: Iterable[Part]) -> Iterator[Part]:
    """The parts, with a production that is a choice as its parts: each of them is an option of its own."""
    for part in parts:
        inner = part.part if isinstance(part, Production) else part
        yield from _alternatives(inner.parts) if inner is not part and isinstance(inner, Choice) else (part,)


@dataclass
class Production:
    """A part that has a name, which other parts may use before it is written."""

    name: str
    part: Part | None = None

    def ends(self, trace: Trace, at: int) -> Iterator[int]:
        """As of every part."""
        if self.part is None:
            raise LookupError(f"the grammar uses {self.name}, which it does not define")
        yield from self.part.ends(trace, at)


@dataclass(frozen=True)
class Value:
    """A value of a class (see values.py): a name, a text, a number within a range, one of a set."""

    reader: Callable[[Trace, int], Iterator[int]] = field(compare=False)
    written: str = ""

    def ends(self, trace: Trace, at: int) -> Iterator[int]:
        """As of every part."""
        trace.reached(at)
        took = False
        for end in self.reader(trace, at):
            took = True
            yield end
        if not took and at and trace.text(at - 1) == "=" and trace.kind(at) not in {"end", "symbol"}:
            trace.wrong_value(at, trace.text(at - 2))
