"""Locks on tables: UPDATE, DELETE and MERGE wait for another transaction that changes the same table.

https://docs.snowflake.com/en/sql-reference/transactions: INSERT waits for nobody; a lock is held to the transaction's
end; the statement that closes a circle of waiting ones fails, and its transaction goes on.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable

from .errors import SnowflakeError

_LOOK_SECONDS = 0.05  # how often a waiting statement looks whether it was cancelled


class Locks:
    """Who may change which table; whoever waits gets its turn in order."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._owners: dict[Hashable, Hashable] = {}
        self._queues: dict[Hashable, deque[Hashable]] = {}
        self._wanted: dict[Hashable, Hashable] = {}

    def acquire(self, owner: Hashable, table: Hashable, seconds: float, check: Callable[[], None]) -> None:
        """Wait until the owner has the table to itself.

        Args:
            owner: the transaction that asks; it may have the lock already.
            table: what is to be changed.
            seconds: how long to wait at most.
            check: called now and then; raises to stop the waiting.

        Raises:
            SnowflakeError: 000625 when the time is over, or when the others wait for what the owner holds.

        """
        with self._changed:
            if self._owners.get(table) == owner:
                return
            queue = self._queues.setdefault(table, deque())
            queue.append(owner)
            self._wanted[owner] = table
            try:
                self._wait(owner, table, time.monotonic() + seconds, check)
                self._owners[table] = owner
            finally:
                queue.remove(owner)
                del self._wanted[owner]
                self._changed.notify_all()

    def _wait(self, owner: Hashable, table: Hashable, until: float, check: Callable[[], None]) -> None:
        while table in self._owners or self._queues[table][0] != owner:
            if self._closes_a_circle(owner, table):
                raise _refused("would wait for a transaction that waits for its own (a deadlock)")
            if time.monotonic() >= until:
                raise _refused("could not be run in time")
            check()
            self._changed.wait(_LOOK_SECONDS)

    def _closes_a_circle(self, owner: Hashable, table: Hashable) -> bool:
        wanted: Hashable | None = table
        for _ in range(len(self._wanted) + 1):
            holder = self._owners.get(wanted)
            if holder is None or holder == owner:
                return holder is not None
            wanted = self._wanted.get(holder)
        return False

    def holder(self, table: Hashable) -> Hashable | None:
        """The owner of the table's lock."""
        return self._owners.get(table)

    def release(self, owner: Hashable) -> None:
        """The owner's transaction has ended."""
        with self._changed:
            for table in [t for t, o in self._owners.items() if o == owner]:
                del self._owners[table]
            self._changed.notify_all()


def _refused(what: str) -> SnowflakeError:
    text = f"Statement {what}: another transaction has locked the table and this lock has not yet been released."
    return SnowflakeError(text, "000625", "57014")
