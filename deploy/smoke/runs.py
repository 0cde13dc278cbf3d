"""Runs of a graph as INFORMATION_SCHEMA tells them, without lag."""

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from deploy import names
from deploy.account.connection import Connection
from deploy.account.gathering import Rows, lowered
from deploy.account.sql import identifier, literal
from deploy.errors import DeployError, LostReplyError
from deploy.smoke.polling import polls
from ml_pipeline.config import Environment

SUCCEEDED, SKIPPED = "SUCCEEDED", "SKIPPED"
ACTIVE = ("SCHEDULED", "EXECUTING")
BROKEN = ("FAILED", "FAILED_AND_AUTO_SUSPENDED", "CANCELLED")

MINUTES_OF_HISTORY = 7 * 24 * 60 - 1
"""As far back as TASK_HISTORY goes."""

_MOST_ROWS = 10_000
_TIME_FORMAT = 'YYYY-MM-DD"T"HH24:MI:SS.FF3TZH:TZM'  # JSON has no times: ISO 8601
_NEVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)
_MARGIN_SECONDS = 1  # a poll is answered before the step's deadline


@dataclass(frozen=True)
class TaskRun:
    """One task's part in a graph run, in its latest attempt; `seconds` is None until it has ended.

    `returned` is its return value, a text.
    """

    name: str
    state: str
    attempt: int = 1
    seconds: float | None = None
    query_id: str = ""
    error: str = ""
    started: datetime.datetime | None = None
    returned: str = ""

    @property
    def cause(self) -> str:
        """The error in one line: its code, and of a traceback only what was raised."""
        lines = self.error.splitlines()
        frames = [index for index, line in enumerate(lines) if line.startswith("  ")]
        kept = [lines[0], *lines[frames[-1] + 1 :]] if frames else lines
        return " ".join(line.strip() for line in kept)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of `rows_statement`."""
        start, end = _time(row["query_start_time"]), _time(row["completed_time"])
        # Snowflake gives a reason to a task that is skipped by its condition, as every branch that is not taken is.
        failed = row["error_message"] and row["state"] != SKIPPED
        error = f"{row['error_code']}: {row['error_message']}" if failed else ""
        return cls(
            name=row["name"],
            state=row["state"],
            attempt=int(row["attempt_number"] or 1),
            seconds=(end - start).total_seconds() if start and end else None,
            query_id=row["query_id"] or "",
            error=error,
            started=start,
            returned=row["return_value"] or "",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        started = self.started.isoformat() if self.started else None
        values = {"state": self.state, "started": started, "seconds": self.seconds}
        values |= {"query_id": self.query_id, "attempt": self.attempt}
        return values | ({"error": self.error} if self.error else {})


@dataclass(frozen=True)
class GraphRun:
    """One run of the graph: its group id and its tasks by name. A run that is not found has neither."""

    group: str = ""
    tasks: tuple[TaskRun, ...] = ()
    scheduled: datetime.datetime | None = None

    @classmethod
    def newest(cls, rows: Iterable[Mapping[str, Any]]) -> Self:
        """Gather the rows of the group that is the last to be scheduled; a retried task counts by its last attempt."""
        # By attempt, then as the tasks began.
        rows = sorted(rows, key=lambda row: (int(row["attempt_number"] or 1), _time(row["query_start_time"]) or _NEVER))
        last = max(rows, key=lambda row: _time(row["scheduled_time"]) or _NEVER, default=None)
        if last is None:
            return cls()
        ours = [row for row in rows if row["graph_run_group_id"] == last["graph_run_group_id"]]
        latest = {row["name"]: TaskRun.from_row(row) for row in ours}
        due = [moment for row in ours if (moment := _time(row["scheduled_time"]))]
        return cls(str(last["graph_run_group_id"]), tuple(latest.values()), min(due, default=None))

    @property
    def attempt(self) -> int:
        """The latest attempt of any of its tasks."""
        return max((task.attempt for task in self.tasks), default=0)

    @property
    def by_name(self) -> dict[str, TaskRun]:
        """The tasks by name."""
        return {task.name: task for task in self.tasks}

    @property
    def active(self) -> tuple[TaskRun, ...]:
        """The tasks that are waiting or at work."""
        return tuple(task for task in self.tasks if task.state in ACTIVE)

    @property
    def broken(self) -> tuple[TaskRun, ...]:
        """The tasks that failed or were cancelled."""
        return tuple(task for task in self.tasks if task.state in BROKEN)

    @property
    def state(self) -> str:
        """The run in one word."""
        if self.active:
            return "EXECUTING"
        return self.broken[0].state if self.broken else SUCCEEDED


def _time(text: str | None) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(text) if text else None


# ---- what is asked
def rows_statement(environment: Environment, minutes: int, root_id: str, condition: str) -> str:
    """Read the task runs of the last minutes in this schema, those of the graph runs of which one row fulfils this.

    `root_id` narrows the search to one graph, before the limit on rows applies; runs of a TASK GRAPH object have none,
    so it is empty for them. A retried task is there with its latest attempt.
    https://docs.snowflake.com/en/sql-reference/functions/task_history
    """
    times = ("query_start_time", "completed_time", "scheduled_time")
    columns = [
        "name, state, query_id, error_code, error_message, attempt_number, return_value",
        "TO_VARCHAR(graph_run_group_id) AS graph_run_group_id",
        *(f"TO_VARCHAR({time}, {literal(_TIME_FORMAT)}) AS {time}" for time in times),
        "DATEDIFF('second', completed_time, CURRENT_TIMESTAMP()) AS quiet_seconds",
    ]
    arguments = [
        f"SCHEDULED_TIME_RANGE_START => DATEADD('minute', -{minutes}, CURRENT_TIMESTAMP())",
        f"RESULT_LIMIT => {_MOST_ROWS}",
        *([f"ROOT_TASK_ID => {literal(root_id)}"] if root_id else []),
    ]
    return f"""SELECT {", ".join(columns)} FROM (
  SELECT * FROM TABLE({_function(environment, "TASK_HISTORY")}({", ".join(arguments)}))
  WHERE {_here(environment)}
  QUALIFY MAX(IFF({condition}, 1, 0)) OVER (PARTITION BY graph_run_group_id) = 1
    AND ROW_NUMBER() OVER (PARTITION BY graph_run_group_id, name ORDER BY attempt_number DESC) = 1)"""


def current_statement(environment: Environment, columns: str, condition: str) -> str:
    """Read the graph runs of this schema that wait or are under way.

    https://docs.snowflake.com/en/sql-reference/functions/current_task_graphs
    """
    function = f"{_function(environment, 'CURRENT_TASK_GRAPHS')}(RESULT_LIMIT => {_MOST_ROWS})"
    return f"SELECT {columns} FROM TABLE({function}) WHERE {_here(environment)} AND {condition}"


def running_statement(environment: Environment, graphs: Collection[str] = ()) -> str:
    """Read the runs that are under way now: of the graphs of these names, or of all in the schema.

    The runs of a TASK GRAPH object have no root task's name, and only accounts that have such objects have a column
    for theirs. A run whose graph is not known counts as one of ours: it is waited for.
    """
    columns = [
        "TO_VARCHAR(graph_run_group_id) AS graph_run_group_id",
        "state",
        f"TO_VARCHAR(query_start_time, {literal(_TIME_FORMAT)}) AS query_start_time",
        "config",
        "root_task_name",
        "OBJECT_CONSTRUCT(*) AS whole_row",
    ]
    every = current_statement(environment, ", ".join(columns), "state = 'EXECUTING'")
    # The path as GET has it: in a block, a name behind a colon is a variable.
    graph = "COALESCE(TO_VARCHAR(GET(whole_row, 'GRAPH_NAME')), root_task_name)"
    found = f"SELECT graph_run_group_id, state, query_start_time, config, {graph} AS graph FROM ({every})"
    return f"{found} WHERE {graph} IS NULL OR {graph} IN ({', '.join(map(literal, graphs))})" if graphs else found


def _here(environment: Environment) -> str:
    place = environment.snowflake
    return f"database_name = {literal(place.database)} AND schema_name = {literal(place.schema)}"


def _function(environment: Environment, name: str) -> str:
    return f"{identifier(environment.snowflake.database)}.INFORMATION_SCHEMA.{name}"


# ---- answers
def last(connection: Connection, environment: Environment, root: str, root_id: str, minutes: int) -> GraphRun:
    """Find the latest run of a graph in the last minutes that has begun; for `root_id` see `rows_statement`."""
    ours = f"name = {literal(root)} OR STARTSWITH(name, {literal(root + '$')})"
    return GraphRun.newest(
        connection.rows(rows_statement(environment, minutes, root_id, f"query_id IS NOT NULL AND ({ours})"))
    )


def wait_until_idle(
    connection: Connection,
    environment: Environment,
    graphs: Collection[str],
    say: Callable[[str], None],
    seen: Rows | None = None,
) -> None:
    """Wait until no run of these graphs is under way; `seen` are those that are, as far as they are known.

    Raises DeployError at the deadline of the connection's step, naming the run.
    """
    running = seen
    for poll in polls(connection.seconds_left - _MARGIN_SECONDS):
        look = f"""SELECT ARRAY_AGG(OBJECT_CONSTRUCT_KEEP_NULL(*)), COUNT(*) INTO :found, :running
  FROM ({running_statement(environment, graphs)});
IF (running = 0) THEN RETURN found; END IF;"""
        block = f"""BEGIN
LET found ARRAY := ARRAY_CONSTRUCT();
LET running NUMBER := 0;
{poll.loop(look)}
RETURN found;
END"""
        try:
            with connection.step("wait for the run", poll.seconds):
                found = lowered(connection.block(block, again=True))
        except LostReplyError:
            continue
        if not found:
            return
        known = {row["graph_run_group_id"] for row in (found if running is None else running)}
        for row in found:
            if row["graph_run_group_id"] not in known:
                say(f"waiting for another run of the graph: {_told(row)}")
        running = found
    told = ", ".join(_told(row) for row in running or ()) or "which one is not known: no answer came"
    options = names.arguments(environment)
    raise DeployError(
        f"a run of the graph did not end in time: {told}",
        f"wait for it, or go on beside it: python -m deploy release {options} --when-running proceed",
    )


def _told(row: Mapping[str, Any]) -> str:
    return f"run {row['graph_run_group_id']}, since {row['query_start_time'] or 'a moment'}"
