"""Classes of values in a grammar: `<name>`, `<int 1..10>`, `<one XSMALL SMALL>`.

A reader yields the index behind each value that it can take from a token on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..kernel.tokens import unescape
from .matching import Trace

Reader = Callable[[Trace, int], Iterator[int]]
_RANGE = re.compile(r"(-?\d+)?\.\.(-?\d+)?\Z")
_LITERALS = {"string", "dollar", "number", "word", "quoted", "location", "url", "variable"}
_OPENING, _CLOSING = {"(", "[", "{"}, {")", "]", "}"}
_QUERY = {"SELECT", "WITH", "("}


def reader(written: str) -> Reader:
    """The reader of a class, from what stands between the angle brackets.

    Raises:
        ValueError: when there is no such class.

    """
    name, *arguments = written.split()
    if name not in _CLASSES:
        raise ValueError(f"no class of values: <{written}>")
    return _CLASSES[name](arguments)


def _of_kinds(*kinds: str) -> Callable[[list[str]], Reader]:
    def read(trace: Trace, at: int) -> Iterator[int]:
        if trace.kind(at) in kinds:
            yield at + 1

    return lambda _: read


def _is_identifier(trace: Trace, at: int) -> bool:
    return trace.kind(at) in {"word", "quoted"}


def _name(arguments: list[str]) -> Reader:
    """A dotted name of up to three parts (`<name 2>`: up to two), or IDENTIFIER(...)."""
    most = int(arguments[0]) if arguments else 3

    def read(trace: Trace, at: int) -> Iterator[int]:
        if trace.text(at) == "IDENTIFIER" and trace.text(at + 1) == "(":
            if trace.kind(at + 2) in {"string", "dollar", "variable"} and trace.text(at + 3) == ")":
                yield at + 4
            return
        parts = 0
        while parts < most:
            if _is_identifier(trace, at):
                at += 1
            elif not (parts == 1 and most == 3 and trace.text(at) == "."):
                return
            parts += 1
            if trace.text(at) != ".":
                yield at
                return
            at += 1

    return read


def _bounds(arguments: list[str]) -> tuple[int | None, int | None]:
    found = _RANGE.match(arguments[0]) if arguments else None
    least, most = found.groups() if found else (None, None)
    return int(least) if least else None, int(most) if most else None


def _within(number: float, bounds: tuple[int | None, int | None]) -> bool:
    least, most = bounds
    return (least is None or number >= least) and (most is None or number <= most)


def _number(pattern: str) -> Callable[[list[str]], Reader]:
    def make(arguments: list[str]) -> Reader:
        bounds = _bounds(arguments)

        def read(trace: Trace, at: int) -> Iterator[int]:
            sign = "-" if trace.text(at) == "-" else ""
            at += len(sign)
            is_number = trace.kind(at) == "number" and re.fullmatch(pattern, trace.text(at))
            if is_number and _within(float(sign + trace.text(at)), bounds):
                yield at + 1

        return read

    return make


def _text(trace: Trace, at: int) -> str | None:
    """The value of a string literal; None when it is none."""
    if trace.kind(at) == "dollar":
        return trace.tokens[at].text[2:-2]
    return unescape(trace.tokens[at].text) if trace.kind(at) == "string" else None


def _string(arguments: list[str]) -> Reader:
    """A literal, `<string 0..256>`: of so many characters."""
    bounds = _bounds(arguments)

    def read(trace: Trace, at: int) -> Iterator[int]:
        text = _text(trace, at)
        if text is not None and _within(len(text), bounds):
            yield at + 1

    return read


def _matching(*, literal: bool, bare: bool) -> Callable[[list[str]], Reader]:
    """Text that matches, whatever its case: `<like regex>` a literal, `<word regex>` a word, `<text regex>` both."""

    def make(arguments: list[str]) -> Reader:
        pattern = re.compile(" ".join(arguments), re.IGNORECASE | re.DOTALL)

        def read(trace: Trace, at: int) -> Iterator[int]:
            text = _text(trace, at) if literal else None
            if text is None and bare and trace.kind(at) == "word":
                text = trace.tokens[at].text
            if text is not None and pattern.fullmatch(text):
                yield at + 1

        return read

    return make


def _type(_: list[str]) -> Reader:
    """A data type: its words, and what stands in parentheses behind them; sql.datatypes reads it."""

    def read(trace: Trace, at: int) -> Iterator[int]:
        if not _is_identifier(trace, at):
            return
        at += 1
        if trace.text(at) in {"PRECISION", "VARYING"}:
            at += 1
        end = _balanced(trace, at) if trace.text(at) == "(" else None
        yield at if end is None else end

    return read


def _one(arguments: list[str]) -> Reader:
    """One of some words, bare or as a literal, without regard to case."""
    allowed = {a.upper() for a in arguments}

    def read(trace: Trace, at: int) -> Iterator[int]:
        text = _text(trace, at)
        said = trace.text(at) if text is None else text.upper()
        if said in allowed:
            yield at + 1
            return
        # A bare value may hold a dash, which is a token of its own: X-SMALL.
        if text is None and trace.text(at + 1) == "-" and f"{said}-{trace.text(at + 2)}" in allowed:
            yield at + 3

    return read


def _balanced(trace: Trace, at: int) -> int | None:
    """The index behind the bracket that closes the one at `at`; None where none opens or none closes."""
    if trace.text(at) not in _OPENING or trace.kind(at) != "symbol":
        return None
    depth = 0
    for index in range(at, len(trace.tokens)):
        if trace.kind(index) == "symbol":
            depth += (trace.text(index) in _OPENING) - (trace.text(index) in _CLOSING)
        if not depth:
            return index + 1
    return None


def _parens(_: list[str]) -> Reader:
    """Parentheses and what stands in them, which somebody else reads."""

    def read(trace: Trace, at: int) -> Iterator[int]:
        end = _balanced(trace, at) if trace.text(at) == "(" else None
        if end is not None:
            yield end

    return read


def _expression(_: list[str]) -> Reader:
    """One or more tokens with balanced brackets, as few as the rest of the grammar allows."""

    def read(trace: Trace, at: int) -> Iterator[int]:
        while at < len(trace.tokens) and not (trace.kind(at) == "symbol" and trace.text(at) in _CLOSING):
            end = _balanced(trace, at)
            at = at + 1 if end is None else end
            yield at

    return read


def _until(arguments: list[str]) -> Reader:
    """One or more tokens with balanced brackets, up to a comma, a closing bracket, one of some words or the end."""
    ends = {",", *_CLOSING}

    def read(trace: Trace, at: int) -> Iterator[int]:
        begin = at
        while at < len(trace.tokens) and not (trace.kind(at) == "symbol" and trace.text(at) in ends):
            if trace.kind(at) == "word" and trace.text(at) in arguments and (at > begin or trace.text(at) != "NULL"):
                break
            end = _balanced(trace, at)
            at = at + 1 if end is None else end
        if at > begin:
            yield at

    return read


def _rest(_: list[str]) -> Reader:
    """Everything up to the end, at least one token."""

    def read(trace: Trace, at: int) -> Iterator[int]:
        if at < len(trace.tokens):
            trace.reached(len(trace.tokens))
            yield len(trace.tokens)

    return read


def _body(_: list[str]) -> Reader:
    """What ends a definition: a literal that is the last token, or a statement up to the end."""
    rest = _rest([])

    def read(trace: Trace, at: int) -> Iterator[int]:
        if _text(trace, at) is not None:
            yield at + 1
        elif trace.kind(at) == "word" or trace.text(at) == "(":
            yield from rest(trace, at)

    return read


def _query(_: list[str]) -> Reader:
    """A query up to the end; sql.parsing reads it."""
    rest = _rest([])

    def read(trace: Trace, at: int) -> Iterator[int]:
        if trace.text(at) in _QUERY:
            yield from rest(trace, at)

    return read


def _value(_: list[str]) -> Reader:
    """A literal, a bare word or a number."""

    def read(trace: Trace, at: int) -> Iterator[int]:
        at += trace.text(at) == "-"
        if trace.kind(at) in _LITERALS:
            yield at + 1

    return read


_CLASSES: dict[str, Callable[[list[str]], Reader]] = {
    "name": _name,
    "id": _of_kinds("word", "quoted"),
    "string": _string,
    "like": _matching(literal=True, bare=False),
    "word": _matching(literal=False, bare=True),
    "text": _matching(literal=True, bare=True),
    "int": _number(r"\d+"),
    "number": _number(r"\d+(\.\d*)?"),
    "bool": lambda _: _one(["TRUE", "FALSE"]),
    "one": _one,
    "stage": _of_kinds("location", "url", "string"),
    "variable": _of_kinds("variable"),
    "parens": _parens,
    "expr": _expression,
    "until": _until,
    "rest": _rest,
    "type": _type,
    "body": _body,
    "query": _query,
    "value": _value,
}
