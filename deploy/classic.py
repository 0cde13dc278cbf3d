"""The classic backend: the root task is the graph. Every account has it.

A graph changes only while its root is suspended, so the root is suspended first and stays so: only a passed smoke run
resumes it (see `activation`). A run in progress goes on with the version of the graph that it started with.
https://docs.snowflake.com/en/user-guide/tasks-graphs
"""

from typing import TYPE_CHECKING

from deploy import names
from deploy.graph import TaskSpec
from deploy.plan import Plan
from deploy.sql_text import literal
from deploy.task_sql import create_or_alter, drops

if TYPE_CHECKING:
    from ml_pipeline.config import Environment


def statements(environment: "Environment", plan: Plan) -> list[str]:
    """Return the statements of a plan, in an order in which none meets a graph that forbids it."""
    removed = [task for task in plan.removed if not task.finalizes]
    return [
        *suspension(environment),
        *_free_finalizer(environment, plan),
        *(create_or_alter(environment, task) for task in plan.written),
        *drops(environment, removed),  # by now no task of the new graph follows them
        *_resumptions(environment, plan),
    ]


def suspension(environment: "Environment") -> list[str]:
    """Switch the schedule off."""
    return [f"ALTER TASK IF EXISTS {names.root(environment)} SUSPEND"]


def activation(environment: "Environment") -> list[str]:
    """Switch the schedule on."""
    return [f"ALTER TASK {names.root(environment)} RESUME"]


def execution(environment: "Environment", config: str) -> str:
    """Run the graph once, with this JSON over its CONFIG."""
    return f"EXECUTE TASK {names.root(environment)} USING CONFIG = {literal(config)}"


def leaving(environment: "Environment", finalizers: list[TaskSpec]) -> list[str]:
    """Take from the root what makes it the graph, so that another backend can hold it."""
    return [*suspension(environment), *(_unset_finalize(environment, task) for task in finalizers)]


def _free_finalizer(environment: "Environment", plan: Plan) -> list[str]:
    """Make room: a graph has one finalizer, so the old one goes before the new one comes."""
    if plan.moved_from:
        return []
    gone = [task for task in plan.removed if task.finalizes]
    demoted = [change.old for change in plan.changed if change.old.finalizes and not change.task.finalizes]
    return [*drops(environment, gone), *(_unset_finalize(environment, task) for task in demoted)]


def _unset_finalize(environment: "Environment", task: TaskSpec) -> str:
    return f"ALTER TASK {names.named(environment, task.name)} UNSET FINALIZE"


def _resumptions(environment: "Environment", plan: Plan) -> list[str]:
    """Resume the children: new ones are created suspended, and a suspended one would be skipped as if it had passed."""
    new = [task.name for task in plan.added if task != plan.graph.root]
    return [f"ALTER TASK {names.named(environment, name)} RESUME" for name in [*new, *plan.resumed]]
