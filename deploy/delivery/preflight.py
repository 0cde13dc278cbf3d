"""What is looked at before the first write: whether the graph can be, and whether the role may do all that it takes.

Each check names everything that is wrong, so that one round mends it all.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from deploy import names
from deploy.account.sql import identifier, like, literal, qualified
from deploy.errors import DeployError
from deploy.graph import clock_change
from deploy.graph import rules as cron
from deploy.graph.graph import Graph
from deploy.graph.limits import limits
from deploy.setup import grants
from deploy.setup.grants import Grant
from ml_pipeline.parameters import OF_TASKS

if TYPE_CHECKING:
    from deploy.account.gathering import Rows, Unread
    from deploy.delivery.state import State
    from ml_pipeline.config import Environment

    Held = Mapping[str, Rows | Unread]
    Gather = Callable[..., dict[str, Rows | Unread]]


def check_graph(graph: Graph, environment: "Environment", now: datetime) -> None:
    """Raise DeployError for a graph that Snowflake would refuse, or whose schedule stumbles at a clock change.

    It needs no connection. `now` is an aware time.
    """
    problems = (*limits(graph), *_stumbles(graph, now))
    if problems:
        again = f"python -m deploy plan {names.arguments(environment)} --offline"
        raise DeployError(
            _listed("the task graph cannot be deployed", problems),
            f"edit dag/dag.py, or [graph] in environments/{environment.name}.toml, then: {again}",
        )


def _stumbles(graph: Graph, now: datetime) -> tuple[str, ...]:
    schedule = str(dict(graph.root.properties).get("SCHEDULE", "")) if graph.root else ""
    if not schedule.startswith(cron.PREFIX):
        return ()
    try:
        read = cron.parse(schedule)
    except ValueError:  # which is one of the limits' problems
        return ()
    return clock_change.problems(schedule, read, now)


def check_alone(environment: "Environment", graph: Graph, others: Sequence[str]) -> None:
    """Raise DeployError for a graph of another name, or one that would run beside one under an earlier name."""
    name, where = environment.graph.name, f'"name" in [graph] of environments/{environment.name}.toml'
    if graph.root and graph.root.name != name:
        raise DeployError(
            f"this release's graph is {graph.root.name}, not {name}", f"put {graph.root.name} into {where}"
        )
    if others:
        cause = f"{', '.join(others)} in {names.schema(environment)} would go on running beside {name}"
        raise DeployError(cause, f"drop its tasks, or put its name back into {where}")


def source_reads(environment: "Environment") -> dict[str, str]:
    """Return the read that `check_changes` wants the answer of: none where no table's changes start the graph."""
    if not environment.graph.changes_of:
        return {}
    database, schema, table = environment.graph.changes_of.split(".")
    return {"source": f"SHOW TABLES LIKE {literal(like(table))} IN SCHEMA {qualified(database, schema)}"}


def check_changes(environment: "Environment", graph: Graph, there: "State") -> None:
    """Raise DeployError if there can be no stream on the table whose changes are to start the graph.

    For a table that an earlier release named, Snowflake says it.
    """
    table = graph.changes_of
    if not table or table != environment.graph.changes_of:
        return
    if not there.source:
        where = f'"schedule" in [graph] of environments/{environment.name}.toml'
        raise DeployError(f"there is no table {table}, whose changes are to start the graph", f"edit {where}")
    row = there.source[0]
    if row["change_tracking"] != "ON" and row["owner"] not in grants.inherited(
        environment.snowflake.role, there.grants
    ):
        owner = f"its owner, {row['owner']}," if row["owner"] else "who shares it"
        raise DeployError(
            f"{table} does not track its changes, and only {owner} can let it",
            f"ask for: ALTER TABLE {table} SET CHANGE_TRACKING = TRUE",
        )


def warehouse_reads(environment: "Environment") -> dict[str, str]:
    """Return the read that `check_warehouse` wants the answer of."""
    warehouse = identifier(environment.snowflake.warehouse)
    return {"timeouts": f"SHOW PARAMETERS LIKE 'STATEMENT%TIMEOUT_IN_SECONDS' IN WAREHOUSE {warehouse}"}


def check_warehouse(environment: "Environment", timeouts: "Rows") -> None:
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


def reads(environment: "Environment") -> dict[str, str]:
    """Return the statements that `held` wants the answers of; they may be part of a larger request."""
    return grants.statements(grants.roles(environment))


def held(environment: "Environment", parts: "Held", gather: "Gather") -> "Held":
    """Return the grants of the delivering role and of all that it inherits, by role.

    Args:
        environment: the target.
        parts: what Connection.gather answered to `reads`, and perhaps to more.
        gather: Connection.gather, asked again only for roles that the bootstrap does not know, a level each time.

    """
    role = environment.snowflake.role
    found = grants.answers(grants.roles(environment), parts)
    while more := grants.unread(role, found):
        found |= grants.answers(more, gather(**grants.statements(more)))
    return found


def check_grants(environment: "Environment", graph: Graph, found: "Held") -> None:
    """Raise DeployError naming every grant that the delivery needs and the role lacks, of those that `held` found."""
    role = environment.snowflake.role
    _require_read(environment, found)
    missing = grants.missing(grants.required(environment, graph), grants.of_role(role, found))
    if missing:
        cause = _listed(f"the role {role} lacks", map(str, missing))
        raise DeployError(cause, _remedy(environment, missing))


def _require_read(environment: "Environment", found: "Held") -> None:
    """Raise DeployError if what a role holds is unknown: it might be all that is needed."""
    for role in grants.inherited(environment.snowflake.role, found):
        answer = found[role]
        if role != grants.PUBLIC and not isinstance(answer, list):
            raise DeployError(f"cannot read the grants of the role {role}: {answer.message}", _bootstrap(environment))


def _remedy(environment: "Environment", missing: Iterable[Grant]) -> str:
    """Return what to type: the bootstrap, and the grants that it does not know, as the graph alone names them."""
    known = grants.required(environment)
    others = [grant for grant in missing if grant not in known]
    statements = [f"GRANT {grant} TO ROLE {environment.snowflake.role};" for grant in others]
    commands = [] if len(others) == len(tuple(missing)) else [_bootstrap(environment)]
    own = f"ask an administrator to run {' '.join(statements)}" if statements else ""
    return "; ".join(filter(None, (*commands, own)))


def _bootstrap(environment: "Environment") -> str:
    return f"ask an administrator: python -m deploy bootstrap --env {environment.name}"


def _listed(what: str, lines: Iterable[str]) -> str:
    return "\n  ".join((f"{what}:", *lines))
