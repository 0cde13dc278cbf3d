"""Graph runs and task runs as rows, as far as a session may see them: past, under way and still to come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..kernel.access import ACCOUNT
from ..kernel.catalogue import now
from ..kernel.errors import SnowflakeError
from .history import GraphRun, TaskRun, visible
from .progress import SCHEDULED
from .scheduler import SCHEDULE, Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..kernel.names import Name
    from ..kernel.session import Session
    from .versions import GraphVersion

_AHEAD = timedelta(days=8)


class Reports:
    """What one session may see of the runs of tasks.

    Visible is what the role owns, monitors or operates; everything with MONITOR EXECUTION or as ACCOUNTADMIN.
    """

    def __init__(self, session: Session) -> None:
        self._session, self._scheduler = session, session.account[Scheduler]
        self._runs = self._scheduler.runs
        # Many rows name the same few tasks.
        self._sees: Callable[[str, Name, str], bool] = lru_cache(maxsize=None)(self._sees_thing)
        self._places: Callable[[Name], dict[str, str | None]] = lru_cache(maxsize=None)(self._place)
        access, roles = session.account.access, session.roles
        self._all = "ACCOUNTADMIN" in access.effective(roles) or access.holds(
            roles, "MONITOR EXECUTION", "ACCOUNT", ACCOUNT
        )

    def task_runs(self) -> Iterator[dict[str, Any]]:
        """A row for each task run, the columns of TASK_HISTORY in upper case."""
        for run in self._all_runs():
            version = self._runs.versions.find(run.root_id, run.version)
            for task_run in list(run.tasks.values()):
                name = run.root.sibling(task_run.name)
                if self._sees("TASK", name, version.root_task.owner):
                    yield self._task_row(version, run, task_run, name)

    def graph_runs(self) -> Iterator[dict[str, Any]]:
        """A row for each graph run, the columns of CURRENT_TASK_GRAPHS and COMPLETE_TASK_GRAPHS in upper case."""
        for run in self._all_runs():
            version = self._runs.versions.find(run.root_id, run.version)
            if visible(run) and self._sees(*version.holder, version.root_task.owner):
                yield self._graph_row(run)

    def _all_runs(self) -> Iterator[GraphRun]:
        yield from self._runs.history.all()
        yield from self._to_come()

    def _to_come(self) -> Iterator[GraphRun]:
        """The runs that wait for another one's end, and each schedule's next one."""
        for request in self._runs.queued():
            yield _coming(request.version, request.due, request.scheduled_from, request.config, request.serial)
        for due in self._scheduler.due():
            version = self._runs.versions.latest(due.task.id)
            if version and due.moment - now() <= _AHEAD:
                yield _coming(version, due.moment, SCHEDULE, due.task.config, int(due.moment.timestamp() * 1000))

    # ---- rows
    def _task_row(self, version: GraphVersion, run: GraphRun, task_run: TaskRun, name: Name) -> dict[str, Any]:
        task = version.tasks[task_run.name]
        return {
            **_shared(run),
            **self._places(name),
            "QUERY_ID": task_run.query_id,
            "NAME": task_run.name,
            "QUERY_TEXT": task.definition,
            "CONDITION_TEXT": task.condition,
            "STATE": task_run.state,
            "ERROR_CODE": task_run.error_code,
            "ERROR_MESSAGE": task_run.error_message,
            "SCHEDULED_TIME": task_run.scheduled,
            "QUERY_START_TIME": task_run.started,
            "NEXT_SCHEDULED_TIME": run.next_scheduled if task.is_root else None,
            "COMPLETED_TIME": task_run.completed,
            "RETURN_VALUE": task_run.return_value,
        }

    def _graph_row(self, run: GraphRun) -> dict[str, Any]:
        error = run.first_error
        return {
            **_shared(run),
            **self._places(run.root),
            "ROOT_TASK_NAME": None if run.graph else run.root.name,
            "STATE": run.state,
            "FIRST_ERROR_TASK_NAME": error.name if error else None,
            "FIRST_ERROR_CODE": int(error.error_code or 0) if error else None,
            "FIRST_ERROR_MESSAGE": error.error_message if error else None,
            "SCHEDULED_TIME": run.scheduled,
            "QUERY_START_TIME": run.started,
            "NEXT_SCHEDULED_TIME": run.next_scheduled,
            "COMPLETED_TIME": run.completed,
        }

    # ---- privileges
    def _sees_thing(self, kind: str, name: Name, owner: str) -> bool:
        session = self._session
        if self._all:
            return True
        thing = session.account.catalogue.find(kind, name)
        if thing is None:
            return owner in session.account.access.effective(session.roles)
        return session.may("MONITOR", thing) or session.may("OPERATE", thing)

    def _place(self, name: Name) -> dict[str, str | None]:
        """Database and schema; NULL for a role that may not use them."""
        with suppress(SnowflakeError):
            self._session.check_container(name)
            return {"DATABASE_NAME": name.database, "SCHEMA_NAME": name.schema}
        return {"DATABASE_NAME": None, "SCHEMA_NAME": None}


def _shared(run: GraphRun) -> dict[str, Any]:
    # A run of a task graph object has no root task in the history's sense: NULL.
    return {
        "ROOT_TASK_ID": None if run.graph else run.root_id,
        "GRAPH_NAME": run.graph,
        "GRAPH_VERSION": run.version,
        "RUN_ID": run.run_id,
        "SCHEDULED_FROM": run.scheduled_from,
        "ATTEMPT_NUMBER": run.attempt,
        "CONFIG": run.config,
        "GRAPH_RUN_GROUP_ID": run.group,
    }


def _coming(version: GraphVersion, due: datetime, scheduled_from: str, config: str | None, serial: int) -> GraphRun:
    root = version.root
    return GraphRun(
        root=root,
        graph=version.graph[0].name if version.graph else None,
        root_id=version.id,
        version=version.number,
        serial=serial,
        attempt=1,
        run_id=int(due.timestamp() * 1000),
        scheduled_from=scheduled_from,
        config=config,
        scheduled=due,
        state=SCHEDULED,
        tasks={root.name: TaskRun(root.name, SCHEDULED, due)},
    )
