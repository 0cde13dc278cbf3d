"""The task_graph backend: Snowflake's TASK GRAPH object holds the graph together, where an account has it.

Edits are staged, without suspending anything, until COMMIT swaps them in at once; until then the committed version
runs. The graph's schedule is off only from that swap to the end of the smoke run, since it must not start a version
that nobody has seen to work.
https://docs.snowflake.com/user-guide/task-graph-object
"""

from typing import TYPE_CHECKING

from deploy import names
from deploy.account.sql import literal
from deploy.graph import properties, task_sql
from deploy.graph.graph import TaskSpec
from deploy.graph.task_sql import drops
from deploy.plan.plan import Plan

if TYPE_CHECKING:
    from ml_pipeline.config import Environment

# What the graph says, so that its tasks do not.
_GRAPHS_OWN = frozenset({*properties.GRAPH_WIDE, "FINALIZE"})


def statements(environment: "Environment", plan: Plan) -> list[str]:
    """Return the statements of a plan: stage, swap, then drop what is no member any more."""
    if plan.graph.root is None:
        return [*leaving(environment), *drops(environment, plan.removed)]
    return [
        *(line for task in plan.written for line in _member(environment, plan, task)),
        *_severances(environment, plan),
        _graph(environment, plan),
        *suspension(environment),
        f"ALTER TASK GRAPH {names.root(environment)} COMMIT",
        *drops(environment, plan.removed),
    ]


def suspension(environment: "Environment") -> list[str]:
    """Switch the schedule off."""
    return [f"ALTER TASK GRAPH IF EXISTS {names.root(environment)} SUSPEND"]


def activation(environment: "Environment") -> list[str]:
    """Switch the schedule on."""
    return [f"ALTER TASK GRAPH {names.root(environment)} RESUME"]


def execution(environment: "Environment", config: str) -> str:
    """Run the committed graph once, with this JSON over its CONFIG."""
    return f"EXECUTE TASK GRAPH {names.root(environment)} USING CONFIG = {literal(config)}"


def leaving(environment: "Environment") -> list[str]:
    """Take the object away; its members stay as ordinary tasks."""
    return [*suspension(environment), f"DROP TASK GRAPH IF EXISTS {names.root(environment)}"]


def _member(environment: "Environment", plan: Plan, task: TaskSpec) -> list[str]:
    own = {*_GRAPHS_OWN, "WHEN", "COMMENT"} if task == plan.graph.root else {"FINALIZE"}
    return task_sql.statements(environment, plan, task, without=own)


def _severances(environment: "Environment", plan: Plan) -> list[str]:
    """Take removed tasks out of the graph: a member of the committed version cannot be dropped."""
    return [
        f"ALTER TASK {names.named(environment, task.name)} REMOVE AFTER "
        + ", ".join(names.named(environment, name) for name in task.predecessors)
        for task in plan.removed
        if task.predecessors
    ]


def _graph(environment: "Environment", plan: Plan) -> str:
    root = plan.graph.root
    name = names.root(environment)
    finalizer = next((task.name for task in plan.graph.tasks if task.finalizes), "")
    clauses = [
        f"ROOTS = ({name})",
        *([f"FINALIZER = {names.named(environment, finalizer)}"] if finalizer else []),
        *properties.graph_clauses(root),
        *([f"WHEN {root.condition}"] if root.condition else []),
    ]
    return "\n  ".join([f"CREATE OR ALTER TASK GRAPH {name}", *clauses])
