"""What a statement that changes a task must observe, beyond the shape of the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.errors import SnowflakeError
from . import graph
from .scheduler import Scheduler
from .spec import Task, suspended

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.names import Name
    from ..kernel.session import Session
    from .graph import Linked


def schema_tasks(session: Session, name: Name) -> Linked:
    """The tasks of the schema in which a task lies, as they are now."""
    return session.account[Scheduler].runs.tasks(name.container)


def detached(thing: Object, task: Task) -> Object:
    """A task that has lost predecessors; one that was resumed and has none left is suspended."""
    freed = suspended("CHILD_BECAME_ROOT") if task.is_root and task.started else {}
    return thing.with_properties(after=list(task.after), finalizes=task.finalizes, **freed)


def check(name: Name, tasks: Linked, task: Task) -> None:
    """A new or changed task must keep the rules, and the graphs that it joins must be suspended.

    Raises:
        SnowflakeError: naming the rule.

    """
    graph.check(tasks, task)
    if tasks.started:
        changed = tasks.copy()
        changed.put(task)
        require_suspended(name, changed, task.name)


def require_suspended(name: Name, tasks: Linked, member: str) -> None:
    """The root of a task's graph must be suspended.

    Raises:
        SnowflakeError: 091421.

    """
    for root in sorted(graph.roots(tasks, member) & tasks.started) if tasks.started else ():
        text = f"Unable to update graph with root task {name.sibling(root)} since that root task is not suspended."
        raise SnowflakeError(text, "091421", "22000")
