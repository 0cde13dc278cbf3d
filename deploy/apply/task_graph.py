"""The task_graph backend: Snowflake's TASK GRAPH object holds the graph together, where an account has it.

Edits are staged, without suspending anything, until COMMIT swaps them in at once; until then the committed version
runs. The graph's schedule is off only from that swap to the end of the smoke run, since it must not start a version
that nobody has seen to work.
https://docs.snowflake.com/user-guide/task-graph-object
"""

from deploy import names
from deploy.graph import properties
from deploy.graph.properties import drops
from deploy.plan.plan import Section
from ml_pipeline.config import Environment

# The clauses in the order of their page: https://docs.snowflake.com/en/sql-reference/sql/create-task-graph
_ORDER = (
    "SCHEDULE",
    "ROOTS",
    "FINALIZER",
    "OVERLAP_POLICY",
    "ERROR_INTEGRATION",
    "CONFIG",
    "TASK_AUTO_RETRY_ATTEMPTS",
    "SUSPEND_TASK_AFTER_NUM_FAILURES",
    "COMMENT",
    "WHEN",
)
# What the graph says, so that its tasks do not.
_GRAPHS_OWN = frozenset({*properties.GRAPH_WIDE, "FINALIZE"})


def statements(environment: Environment, plan: Section) -> list[str]:
    """Return the statements of one graph's plan: stage, swap, then drop the tasks that are no longer members."""
    root = plan.graph.root
    if root is None:
        return [*leaving(environment, plan), *drops(environment, plan.removed)]
    found = []
    for task in plan.written:
        own = {*_GRAPHS_OWN, "WHEN", "COMMENT"} if task == root else {"FINALIZE"}
        found += properties.statements(environment, task, plan.old(task), without=own)
    for task in plan.removed:  # a member of the committed version cannot be dropped
        if before := ", ".join(names.named(environment, name) for name in task.predecessors):
            found.append(f"ALTER TASK {names.named(environment, task.name)} REMOVE AFTER {before}")
    whole = names.named(environment, plan.name)
    finalizer = next((task.name for task in plan.graph.tasks if task.finalizes), "")
    clauses = [
        f"ROOTS = ({whole})",
        *([f"FINALIZER = {names.named(environment, finalizer)}"] if finalizer else []),
        *properties.graph_clauses(root),
        *([f"WHEN {root.condition}"] if root.condition else []),
    ]
    clauses.sort(key=lambda clause: _ORDER.index(clause.split()[0]))
    graph = "\n  ".join([f"CREATE OR ALTER TASK GRAPH {whole}", *clauses])
    commit = f"ALTER TASK GRAPH {whole} COMMIT"
    return [*found, graph, *suspension(environment, plan.name), commit, *drops(environment, plan.removed)]


def suspension(environment: Environment, graph: str) -> list[str]:
    """Switch the schedule of the graph of this name off."""
    return [f"ALTER TASK GRAPH IF EXISTS {names.named(environment, graph)} SUSPEND"]


def leaving(environment: Environment, plan: Section) -> list[str]:
    """Take the object away; its members stay as ordinary tasks."""
    name = names.named(environment, plan.name)
    return [*suspension(environment, plan.name), f"DROP TASK GRAPH IF EXISTS {name}"]
