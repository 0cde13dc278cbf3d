"""Which task of a graph run comes next: a pure state machine, without threads, clocks or SQL.

A task runs when all its predecessors have ended, none of them in failure, and at least one in success. A suspended
child counts as a success. What comes only after skipped tasks does not run, and neither does what comes after a
failure; such tasks leave no row in the history. A task whose condition asks how its predecessors ended
(SYSTEM$PREDECESSORS_STATE) is due once all of them have, however they did. The finalizer runs last, whatever happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from . import condition, graph

if TYPE_CHECKING:
    from .versions import GraphVersion

SCHEDULED, EXECUTING = "SCHEDULED", "EXECUTING"
SUCCEEDED, SKIPPED, CANCELLED = "SUCCEEDED", "SKIPPED", "CANCELLED"
FAILED, AUTO_SUSPENDED = "FAILED", "FAILED_AND_AUTO_SUSPENDED"
# Ends that only this module knows: a suspended task, one after a failure, one after nothing but skipped tasks.
_PASSED, _BLOCKED, _UNREACHED = "passed", "blocked", "unreached"

FAILURES = frozenset({FAILED, AUTO_SUSPENDED})
ENDED = FAILURES | {SUCCEEDED, SKIPPED, CANCELLED}
_BAD = FAILURES | {CANCELLED, _BLOCKED}
_GOOD = frozenset({SUCCEEDED, _PASSED})
_REPORTED = {_PASSED: SUCCEEDED, _BLOCKED: FAILED, _UNREACHED: SKIPPED, AUTO_SUSPENDED: FAILED}


class Progress:
    """How far a graph run has come.

    Args:
        version: the graph.
        carried: ends that an earlier attempt reached and that a retry keeps, by task name.

    """

    def __init__(self, version: GraphVersion, carried: Mapping[str, str] | None = None) -> None:
        self._version = version
        self._tasks = {n: t for n, t in version.tasks.items() if not t.finalizes}
        self._children = graph.linked(self._tasks).children
        self._waiting = {n: sum(p in self._tasks for p in t.after) for n, t in self._tasks.items()}
        self._carried = dict(carried or {})
        self._ends: dict[str, str] = {}
        self._running: set[str] = set()
        self._finalizing = False

    def begin(self) -> list[str]:
        """The tasks to start with."""
        return self._reach([self._version.root.name])

    def settle(self, name: str, end: str) -> list[str]:
        """Note how a task ended.

        Returns:
            The tasks that can start now.

        """
        self._running.discard(name)
        self._ends[name] = end
        return [] if self._finalizing else self._reach(self._freed(name))

    def _reach(self, names: Iterable[str]) -> list[str]:
        """Decide about tasks whose predecessors have all ended, and about those that this decides."""
        ready, todo = [], list(names)
        while todo:
            name = todo.pop()
            end = self._decided(name)
            if end is None:
                self._running.add(name)
                ready.append(name)
            else:
                self._ends[name] = end
                todo += self._freed(name)
        return ready or self._finish()

    def _decided(self, name: str) -> str | None:
        """How a task ends without running; None when it is to run."""
        task = self._tasks[name]
        before = [self._ends[p] for p in task.after if p in self._ends]
        whatever = task.started and condition.reads_states(task.condition)
        if not whatever and any(end in _BAD for end in before):
            return _BLOCKED
        if not whatever and before and not any(end in _GOOD for end in before):
            return _UNREACHED
        if name in self._carried:
            return self._carried[name]
        return None if task.started else _PASSED

    def states_before(self, name: str) -> list[str]:
        """How a task's predecessors ended, in the words of SYSTEM$PREDECESSORS_STATE.

        One that did not run after a failure counts as failed, one that no branch led to as skipped.
        """
        ends = [self._ends[p] for p in self._tasks[name].after if p in self._ends]
        return [_REPORTED.get(end, end) for end in ends]

    def _freed(self, name: str) -> list[str]:
        after = self._children.get(name, ())
        for child in after:
            self._waiting[child] -= 1
        return [child for child in after if not self._waiting[child]]

    def _finish(self) -> list[str]:
        """The finalizer, once nothing else runs or can; a skipped root has none."""
        last = self._version.finalizer
        if self._running or self._finalizing or last is None or not last.started or self.root_skipped:
            return []
        self._finalizing = True
        self._running.add(last.name)
        return [last.name]

    @property
    def done(self) -> bool:
        """Whether nothing runs any more."""
        return not self._running

    @property
    def root_skipped(self) -> bool:
        """Whether the root's condition did not hold: such a run is no graph run."""
        return self._ends.get(self._version.root.name) == SKIPPED

    @property
    def outcome(self) -> str:
        """The graph run's state, of those that COMPLETE_TASK_GRAPHS knows."""
        ends = set(self._ends.values())
        if ends & FAILURES:
            return FAILED
        return CANCELLED if CANCELLED in ends else SUCCEEDED
