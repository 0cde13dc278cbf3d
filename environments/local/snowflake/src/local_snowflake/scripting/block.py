"""Blocks as statements of their own, and as the bodies of stored procedures."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ..kernel.blocks import BLOCK
from ..kernel.result import CALL, Result, rows
from ..sql.binding import inlined
from . import checking, reading, values
from .leaving import Returned
from .raising import Raised
from .running import Run
from .variables import BOOLEAN, NUMBER, TEXT, Names, Value, Variable

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens
    from . import tree

_VALUE = "anonymous block"
# What every block knows, of the statement that it ran last.
_KNOWN = {"SQLID": TEXT, "SQLROWCOUNT": NUMBER, "SQLFOUND": BOOLEAN, "SQLNOTFOUND": BOOLEAN}


def read(account: Account, body: str) -> tree.Block:
    """The tree of a body, all of which can be parsed.

    Raises:
        SnowflakeError: 001003 where the text stops making sense; 000002, naming what is not supported.

    """
    # Procedures and tasks run again and again; a block as long as this runs once.
    return _remembered(account, body) if len(body) <= _LONGEST_REMEMBERED else _read(account, body)


def _read(account: Account, body: str) -> tree.Block:
    block = reading.read(body)
    checking.check(account, block)
    return block


_remembered = lru_cache(maxsize=256)(_read)
_LONGEST_REMEMBERED = 20_000  # characters


def carried_out(session: Session, body: str, arguments: dict[str, Value]) -> Returned:
    """Run a body; what it returned, a NULL when it met no RETURN.

    Args:
        session: whose rights it has.
        body: the text, a block as a rule.
        arguments: variables that it knows.

    Raises:
        SnowflakeError: as `read`, before anything runs; an exception that nothing handled, or why the query was
            stopped.

    """
    block = read(session.account, body)
    known = {name: Variable(Value(None, kind), kind) for name, kind in _KNOWN.items()}
    given = {name: Variable(value, value.type) for name, value in arguments.items()}
    run = Run(session, Names(own=known | given), session.running)
    try:
        signal = run.block(block)
    except Raised as raised:
        raise raised.uncaught() from raised
    return signal if isinstance(signal, Returned) else Returned()


def _block(session: Session, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001 - the registry's signature
    """A block on its own: it runs with the session's rights, and its value has a column of a fixed name."""
    body = inlined(tokens.text, tokens.bindings) if tokens.bindings else tokens.text
    if describe:
        read(session.account, body)
        return rows([_VALUE], [], CALL)
    returned = carried_out(session, body, {})
    return returned.rows or values.one(_VALUE, returned.value)


QUERIES = {BLOCK: _block}
REWRITES = values.REWRITES
