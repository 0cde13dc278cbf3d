"""A block is parsed whole before any of it runs: its SQL and its expressions, in the parts that never run as well.

No handler catches what is wrong here, for there is none yet. What EXECUTE IMMEDIATE runs is text until then.
https://docs.snowflake.com/en/developer-guide/snowflake-scripting/blocks
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from ..kernel.errors import SnowflakeError, syntax_error
from ..sql.parsing import parse
from ..statements import syntax
from . import tree, values
from .text import Text

if TYPE_CHECKING:
    from ..kernel.account import Account
    from .text import Reference

_LOOPS = (tree.Loop, tree.ForRange, tree.ForRows)
_SYNTAX_ERROR = "001003"
_WHERE = re.compile(r"line (\d+) at position (\d+)")


def check(account: Account, block: tree.Block) -> None:
    """Refuse a block that cannot be parsed.

    Raises:
        SnowflakeError: 001003 where the text stops making sense; 000002, naming what is not supported.

    """
    stray = _stray(block)
    if stray:
        raise syntax_error(f"line {stray.place.line} at position {stray.place.position} unexpected: no loop to leave.")
    for part in _within(block):
        try:
            _check(account, part)
        except SnowflakeError as error:
            raise _placed(error, part.place) from error


def _check(account: Account, part: tree.Statement) -> None:
    if isinstance(part, tree.Sql):
        _statement(account, part.text)
    elif isinstance(part, tree.DeclareCursor):
        if part.over is None:
            _statement(account, part.query)
    elif not isinstance(part, tree.Assign) or not _asks(part):
        for text in _expressions(part):
            _expression(text)


def _statement(account: Account, text: Text) -> None:
    complete = all(isinstance(piece, str) for piece in text.pieces)
    syntax.check(account, text.filled(_placeholder), complete=complete)


def _expression(text: Text) -> None:
    if text.construction:
        for value in text.construction.values:
            _expression(value)
    elif not text.only and not values.is_literal(text):
        parse(f"SELECT ({text.filled(_placeholder)})")


def _placeholder(reference: Reference) -> str | None:
    """What stands for a variable whose value is not known yet; None for a name that may be a column's."""
    if reference.table:
        return "RESULT_SCAN('')"
    return ":V" if reference.sure else None


# ---- the parts of a block
def _within(part: Any) -> Iterator[tree.Statement]:
    """The statements of a part, those inside of others too."""
    if isinstance(part, tree.Statement):
        yield part
    if isinstance(part, tree.Assign) and not _asks(part):
        return
    for each in _parts(part):
        yield from _within(each)


def _parts(part: Any) -> Iterator[Any]:
    if isinstance(part, tuple):
        yield from part
    elif isinstance(part, tree.Statement | tree.Handler):
        for field in fields(part):
            yield getattr(part, field.name)


def _expressions(part: tree.Statement) -> Iterator[Text]:
    """The expressions of a statement itself, such as its conditions."""
    for each in _parts(part):
        if isinstance(each, Text):
            yield each
        elif isinstance(each, tuple):
            yield from _texts(each)


def _texts(several: tuple[Any, ...]) -> Iterator[Text]:
    for each in several:
        if isinstance(each, Text):
            yield each
        elif isinstance(each, tuple):
            yield from _texts(each)


def _asks(assigned: tree.Assign) -> bool:
    """Whether a RESULTSET may be assigned the answer of a statement: the parentheses hold one, and no value."""
    if isinstance(assigned.query, tree.Sql):
        return syntax.is_statement(assigned.query.text.written)
    return assigned.query is not None


def _stray(part: Any) -> tree.Leave | None:
    """A BREAK or CONTINUE that stands in no loop."""
    if isinstance(part, tree.Leave):
        return part
    found = () if isinstance(part, _LOOPS) else map(_stray, _parts(part))
    return next((stray for stray in found if stray), None)


def _placed(error: SnowflakeError, place: tree.Place) -> SnowflakeError:
    """The error with its place in the block, rather than in the statement."""
    if error.code != _SYNTAX_ERROR:
        return error

    def moved(found: re.Match[str]) -> str:
        line, position = int(found[1]), int(found[2])
        offset = place.position if line == 1 else 0
        return f"line {place.line + line - 1} at position {position + offset}"

    return SnowflakeError(_WHERE.sub(moved, error.message, count=1), error.code, error.sqlstate)
