"""A run of the graph, such as the smoke run after a deploy: started with a nonce, followed by it, judged by task."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy import names
from deploy.account.gathering import lowered
from deploy.account.sql import literal
from deploy.apply import statements as apply
from deploy.errors import DeployError, LostReplyError
from deploy.graph.graph import CLASSIC, Graph, TaskSpec
from deploy.plan.deployed import Deployed
from deploy.records.lock import Held
from deploy.smoke import log, polling, runs
from deploy.smoke.polling import Poll
from deploy.smoke.runs import GraphRun
from ml_pipeline.config import Environment

Show = Callable[[GraphRun], None]

SMOKE: Mapping[str, Any] = {"smoke": True}
"""What the CONFIG of a smoke run says over the graph's own."""

_STEP = "run of the graph"
_SECONDS_A_MINUTE = 60
_MARGIN_MINUTES = 5  # between the start of the run as we know it and as Snowflake does
_START_SECONDS = 5  # a run whose start was not answered shows itself by then, if it was started
_CANCEL_SECONDS = 20
_REQUEST_SECONDS = 60
# A condition that asks how the predecessors ended: of a task where branches join again.
_JOINS = "SYSTEM$PREDECESSORS_STATE"
# A graph that failed with retries left may begin again shortly after it counts as ended.
_RETRY_GRACE_SECONDS = 30


@dataclass(frozen=True)
class Verdict:
    """What the run showed. `reasons` is empty if it passed; `polls` is how many requests followed it.

    `log` is what the failed tasks logged, line by line, as far as it can be read.
    """

    reasons: tuple[str, ...]
    run: GraphRun
    seconds: float
    polls: int = 0
    log: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every task did what it should."""
        return not self.reasons

    @property
    def failures(self) -> tuple[str, ...]:
        """What `reasons` leave out, for people: the whole error of a failed task, such as a traceback, and the log."""
        tasks = (
            f"{task.name} {task.state}, attempt {task.attempt}, query {task.query_id or 'none'}: {task.error}"
            for task in self.run.broken
            if task.error.strip() != task.cause
        )
        return (*tasks, *(["log:", *(f"  {line}" for line in self.log)] if self.log else ()))

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON-able values."""
        return {
            "run": self.run.group,
            "passed": self.passed,
            "reasons": list(self.reasons),
            "seconds": round(self.seconds, 1),
            "polls": self.polls,
            "tasks": {task.name: task.to_dict() for task in self.run.tasks},
            "log": list(self.log),
        }


@dataclass(frozen=True)
class Start:
    """How a run begins, and how it is told from others.

    Attributes:
        settings: lie over the graph's CONFIG, beside a nonce.
        failed: the run to go on with from its failed tasks, with the CONFIG that it had; usually none.

    https://docs.snowflake.com/en/sql-reference/sql/execute-task

    """

    settings: Mapping[str, Any] = field(default_factory=lambda: SMOKE)
    failed: GraphRun = field(default_factory=GraphRun)
    nonce: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def ours(self) -> str:
        """A condition on rows of TASK_HISTORY and CURRENT_TASK_GRAPHS, which holds of this run's alone."""
        if not self.failed.group:
            return f"CONTAINS(config, {literal(self.nonce)})"
        return (
            f"TO_VARCHAR(graph_run_group_id) = {literal(self.failed.group)} AND attempt_number > {self.failed.attempt}"
        )

    @property
    def minutes(self) -> int:
        """How long before the start its first rows may be."""
        return runs.MINUTES_OF_HISTORY if self.failed.group else _MARGIN_MINUTES

    def statement(self, environment: Environment, backend: str) -> str:
        """Return the statement that begins it."""
        if self.failed.group:
            return apply.retry(environment, backend, self.failed.group)
        return apply.execution(environment, backend, json.dumps({**self.settings, "nonce": self.nonce}))


