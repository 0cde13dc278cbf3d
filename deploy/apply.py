"""From a plan to SQL: every change in one request, with the schedule off.

The root is suspended first and stays so: only a passed smoke run resumes it (see `activation`). A run in progress
goes on with the version of the graph that it started with.
"""

from typing import TYPE_CHECKING

from deploy import names, properties
from deploy.graph import TaskSpec
from deploy.plan import Added, Changed, Plan, Removed
from deploy.sql_text import literal

if TYPE_CHECKING:
    from deploy.requests import Connection
    from ml_pipeline.config import Environment


def apply(connection: "Connection", environment: "Environment", plan: Plan) -> None:
    """Carry out the plan in one request; an empty plan sends none."""
    if not plan.empty:
        connection.run(statements(environment, plan))


def statements(environment: "Environment", plan: Plan) -> list[str]:
    """Return the statements of a plan, in an order in which none meets a graph that forbids it."""
    return [
        *suspension(environment),
        *_free_finalizer(environment, plan),
        *(create_or_alter(environment, change.task) for change in plan.changes if not isinstance(change, Removed)),
        *_drops(environment, plan),
        *_resumptions(environment, plan),
    ]


def suspension(environment: "Environment") -> list[str]:
    """Switch the schedule off; a graph can be changed only then."""
    return [f"ALTER TASK IF EXISTS {names.root(environment)} SUSPEND"]


def activation(environment: "Environment") -> list[str]:
    """Switch the schedule on."""
    return [f"ALTER TASK {names.root(environment)} RESUME"]


def create_or_alter(environment: "Environment", task: TaskSpec) -> str:
    """Make a task what its specification says, whether it is there or not."""
    after = ", ".join(names.named(environment, name) for name in task.predecessors)
    clauses = [
        *properties.clauses(task),
        *([f"FINALIZE = {names.root(environment)}"] if task.finalizes else []),
        *([f"AFTER {after}"] if after else []),
        *([f"WHEN {task.condition}"] if task.condition else []),
    ]
    head = f"CREATE OR ALTER TASK {names.named(environment, task.name)}"
    return "\n  ".join([head, *clauses]) + f"\nAS\n{task.definition}"


def _free_finalizer(environment: "Environment", plan: Plan) -> list[str]:
    """Make room: a graph has one finalizer, so the old one goes before the new one comes."""
    gone = [change.name for change in plan.changes if isinstance(change, Removed) and change.task.finalizes]
    demoted = [
        change.name
        for change in plan.changes
        if isinstance(change, Changed) and change.old.finalizes and not change.task.finalizes
    ]
    return [f"DROP TASK IF EXISTS {names.named(environment, name)}" for name in gone] + [
        f"ALTER TASK {names.named(environment, name)} UNSET FINALIZE" for name in demoted
    ]


def _drops(environment: "Environment", plan: Plan) -> list[str]:
    """Drop removed tasks, successors first; by now no task of the new graph follows them."""
    removed = [change for change in plan.changes if isinstance(change, Removed) and not change.task.finalizes]
    return [f"DROP TASK IF EXISTS {names.named(environment, change.name)}" for change in reversed(removed)]


def _resumptions(environment: "Environment", plan: Plan) -> list[str]:
    """Resume the children: new ones are created suspended, and a suspended one would be skipped as if it had passed."""
    root = plan.graph.root
    new = [change.name for change in plan.changes if isinstance(change, Added) and change.task != root]
    return [f"ALTER TASK {names.named(environment, name)} RESUME" for name in [*new, *plan.resumed]]


def cancellation(environment: "Environment") -> str:
    """Stop the runs of the graph that are going on."""
    return f"SELECT SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS({literal(names.root(environment))})"
