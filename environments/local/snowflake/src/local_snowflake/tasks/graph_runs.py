"""The graph runs of an account: starting them, keeping them from overlapping, retrying them, counting failures."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ..kernel.catalogue import now
from ..kernel.errors import SnowflakeError
from ..kernel.names import Name
from . import condition, task_errors
from .failures import Failures
from .history import GraphRun, History, TaskRun
from .index import TaskIndex
from .progress import AUTO_SUSPENDED, CANCELLED, FAILED, FAILURES, SKIPPED, SUCCEEDED
from .run import Runner
from .spec import ALL_OVERLAP, NO_OVERLAP, STARTED, Task, suspended
from .versions import GraphVersion, Versions

if TYPE_CHECKING:
    from ..kernel.account import Account
    from .graph import Linked

_PARALLEL = 16  # tasks of all graphs that run at once
_PRUNE_EVERY = 100  # graph runs


@dataclass(frozen=True)
class Request:
    """A graph run to start.

    Attributes:
        due: when its root was to start.
        serial: the place of its graph run group in their order.
        scheduled_from: SCHEDULE, TRIGGER or EXECUTE_TASK.
        next_due: when the root's schedule is due after that.

    """

    version: GraphVersion
    due: datetime
    serial: int
    scheduled_from: str
    config: str | None
    next_due: datetime | None = None


def _stays(ended: TaskRun, task: Task) -> bool:
    if ended.state == SKIPPED:
        return not condition.reads_states(task.condition)
    return ended.state == SUCCEEDED


def may_start(policy: str, runners: Iterable[Runner]) -> bool:
    """Whether another run of a graph may start beside those that are under way."""
    if policy == ALL_OVERLAP:
        return True
    return not any(policy == NO_OVERLAP or runner.root_is_busy for runner in runners)


class GraphRuns:
    """Graph runs under way, queued and past. Safe to use from several threads.

    Args:
        account: where tasks run.

    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.history, self.versions = History(account.store), Versions(account.store)
        self.failures = Failures(account.store)
        self._lock = threading.RLock()
        self._runners: dict[str, list[Runner]] = {}  # under way, by the id that the graph's runs are kept under
        self._queued: dict[str, Request] = {}  # by the same; at most one for a graph
        self._pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="task")
        self.index = TaskIndex(account.catalogue)
        self._endings = itertools.count(1)
        self._closing = False

    def recover(self) -> None:
        """Note the end of what an earlier server left under way, and forget what is too old."""
        self.history.recover()
        self._prune()

    def close(self) -> None:
        """Stop every task; the next start notes that."""
        self._closing = True
        for runner in self._under_way():
            runner.abandon()
        self._pool.shutdown(wait=False, cancel_futures=True)

    # ---- versions
    def tasks(self, schema: Name | None) -> Linked:
        """The tasks of a schema (a name with a database) by bare name."""
        return self.index.of(schema)

    def forget(self, holder_id: str) -> None:
        """A task or a task graph object was dropped; its history stays."""
        self.failures.forget(holder_id)

    def commit(self, root: Name) -> GraphVersion:
        """Set a version of the graph, if it changed since the last one.

        Raises:
            SnowflakeError: when the graph has more than one root.

        """
        version, new = self.versions.set(root, self.tasks(root.container))
        if new:
            catalogue, stamp = self.account.catalogue, now().isoformat()
            things = [catalogue.get("TASK", root.sibling(name)) for name in version.tasks]
            catalogue.change_all(things, lambda o: o.with_properties(last_committed_on=stamp))
        return version

    # ---- starting
    def request(
        self,
        version: GraphVersion,
        due: datetime,
        scheduled_from: str,
        config: str | None,
        next_due: datetime | None = None,
    ) -> Request:
        """A request for a run of a graph version, with a group of its own."""
        return Request(version, due, self.history.next_serial(due), scheduled_from, config, next_due)

    def start(self, request: Request, *, queue: bool) -> None:
        """Start a run, unless the graph's overlap policy forbids it now.

        Args:
            request: what to run.
            queue: whether to wait for the end of the run under way (EXECUTE TASK; a later request takes the place of
                an earlier one), or to leave this run out (a schedule).

        """
        version = request.version
        with self._lock:
            if may_start(version.root_task.overlap_policy, self._runners.get(version.id, ())):
                self._begin(version, self._record(request), {})
            elif queue:
                self._queued[version.id] = request

    def idle(self, holder_id: str) -> bool:
        """Whether no run of a graph is under way."""
        with self._lock:
            return not self._runners.get(holder_id)

    def retry(self, holder_id: str, what: str, group: str | None = None) -> None:
        """Run the last run of a graph, or the last attempt of one graph run group, again from the tasks that failed.

        Args:
            holder_id: the id of the root task, or of the task graph object.
            what: what to call it in an error.
            group: the graph run group.

        Raises:
            SnowflakeError: when there is none, it succeeded, or a graph without an object has changed since.

        """
        runs = [run for run in self.history.of(holder_id) if group in {None, run.group}]
        last = max(runs, key=lambda run: run.key, default=None)
        if last is None or last.active or not self._unchanged(last):
            raise _no_retry(f"no suitable run of {what} to retry.")
        if last.state not in {FAILED, CANCELLED}:
            raise _no_retry(f"last run of {what} had no failures.")
        with self._lock:
            self._again(last)

    def _unchanged(self, run: GraphRun) -> bool:
        """Whether a retry may go on; an object's graph goes on with the version that the run began with."""
        version = self.versions.find(run.root_id, run.version)
        return version.graph is not None or self.versions.is_current(version, self.tasks(run.root.container))

    def _record(self, request: Request) -> GraphRun:
        version = request.version
        success = [run for run in self.history.of(version.id) if run.state == SUCCEEDED]
        return GraphRun(
            root=version.root,
            graph=version.graph[0].name if version.graph else None,
            root_id=version.id,
            version=version.number,
            serial=request.serial,
            attempt=1,
            run_id=int(request.due.timestamp() * 1000),
            scheduled_from=request.scheduled_from,
            config=request.config,
            scheduled=request.due,
            next_scheduled=request.next_due,
            last_success=(success[-1].group, success[-1].original_time) if success else None,
        )

    def _begin(self, version: GraphVersion, run: GraphRun, carried: dict[str, TaskRun]) -> None:
        runner = Runner(self.account, version, run, carried)
        self._runners.setdefault(run.root_id, []).append(runner)
        runner.start(self.history, self._pool, self)

    def _again(self, run: GraphRun) -> None:
        """The next attempt of a run: what succeeded or was skipped in any attempt stays as it is.

        But a task that was skipped for how its predecessors ended is asked again: they may end otherwise now.
        """
        attempts = [r for r in self.history.of(run.root_id) if r.group == run.group]
        latest = {name: task for attempt in attempts for name, task in list(attempt.tasks.items())}
        version = self.versions.find(run.root_id, run.version)
        last = version.finalizer
        carried = {
            name: task
            for name, task in latest.items()
            if _stays(task, version.tasks[name]) and not (last and name == last.name)
        }
        fresh = replace(run, attempt=run.attempt + 1, scheduled=now(), completed=None, state=GraphRun.state, tasks={})
        self._begin(version, fresh, carried)

    # ---- ending: called by the runners, in their threads
    def root_ended(self, runner: Runner) -> None:
        """The root task of a run has ended: with ALLOW_CHILD_OVERLAP the next run may begin."""
        self._start_queued(runner.run.root_id)

    def ended(self, runner: Runner) -> None:
        """A run has ended: note it, and start what waited for that: its own retry, or the next run."""
        run, root = runner.run, runner.version.root_task
        run.state, run.completed = (SKIPPED if runner.root_skipped else runner.outcome), now()
        self._tell_of_failures(runner)
        suspending = self._count_failures(runner)
        with self._lock:
            self._runners[run.root_id].remove(runner)
            self.history.record(run, suspending)
            if self._closing:
                return
            if run.state == FAILED and not suspending and run.attempt <= root.parameter("TASK_AUTO_RETRY_ATTEMPTS"):
                self._again(run)
        self._start_queued(run.root_id)
        if next(self._endings) % _PRUNE_EVERY == 0:
            self._prune()

    def _start_queued(self, root_id: str) -> None:
        with self._lock:
            request = self._queued.pop(root_id, None)
            if request and not self._closing:
                self.start(request, queue=True)

    def _tell_of_failures(self, runner: Runner) -> None:
        """Send what ERROR_INTEGRATION asks for."""
        holder = self.account.catalogue.find(*runner.version.holder)
        if holder:
            failed = [run for run in runner.run.tasks.values() if run.state in FAILURES]
            task_errors.send(self.account, holder, runner.run, failed)

    def _count_failures(self, runner: Runner) -> list[TaskRun]:
        """Suspend the graph when a task has failed too often; the task runs that made it so, in their new state."""
        version, runs = runner.version, list(runner.run.tasks.values())
        counts = self.failures.note(version.id, runs)
        limit = version.root_task.parameter("SUSPEND_TASK_AFTER_NUM_FAILURES")
        over = [run for run in runs if run.state in FAILURES and limit and counts.get(run.name, 0) >= limit]
        thing = self.account.catalogue.find(*version.holder)
        if not over or thing is None or thing.properties.get("state") != STARTED:
            return []
        self.failures.forget(version.id)
        why = suspended("SUSPENDED_DUE_TO_ERRORS")
        self.account.catalogue.change(*version.holder, lambda o: o.with_properties(**why))
        return [replace(run, state=AUTO_SUSPENDED) for run in over]

    # ---- looking and cancelling
    def queued(self) -> list[Request]:
        """The runs that wait for another one's end."""
        return list(self._queued.values())

    def cancel(self, task: Name) -> int:
        """Cancel the runs of a task that are under way; for a root, of its whole graph. Returns how many tasks."""
        found = [runner for runner in self._under_way() if runner.version.root.container == task.container]
        return sum(runner.cancel(None if runner.version.root == task else task.name) for runner in found)

    def _under_way(self) -> list[Runner]:
        with self._lock:
            return [runner for runners in self._runners.values() for runner in runners]

    def _prune(self) -> None:
        self.history.prune()
        self.versions.keep_only((run.root_id, run.version) for run in self.history.all())


def _no_retry(why: str) -> SnowflakeError:
    return SnowflakeError(f"Cannot perform retry: {why}", "091419", "22000")
