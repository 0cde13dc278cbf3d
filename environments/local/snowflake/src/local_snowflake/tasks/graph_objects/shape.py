"""Which tasks a task graph object has, and what they must observe; pure functions over the tasks of one schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...kernel.errors import SnowflakeError, invalid
from .. import graph
from ..spec import NO_OVERLAP, Task

if TYPE_CHECKING:
    from ..graph import Tasks
    from .spec import TaskGraph

_GRAPH_WIDE = ("TASK_AUTO_RETRY_ATTEMPTS", "SUSPEND_TASK_AFTER_NUM_FAILURES")


def member_names(tasks: Tasks, wanted: TaskGraph) -> list[str]:
    """The bare names of a graph's members, the root first and the finalizer last; none without a root."""
    if wanted.root not in tasks:
        return []
    last = wanted.finalizer if wanted.finalizer in tasks else None
    inner = [name for name in graph.below(tasks, wanted.root) if name != last and not tasks[name].finalizes]
    return [*inner, *([last] if last else [])]


def members(tasks: Tasks, wanted: TaskGraph) -> dict[str, Task]:
    """The members of a graph that can be committed.

    Raises:
        SnowflakeError: naming the rule that the graph breaks.

    """
    if wanted.root is None:
        raise invalid(f"Task graph '{wanted.name}' has no root task: set ROOTS = ( <task> ).")
    check_named(tasks, wanted)
    _check_finalizers(tasks, wanted)
    names = member_names(tasks, wanted)
    graph.check_whole(tasks, wanted.root, names)
    if len(names) > graph.MOST_TASKS:
        raise invalid(f"Task graph '{wanted.name}' has more than {graph.MOST_TASKS} tasks.")
    return {name: tasks[name] for name in names}


def check_named(tasks: Tasks, wanted: TaskGraph) -> None:
    """The tasks that ROOTS and FINALIZER name must be there and fit.

    Raises:
        SnowflakeError: 091085 for a task that is not there; 001008 for one that does not fit.

    """
    for what, name in (("root", wanted.root), ("finalizer", wanted.finalizer)):
        if name is None:
            continue
        task = tasks.get(name)
        if task is None or task.owner != wanted.owner:
            raise SnowflakeError(f"Invalid {what} task {name} was specified.", "091085", "42601")
        if task.after or (task.finalizes and what == "root"):
            raise invalid(f"Task '{name}' has predecessors, so it cannot be the {what} task of '{wanted.name}'.")
        _check_plain(task, wanted.name)
    if wanted.finalizer and wanted.finalizer == wanted.root:
        raise invalid(f"Task '{wanted.root}' cannot be the root and the finalizer task of '{wanted.name}'.")


def _check_plain(task: Task, owner: str) -> None:
    """What is graph-wide belongs to the graph object."""
    given = {
        "SCHEDULE": task.schedule,
        "CONFIG": task.config,
        "OVERLAP_POLICY": task.overlap_policy != NO_OVERLAP,
        **{name: name in task.parameters for name in _GRAPH_WIDE},
    }
    for what, is_set in given.items():
        if is_set:
            raise invalid(f"{what} is set on task '{task.name}': set it on task graph '{owner}', which the task is in.")
    if task.started and task.is_root:
        raise invalid(f"Task '{task.name}' is resumed: suspend it before it is a part of task graph '{owner}'.")


def _check_finalizers(tasks: Tasks, wanted: TaskGraph) -> None:
    last, other = wanted.finalizer, graph.finalizer(tasks, wanted.root or "")
    if other and other != last:
        raise invalid(f"Task '{other}' finalizes '{wanted.root}': name it as FINALIZER of task graph '{wanted.name}'.")
    if last and tasks[last].finalizes not in {None, wanted.root}:
        raise invalid(f"Task '{last}' finalizes another root task than that of task graph '{wanted.name}'.")
    if last and graph.linked(tasks).children.get(last):
        raise invalid(f"Task '{last}' has child tasks, so it cannot be a finalizer task.")