def execute(held: Held, there: Deployed, show: Show, start: Start | None = None) -> Verdict:
    """Run the deployed graph once, as `start` says (by default with the smoke settings), and judge that run alone.

    A run that does not end within the graph's time-out is cancelled and has failed. Raises DeployError for what
    Snowflake refuses, LockLostError as soon as the lock is not ours any more.
    """
    following = _Following(held, there, show, start or Start())
    with held.connection.step(_STEP, max(_REQUEST_SECONDS, held.environment.graph.timeout_minutes * _SECONDS_A_MINUTE)):
        following.begin()
        ended = following.await_end()
    seconds = following.elapsed
    if ended:
        reasons = judge(there.graph, following.run)
    else:
        waiting = ", ".join(f"{task.name} {task.state}" for task in following.run.active) or "no task was seen"
        reasons = (f"no end after {held.environment.graph.timeout_minutes} minutes, cancelled: {waiting}",)
        with held.connection.step("cancel the run", _CANCEL_SECONDS):
            following.cancel()
    logged = log.read(held.connection, following.run.broken)
    return Verdict(reasons, following.run, seconds, following.polls, logged)


class _Following:
    """A run that is being followed: what was seen of it, and when it began."""

    def __init__(self, held: Held, there: Deployed, show: Show, start: Start) -> None:
        self.run = GraphRun()
        self.polls = 0
        self._held = held
        self._there = there
        self._show = show
        self._how = start
        self._start = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since it was to begin."""
        return time.monotonic() - self._start

    def begin(self) -> None:
        """Start the run. After a lost reply it is looked for, and started again only if it never began."""
        statement = self._how.statement(self._held.environment, self._there.backend)
        while True:
            try:
                self._send([statement])
            except LostReplyError:
                if self._began():
                    return
            else:
                return

    def await_end(self) -> bool:
        """Follow the run, showing it, and return whether it has ended in time."""
        return any(self._look(poll) for poll in self._polls(self._seconds_left))

    def cancel(self) -> None:
        """Cancel what has not ended: each task, as cancelling one leaves the others running.

        https://docs.snowflake.com/en/sql-reference/functions/system_user_task_cancel_ongoing_executions
        """
        unfinished = [task.name for task in self.run.active] or [self._held.environment.graph.name]
        for poll in self._polls(_CANCEL_SECONDS):
            try:
                quoted = (literal(names.named(self._held.environment, name)) for name in unfinished)
                self._send([f"SELECT SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS({task_name})" for task_name in quoted])
            except LostReplyError:
                continue
            if self._look(poll):
                return
            unfinished = [task.name for task in self.run.active]

    @property
    def _seconds_left(self) -> float:
        return self._held.environment.graph.timeout_minutes * _SECONDS_A_MINUTE - self.elapsed

    def _polls(self, seconds: float) -> Iterator[Poll]:
        # The lease is renewed between two looks, when a third of it has passed.
        return polling.polls(seconds, longest_pause=self._held.environment.deploy.lease_seconds / 3)

    def _send(self, statements: list[str]) -> None:
        with self._held.connection.step(_STEP, _REQUEST_SECONDS):
            self._held.run(statements)

    def _began(self) -> bool:
        """Whether the run is there, or cannot be asked about until the time is over."""
        lost_at = time.monotonic()
        for poll in self._polls(self._seconds_left):
            answered = self._look(poll) is not None
            if self.run.tasks:
                return True
            if answered and time.monotonic() - lost_at >= _START_SECONDS:
                return False
        return True

    def _look(self, poll: Poll) -> bool | None:
        """Look at the run until it ends or the poll does; return whether it has ended, None if no answer came."""
        self.polls += 1
        minutes = min(int(self.elapsed // _SECONDS_A_MINUTE) + self._how.minutes, runs.MINUTES_OF_HISTORY)
        try:
            with self._held.connection.step(_STEP, poll.seconds):
                answer = self._held.block(block(self._held, self._there, self._how, minutes, poll))
        except LostReplyError:
            time.sleep(poll.pause)
            return None
        self.run = GraphRun.newest(lowered(answer["rows"]))
        self._show(self.run)
        return bool(answer["ended"])


def block(held: Held, there: Deployed, start: Start, minutes: int, poll: Poll) -> str:
    """Return the statements of one poll: look at the run until it has ended; their value is its rows.

    It has ended when none of its tasks is active, Snowflake does not count it among the current ones, none of its
    tasks is active still, as one may have become between the two questions, and no automatic retry is to come.
    """
    environment = held.environment
    root_id, ours = there.root_id if there.backend == CLASSIC else "", start.ours
    rows = runs.rows_statement(environment, minutes, root_id, ours)
    read = f"""SELECT ARRAY_AGG(OBJECT_CONSTRUCT_KEEP_NULL(*)), COUNT(*), {_unsettled(there.graph)}
