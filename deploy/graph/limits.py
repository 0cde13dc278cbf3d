"""What Snowflake would refuse of a task graph, found offline and all at once.

https://docs.snowflake.com/en/user-guide/tasks-graphs and https://docs.snowflake.com/en/sql-reference/sql/create-task
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from deploy.account.sql import identifier
from deploy.graph import rules as cron
from deploy.graph.graph import Graph, TaskSpec, Value

TASKS, PREDECESSORS, SUCCESSORS = 1000, 100, 100
_ONLY_ON_THE_ROOT = ("SCHEDULE", "CONFIG", "OVERLAP_POLICY", "TASK_AUTO_RETRY_ATTEMPTS")
_SECONDS = {"SECOND": 1, "MINUTE": 60}
_SHORTEST_INTERVAL, _LONGEST_INTERVAL = 10, 8 * 24 * 60 * 60
_SHOWN = 60  # characters of a name that is too long


class Range(NamedTuple):
    """The least and the most that a property may be; `most` is None where only the least is documented."""

    least: int
    most: int | None


RANGES = {
    "USER_TASK_TIMEOUT_MS": Range(0, 604_800_000),
    "SUSPEND_TASK_AFTER_NUM_FAILURES": Range(0, None),
    "TASK_AUTO_RETRY_ATTEMPTS": Range(0, 30),
}

Problems = Iterator[str]


def limits(graph: Graph) -> tuple[str, ...]:
    """Return everything that is wrong with a graph, a line each; nothing for one that Snowflake would take."""
    rules: tuple[Callable[[Graph], Problems], ...] = (_size, _ends, _edges, _finalizer)
    each: tuple[Callable[[TaskSpec], Problems], ...] = (_name, _placed, _ranges, _schedule)
    of_graph = (problem for rule in rules for problem in rule(graph))
    of_tasks = (problem for task in graph.tasks for rule in each for problem in rule(task))
    return (*of_graph, *of_tasks)


def _size(graph: Graph) -> Problems:
    yield from _too_many([task.name for task in graph.tasks], TASKS, "tasks")


def _too_many(names: list[str], most: int, what: str) -> Problems:
    if len(names) > most:
        yield f"{len(names)} {what}, at most {most}: {_short(names[most])} is one too many"


def _ends(graph: Graph) -> Problems:
    roots = [task.name for task in graph.tasks if not task.predecessors and not task.finalizes]
    finalizers = [task.name for task in graph.tasks if task.finalizes]
    if graph.tasks and not roots:
        yield "no task is without predecessors: a task graph needs a root"
    if len(roots) > 1:
        yield f"{len(roots)} root tasks, a task graph has one: {', '.join(roots)}"
    if len(finalizers) > 1:
        yield f"{len(finalizers)} finalizer tasks, a task graph has one at most: {', '.join(finalizers)}"


def _edges(graph: Graph) -> Problems:
    successors: dict[str, list[str]] = {task.name: [] for task in graph.tasks}
    for task in graph.tasks:
        yield from _too_many(list(task.predecessors), PREDECESSORS, f"predecessors of {_short(task.name)}")
        for predecessor in task.predecessors:
            if predecessor in successors:
                successors[predecessor].append(task.name)
            else:
                yield f"{_short(task.name)} comes after {_short(predecessor)}, which is no task of this graph"
    for name, after in successors.items():
        yield from _too_many(after, SUCCESSORS, f"successors of {_short(name)}")


def _finalizer(graph: Graph) -> Problems:
    finalizers = {task.name for task in graph.tasks if task.finalizes}
    for task in graph.tasks:
        if task.finalizes and task.predecessors:
            yield f"the finalizer {task.name} has predecessors, which it must not: {', '.join(task.predecessors)}"
        for predecessor in finalizers.intersection(task.predecessors):
            yield f"{task.name} comes after the finalizer {predecessor}, after which nothing may come"


def _name(task: TaskSpec) -> Problems:
    try:
        identifier(task.name)
    except ValueError:
        yield f"not the name of a task (1 to 255 characters, no NUL): {_short(task.name)!r}"


def _placed(task: TaskSpec) -> Problems:
    if not task.predecessors and not task.finalizes:
        return
    for name in _ONLY_ON_THE_ROOT:
        if name in dict(task.properties):
            yield f"{task.name} has {name}, which only the root task may have"


def _ranges(task: TaskSpec) -> Problems:
    values = dict(task.properties)
    for name, allowed in RANGES.items():
        if name in values and not _within(values[name], allowed):
            most = "" if allowed.most is None else f" to {allowed.most}"
            yield f"{task.name}: {name} is {values[name]}, it must be a whole number from {allowed.least}{most}"


def _within(value: Value, allowed: Range) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and allowed.least <= int(value) and (allowed.most is None or int(value) <= allowed.most)


def _schedule(task: TaskSpec) -> Problems:
    schedule = str(dict(task.properties).get("SCHEDULE", ""))
    if schedule.startswith(cron.PREFIX):
        try:
            cron.parse(schedule)
        except ValueError as error:
            yield f'schedule "{schedule}": {error}'
    elif schedule:
        yield from _interval(schedule)


def _interval(schedule: str) -> Problems:
    number, unit = schedule.split()
    if not _SHORTEST_INTERVAL <= int(number) * _SECONDS[unit] <= _LONGEST_INTERVAL:
        yield f'schedule "{schedule}": an interval lies between 10 SECOND and 8 days (11520 MINUTE)'


def _short(name: str) -> str:
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."
