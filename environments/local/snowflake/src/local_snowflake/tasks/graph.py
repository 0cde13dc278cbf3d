"""The shape of task graphs and the rules for it; pure functions over the tasks of one schema.

https://docs.snowflake.com/en/user-guide/tasks-graphs
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..kernel.errors import SnowflakeError, invalid
from . import condition
from .spec import NO_OVERLAP, Task

Tasks = Mapping[str, Task]
MOST_TASKS, MOST_PREDECESSORS, MOST_CHILDREN = 1000, 100, 100


class Linked(dict[str, Task]):
    """Tasks by bare name that know their children, finalizers and resumed roots without looking at every task.

    Attributes:
        children: a predecessor's name to the names of the tasks after it, in the order of names.
        finalizers: a root's name to its finalizer's.
        started: names of the root tasks that are resumed.

    """

    def __init__(self, tasks: Iterable[Task] = ()) -> None:
        super().__init__()
        self.children: dict[str, tuple[str, ...]] = {}
        self.finalizers: dict[str, str] = {}
        self.started: set[str] = set()
        for task in tasks:
            self.put(task)

    def put(self, task: Task) -> None:
        """Add a task, or put it in the place of the one with its name."""
        self.drop(task.name)
        self[task.name] = task
        for predecessor in task.after:
            self.children[predecessor] = tuple(sorted((*self.children.get(predecessor, ()), task.name)))
        if task.finalizes:
            self.finalizers[task.finalizes] = task.name
        if task.started and task.is_root:
            self.started.add(task.name)

    def drop(self, name: str) -> None:
        """Leave a task out; one that is not there is no error."""
        old = self.pop(name, None)
        for predecessor in old.after if old else ():
            self.children[predecessor] = tuple(n for n in self.children[predecessor] if n != name)
        if old and old.finalizes and self.finalizers.get(old.finalizes) == name:
            del self.finalizers[old.finalizes]
        self.started.discard(name)

    def copy(self) -> Linked:
        """The same tasks, unaware of what happens to these."""
        new = Linked()
        new.update(self)
        new.children, new.finalizers, new.started = dict(self.children), dict(self.finalizers), set(self.started)
        return new


def linked(tasks: Tasks) -> Linked:
    """The tasks with their links."""
    return tasks if isinstance(tasks, Linked) else Linked(tasks.values())


def finalizer(tasks: Tasks, root: str) -> str | None:
    """The root's finalizer."""
    return linked(tasks).finalizers.get(root)


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
    known = linked(tasks)
    last = known.finalizers.get(name)
    if not recursive:
        return [name, *known.children.get(name, ()), *([last] if last else [])]
    found, todo = {name: None}, deque([name])
    while todo:
        fresh = [c for c in known.children.get(todo.popleft(), ()) if c not in found]
        found.update(dict.fromkeys(fresh))
        todo.extend(fresh)
    return [*found, *([last] if last else [])]


def without(tasks: Tasks, name: str) -> Linked:
    """The tasks without one, which is no predecessor and no finalized root any more."""
    found = linked(tasks).copy()
    for freed in freed_by(tasks, name):
        found.put(freed)
    found.drop(name)
    return found


def freed_by(tasks: Tasks, name: str) -> list[Task]:
    """The tasks that change when one is taken out: its children and its finalizer, without it."""
    _, *others = below(tasks, name, recursive=False)
    return [_let_go(tasks[other], name) for other in others]


def _let_go(task: Task, name: str) -> Task:
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
    # An edge that was there breaks no rule, and a graph of a thousand tasks is defined again task by task.
    old = tasks.get(task.name)
    if old is None or (old.finalizes, {*old.after}) != (task.finalizes, {*task.after}):
        _check_links(tasks, task)


def _check_links(tasks: Tasks, task: Task) -> None:
    known = linked(tasks)
    # What is new is nobody's predecessor yet.
    if task.name in known and _reaches_itself(known, task):
        raise invalid(f"Task '{task.name}' cannot come after itself: its predecessors form a cycle.")
    for predecessor in task.after:
        if len({*known.children.get(predecessor, ()), task.name}) > MOST_CHILDREN:
            raise invalid(f"Task '{predecessor}' has more than {MOST_CHILDREN} child tasks.")
    if len(known) + (task.name not in known) > MOST_TASKS:
        _check_size(known, task)


def _check_size(known: Linked, task: Task) -> None:
    changed = known.copy()
    changed.put(task)
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
    if condition.reads_states(task.condition) and not task.after:
        raise invalid(f"WHEN asks for the state of the predecessors, and task '{task.name}' has none.")
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
    if linked(tasks).children.get(task.name):
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
