"""The clock of the account's tasks: starts each resumed root task's graph when its schedule or its stream says so."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ..kernel.catalogue import now
from ..kernel.parts import Part
from .graph_objects.committed import CommittedGraphs
from .graph_objects.spec import WORD, clock_task
from .graph_runs import GraphRuns
from .triggers import Triggers

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from .spec import Task

_log = logging.getLogger(__name__)
SCHEDULE, EXECUTE_TASK, TRIGGER = "SCHEDULE", "EXECUTE_TASK", "TRIGGER"
_LONGEST_NAP = 60.0  # seconds; so that a clock that was set is noticed
_STREAM_NAP = 1.0  # seconds, while a task waits for a stream


@dataclass(frozen=True)
class Due:
    """When a graph is due: the root task, or the task graph object, that has the schedule, and its task."""

    thing: Object
    task: Task
    moment: datetime


class Scheduler(Part):
    """The account's schedules, and the graph runs that they and EXECUTE TASK start.

    Args:
        account: whose tasks these are.

    Attributes:
        runs: the graph runs.
        committed: what task graph objects had committed.
        shape: held while a graph changes, so that two statements cannot break a rule together.

    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.runs = GraphRuns(account)
        self.committed = CommittedGraphs(account.store)
        self.shape = threading.RLock()
        self._triggers = Triggers(self.runs)
        self._due: dict[tuple[str, str | None, str | None], datetime] = {}
        self._wrong: dict[str, str] = {}  # by the graph's id, what went wrong with it last
        self._began = now()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._watch, name="schedules", daemon=True)

    def begin(self) -> None:
        """Runs that were due while no server ran are not made up for."""
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
        """Look at the schedules again: a graph was resumed, suspended, committed or dropped."""
        with self._changed:
            self._changed.notify()

    def due(self) -> list[Due]:
        """When the resumed graphs are due next: root tasks, and task graph objects as they were committed."""
        found = [self._due_one(thing, task) for thing, task in self._clocks()]
        return [due for due in found if due]

    def _due_one(self, thing: Object, task: Task) -> Due | None:
        """When one graph is due; one whose schedule makes no sense is never, and does not keep the others waiting."""
        with self._held(thing):
            moment = self.next_run(task)
            return Due(thing, task, moment) if moment else None
        return None

    @contextmanager
    def _held(self, thing: Object) -> Iterator[None]:
        """What goes wrong with one graph is noted, once, and held to that graph."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - no task's mistake may stop the others
            with self._changed:
                known, self._wrong[thing.id] = self._wrong.get(thing.id), str(error)
            if known != str(error):
                _log.exception("The schedule of %s met a fault, and is left out", thing.name)

    def _clocks(self) -> list[tuple[Object, Task]]:
        """What may have a schedule, as the task whose schedule counts."""
        found = self.runs.index.started_roots()
        for thing in self.account.catalogue.of(WORD):
            with self._held(thing):
                version = self.runs.versions.latest(thing.id)
                if version:
                    found.append((thing, clock_task(thing, version.root_task)))
        return found

    def next_run(self, task: Task) -> datetime | None:
        """When a root task is due next; None when it is suspended or has no schedule."""
        if not task.started or not task.schedule or not task.is_root:
            return None
        key = _key(task)
        due = self._due.get(key) or task.next_run(self._began)
        if due:
            self._due[key] = due
        return due

    # ---- in the clock's thread
    def _watch(self) -> None:
        while not self._closing:
            try:
                due = self.due()
                known = {_key(one.task) for one in due}
                self._due = {key: moment for key, moment in self._due.items() if key in known}
                for one in due:
                    if one.moment <= now():
                        with self._held(one.thing):
                            self._fire(one)
                self._look_at_streams()
            except Exception:  # noqa: BLE001 - the clock of the account goes on whatever happens
                _log.exception("The schedules met a fault of the local Snowflake")
            with self._changed:
                if not self._closing:
                    self._changed.wait(self._nap())

    def _nap(self) -> float:
        seconds = [(due.moment - now()).total_seconds() for due in self.due()]
        longest = _STREAM_NAP if any(task.triggered for _, task in self._clocks()) else _LONGEST_NAP
        return max(min([longest, *seconds]), 0)

    def _fire(self, due: Due) -> None:
        """Start one run, however many times have passed since; the next one is reckoned from this due time."""
        following = due.task.next_run(max(due.moment, now()))
        if following:
            self._due[_key(due.task)] = following
        self._start(due, SCHEDULE, following)

    def _look_at_streams(self) -> None:
        for thing, task in self._clocks():
            with self._held(thing):
                if task.started and task.triggered and self._triggers.ready(task, now()):
                    self._start(Due(thing, task, now()), TRIGGER, None)

    def _start(self, due: Due, scheduled_from: str, following: datetime | None) -> None:
        version = self.runs.versions.latest(due.task.id)
        if version and self.account.catalogue.find(due.thing.kind, due.thing.name) == due.thing:
            request = self.runs.request(version, due.moment, scheduled_from, version.root_task.config, following)
            self.runs.start(request, queue=False)


def _key(task: Task) -> tuple[str, str | None, str | None]:
    return task.id, task.schedule, task.since
