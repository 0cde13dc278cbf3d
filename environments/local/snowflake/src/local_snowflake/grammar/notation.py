"""The notation that grammars are written in: the documentation's own, made strict.

    CREATE [ OR REPLACE ] WAREHOUSE [ IF NOT EXISTS ] <name> [ WITH ] options

    options ::= {{ WAREHOUSE_SIZE = <one XSMALL SMALL> | AUTO_SUSPEND = { <int 0..> | NULL } }}

Capitals and symbols stand for themselves. `[ a ]` may be left out, `{ a | b }` is one of them, `a ...` is one or more,
`a , ...` with commas between. `{{ a | b }}` is any of them in any order, each at most once (`b ...`: as often as it
comes); in `{{, a | b }}` commas may stand between, and of `{{+ a | b }}` one at least. A production that is a choice
stands for all its parts there.
`<class>` is a value (values.py), `lowerCase` a production, which `::=` defines. Blank lines part rules.
`== CREATE WAREHOUSE` on a line is the key of the statements below it (several with commas). `#` begins a comment, which
names the page. Brackets that a statement writes stand in quotes: `'['`.
"""

from __future__ import annotations

import re

from .matching import Choice, InOrder, Maybe, Options, Part, Production, Repeat, Value, Word
from .values import reader

_SYMBOL = re.compile(r"\s*(\{\{\+?,?|\}\}|::=|\.\.\.|<[a-z][^<>]*>|'[^']*'|\$?[A-Za-z_][\w$]*|=>|[^\s])")

_CLOSING = {"]", "}", "}}", "..."}


class Notation:
    """The rules of one text.

    Attributes:
        statements: the statements' grammars in order, each with its key.
        productions: the productions by name; `shared` ones can be used too.

    Raises:
        ValueError: when the text does not keep to the notation.

    """

    def __init__(self, text: str, shared: dict[str, Production] | None = None) -> None:
        self.productions: dict[str, Production] = dict(shared or {})
        self.statements: list[tuple[str, Part]] = []
        self._keys: list[str] = []
        lines = (line for line in text.splitlines() if not line.startswith("#"))
        # A key is a rule of its own.
        spaced = (f"\n{line}\n" if line.startswith("==") else line for line in lines)
        for rule in re.split(r"\n\s*\n", "\n".join(spaced)):
            if rule.strip().startswith("=="):
                self._keys = [key.strip() for key in rule.strip().removeprefix("==").split(",")]
            elif rule.strip():
                self._rule(_SYMBOL.findall(rule))

    def _rule(self, symbols: list[str]) -> None:
        self._symbols, self._at = symbols, 0
        name = ""
        if len(symbols) > 1 and symbols[1] == "::=":
            name, self._at = symbols[0], 2
        part = self._alternatives(set())
        if self._at < len(symbols):
            raise ValueError(f"unexpected {symbols[self._at]} in: {' '.join(symbols)}")
        if not name:
            if not self._keys:
                raise ValueError(f"no key stands above: {' '.join(symbols)}")
            self.statements.extend((key, part) for key in self._keys)
        elif self._production(name).part is not None:
            raise ValueError(f"{name} is defined twice")
        else:
            self._production(name).part = part

    def _production(self, name: str) -> Production:
        return self.productions.setdefault(name, Production(name))

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._symbols[at] if at < len(self._symbols) else ""

    def _alternatives(self, closing: set[str]) -> Part:
        found = [self._sequence(closing | {"|"})]
        while self._peek() == "|":
            self._at += 1
            found.append(self._sequence(closing | {"|"}))
        return found[0] if len(found) == 1 else Choice(tuple(found))

    def _sequence(self, stops: set[str]) -> Part:
        parts: list[Part] = []
        while self._peek() and self._peek() not in stops:
            part = self._element()
            if self._peek() == "," and self._peek(1) == "...":
                self._at += 2
                part = Repeat(part, comma=True)
            elif self._peek() == "...":
                self._at += 1
                part = Repeat(part, comma=False)
            parts.append(part)
        if not parts:
            raise ValueError(f"nothing stands before {self._peek() or 'the end'} in: {' '.join(self._symbols)}")
        return parts[0] if len(parts) == 1 else InOrder(tuple(parts))

    def _element(self) -> Part:
        symbol = self._peek()
        self._at += 1
        if symbol == "[":
            return Maybe(self._closed("]"))
        if symbol == "{":
            return self._closed("}")
        if symbol.startswith("{{"):
            inner = self._closed("}}")
            parts = inner.parts if isinstance(inner, Choice) else (inner,)
            return Options(parts, commas="," in symbol, some="+" in symbol)
        if symbol.startswith("<") and symbol.endswith(">") and len(symbol) > 2:
            return Value(reader(symbol[1:-1]), symbol)
        if symbol.startswith("'"):
            return Word(symbol[1:-1])
        if symbol in _CLOSING:
            raise ValueError(f"{symbol} closes nothing in: {' '.join(self._symbols)}")
        if symbol[0].islower():
            return self._production(symbol)
        return Word(symbol)

    def _closed(self, closing: str) -> Part:
        part = self._alternatives({closing})
        if self._peek() != closing:
            raise ValueError(f"{closing} is missing in: {' '.join(self._symbols)}")
        self._at += 1
        return part
