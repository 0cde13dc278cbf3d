"""Blocks as statements of their own, and as the bodies of stored procedures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..blocks import BLOCK
from ..errors import SnowflakeError
from ..result import CALL, Result, rows
from ..sql.binding import inlined
from . import reading, values
from .leaving import Left, Returned
from .raising import Raised
from .running import Run
from .variables import BOOLEAN, NUMBER, TEXT, Names, Value, Variable

if TYPE_CHECKING:
    from ..session import Session
    from ..tokens import Tokens

_VALUE = "anonymous block"
# What every block knows, of the statement that it ran last.
_KNOWN = {"SQLID": TEXT, "SQLROWCOUNT": NUMBER, "SQLFOUND": BOOLEAN, "SQLNOTFOUND": BOOLEAN}


def carried_out(session: Session, body: str, arguments: dict[str, Value]) -> Returned:
    """Run a body; what it returned, a NULL when it met no RETURN.

    Args:
        session: whose rights it has.
        body: the text, a block as a rule.
        arguments: variables that it knows.

    Raises:
        SnowflakeError: an exception that nothing handled, or why the query was stopped.

    """
    block = reading.read(body)
    known = {name: Variable(Value(None, kind), kind) for name, kind in _KNOWN.items()}
    given = {name: Variable(value, value.type) for name, value in arguments.items()}
    run = Run(session, Names(own=known | given), session.running)
    try:
        signal = run.block(block)
    except Raised as raised:
        raise raised.uncaught() from raised
    if isinstance(signal, Left):
        raise SnowflakeError("SQL compilation error:\nBREAK and CONTINUE stand in a loop", "001003", "42000")
    return signal or Returned()


def _block(session: Session, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001 - the registry's signature
    """A block on its own: it runs with the session's rights, and its value has a column of a fixed name."""
    body = inlined(tokens.text, tokens.bindings) if tokens.bindings else tokens.text
    if describe:
        reading.read(body)
        return rows([_VALUE], [], CALL)
    returned = carried_out(session, body, {})
    return returned.rows or values.one(_VALUE, returned.value)


QUERIES = {BLOCK: _block}
REWRITES = values.REWRITES
