"""The session that a procedure's code works in: inside its caller's, with its own rights."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..kernel.errors import SnowflakeError, execution_error
from ..kernel.session import Session
from ..sql import transactions

if TYPE_CHECKING:
    from .routines import Routine

# https://docs.snowflake.com/en/sql-reference/transactions
_INCOMPLETE = "Scoped transaction started in stored procedure is incomplete and it was rolled back."

_DEEPEST = 16  # calls of procedures, the one that a client sends among them


class InnerSession(Session):
    """Shares its caller's transaction, temporary tables and task; it cannot close them."""

    def close(self) -> None:
        """The caller's connection stays open."""


@contextmanager
def opened(caller: Session, routine: Routine) -> Iterator[InnerSession]:
    """A session for one call; afterwards nothing of it runs any more, and its tickets are worthless.

    With owner's rights it has the owner's role and stands in the procedure's schema, and so has whatever it calls; with
    caller's rights it is like the caller's, and what it changes with USE and SET stays changed. A transaction that it
    began ends with it.
    https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-rights

    Raises:
        SnowflakeError: 100183 when calls are nested too deeply.

    """
    _check_depth(caller)
    inner = _made(caller, routine)
    try:
        yield inner
        incomplete = inner.in_transaction
    finally:
        _end(inner)
    if incomplete:
        raise execution_error(_INCOMPLETE)
    if not inner.owners_rights:
        for place in ("role", "database", "schema", "warehouse"):
            setattr(caller, place, getattr(inner, place))


def _made(caller: Session, routine: Routine) -> InnerSession:
    shared: dict[str, Any] = {"connection": caller.connection, "temporary": caller.temporary, "task": caller.task}
    shared |= {"enclosed": transactions.active(caller), "at_commit": caller.at_commit, "caller": caller}
    place = {"warehouse": caller.warehouse, "database": caller.database, "schema": caller.schema}
    if routine.definition.execute_as == "CALLER" and not caller.owners_rights:
        own = {"secondary": caller.secondary, "variables": caller.variables, "parameters": caller.parameters}
        return InnerSession(caller.account, caller.user, caller.role, **shared, **place, **own)
    if routine.thing:
        place |= {"database": routine.thing.name.database, "schema": routine.thing.name.schema}
    parameters = caller.parameters.for_owner(caller.account.parameters)
    own = {"secondary": False, "parameters": parameters, "owners_rights": routine.definition.language}
    return InnerSession(caller.account, caller.user, routine.owner, **shared, **place, **own)


def _check_depth(caller: Session) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-usage."""
    depth, outer = 1, caller
    while outer.caller:
        depth, outer = depth + 1, outer.caller
    if depth > _DEEPEST:
        text = f"Stored procedure execution error: calls are nested more than {_DEEPEST} deep."
        raise SnowflakeError(text, "100183", "P0000")


def _end(inner: InnerSession) -> None:
    """Code that is gone may have left a query behind; the caller's connection is free only when that has ended."""
    for execution in inner.account.executions.of(inner):
        execution.cancel()
    inner.account.forget(inner)
    with inner.lock:
        transactions.rollback(inner)


def credentials(inner: InnerSession) -> dict[str, Any]:
    """What Snowpark needs to sign in to this session: a ticket that is worth nothing after the call."""
    ticket = secrets.token_urlsafe(32)
    inner.account.tickets[ticket] = inner
    address = urlsplit(inner.account.address)
    warehouse = {"warehouse": inner.warehouse} if inner.warehouse else {}
    return {
        "account": "local",
        "user": inner.user,
        "authenticator": "oauth",
        "token": ticket,
        "protocol": address.scheme,
        "host": address.hostname,
        "port": address.port,
        **warehouse,
    }
