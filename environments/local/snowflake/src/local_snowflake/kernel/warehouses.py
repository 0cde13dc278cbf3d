"""Whether warehouses run, and how much at once: resumed by use, suspended after they idled for their time."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

from .errors import SnowflakeError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .catalogue import Object

_IDLE = 600  # seconds, unless the warehouse says otherwise
_POLL_SECONDS = 0.05


class Query(Protocol):
    """What runs on a warehouse: an execution."""

    cancelled: SnowflakeError | None
    finished: Future[None]


class Warehouses:
    """When each warehouse was last used. Kept in memory: after a restart all are suspended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[str, float] = {}
        self._left = threading.Condition()
        self._running: dict[str, set[Query]] = {}

    def use(self, name: str) -> None:
        """The warehouse is used now, so it runs."""
        with self._lock:
            self._used[name] = time.monotonic()

    def suspend(self, name: str) -> None:
        """The warehouse is suspended now."""
        with self._lock:
            self._used.pop(name, None)

    def runs(self, warehouse: Object) -> bool:
        """Whether it runs, and has not suspended itself because it was idle (NULL or 0: it never does)."""
        used, idle = self._used.get(warehouse.name.name), warehouse.properties.get("auto_suspend", _IDLE)
        return used is not None and (not idle or time.monotonic() - used < idle)

    def resumes(self, warehouse: Object) -> bool:
        """Whether a statement can use it: it runs, or the statement resumes it (AUTO_RESUME, TRUE by default)."""
        return warehouse.properties.get("auto_resume", True) or self.runs(warehouse)

    def admit(self, warehouse: Object, execution: Query, most: int, seconds: int) -> None:
        """Let a query run where MAX_CONCURRENCY_LEVEL is set, once there is room for it.

        Without it nobody waits: the default is for the resources that large statements take, and here are none such.
        https://docs.snowflake.com/en/sql-reference/parameters#max-concurrency-level

        Args:
            warehouse: that it is to run on.
            execution: the query; what a procedure that it calls runs belongs to it.
            most: how many run at once.
            seconds: how long it waits at most (STATEMENT_QUEUED_TIMEOUT_IN_SECONDS); 0 for ever.

        Raises:
            SnowflakeError: 000630 when it has waited for so long; why it was stopped meanwhile.

        """
        until = time.monotonic() + seconds
        with self._left:
            running = self._running.setdefault(warehouse.name.name, set())
            if execution in running:
                return
            while len(running) >= most and not execution.cancelled:
                if seconds and time.monotonic() >= until:
                    text = f"Statement reached its queued timeout of {seconds} second(s) and was canceled."
                    raise SnowflakeError(text, "000630", "57014")
                self._left.wait(_POLL_SECONDS)
            if execution.cancelled:
                raise execution.cancelled
            running.add(execution)
        execution.finished.add_done_callback(lambda _: self._leave(running, execution))

    def _leave(self, running: set[Query], execution: Query) -> None:
        with self._left:
            running.discard(execution)
            self._left.notify_all()


def most_at_once(warehouse: Object, default: int | None) -> int:
    """How many queries run at once on all its clusters, as it or else the account says; 0 for any number."""
    given = warehouse.properties
    return (given.get("max_concurrency_level") or default or 0) * (given.get("max_cluster_count") or 1)
