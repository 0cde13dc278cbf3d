"""The clock of the account's tasks: starts each resumed root task's graph when its schedule is due."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from typing import TYPE_CHECKING

from ..catalogue import now
from .graph_runs import GraphRuns

if TYPE_CHECKING:
    from ..account import Account
    from ..catalogue import Object
    from .spec import Task

_log = logging.getLogger(__name__)
SCHEDULE, EXECUTE_TASK = "SCHEDULE", "EXECUTE_TASK"
_LONGEST_NAP = 60.0  # seconds; so that a clock that was set is noticed


class Scheduler:
    """The account's schedules, and the graph runs that they and EXECUTE TASK start.

    Args:
        account: whose tasks these are.

    Attributes:
        runs: the graph runs.
        shape: held while a graph changes, so that two statements cannot break a rule together.

    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.runs = GraphRuns(account)
        self.shape = threading.RLock()
        self._due: dict[tuple[str, str | None, str | None], datetime] = {}
        self._began = now()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._watch, name="schedules", daemon=True)

    def start(self) -> None:
        """Begin; runs that were due while no server ran are not made up for."""
        self._began = now()
        self.runs.recover()
        self._thread.start()

    def close(self) -> None:
        """Stop the clock and what runs."""
        self._closing = True
        self.wake()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self.runs.close()

    def wake(self) -> None:
        """Look at the schedules again: a task was resumed, suspended or dropped."""
        with self._changed:
            self._changed.notify()

    def next_run(self, task: Task) -> datetime | None:
        """When a root task is due next; None when it is suspended or has no schedule."""
        if not task.started or not task.schedule or not task.is_root:
            return None
        key = (task.id, task.schedule, task.since)
        due = self._due.get(key) or task.next_run(self._began)
        if due:
            self._due[key] = due
        return due

    # ---- in the clock's thread
    def _watch(self) -> None:
        while not self._closing:
            try:
                for thing, task, due in self._scheduled():
                    if due <= now():
                        self._fire(thing, task, due)
            except Exception:  # noqa: BLE001 - one graph that cannot start must not stop the others
                _log.exception("A schedule met a fault of the local Snowflake")
            with self._changed:
                if not self._closing:
                    self._changed.wait(self._nap())

    def _scheduled(self) -> list[tuple[Object, Task, datetime]]:
        found = [(thing, self.runs.task(thing)) for thing in self.account.catalogue.of("TASK")]
        due = [(thing, task, self.next_run(task)) for thing, task in found]
        known = {(task.id, task.schedule, task.since) for _, task in found}
        self._due = {key: moment for key, moment in self._due.items() if key in known}
        return [(thing, task, moment) for thing, task, moment in due if moment]

    def _nap(self) -> float:
        seconds = [(due - now()).total_seconds() for _, _, due in self._scheduled()]
        return max(min([_LONGEST_NAP, *seconds]), 0)

    def _fire(self, thing: Object, task: Task, due: datetime) -> None:
        """Start one run, however many times have passed since; the next one is reckoned from this due time."""
        following = task.next_run(max(due, now()))
        if following:
            self._due[task.id, task.schedule, task.since] = following
        version = self.runs.versions.latest(task.id)
        if version and self.account.catalogue.find("TASK", thing.name) == thing:
            request = self.runs.request(version, due, SCHEDULE, version.root_task.config, following)
            self.runs.start(request, queue=False)
