"""Queries on their way: each runs in a thread, so that a client may wait, poll or cancel."""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from .catalogue import now
from .errors import SnowflakeError
from .parts import Part
from .result import Result

if TYPE_CHECKING:
    from .session import Session

_log = logging.getLogger(__name__)
_KEPT = 2000
_LONGEST_SECONDS = 172_800  # no server runs as long
_DETACHED_SECONDS = 300  # https://docs.snowflake.com/en/sql-reference/parameters#abort-detached-query
_PASSWORD = re.compile(r"(\bPASSWORD\s*=\s*)('(?:[^'\\]|''|\\.)*'|\$\$.*?\$\$)", re.IGNORECASE | re.DOTALL)
# A CALL holds a thread while the statements of its Python take others, so there must be plenty.
_MOST_AT_ONCE = 512
# Statements nest deeper than Python's own limit of 1,000 calls: reading 2,000 parentheses takes 45,000. A thread has a
# stack for it, of which what is not used takes no memory.
_DEEPEST, _STACK_BYTES = 60_000, 64 * 1024 * 1024


@dataclass(eq=False)
class Execution:
    """One request's query: from the moment it arrives to its result or its error.

    Attributes:
        text: the statement, with passwords masked: it is shown in histories and logs.
        request_id: what the client calls the request, to cancel it or to ask again.
        begun: whether it runs, rather than waits for the session's statement before it.
        context: the session's database, schema, role, warehouse and query tag when it began.

    """

    session: Session
    text: str
    request_id: str = ""
    begun: bool = False
    query_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: datetime = field(default_factory=now)
    ended: datetime | None = None
    error: SnowflakeError | None = None
    finished: Future[None] = field(default_factory=Future)
    cancelled: SnowflakeError | None = None
    context: dict[str, str | None] = field(init=False)

    def __post_init__(self) -> None:
        self.text = _PASSWORD.sub(r"\1'***'", self.text)
        self.context = _context(self.session)

    @property
    def key(self) -> tuple[int, str]:
        """What the request is known by: its id, which counts within its session."""
        return self.session.id, self.request_id

    @property
    def status(self) -> str:
        """RUNNING, SUCCESS or FAILED_WITH_ERROR, as the monitoring endpoint says it."""
        if not self.finished.done():
            return "RUNNING"
        return "FAILED_WITH_ERROR" if self.error else "SUCCESS"

    def begin(self) -> None:
        """It is this query's turn.

        Raises:
            SnowflakeError: when it was cancelled while it waited.

        """
        self.begun, self.context = True, _context(self.session)
        if self.cancelled:
            raise self.cancelled

    def cancel(self) -> None:
        """Ask the query to stop; it then fails as cancelled."""
        self._stop(SnowflakeError("SQL execution canceled", "000604", "57014"))

    def time_out(self, seconds: int) -> None:
        """Ask the query to stop; it then fails with the time that it had."""
        text = f"Statement reached its statement or warehouse timeout of {seconds} second(s) and was canceled."
        self._stop(SnowflakeError(text, "000630", "57014"))

    def _stop(self, reason: SnowflakeError) -> None:
        self.cancelled = reason
        if self.begun:
            self.session.interrupt()
        else:
            self.end(reason)

    def end(self, error: SnowflakeError | None) -> None:
        """The query has ended: with an error, or well."""
        self.error, self.ended = error, now()
        with suppress(InvalidStateError):  # what was cancelled while it waited ends again when its turn comes
            self.finished.set_result(None)


def _context(session: Session) -> dict[str, str | None]:
    """What QUERY_HISTORY shows of the session, which a statement may change."""
    return {
        "DATABASE_NAME": session.database,
        "SCHEMA_NAME": session.schema,
        "ROLE_NAME": session.role,
        "WAREHOUSE_NAME": session.warehouse,
        "QUERY_TAG": session.parameters["QUERY_TAG"],
    }


