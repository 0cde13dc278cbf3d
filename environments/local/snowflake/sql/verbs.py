"""SELECT and its relatives, and the DML that changes rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..result import Result
from . import dml, engine
from .binding import inlined
from .scope import Scope
from .translate import translate

if TYPE_CHECKING:
    from ..session import Session
    from ..tokens import Tokens


def select(session: Session, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001 - the registry's signature
    """A query: its rows, or only its columns."""
    with Scope(session) as scope:
        sql = translate(scope, inlined(tokens.text, tokens.bindings))
        if scope.computes and not describe:
            session.require_warehouse()
        return engine.query(session.connection, sql, describe=describe)


QUERIES = {
    "SELECT": select,
    "WITH": select,
    "(": select,
    "VALUES": select,
    "INSERT": dml.insert,
    "UPDATE": dml.update,
    "DELETE": dml.delete,
    "MERGE": dml.merge,
}
