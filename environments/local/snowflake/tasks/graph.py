"""The shape of task graphs and the rules for it; pure functions over the tasks of one schema.

https://docs.snowflake.com/en/user-guide/tasks-graphs
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..errors import SnowflakeError, invalid
from .spec import NO_OVERLAP, Task

Tasks = Mapping[str, Task]
MOST_TASKS, MOST_PREDECESSORS, MOST_CHILDREN = 1000, 100, 100


def children(tasks: Tasks) -> dict[str, list[str]]:
    """Task name to the names of the tasks that come after it."""
    found: dict[str, list[str]] = {name: [] for name in tasks}
    for task in tasks.values():
        for predecessor in task.after:
            if predecessor in found:
                found[predecessor].append(task.name)
    return found


def finalizer(tasks: Tasks, root: str) -> str | None:
    """The root's finalizer."""
    return next((task.name for task in tasks.values() if task.finalizes == root), None)


def roots(tasks: Tasks, name: str) -> set[str]:
    """The root tasks that a task hangs on; itself when it is a root."""
    found, todo, seen = set(), [name], {name}
    while todo:
        task = tasks[todo.pop()]
        above = [p for p in (*task.after, task.finalizes) if p in tasks]
        if not above:
            found.add(task.name)
        todo += [p for p in above if p not in seen]
        seen.update(above)
    return found


def below(tasks: Tasks, name: str, *, recursive: bool = True) -> list[str]:
    """The task, the tasks after it (all of them, or only the next ones) and its finalizer; nearest first."""
    after = children(tasks)
    last = finalizer(tasks, name)
    if not recursive:
        return [name, *after[name], *([last] if last else [])]
    found, todo = {name: None}, deque([name])
    while todo:
        fresh = [c for c in after[todo.popleft()] if c not in found]
        found.update(dict.fromkeys(fresh))
        todo.extend(fresh)
    return [*found, *([last] if last else [])]


def without(tasks: Tasks, name: str) -> dict[str, Task]:
    """The tasks without one, which is no predecessor and no finalized root any more."""
    return {other.name: _let_go(other, name) for other in tasks.values() if other.name != name}


def _let_go(task: Task, name: str) -> Task:
    if name not in task.after and name != task.finalizes:
        return task
    finalizes = None if task.finalizes == name else task.finalizes
    return replace(task, after=tuple(p for p in task.after if p != name), finalizes=finalizes)


def check(tasks: Tasks, task: Task) -> None:
    """The rules for one task, new or changed, among the other tasks of its schema.

    Raises:
        SnowflakeError: naming the rule.

    """
    _check_alone(task)
    for predecessor in task.after:
        _check_predecessor(tasks, task, predecessor)
    if task.finalizes:
        _check_finalizer(tasks, task)
    changed = {**tasks, task.name: task}
    after = children(changed)
    if _reaches_itself(changed, task):
        raise invalid(f"Task '{task.name}' cannot come after itself: its predecessors form a cycle.")
    for predecessor in task.after:
        if len(after[predecessor]) > MOST_CHILDREN:
            raise invalid(f"Task '{predecessor}' has more than {MOST_CHILDREN} child tasks.")
    for root in roots(changed, task.name):
        if len(below(changed, root)) > MOST_TASKS:
            raise invalid(f"The graph with root task '{root}' has more than {MOST_TASKS} tasks.")


def check_whole(tasks: Tasks, root: str, members: Iterable[str]) -> None:
    """The rules for a graph as one: no other root leads into it, and one role owns it.

    Raises:
        SnowflakeError: 091088 for a second root; 001008 for another owner.

    """
    inside = set(members)
    for name in inside:
        # A predecessor that the root does not lead to hangs on another root.
        if any(p in tasks and p not in inside for p in tasks[name].after):
            raise invalid("The graph has more than one root task (one without predecessors).", "091088", "42601")
        if tasks[name].owner != tasks[root].owner:
            raise invalid(f"Task '{name}' does not have the owner of root task '{root}'.")


def _check_alone(task: Task) -> None:
    if len(task.after) > MOST_PREDECESSORS:
        raise invalid(f"Task '{task.name}' has more than {MOST_PREDECESSORS} predecessors.")
    if task.after and task.finalizes:
        raise invalid(f"Finalizer task '{task.name}' cannot have predecessors.")
    if task.is_root:
        return
    for what, given in (
        ("SCHEDULE", task.schedule),
        ("CONFIG", task.config),
        ("OVERLAP_POLICY", task.overlap_policy != NO_OVERLAP),
        ("TASK_AUTO_RETRY_ATTEMPTS", "TASK_AUTO_RETRY_ATTEMPTS" in task.parameters),
    ):
        if given:
            raise invalid(f"{what} can only be set on a root task, and task '{task.name}' is not one.")


def _check_predecessor(tasks: Tasks, task: Task, name: str) -> None:
    predecessor = tasks.get(name)
    if predecessor is None or predecessor.owner != task.owner or name == task.name:
        raise SnowflakeError(f"Invalid predecessor {name} was specified.", "091085", "42601")
    if predecessor.finalizes:
        raise invalid(f"Finalizer task '{name}' cannot have child tasks.")


def _check_finalizer(tasks: Tasks, task: Task) -> None:
    root = tasks.get(task.finalizes or "")
    if root is None or root.owner != task.owner or not root.is_root or root.name == task.name:
        raise invalid(f"Invalid finalized root task {task.finalizes} was specified.")
    other = finalizer(tasks, root.name)
    if other not in {None, task.name}:
        raise invalid(f"Root task '{root.name}' has the finalizer task '{other}' already.")
    if children(tasks).get(task.name):
        raise invalid(f"Task '{task.name}' has child tasks, so it cannot be a finalizer task.")


def _reaches_itself(tasks: Tasks, task: Task) -> bool:
    seen: set[str] = set()
    todo = list(task.after)
    while todo:
        name = todo.pop()
        if name == task.name:
            return True
        if name not in seen:
            seen.add(name)
            todo += tasks[name].after if name in tasks else ()
    return False
