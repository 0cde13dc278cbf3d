"""Runs of the graph as INFORMATION_SCHEMA tells them, without lag."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from deploy.sql_text import identifier, literal

if TYPE_CHECKING:
    from deploy.requests import Connection
    from ml_pipeline.config import Environment

SUCCEEDED, SKIPPED = "SUCCEEDED", "SKIPPED"
ACTIVE = frozenset({"SCHEDULED", "EXECUTING"})
BROKEN = frozenset({"FAILED", "FAILED_AND_AUTO_SUSPENDED", "CANCELLED"})

_COLUMNS = (
    "name, state, query_id, error_code, error_message, return_value, config, "
    "query_start_time, completed_time, scheduled_time, attempt_number, graph_run_group_id"
)
_MOST_ROWS = 10_000
_NEVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)


@dataclass(frozen=True)
class TaskRun:
    """One task's part in a graph run, in its latest attempt; `seconds` is None until it has ended."""

    name: str
    state: str
    attempt: int = 1
    seconds: float | None = None
    query_id: str = ""
    error: str = ""
    return_value: str = ""

    @property
    def cause(self) -> str:
        """The error in one line: its code, and of a traceback only what was raised."""
        lines = self.error.splitlines()
        frames = [index for index, line in enumerate(lines) if line.startswith("  ")]
        kept = [lines[0], *lines[frames[-1] + 1 :]] if frames else lines
        return " ".join(line.strip() for line in kept)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of TASK_HISTORY."""
        start, end = row["query_start_time"], row["completed_time"]
        error = f"{row['error_code']}: {row['error_message']}" if row["error_message"] else ""
        return cls(
            name=row["name"],
            state=row["state"],
            attempt=int(row["attempt_number"] or 1),
            seconds=(end - start).total_seconds() if start and end else None,
            query_id=row["query_id"] or "",
            error=error,
            return_value=row["return_value"] or "",
        )


@dataclass(frozen=True)
class GraphRun:
    """One run of the graph: its group id and its tasks by name. A run that is not found has neither."""

    group: str = ""
    tasks: tuple[TaskRun, ...] = ()
    scheduled: datetime.datetime | None = None
    completed: datetime.datetime | None = None

    @classmethod
    def from_rows(cls, group: str, rows: Iterable[Mapping[str, Any]]) -> Self:
        """Gather the rows of one group; a retried task counts by its last attempt."""
        ours = sorted((row for row in rows if row["graph_run_group_id"] == group), key=_order)
        latest = {row["name"]: TaskRun.from_row(row) for row in ours}
        return cls(
            group,
            tuple(latest.values()),
            scheduled=min((row["scheduled_time"] for row in ours), default=None),
            completed=max((row["completed_time"] for row in ours if row["completed_time"]), default=None),
        )

    @property
    def by_name(self) -> dict[str, TaskRun]:
        """The tasks by name."""
        return {task.name: task for task in self.tasks}

    @property
    def active(self) -> bool:
        """Whether a task is waiting or at work."""
        return any(task.state in ACTIVE for task in self.tasks)

    @property
    def broken(self) -> tuple[TaskRun, ...]:
        """The tasks that failed or were cancelled."""
        return tuple(task for task in self.tasks if task.state in BROKEN)

    @property
    def quiet_seconds(self) -> float:
        """How long ago the last task ended, by this machine's clock; 0 if none has."""
        if self.completed is None:
            return 0.0
        return (datetime.datetime.now(datetime.UTC) - self.completed).total_seconds()

    @property
    def state(self) -> str:
        """The run in one word."""
        if self.active:
            return "EXECUTING"
        return self.broken[0].state if self.broken else SUCCEEDED


def _order(row: Mapping[str, Any]) -> tuple[int, datetime.datetime]:
    """Sort by attempt, then as the tasks began."""
    return int(row["attempt_number"] or 1), row["query_start_time"] or _NEVER


def with_nonce(
    connection: "Connection", environment: "Environment", root_id: str, nonce: str, minutes: int
) -> GraphRun:
    """Find the run whose CONFIG carries the nonce among those of the last minutes; EXECUTE TASK returns no id."""
    rows = _history(connection, environment, root_id, minutes)
    group = next((row["graph_run_group_id"] for row in rows if nonce in (row["config"] or "")), "")
    return GraphRun.from_rows(group, rows) if group else GraphRun()


def last(connection: "Connection", environment: "Environment", root_id: str, minutes: int) -> GraphRun:
    """Find the latest run of the last minutes that has begun."""
    rows = [row for row in _history(connection, environment, root_id, minutes) if row["query_id"]]
    newest = max(rows, key=lambda row: row["scheduled_time"], default=None)
    return GraphRun.from_rows(newest["graph_run_group_id"], rows) if newest else GraphRun()


def _history(connection: "Connection", environment: "Environment", root_id: str, minutes: int) -> list[dict[str, Any]]:
    arguments = (
        f"SCHEDULED_TIME_RANGE_START => DATEADD('minute', -{minutes}, CURRENT_TIMESTAMP()), "
        f"RESULT_LIMIT => {_MOST_ROWS}, ROOT_TASK_ID => {literal(root_id)}"
    )
    return connection.rows(f"SELECT {_COLUMNS} FROM TABLE({_function(environment, 'TASK_HISTORY')}({arguments}))")


def under_way(connection: "Connection", environment: "Environment", group: str) -> bool:
    """Tell whether Snowflake still counts this run among the current ones."""
    function = _function(environment, "CURRENT_TASK_GRAPHS")
    arguments = f"ROOT_TASK_NAME => {literal(environment.graph.name)}, RESULT_LIMIT => {_MOST_ROWS}"
    condition = f"graph_run_group_id = {literal(group)}"
    return bool(connection.rows(f"SELECT state FROM TABLE({function}({arguments})) WHERE {condition}"))


def _function(environment: "Environment", name: str) -> str:
    return f"{identifier(environment.snowflake.database)}.INFORMATION_SCHEMA.{name}"
