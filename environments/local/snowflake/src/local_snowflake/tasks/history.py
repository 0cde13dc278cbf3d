"""What ran, and what came of it: graph runs and the task runs in them, for seven days.

In memory for the queries, in the store for the next start. A graph run writes its changes in batches, so that a graph
of a thousand tasks does not wait for the disk a thousand times.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import now
from ..kernel.names import Name
from .progress import CANCELLED, ENDED, EXECUTING, FAILURES, SCHEDULED, SKIPPED

if TYPE_CHECKING:
    from ..kernel.store import Store

KEPT = timedelta(days=7)
_MOST_TASK_RUNS = 50_000
_GRAPHS, _TASKS = "graph_run", "task_run"
_STOPPED = "The local Snowflake was stopped while the task ran."


@dataclass(frozen=True)
class TaskRun:
    """One task's part in a graph run."""

    name: str
    state: str
    scheduled: datetime
    query_id: str | None = None
    started: datetime | None = None
    completed: datetime | None = None
    error_code: str | None = None
    error_message: str | None = None
    return_value: str | None = None


@dataclass
class GraphRun:
    """One attempt to run a graph.

    Attributes:
        root: the root task's full name; `root_id` and `version` name the graph version that runs.
        root_id: the root task's id; for a task graph object, the object's.
        serial: the attempts of one run, a graph run group, share it; it is in the order of the groups.
        run_id: when the first attempt was due, milliseconds since 1970.
        scheduled_from: SCHEDULE, TRIGGER or EXECUTE_TASK.
        config: the JSON that the run's tasks read.
        graph: the task graph object's bare name, when it runs one; it lies in the root's schema.
        last_success: group and due time (ISO) of the graph's last successful run before this group.
        tasks: task runs by bare name, in the order in which they were scheduled.

    """

    root: Name
    root_id: str
    version: int
    serial: int
    attempt: int
    run_id: int
    scheduled_from: str
    config: str | None
    scheduled: datetime
    next_scheduled: datetime | None = None
    completed: datetime | None = None
    state: str = EXECUTING
    last_success: tuple[str, str] | None = None
    graph: str | None = None
    tasks: dict[str, TaskRun] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """The id of the graph run group, which says nothing of the order; the same before the run and during it."""
        return str(uuid.uuid5(uuid.UUID(self.root_id), str(self.serial)))

    @property
    def key(self) -> str:
        """What names it in the store; in the order of time."""
        return f"{self.serial:015d}.{self.attempt:03d}"

    @property
    def active(self) -> bool:
        """Whether it is under way."""
        return self.state == EXECUTING

    @property
    def original_time(self) -> str:
        """When the first attempt was due, ISO."""
        return datetime.fromtimestamp(self.run_id / 1000, UTC).isoformat()

    @property
    def started(self) -> datetime | None:
        """When the root's query began."""
        root = self.tasks.get(self.root.name)
        return root.started if root else None

    @property
    def first_error(self) -> TaskRun | None:
        """The task run that failed first."""
        failed = [t for t in list(self.tasks.values()) if t.state in FAILURES and t.completed]
        return min(failed, key=lambda t: t.completed or self.scheduled, default=None)


class History:
    """The graph runs of an account."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.RLock()
        self._runs = {key: _graph_run(body) for key, body in store.all(_GRAPHS)}
        self._newest = max((run.serial for run in self._runs.values()), default=0)
        for key, body in store.all(_TASKS):
            run = self._runs.get(key.partition("/")[0])
            if run:
                task = _task_run(body)
                run.tasks[task.name] = task

    def recover(self) -> None:
        """Runs that an earlier server left under way are cancelled: nobody goes on with them."""
        for run in [r for r in self._runs.values() if r.active]:
            open_tasks = [t for t in run.tasks.values() if t.state not in ENDED]
            run.state, run.completed = CANCELLED, now()
            gone = {"state": CANCELLED, "completed": run.completed, "error_code": "000604", "error_message": _STOPPED}
            self.record(run, [replace(t, **gone) for t in open_tasks])

    def next_serial(self, due: datetime) -> int:
        """The next group's place in their order: the due time in milliseconds, or the next free number."""
        with self._lock:
            self._newest = max(int(due.timestamp() * 1000), self._newest + 1)
            return self._newest

    def record(self, run: GraphRun, changed: Iterable[TaskRun] = ()) -> None:
        """Note a run's own state and those of its tasks that changed."""
        with self._lock:
            listed = list(changed)
            run.tasks.update({task.name: task for task in listed})
            self._runs[run.key] = run
            self._store.put_many(_TASKS, {f"{run.key}/{t.name}": asdict(t) for t in listed})
            self._store.put(_GRAPHS, run.key, {k: v for k, v in vars(run).items() if k != "tasks"} | _names(run))

    def drop(self, run: GraphRun) -> None:
        """Forget a run."""
        with self._lock:
            self._runs.pop(run.key, None)
            self._store.remove(_GRAPHS, run.key)
            self._store.remove_many(_TASKS, [f"{run.key}/{name}" for name in run.tasks])

    def all(self) -> list[GraphRun]:
        """Every run that is remembered, oldest group first."""
        with self._lock:
            return list(self._runs.values())

    def of(self, root_id: str) -> list[GraphRun]:
        """The runs of one root task, or one task graph object, oldest first."""
        return [run for run in self.all() if run.root_id == root_id]

    def prune(self) -> None:
        """Forget runs that are too old to be asked for, and the oldest when there are too many."""
        runs = self.all()
        total = sum(len(run.tasks) for run in runs)
        for run in runs:
            stale = run.completed is not None and now() - run.completed > KEPT
            if not run.active and (stale or total > _MOST_TASK_RUNS):
                total -= len(run.tasks)
                self.drop(run)


def waiting(name: str, due: datetime) -> TaskRun:
    """A task run whose turn has come."""
    return TaskRun(name, SCHEDULED, due)


def visible(run: GraphRun) -> bool:
    """Whether it counts as a graph run: not when the root's condition did not hold."""
    root = run.tasks.get(run.root.name)
    return root is None or root.state != SKIPPED


def _names(run: GraphRun) -> dict[str, Any]:
    return {"root": [run.root.database, run.root.schema, run.root.name]}


def _graph_run(body: dict[str, Any]) -> GraphRun:
    success = body.pop("last_success")
    if "group" in body:  # as an earlier server called it
        body["serial"] = body.pop("group")
    return GraphRun(
        **{
            **body,
            "root": Name(*body["root"]),
            "last_success": tuple(success) if success else None,
            **_times(body, "scheduled", "next_scheduled", "completed"),
        }
    )


def _task_run(body: dict[str, Any]) -> TaskRun:
    return TaskRun(**{**body, **_times(body, "scheduled", "started", "completed")})


def _times(body: dict[str, Any], *keys: str) -> dict[str, datetime | None]:
    return {key: datetime.fromisoformat(body[key]) if body[key] else None for key in keys}
