"""The classic backend: the root task is the graph. Every account has it.

A graph changes only while its root is suspended, so the root is suspended first and stays so: only a passed smoke run
resumes it (statements.py). A run in progress goes on with the version of the graph that it started with.
https://docs.snowflake.com/en/user-guide/tasks-graphs
"""

from deploy import names
from deploy.graph import properties
from deploy.graph.graph import TaskSpec
from deploy.graph.properties import drops
from deploy.plan.plan import Section
from ml_pipeline.config import Environment


def statements(environment: Environment, plan: Section) -> list[str]:
    """Return the statements of one graph's plan, in an order in which none meets a graph that forbids it."""
    # A graph has one finalizer, so it goes before the new one comes. After a move no task is the finalizer.
    freed = [] if plan.moved_from else [task for task in plan.removed if task.finalizes]
    removed = [task for task in plan.removed if task not in freed]
    # New children are created suspended, and a suspended one would be skipped as if it had passed.
    new = [task.name for task in (*plan.added, *_demoted(plan)) if task != plan.graph.root]
    return [
        *suspension(environment, plan.name),
        *drops(environment, freed),
        *(line for task in _demoted(plan) for line in _dismissal(environment, task)),
        *(line for task in plan.written for line in properties.statements(environment, task, plan.old(task))),
        *drops(environment, removed),  # by now no task of the new graph follows them
        *(f"ALTER TASK {names.named(environment, name)} RESUME" for name in dict.fromkeys([*new, *plan.resumed])),
    ]


def suspension(environment: Environment, graph: str) -> list[str]:
    """Switch the schedule of the graph of this name off."""
    return [f"ALTER TASK IF EXISTS {names.named(environment, graph)} SUSPEND"]


def leaving(environment: Environment, plan: Section) -> list[str]:
    """Take from the root what makes it the graph, so that another backend can hold it."""
    finalizers = [task for task in plan.before if task.finalizes]
    return [
        *suspension(environment, plan.name),
        *(line for task in finalizers for line in _dismissal(environment, task)),
    ]


def _demoted(plan: Section) -> list[TaskSpec]:
    """Return the finalizer that becomes an ordinary task."""
    demoted = [change.old for change in plan.changed if change.old.finalizes and not change.task.finalizes]
    return [] if plan.moved_from else demoted


def _dismissal(environment: Environment, finalizer: TaskSpec) -> list[str]:
    """Take its place from a finalizer. It is a root of its own then, which nobody may change unless it is suspended."""
    name = names.named(environment, finalizer.name)
    return [f"ALTER TASK {name} SUSPEND", f"ALTER TASK {name} UNSET FINALIZE"]