INTO :found, :seen, :unsettled FROM ({rows})"""
    before, renewal = polling.every(environment.deploy.lease_seconds / 3, held.check)
    look = f"""{read};
IF (seen > 0 AND unsettled = 0) THEN
{runs.current_statement(environment, "COUNT(*) INTO :current_runs", ours)};
IF (current_runs = 0) THEN
{read};
IF (unsettled = 0) THEN RETURN OBJECT_CONSTRUCT('ended', TRUE, 'rows', found); END IF;
END IF;
END IF;
{renewal}"""
    return f"""LET found ARRAY := ARRAY_CONSTRUCT();
LET seen NUMBER := 0;
LET unsettled NUMBER := 0;
LET current_runs NUMBER := 0;
{before}
{poll.loop(look)}
RETURN OBJECT_CONSTRUCT('ended', FALSE, 'rows', found);"""


def _unsettled(graph: Graph) -> str:
    """Count the tasks that are active, or (if Snowflake may still start a failed run again by itself) any."""
    active, broken = (", ".join(map(literal, states)) for states in (runs.ACTIVE, runs.BROKEN))
    counted = _count(f"state IN ({active})")
    if not graph.retries:
        return counted
    retried = _count(f"state IN ({broken}) AND attempt_number <= {graph.retries}")
    return f"{counted} + {retried} * {_count(f'quiet_seconds < {_RETRY_GRACE_SECONDS}')}"


def _count(condition: str) -> str:
    """Count the rows of which this holds. Where it holds of none, COUNT_IF is NULL, with which nothing would end.

    https://docs.snowflake.com/en/sql-reference/functions/count_if
    """
    return f"COALESCE(COUNT_IF({condition}), 0)"


def judge(graph: Graph, run: GraphRun) -> tuple[str, ...]:
    """Say why this run is no proof that the graph works; nothing if it is one.

    A task may be skipped by its own condition, or because the way to it was: then a branch went the other way. Where
    branches join again, one way is enough. What did not run because something before it broke is not listed beside it.
    """
    if run.broken:
        return tuple(f"{task.name} {task.state}: {task.cause} (query {task.query_id})" for task in run.broken)
    states = {name: task.state for name, task in run.by_name.items()}
    excused: set[str] = set()
    for task in graph.tasks:  # predecessors come first
        if states.get(task.name) in (None, runs.SKIPPED) and _may_be_skipped(task, states, excused):
            excused.add(task.name)
    return tuple(
        f"{task.name} {states.get(task.name, 'never ran')}"
        for task in graph.tasks
        if states.get(task.name) != runs.SUCCEEDED and task.name not in excused
    )


def _may_be_skipped(task: TaskSpec, states: dict[str, str], excused: set[str]) -> bool:
    skipped = [name in excused for name in task.predecessors]
    if skipped and all(skipped):
        return True
    if _JOINS in task.condition:  # it runs whichever branch was taken
        return False
    return any(skipped) or (bool(task.condition) and states.get(task.name) == runs.SKIPPED)


def require_graph(graph: Graph, environment: Environment) -> None:
    """Raise DeployError if there is no graph to run."""
    if graph.root is None:
        raise DeployError(
            f"no graph {environment.graph.name} in {names.schema(environment)}",
            f"python -m deploy apply {names.arguments(environment)}",
        )
