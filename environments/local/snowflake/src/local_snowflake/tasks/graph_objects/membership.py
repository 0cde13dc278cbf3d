"""Which task graph object a task belongs to, and what a member of one refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...kernel.errors import SnowflakeError, invalid
from ..rules import schema_tasks
from ..scheduler import Scheduler
from . import shape
from .spec import WORD, TaskGraph

if TYPE_CHECKING:
    from ...kernel.catalogue import Object
    from ...kernel.names import Name
    from ...kernel.session import Session


def refuse_own_life(session: Session, task: Name, what: str) -> None:
    """A member is not resumed, suspended or executed on its own.

    Args:
        session: whose statement it is.
        task: the task.
        what: what the statement does: RESUME, SUSPEND or EXECUTE.

    Raises:
        SnowflakeError: 091421, naming the graph.

    """
    graph = graph_of(session, task)
    if graph:
        how = f"EXECUTE TASK GRAPH {graph}" if what == "EXECUTE" else f"ALTER TASK GRAPH {graph} {what}"
        text = f"Task {task} is a member of task graph {graph} and runs with it: {how} instead."
        raise SnowflakeError(text, "091421", "22000")


def refuse_committed(session: Session, task: Name) -> None:
    """A task of a committed version can be neither dropped nor replaced.

    Raises:
        SnowflakeError: 091421, naming the graph and the way out.

    """
    graph = session.account[Scheduler].committed.graph_of(task)
    if graph:
        text = (
            f"Task {task} is in the committed version of task graph {graph.name}: "
            f"take it out of the graph, ALTER TASK GRAPH {graph.name} COMMIT, then drop it."
        )
        raise SnowflakeError(text, "091421", "22000")


def graph_of(session: Session, task: Name) -> Name | None:
    """The graph object that a task is in, as it was committed or is now."""
    found = session.account[Scheduler].committed.graph_of(task)
    if found:
        return found.name
    graphs = session.account.catalogue.of(WORD, task.container)
    tasks = schema_tasks(session, task) if graphs else {}
    return next((g.name for g in graphs if task.name in shape.member_names(tasks, TaskGraph.of(g))), None)


def check_declared(session: Session, thing: Object) -> None:
    """The tasks that a new or changed graph names must be there, and in no other graph.

    Raises:
        SnowflakeError: naming the rule.

    """
    wanted = TaskGraph.of(thing)
    shape.check_named(schema_tasks(session, thing.name), wanted)
    for other in session.account.catalogue.of(WORD, thing.name.container):
        held = TaskGraph.of(other)
        shared = {wanted.root, wanted.finalizer} & {held.root, held.finalizer} - {None}
        if shared and other.name != thing.name:
            raise invalid(f"Task '{shared.pop()}' is in task graph {other.name} already.")
