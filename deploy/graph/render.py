"""From the DAGs that dag/dag.py describes to the graphs that are planned, applied and recorded.

Only public attributes of snowflake.core's DAG and DAGTask are read. What they can say and this deployer would not
deliver is refused, so that nothing of a graph is lost silently.
"""

from typing import TYPE_CHECKING, Any

from deploy.errors import USAGE, DeployError
from deploy.graph import describing, properties
from deploy.graph.graph import Graph, TaskSpec
from ml_pipeline.config import Environment
from ml_pipeline.values import ConfigError

if TYPE_CHECKING:
    from snowflake.core.task.dagv1 import DAG, DAGTask

# What DAGOperation gives the root, which only joins the tasks that have no predecessor of their own.
_ROOT_DEFINITION = "select 'dag dummy root'"
_REFUSED = ("session_parameters", "execute_as_user")


def render(environment: Environment, release: str) -> Graph:
    """Return the graphs of a release, which its digest names, in this environment.

    Raises DeployError for graphs, steps or settings that do not fit together.
    """
    describing.without_clients()
    from dag.graphs import graphs  # snowflake.core takes a second to import

    try:
        found = [from_dag(each) for each in graphs(environment, release)]
    except ConfigError as error:
        cause, _, remedy = str(error).partition("\nnext: ")
        remedy = error.remedy or remedy or "correct it in dag/dag.py, the steps or environments/*.toml"
        raise DeployError(cause, remedy, USAGE) from error
    if not found:
        raise DeployError("dag/dag.py describes no graph", "edit dag/dag.py: `build` returns one or several")
    drawn = {each.name for each in found}
    if missing := [each.name for each in environment.graphs if each.name not in drawn]:
        remedy = f"draw it in dag/dag.py, or take [graphs.{missing[0]}] out of environments/*.toml"
        raise DeployError(f"dag/dag.py describes no graph {missing[0]}, which is configured", remedy)
    tables = {each.name: each.changes_of for each in environment.every_graph}
    return Graph.joined(each.on_change_of(tables.get(each.name, "")) for each in found)


def from_dag(dag: "DAG") -> Graph:
    """Return the tasks of a DAG, normalised. Raises DeployError for what cannot be delivered."""
    finalizer = dag.get_finalizer_task()
    root = TaskSpec(
        name=_upper(dag.name),
        definition=_ROOT_DEFINITION,
        condition=properties.condition(dag.condition or ""),
        properties=_properties(dag, dag.name, root=True),
    )
    return Graph.of(
        [root, *(_child(dag, task, finalizes=root.name if task is finalizer else "") for task in dag.tasks)]
    )


def _child(dag: "DAG", task: "DAGTask", *, finalizes: str) -> TaskSpec:
    text = task.definition
    if not isinstance(text, str):
        to_sql = getattr(text, "to_sql", None)
        if to_sql is None:
            raise DeployError(
                f"the definition of task {task.name} is a Python function: it would be uploaded apart from the release",
                "give it SQL text that imports the release, as the other tasks in dag/dag.py do",
            )
        text = str(to_sql())
    after = sorted(_upper(predecessor.full_name) for predecessor in task.predecessors) or [_upper(dag.name)]
    return TaskSpec(
        name=_upper(task.full_name),
        definition=properties.definition(text),
        predecessors=() if finalizes else tuple(after),
        finalizes=finalizes,
        condition=properties.condition(task.condition or ""),
        properties=_properties(task, task.name),
    )


def _properties(source: Any, name: str, *, root: bool = False) -> tuple[tuple[str, Any], ...]:
    for attribute in _REFUSED:
        if getattr(source, attribute, None):
            raise DeployError(f"task {name}: {attribute} is not supported by this deployer", "edit dag/dag.py")
    found = properties.collect(lambda known: getattr(source, known.attribute, None), root=root)
    return (*found, ("COMMENT", source.comment)) if source.comment else found


def _upper(name: str) -> str:
    """Task names are upper case in Snowflake's own look-up of predecessors, so they are written that way."""
    return name.upper()
