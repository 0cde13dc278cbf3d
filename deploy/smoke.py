"""The smoke run after a deploy: started with a nonce, followed by it, judged task by task."""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy import apply, names, runs
from deploy.deployed import Deployed
from deploy.errors import DeployError
from deploy.graph import Graph, TaskSpec
from deploy.runs import GraphRun
from deploy.sql_text import literal

if TYPE_CHECKING:
    from deploy.requests import Connection
    from ml_pipeline.config import Environment

Show = Callable[[GraphRun], None]

_SECONDS_A_MINUTE = 60
_MARGIN_MINUTES = 5  # the clock of Snowflake and the time to the first poll
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.3, 30.0
_PAUSE_SHARE = 0.05  # of the time that has passed: the end is found within 5 % of the run's length
# A graph that failed with retries left may begin again shortly after it counts as ended.
_RETRY_GRACE_SECONDS = 30


@dataclass(frozen=True)
class Verdict:
    """What the smoke run showed. `reasons` is empty if it passed."""

    reasons: tuple[str, ...]
    run: GraphRun
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every task did what it should."""
        return not self.reasons

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON-able values."""
        tasks = {task.name: {"state": task.state, "seconds": task.seconds} for task in self.run.tasks}
        return {"passed": self.passed, "reasons": list(self.reasons), "seconds": round(self.seconds, 1), "tasks": tasks}


@dataclass(frozen=True)
class Following:
    """The smoke run that is being followed: whose it is, and the nonce in its CONFIG."""

    connection: "Connection"
    environment: "Environment"
    there: Deployed
    nonce: str

    def poll(self, elapsed: float) -> tuple[GraphRun, bool]:
        """Return the run and whether it has ended; `elapsed` is in seconds since it was started."""
        run = self._look(elapsed)
        if not run.tasks or run.active or runs.under_way(self.connection, self.environment, run.group):
            return run, False
        # What happened between the two questions is in the answer to a third.
        run = self._look(elapsed)
        return run, not run.active and not may_retry(self.there.graph, run)

    def _look(self, elapsed: float) -> GraphRun:
        minutes = int(elapsed // _SECONDS_A_MINUTE) + _MARGIN_MINUTES
        return runs.with_nonce(self.connection, self.environment, self.there.root_id, self.nonce, minutes)


def smoke(connection: "Connection", environment: "Environment", there: Deployed, show: Show) -> Verdict:
    """Run the deployed graph once with the smoke settings and judge that run alone.

    A run that does not end within the graph's time-out is cancelled and has failed.
    """
    following = Following(connection, environment, there, uuid.uuid4().hex)
    start = time.monotonic()
    connection.rows(execution(environment, following.nonce))
    while True:
        run, ended = following.poll(time.monotonic() - start)
        show(run)
        elapsed = time.monotonic() - start
        if ended:
            return Verdict(judge(there.graph, run), run, elapsed)
        if elapsed > environment.graph.timeout_minutes * _SECONDS_A_MINUTE:
            connection.rows(apply.cancellation(environment))
            return Verdict((_late(environment, run),), run, elapsed)
        time.sleep(min(max(_SHORTEST_PAUSE, elapsed * _PAUSE_SHARE), _LONGEST_PAUSE))


def execution(environment: "Environment", nonce: str) -> str:
    """Start a smoke run: the settings are in the graph's CONFIG already, this chooses them and names the run."""
    config = json.dumps({"smoke": True, "nonce": nonce})
    return f"EXECUTE TASK {names.root(environment)} USING CONFIG = {literal(config)}"


def may_retry(graph: Graph, run: GraphRun) -> bool:
    """Tell whether Snowflake may still start a failed run again by itself."""
    retries_left = any(task.attempt <= graph.retries for task in run.broken)
    return retries_left and run.quiet_seconds < _RETRY_GRACE_SECONDS


def judge(graph: Graph, run: GraphRun) -> tuple[str, ...]:
    """Say why this run is no proof that the graph works; nothing if it is one.

    A task may be skipped by its own condition, or because every way to it was: then the quality gate went the other
    way. What did not run because something before it broke is not listed beside it.
    """
    if run.broken:
        return tuple(f"{task.name} {task.state}: {task.cause} (query {task.query_id})" for task in run.broken)
    excused = _excused(graph, run)
    states = {name: task.state for name, task in run.by_name.items()}
    return tuple(
        f"{task.name} {states.get(task.name, 'never ran')}"
        for task in graph.tasks
        if states.get(task.name) != runs.SUCCEEDED and task.name not in excused
    )


def _excused(graph: Graph, run: GraphRun) -> set[str]:
    states = {name: task.state for name, task in run.by_name.items()}
    excused: set[str] = set()
    for task in graph.tasks:  # predecessors come first
        if states.get(task.name) in (None, runs.SKIPPED) and _may_be_skipped(task, states, excused):
            excused.add(task.name)
    return excused


def _may_be_skipped(task: TaskSpec, states: dict[str, str], excused: set[str]) -> bool:
    by_condition = bool(task.condition) and states.get(task.name) == runs.SKIPPED
    return by_condition or any(name in excused for name in task.predecessors)


def _late(environment: "Environment", run: GraphRun) -> str:
    waiting = ", ".join(f"{task.name} {task.state}" for task in run.tasks if task.state in runs.ACTIVE)
    return f"no end after {environment.graph.timeout_minutes} minutes, cancelled: {waiting or 'no task was seen'}"


def require_graph(graph: Graph, environment: "Environment") -> None:
    """Raise DeployError if there is no graph to run."""
    if graph.root is None:
        raise DeployError(
            f"no graph {environment.graph.name} in {names.schema(environment)}",
            f"python -m deploy apply {names.arguments(environment)}",
        )
