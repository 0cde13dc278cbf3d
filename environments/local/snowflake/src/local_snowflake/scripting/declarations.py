"""DECLARE and LET: variables, exceptions, cursors and RESULTSETs.

https://docs.snowflake.com/en/sql-reference/snowflake-scripting/declare
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..kernel.errors import invalid, unsupported
from ..kernel.tokens import Token
from ..sql import datatypes
from . import text, tree

if TYPE_CHECKING:
    from .source import Source

# Reads `(SELECT ...)`; given by the module that reads statements.
Query = Callable[["Source", list[Token], tree.Place], tree.Sql | tree.Execute | None]
_NUMBERS = range(-20999, -19999)
_NAMES = {"word", "quoted"}


def section(source: Source, query: Query) -> tuple[tree.Statement, ...]:
    """The declarations between DECLARE and BEGIN."""
    found = []
    while not source.looking_at("BEGIN"):
        place = source.place()
        found.append(_declaration(source, place, source.identifier(), query))
        source.expect(";")
    return tuple(found)


def let(source: Source, place: tree.Place, query: Query) -> tree.Statement:
    """LET: a variable (with a value), a cursor or a RESULTSET."""
    found = _declaration(source, place, source.identifier(), query)
    if isinstance(found, tree.DeclareException) or (isinstance(found, tree.Declare) and found.value is None):
        raise source.unexpected()
    return found


def _declaration(source: Source, place: tree.Place, name: str, query: Query) -> tree.Statement:
    if source.accept("EXCEPTION"):
        return _exception(source, place, name)
    if source.accept("CURSOR", "FOR"):
        return _cursor(source, place, name)
    if source.accept("RESULTSET"):
        return _rows(source, place, name, query)
    if source.looking_at("PROCEDURE"):
        raise unsupported("a nested PROCEDURE in a block (Snowflake Scripting)")
    kind = None if _assigned(source, look=True) else datatypes.read(source)
    value = source.expression(";") if _assigned(source) else None
    return tree.Declare(place, name, kind, value)


def _assigned(source: Source, *, look: bool = False) -> bool:
    """Whether a value follows: behind DEFAULT or `:=`, which is taken."""
    if look:
        return source.looking_at("DEFAULT") or source.looking_at(":", "=")
    return source.accept("DEFAULT") or source.accept(":", "=")


def _exception(source: Source, place: tree.Place, name: str) -> tree.DeclareException:
    number, message = -20000, ""
    if source.accept("("):
        number = int(source.value())
        if source.accept(","):
            message = source.value()
        source.expect(")")
    if number not in _NUMBERS:
        raise invalid(f"Invalid error code '{number}'. Must be between -20,999 and -20,000.", "001008")
    return tree.DeclareException(place, name, number, message)


def _cursor(source: Source, place: tree.Place, name: str) -> tree.DeclareCursor:
    tokens = source.until(";")
    over = source.folded(tokens[0]) if len(tokens) == 1 and tokens[0].kind in _NAMES else None
    return tree.DeclareCursor(place, name, text.statement(source.text, tokens), over)


def _rows(source: Source, place: tree.Place, name: str, query: Query) -> tree.DeclareRows:
    if not _assigned(source):
        return tree.DeclareRows(place, name, None)
    if source.looking_at("ASYNC"):
        raise unsupported("ASYNC in a block (Snowflake Scripting)")
    start = source.peek()
    found = query(source, source.until(";"), place)
    if found is None:
        raise source.unexpected_at(start)
    return tree.DeclareRows(place, name, found)
