"""A graph run on its way: starts tasks as their turns come, in parallel, and notes how each one ended."""

from __future__ import annotations

import logging
import queue
import threading
import traceback
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from ..kernel.catalogue import now
from ..kernel.executions import internal
from .history import GraphRun, History, TaskRun, waiting
from .progress import EXECUTING, FAILED, SCHEDULED, Progress
from .work import Work, cancelled, timed_out

if TYPE_CHECKING:
    from ..kernel.account import Account
    from .spec import Task
    from .versions import GraphVersion

_log = logging.getLogger(__name__)


class Listener(Protocol):
    """Who is told how far a graph run is."""

    def root_ended(self, runner: Runner) -> None:
        """The root task has ended."""

    def ended(self, runner: Runner) -> None:
        """The whole run has ended."""


class Runner:
    """Drives one graph run in a thread of its own; the tasks run in a pool.

    Args:
        account: where the tasks run.
        version: the graph as it was when the run began.
        run: the record to keep.
        carried: task runs of earlier attempts whose ends, and return values, this one keeps.

    """

    def __init__(self, account: Account, version: GraphVersion, run: GraphRun, carried: Mapping[str, TaskRun]) -> None:
        self.account, self.version, self.run = account, version, run
        self._carried = carried
        self._progress = Progress(version, {name: task.state for name, task in carried.items()})
        self._events: queue.SimpleQueue[TaskRun | None] = queue.SimpleQueue()
        self._work: dict[str, Work] = {}
        self._deadlines: dict[str, datetime] = {}
        self._graph_deadline = now() + timedelta(seconds=version.root_task.timeout)
        self._abandoned = threading.Event()

    @property
    def root_is_busy(self) -> bool:
        """Whether the root task has not ended yet."""
        root = self.run.tasks.get(self.version.root.name)
        return root is None or root.state in {SCHEDULED, EXECUTING}

    @property
    def root_skipped(self) -> bool:
        """Whether the root's condition did not hold, so that nothing ran."""
        return self._progress.root_skipped

    @property
    def outcome(self) -> str:
        """The run's state, once it has ended."""
        return self._progress.outcome

    def start(self, history: History, pool: ThreadPoolExecutor, listener: Listener) -> None:
        """Note the run, start its first tasks, and go on in the background.

        Args:
            history: where the run is noted.
            pool: where its tasks run.
            listener: told when the root task and when the whole run has ended, in the runner's thread.

        """
        self._history, self._pool, self._listener = history, pool, listener
        self._note([], self._progress.begin())
        self._thread = threading.Thread(target=self._drive, name=f"graph {self.version.root}", daemon=True)
        self._thread.start()

    def cancel(self, only: str | None = None) -> int:
        """Cancel the tasks that are under way, or one of them; what comes after them does not run.

        Returns:
            How many were under way.

        """
        stopped = {name: work for name, work in list(self._work.items()) if only in {None, name}}
        for name, work in stopped.items():
            work.stop()
            self._events.put(cancelled(self.run.tasks[name]))
        return len(stopped)

    def abandon(self) -> None:
        """Stop and note nothing: the server ends, and the next one notes that."""
        self._abandoned.set()
        for work in list(self._work.values()):
            work.stop()
        self._events.put(None)
        self._thread.join(timeout=5)

    # ---- in the runner's thread
    def _drive(self) -> None:
        while not self._progress.done:
            events = self._wait()
            if self._abandoned.is_set():
                return
            self._advance(events)
        self._listener.ended(self)

    def _wait(self) -> list[TaskRun]:
        """What happened, as soon as something did: tasks that began, ended, or took too long."""
        try:
            found = [self._events.get(timeout=self._patience())]
        except queue.Empty:
            return self._expired()
        while not self._events.empty():
            found.append(self._events.get())
        return [event for event in found if event]

    def _patience(self) -> float:
        nearest = min(self._deadlines.values(), default=None)
        seconds = (nearest - now()).total_seconds() if nearest else threading.TIMEOUT_MAX
        return min(max(seconds, 0), threading.TIMEOUT_MAX)

    def _expired(self) -> list[TaskRun]:
        late = [name for name, deadline in self._deadlines.items() if deadline <= now()]
        for name in late:
            self._work[name].stop()
        return [timed_out(self.run.tasks[name], self._task_or_root(name).timeout) for name in late]

    def _advance(self, events: Iterable[TaskRun]) -> None:
        changed: dict[str, TaskRun] = {}
        ready: list[str] = []
        for event in events:
            # A task that took too long or was cancelled may still report its own end: too late.
            if event.name not in self._work:
                continue
            changed[event.name] = event
            if event.state == EXECUTING:
                self._began(event)
            else:
                del self._work[event.name]
                self._deadlines.pop(event.name, None)
                ready += self._progress.settle(event.name, event.state)
        self._note(changed.values(), ready)
        if self.version.root.name in changed and not self.root_is_busy and not self._progress.done:
            self._listener.root_ended(self)

    def _note(self, changed: Iterable[TaskRun], ready: Iterable[str]) -> None:
        """Write down what changed, and only then start what comes next: it may read the return values."""
        fresh = [waiting(name, now()) for name in ready]
        self._history.record(self.run, [*changed, *fresh])
        for task_run in fresh:
            self._launch(task_run)

    def _launch(self, task_run: TaskRun) -> None:
        task = self.version.tasks[task_run.name]
        before = () if task.finalizes else tuple(self._progress.states_before(task.name))
        work = Work(self.account, self.version, self.run, task, self._carried, before)
        self._work[task.name] = work
        if not task.has_own_timeout and not task.finalizes:
            self._deadlines[task.name] = self._graph_deadline
        self._pool.submit(self._carry_out, work, task_run)

    def _began(self, event: TaskRun) -> None:
        """A time-out of the task's own counts from here; so does the finalizer's, which may come after the graph's."""
        task = self.version.tasks[event.name]
        if task.has_own_timeout or task.finalizes:
            limit = self._task_or_root(event.name).timeout
            self._deadlines[event.name] = now() + timedelta(seconds=limit)

    def _task_or_root(self, name: str) -> Task:
        """The task whose time-out holds."""
        task = self.version.tasks[name]
        return task if task.has_own_timeout else self.version.root_task

    # ---- in the pool's threads
    def _carry_out(self, work: Work, task_run: TaskRun) -> None:
        try:
            self._events.put(work.carry_out(task_run, self._events.put))
        except Exception as error:  # noqa: BLE001 - the graph run must end whatever happens to one task
            _log.error("A task met a fault of the local Snowflake: %s\n%s", work.name, traceback.format_exc())
            fault = internal(error)
            self._events.put(
                replace(task_run, state=FAILED, completed=now(), error_code=fault.code, error_message=fault.message)
            )
