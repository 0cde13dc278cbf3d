"""What is looked at before the first write: whether the graph can be, and whether the role may do all that it takes.

Each check names everything that is wrong, so that one round mends it all.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from deploy import job, names
from deploy.account.gathering import Answers, Rows, readable
from deploy.account.sql import identifier, like, literal, qualified
from deploy.errors import DeployError, listed
from deploy.graph import rules
from deploy.graph.graph import TASK_GRAPH, Graph
from deploy.plan.deployed import Other
from deploy.plan.plan import Plan
from deploy.records.record import Entry
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


def check_alone(environment: Environment, graph: Graph, others: Sequence[Other]) -> None:
    """Raise DeployError where graphs that no recorded release deployed would run beside those of this release.

    A graph that a recorded release had and this one lacks is not among them: the release removes it.
    """
    if others:
        told = ", ".join(f"{each.name} (owner: {each.owner or 'unknown'})" for each in others)
        ours, where = ", ".join(each.name for each in graph.parts), names.schema(environment)
        statements = " ".join(_removal(environment, each) for each in others)
        raise DeployError(
            f"{told} in {where} would keep running beside {ours}, and no recorded release deployed it",
            f"ask the owner; if nobody needs it any more: {statements}",
        )


def _removal(environment: Environment, other: Other) -> str:
    """Return the statements that suspend and drop the graph."""
    kind = "TASK GRAPH" if other.held_by == TASK_GRAPH else "TASK"
    name = names.named(environment, other.name)
    return f"ALTER {kind} {name} SUSPEND; DROP {kind} {name};"


def check_repository(environment: Environment, proposal: Plan, current: Entry | None) -> None:
    """Raise DeployError if graphs would go that another repository has delivered, which shares the schema."""
    gone, ours = proposal.gone.sections, job.repository(job.run_url())
    theirs = job.repository(current.run_url) if current else ""
    if gone and ours and theirs not in ("", ours):
        where, graphs = names.schema(environment), ", ".join(each.name for each in gone)
        again = f"python -m deploy release {names.arguments(environment)}"
        raise DeployError(
            f"the release in use in {where} is of {theirs}: {ours} would take its graph away ({graphs})",
            f"give {ours} a database or schema of its own in environments/{environment.name}.toml; if {theirs} is its "
            f"earlier name, deliver once from a shell: {again}",
        )


def reads(environment: Environment, graph: Graph) -> dict[str, str]:
    """Return the reads for `check_warehouse` and, of the tables whose changes start a graph, for `check_changes`."""
    warehouse = identifier(environment.snowflake.warehouse)
    found = {"timeouts": f"SHOW PARAMETERS LIKE 'STATEMENT%TIMEOUT_IN_SECONDS' IN WAREHOUSE {warehouse}"}
    for number, source in enumerate(_tables(graph)):
        database, schema, table = source.split(".")
        found[f"source_{number}"] = f"SHOW TABLES LIKE {literal(like(table))} IN SCHEMA {qualified(database, schema)}"
    return found


def sources(graph: Graph, found: Answers) -> dict[str, Rows]:
    """Return the rows of the tables whose changes start a graph, of the answers to `reads`."""
    return {table: readable(found.get(f"source_{number}")) for number, table in enumerate(_tables(graph))}


def _tables(graph: Graph) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.changes_of for each in graph.parts if each.changes_of))


def check_changes(environment: Environment, sources: Mapping[str, Rows], held: Answers) -> None:
    """Raise DeployError if there can be no stream on a table whose changes are to start a graph."""
    for table, rows in sources.items():
        _check_table(environment, table, rows, held)


def _check_table(environment: Environment, table: str, source: Rows, held: Answers) -> None:
    if not source:
        where = f'"schedule" in environments/{environment.name}.toml'
        cause = f"there is no table {table}, whose changes are to start a graph"
        raise DeployError(cause, f"create it, or name another one: {where}")
    row = source[0]
    if row["change_tracking"] != "ON" and row["owner"] not in grants.inherited(environment.snowflake.role, held):
        owner = f"its owner, {row['owner']}," if row["owner"] else "who shares it"
        raise DeployError(
            f"{table} does not track its changes, and only {owner} can let it",
            f"ask for: ALTER TABLE {table} SET CHANGE_TRACKING = TRUE",
        )


def check_warehouse(environment: Environment, graph: Graph, timeouts: Rows) -> None:
    """Raise DeployError if the warehouse ends statements before a run of a graph may end.

    Of its time-outs and those of a session the lowest counts, so this is one that no session of ours can set.
    """
    most = round(max((each.timeout_seconds for each in graph.parts), default=0))
    short = {row["key"]: int(row["value"]) for row in timeouts if 0 < int(row["value"]) < most}
    if short:
        warehouse = environment.snowflake.warehouse
        told = ", ".join(f"{name} = {seconds}" for name, seconds in short.items())
        wanted = " ".join(f"{name} = {OF_TASKS[name]}" for name in short)
        raise DeployError(
            f"the warehouse {warehouse} has {told}, and a run of a graph may take {most} seconds",
            f"as its owner: ALTER WAREHOUSE {warehouse} SET {wanted}",
        )
