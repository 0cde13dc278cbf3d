"""What a run showed: task by task, judged by the graph that it was a run of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy.graph.graph import Graph, TaskSpec
from deploy.smoke import runs
from deploy.smoke.runs import GraphRun

# A condition that asks how the predecessors ended: of a task where branches join again.
_JOINS = "SYSTEM$PREDECESSORS_STATE"


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


@dataclass(frozen=True)
class Verdicts:
    """What the runs of a release's graphs showed, by graph, in the order in which they ran."""

    each: Mapping[str, Verdict] = field(default_factory=dict)

    def and_then(self, graph: str, verdict: Verdict) -> "Verdicts":
        """Return these, and that of one more graph."""
        return Verdicts({**self.each, graph: verdict})

    @property
    def passed(self) -> bool:
        """Whether every task of every graph did what it should."""
        return not self.reasons

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why they did not pass."""
        return tuple(reason for verdict in self.each.values() for reason in verdict.reasons)

    @property
    def seconds(self) -> float:
        """How long they took together."""
        return sum(verdict.seconds for verdict in self.each.values())

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values: tasks by their names, which are different in all graphs of a schema."""
        verdicts = self.each.values()
        return {
            "runs": {graph: verdict.run.group for graph, verdict in self.each.items()},
            "passed": self.passed,
            "reasons": list(self.reasons),
            "seconds": round(self.seconds, 1),
            "polls": sum(verdict.polls for verdict in verdicts),
            "tasks": {task.name: task.to_dict() for verdict in verdicts for task in verdict.run.tasks},
            "log": [line for verdict in verdicts for line in verdict.log],
        }


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
