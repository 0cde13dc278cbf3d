"""From a plan to SQL: every change in as few requests as there can be, with the schedule off at the end.

Whichever backend holds the graph, this is where the two are told apart and where one takes over from the other.
"""

from types import ModuleType

from deploy import names
from deploy.account.sql import literal
from deploy.apply import classic, task_graph, trigger
from deploy.graph.graph import CLASSIC, TASK_GRAPH, Graph
from deploy.plan.plan import Plan
from ml_pipeline.config import Environment

_BACKENDS: dict[str, ModuleType] = {CLASSIC: classic, TASK_GRAPH: task_graph}
_KINDS = {CLASSIC: "TASK", TASK_GRAPH: "TASK GRAPH"}  # of the object that is the graph
# A request's text may have 1 MB, and quotes are doubled twice in it; a new task has two statements.
_LONGEST_REQUEST, _MOST_STATEMENTS = 500_000, 600


def batches(environment: Environment, plan: Plan) -> list[list[str]]:
    """Return the statements of a plan, request by request; an empty plan has none."""
    found: list[list[str]] = []
    size = _LONGEST_REQUEST
    for statement in [] if plan.empty else statements(environment, plan):
        if size + len(statement) > _LONGEST_REQUEST or len(found[-1]) == _MOST_STATEMENTS:
            found.append([])
            size = 0
        found[-1].append(statement)
        size += len(statement)
    return found


def statements(environment: Environment, plan: Plan) -> list[str]:
    """Return the statements of a plan, in order."""
    changes = _BACKENDS[plan.backend].statements(environment, plan)
    if plan.moved_from == TASK_GRAPH:
        changes = [*task_graph.leaving(environment), *changes]
    elif plan.moved_from == CLASSIC:
        changes = [*classic.leaving(environment, [task for task in plan.before if task.finalizes]), *changes]
    return trigger.around(environment, plan, changes, execution(environment, plan.backend, "{}"))


def suspension(environment: Environment, backend: str) -> list[str]:
    """Switch the schedule off, or what starts the graph in its place."""
    return [*_BACKENDS[backend].suspension(environment), *trigger.suspension(environment)]


def activation(environment: Environment, backend: str, graph: Graph) -> list[str]:
    """Switch the graph's schedule on, or what starts it in its place; nothing if it has neither."""
    if graph.changes_of:
        return trigger.activation(environment)
    return [f"ALTER {_KINDS[backend]} {names.root(environment)} RESUME"] if graph.scheduled else []


def retry(environment: Environment, backend: str, group: str) -> str:
    """Run the last attempt of a graph run again, from the tasks that failed."""
    return f"EXECUTE {_KINDS[backend]} {names.root(environment)} RETRY GRAPH RUN GROUP {literal(group)}"


def execution(environment: Environment, backend: str, config: str) -> str:
    """Run the graph, as it is committed, once, with this JSON over its CONFIG."""
    return f"EXECUTE {_KINDS[backend]} {names.root(environment)} USING CONFIG = {literal(config)}"
