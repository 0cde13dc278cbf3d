"""What is looked at before the first write: whether the graph can be, and whether the role may do all that it takes.

Each check names everything that is wrong, so that one round mends it all.
"""

from collections.abc import Sequence
from datetime import datetime

from deploy import names
from deploy.account.gathering import Answers, Rows
from deploy.account.sql import identifier, like, literal, qualified
from deploy.errors import DeployError, listed
from deploy.graph import rules
from deploy.graph.graph import Graph
from deploy.setup import grants
from ml_pipeline.config import Environment
from ml_pipeline.parameters import OF_TASKS


def check_graph(graph: Graph, environment: Environment, now: datetime) -> None:
    """Raise DeployError for a graph that Snowflake would refuse, or whose schedule stumbles at a clock change.

    It needs no connection. `now` is an aware time.
    """
    if problems := rules.problems(graph, now):
        again = f"python -m deploy plan {names.arguments(environment)} --offline"
        raise DeployError(
            listed("the task graph cannot be deployed", problems),
            f"edit dag/dag.py, or [graph] in environments/{environment.name}.toml, then: {again}",
        )


def check_alone(environment: Environment, graph: Graph, others: Sequence[str]) -> None:
    """Raise DeployError for a graph of another name, or one that would run beside one under an earlier name."""
    name, where = environment.graph.name, f'"name" in [graph] of environments/{environment.name}.toml'
    if graph.root and graph.root.name != name:
        raise DeployError(
            f"this release's graph is {graph.root.name}, not {name}", f"put {graph.root.name} into {where}"
        )
    if others:
        cause = f"{', '.join(others)} in {names.schema(environment)} would go on running beside {name}"
        raise DeployError(cause, f"drop its tasks, or put its name back into {where}")


def reads(environment: Environment) -> dict[str, str]:
    """Return the reads for `check_warehouse` and, where a table's changes start the graph, `check_changes`."""
    warehouse = identifier(environment.snowflake.warehouse)
    found = {"timeouts": f"SHOW PARAMETERS LIKE 'STATEMENT%TIMEOUT_IN_SECONDS' IN WAREHOUSE {warehouse}"}
    if environment.graph.changes_of:
        database, schema, table = environment.graph.changes_of.split(".")
        found["source"] = f"SHOW TABLES LIKE {literal(like(table))} IN SCHEMA {qualified(database, schema)}"
    return found


def check_changes(environment: Environment, graph: Graph, source: Rows, held: Answers) -> None:
    """Raise DeployError if there can be no stream on the table whose changes are to start the graph.

    For a table that an earlier release named, Snowflake says it.
    """
    table = graph.changes_of
    if not table or table != environment.graph.changes_of:
        return
    if not source:
        where = f'"schedule" in [graph] of environments/{environment.name}.toml'
        raise DeployError(f"there is no table {table}, whose changes are to start the graph", f"edit {where}")
    row = source[0]
    if row["change_tracking"] != "ON" and row["owner"] not in grants.inherited(environment.snowflake.role, held):
        owner = f"its owner, {row['owner']}," if row["owner"] else "who shares it"
        raise DeployError(
            f"{table} does not track its changes, and only {owner} can let it",
            f"ask for: ALTER TABLE {table} SET CHANGE_TRACKING = TRUE",
        )


def check_warehouse(environment: Environment, timeouts: Rows) -> None:
    """Raise DeployError if the warehouse ends statements before a run of the graph may end.

    Of its time-outs and those of a session the lowest counts, so this is one that no session of ours can set.
    """
    most = environment.graph.timeout_minutes * 60
    short = {row["key"]: int(row["value"]) for row in timeouts if 0 < int(row["value"]) < most}
    if short:
        warehouse = environment.snowflake.warehouse
        told = ", ".join(f"{name} = {seconds}" for name, seconds in short.items())
        wanted = " ".join(f"{name} = {OF_TASKS[name]}" for name in short)
        raise DeployError(
            f"the warehouse {warehouse} has {told}, and a run of the graph may take {most} seconds",
            f"as its owner: ALTER WAREHOUSE {warehouse} SET {wanted}",
        )