class Executions(Part):
    """The queries of an account, the newest of them remembered."""

    def __init__(self) -> None:
        sys.setrecursionlimit(_DEEPEST)
        threading.stack_size(_STACK_BYTES)
        self._pool = ThreadPoolExecutor(max_workers=_MOST_AT_ONCE, thread_name_prefix="query")
        self._known: OrderedDict[str, Execution] = OrderedDict()
        self._requested: dict[tuple[int, str], Execution] = {}
        self._lock = threading.Lock()

    def submit(self, execution: Execution, work: Callable[[], Result]) -> Execution:
        """Start a query; its result is the value of `work`, called with the session's lock held.

        A client that got no answer sends its request again, under the same id. It is not run again: the first
        execution answers, whether it has ended or still runs.
        """
        with self._lock:
            first = self._requested.get(execution.key)
            if first:
                return first
            self._remember(execution)
        self._pool.submit(_carry_out, execution, work)
        return execution

    def _remember(self, execution: Execution) -> None:
        self._known[execution.query_id] = execution
        if execution.request_id:
            self._requested[execution.key] = execution
        while len(self._known) > _KEPT:
            _, forgotten = self._known.popitem(last=False)
            self._requested.pop(forgotten.key, None)

    def find(self, query_id: str) -> Execution | None:
        """A remembered query."""
        return self._known.get(query_id)

    def of(self, session: Session) -> list[Execution]:
        """The queries of a session that still run."""
        return [e for e in list(self._known.values()) if e.session is session and not e.finished.done()]

    def abort(self, chosen: Callable[[Execution], bool]) -> None:
        """Cancel those that run, or wait for their turn, and are chosen."""
        for execution in [e for e in self.all() if not e.finished.done() and chosen(e)]:
            execution.cancel()

    def all(self) -> list[Execution]:
        """The remembered queries, oldest first."""
        return list(self._known.values())

    def close(self) -> None:
        """Take no more queries; running ones are asked to stop."""
        self.abort(lambda _: True)
        self._pool.shutdown(wait=False, cancel_futures=True)


def go_on(running: Iterable[Execution]) -> None:
    """What works for these queries in several steps asks before each of them.

    Raises:
        SnowflakeError: why one of them was stopped.

    """
    for execution in running:
        if execution.cancelled:
            raise execution.cancelled


def _carry_out(execution: Execution, work: Callable[[], Result]) -> None:
    session, error = execution.session, None
    limit = session.time_limit
    timer = threading.Timer(limit, execution.time_out, [limit]) if 0 < limit < _LONGEST_SECONDS else None
    if timer:
        timer.start()
    if session.parameters["ABORT_DETACHED_QUERY"] and not session.caller and not session.task:
        _watch(execution)
    try:
        with session.lock:
            execution.begin()
            result = replace(work(), query_id=execution.query_id)
            session.last_query_id = execution.query_id
        session.account.results.keep(result, session.result_owner)
    except SnowflakeError as refused:
        error = execution.cancelled or refused
    except Exception as fault:  # noqa: BLE001 - the client must get an answer, and the server must live
        _log.error("A statement met a fault of the local Snowflake: %s\n%s", execution.text, traceback.format_exc())
        error = execution.cancelled or internal(fault)
    finally:
        if timer:
            timer.cancel()
        execution.end(error)


def _watch(execution: Execution) -> None:
    """Stop the query when its client has not been heard of for long, which is looked at now and then."""

    def look() -> None:
        if execution.finished.done():
            return
        if execution.session.silent > _DETACHED_SECONDS:
            execution.cancel()
        else:
            _watch(execution)

    timer = threading.Timer(_DETACHED_SECONDS / 10, look)
    timer.daemon = True
    timer.start()


def internal(error: Exception) -> SnowflakeError:
    """A fault of the local Snowflake itself, as an error that says so."""
    text = f"SQL execution internal error:\nThe local Snowflake failed: {type(error).__name__}: {error}"
    return SnowflakeError(text, "000603", "XX000")
