"""BEGIN, COMMIT, ROLLBACK and AUTOCOMMIT, over DuckDB's transactions, and the locks of what they change.

Two things differ from Snowflake, both loud: a transaction sees all rows as they were when it first read or changed any
(Snowflake: what others have committed meanwhile), so it cannot change a row that another one has changed since; and
after an error while a statement runs, it can only be rolled back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..kernel.errors import SnowflakeError, invalid
from ..kernel.executions import go_on
from ..kernel.result import EXECUTED, TRANSACTION, Result, status
from . import engine

if TYPE_CHECKING:
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens


def active(session: Session) -> bool:
    """Whether what the session writes waits for a COMMIT, its own or its caller's."""
    return session.in_transaction or session.enclosed


def begin(session: Session) -> None:
    """Open a transaction; inside one, Snowflake ignores a second BEGIN."""
    if not session.in_transaction:
        engine.execute(session.connection, "BEGIN")
        session.in_transaction, session.aborted, session.transaction = True, False, time.time_ns()


def commit(session: Session) -> None:
    """Keep what the open transaction changed. Without one there is nothing to do.

    Raises:
        SnowflakeError: 000625 when another session changed the same rows; then nothing is kept.

    """
    if session.aborted:
        rollback(session)
    if session.in_transaction:
        session.in_transaction = False
        try:
            _commit_now(session)
        finally:
            # Last, as who waits for a stream must find its offset moved.
            session.account.locks.release(session.connection)


def _commit_now(session: Session) -> None:
    try:
        engine.execute(session.connection, "COMMIT")
    except SnowflakeError:
        session.at_commit.clear()
        engine.rollback(session.connection)
        raise
    actions = list(session.at_commit)
    session.at_commit.clear()
    for action in actions:
        action()


def rollback(session: Session) -> None:
    """Undo what the open transaction changed. Without one there is nothing to do."""
    if session.in_transaction:
        session.in_transaction = session.aborted = False
        session.at_commit.clear()
        engine.rollback(session.connection)
        session.account.locks.release(session.connection)


@contextmanager
def aborted_by_errors(session: Session, text: str) -> Iterator[None]:
    """With TRANSACTION_ABORT_ON_ERROR a failed statement aborts the open transaction: it can only be ended then.

    https://docs.snowflake.com/en/sql-reference/parameters#transaction-abort-on-error

    Raises:
        SnowflakeError: 000625 for a statement in an aborted transaction that does not end it.

    """
    ends = text.split(maxsplit=1)[:1] and text.split(maxsplit=1)[0].rstrip(";").upper() in {"COMMIT", "ROLLBACK"}
    if session.aborted and session.in_transaction and not ends:
        raise SnowflakeError(
            "The transaction was aborted by an error. End it with COMMIT or ROLLBACK.", "000625", "57014"
        )
    try:
        yield
    except SnowflakeError:
        if session.in_transaction and session.parameters["TRANSACTION_ABORT_ON_ERROR"]:
            session.aborted = True
        raise


def once_committed(session: Session, action: Callable[[], object]) -> None:
    """Do something that must follow what the session wrote: at COMMIT, never after ROLLBACK; now without a transaction.

    Args:
        session: the session that wrote.
        action: called without arguments.

    """
    if active(session):
        session.at_commit.append(action)
    else:
        action()


@contextmanager
def changing(session: Session, table: Hashable) -> Iterator[None]:
    """Wait until nobody else changes the table; nobody does then until the statement or its transaction has ended.

    Args:
        session: which is about to change it.
        table: what stands for it; None for a table that nobody else sees.

    Raises:
        SnowflakeError: 000625 when LOCK_TIMEOUT is over, or in a deadlock.

    """
    locks, running = session.account.locks, session.running
    if table is not None:
        seconds = session.parameters["LOCK_TIMEOUT"]

        def look() -> None:
            go_on(running)
            _undo_abandoned(session, table)

        locks.acquire(session.connection, table, float(seconds), look)
    try:
        yield
    finally:
        if not active(session):
            locks.release(session.connection)


# https://docs.snowflake.com/en/sql-reference/transactions#aborting-transactions
_ABANDONED_SECONDS = 300


def _undo_abandoned(waiting: Session, table: Hashable) -> None:
    """Roll back the transaction that holds the table, if its client has gone: it has been silent for five minutes."""
    account, owner = waiting.account, waiting.account.locks.holder(table)
    for session in account.opened():
        abandoned = session.connection is owner and session.silent > _ABANDONED_SECONDS
        if abandoned and not session.running and session.lock.acquire(blocking=False):
            try:
                rollback(session)
            finally:
                session.lock.release()


def write(session: Session, sql: str) -> list[tuple]:
    """Run DML in DuckDB's SQL: in the open transaction, or as one of its own."""
    _open(session)
    run = engine.execute if active(session) else engine.change
    return run(session.connection, sql)


def _open(session: Session) -> None:
    """With AUTOCOMMIT = FALSE the first change opens a transaction."""
    if not active(session) and not session.parameters["AUTOCOMMIT"]:
        if session.task:
            raise invalid("DML in a task needs AUTOCOMMIT = TRUE: set it on the task, or on the account.", "000002")
        begin(session)


@contextmanager
def joined(session: Session) -> Iterator[None]:
    """Several writes as one: in the open transaction, or in one that ends with the block."""
    _open(session)
    outside = not active(session)
    if outside:
        begin(session)
    try:
        yield
    except BaseException:
        if outside:
            rollback(session)
        raise
    if outside:
        commit(session)


def _begin(session: Session, tokens: Tokens) -> Result:
    tokens.accept_any("TRANSACTION", "WORK")
    if tokens.accept("NAME"):
        tokens.identifier()
    tokens.end()
    begin(session)
    return status(EXECUTED, TRANSACTION)


def _commit(session: Session, tokens: Tokens) -> Result:
    tokens.accept("WORK")
    tokens.end()
    commit(session)
    return status(EXECUTED, TRANSACTION)


def _rollback(session: Session, tokens: Tokens) -> Result:
    tokens.accept("WORK")
    tokens.end()
    rollback(session)
    return status(EXECUTED, TRANSACTION)


VERBS = {"BEGIN": _begin, "START TRANSACTION": _begin, "COMMIT": _commit, "ROLLBACK": _rollback}
