"""From a plan to SQL: every change in as few requests as there can be, with the schedule off at the end.

Whichever backend holds the graph, this is where the two are told apart and where one takes over from the other.
"""

from types import ModuleType

from deploy import names
from deploy.account.sql import literal
from deploy.apply import classic, task_graph, trigger
from deploy.graph.graph import CLASSIC, TASK_GRAPH, Graph
from deploy.plan.plan import Plan, Section
from ml_pipeline.config import Environment

_BACKENDS: dict[str, ModuleType] = {CLASSIC: classic, TASK_GRAPH: task_graph}
_KINDS = {CLASSIC: "TASK", TASK_GRAPH: "TASK GRAPH"}  # of the object that is the graph
# A request's text may have 1 MB, and quotes are doubled twice in it; a new task has two statements.
_LONGEST_REQUEST, _MOST_STATEMENTS = 500_000, 600


def batches(environment: Environment, plan: Plan, *, dropping: bool = True) -> list[list[str]]:
    """Return the statements of a plan, request by request; an empty plan has none."""
    found: list[list[str]] = []
    size = _LONGEST_REQUEST
    for statement in statements(environment, plan, dropping=dropping):
        if size + len(statement) > _LONGEST_REQUEST or len(found[-1]) == _MOST_STATEMENTS:
            found.append([])
            size = 0
        found[-1].append(statement)
        size += len(statement)
    return found


def statements(environment: Environment, plan: Plan, *, dropping: bool = True) -> list[str]:
    """Return the statements of a plan, in order.

    Of several graphs every schedule is off before the first change, those that do not change included: nothing of two
    releases ever runs by itself at the same time. Without `dropping`, the graphs that go stay, with their schedule off.
    """
    if plan.empty:
        return []
    off = [line for each in plan.sections for line in suspension(environment, each.held_by, each.name)]
    changing = plan if dropping else plan.kept
    changes = [line for each in changing.sections if not each.empty for line in _of_graph(environment, each)]
    return [*(off if len(plan.sections) > 1 else []), *changes]


def _of_graph(environment: Environment, plan: Section) -> list[str]:
    changes = _BACKENDS[plan.backend].statements(environment, plan)
    if plan.moved_from == TASK_GRAPH:
        changes = [*task_graph.leaving(environment, plan), *changes]
    elif plan.moved_from == CLASSIC:
        changes = [*classic.leaving(environment, plan), *changes]
    return trigger.around(environment, plan, changes, execution(environment, plan.backend, plan.name, "{}"))


def suspension(environment: Environment, backend: str, graph: str) -> list[str]:
    """Switch the schedule of the graph of this name off, or what starts it in its place."""
    return [*_BACKENDS[backend].suspension(environment, graph), *trigger.suspension(environment, graph)]


def activation(environment: Environment, backend: str, graph: Graph) -> list[str]:
    """Switch one graph's schedule on, or what starts it in its place; nothing if it has neither."""
    if graph.changes_of:
        return trigger.activation(environment, graph.name)
    return [f"ALTER {_KINDS[backend]} {names.named(environment, graph.name)} RESUME"] if graph.scheduled else []


def retry(environment: Environment, backend: str, graph: str, group: str) -> str:
    """Run the last attempt of a run of the graph of this name again, from the tasks that failed."""
    return f"EXECUTE {_KINDS[backend]} {names.named(environment, graph)} RETRY GRAPH RUN GROUP {literal(group)}"


def execution(environment: Environment, backend: str, graph: str, config: str) -> str:
    """Run the graph of this name, as it is committed, once, with this JSON over its CONFIG."""
    return f"EXECUTE {_KINDS[backend]} {names.named(environment, graph)} USING CONFIG = {literal(config)}"
