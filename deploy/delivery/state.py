"""All that a deploy has to know about a schema before it changes anything, read in one request."""

from dataclasses import dataclass, field

from deploy import names
from deploy.account import gathering
from deploy.account.connection import Connection
from deploy.account.gathering import Answers, Rows, Unread, readable
from deploy.delivery import preflight
from deploy.errors import DeployError
from deploy.graph.graph import AUTO, CLASSIC, EMPTY, TASK_GRAPH, Graph
from deploy.plan import deployed
from deploy.plan.deployed import Deployed
from deploy.records import lock, record
from deploy.records.lock import Lock
from deploy.records.record import Entry
from deploy.release import stage
from deploy.setup import grants, packages
from deploy.setup.grants import Grant
from deploy.smoke import runs
from ml_pipeline.config import Environment


@dataclass(frozen=True)
class State:
    """What is in a schema, and what its role may do.

    Attributes:
        deployed: the graph.
        lock: who is deploying, or was.
        current: the record of the release in use; none if its graph had another name.
        files: those of the release that was asked for, as LIST shows them.
        running: the graph runs that are under way.
        grants: what the role and those that it inherits hold, by role, as SHOW GRANTS shows it.
        prepared: whether the schema has the tables and the stage that a delivery needs.
        has_task_graphs: whether the account knows TASK GRAPH objects; the classic backend does not ask.
        source: the row of SHOW TABLES of the table whose changes are to start the graph, if there are such.
        timeouts: those of the warehouse, as SHOW PARAMETERS shows them, if it does.
        packages: what the account says of the packages that the graph's tasks ask for.

    """

    deployed: Deployed
    lock: Lock
    current: Entry | None
    files: Rows
    running: Rows
    grants: Answers
    prepared: bool
    has_task_graphs: bool
    source: Rows = field(default_factory=list)
    timeouts: Rows = field(default_factory=list)
    packages: Answers = field(default_factory=dict)

    def backend(self, environment: Environment) -> str:
        """Return what is to hold the graph. Raises DeployError if the account does not have it."""
        wanted = environment.deploy.backend
        if wanted == TASK_GRAPH and not self.has_task_graphs:
            raise DeployError(
                "this account has no TASK GRAPH objects",
                f'set backend = "{CLASSIC}" (or "{AUTO}") in [deploy] of environments/{environment.name}.toml',
            )
        if wanted != AUTO:
            return wanted
        # The bootstrap grants it only where it is configured by name; a temporary schema will be the role's own.
        snowflake = environment.snowflake
        making = Grant("SCHEMA", (snowflake.database, snowflake.schema), "CREATE TASK GRAPH")
        lacking = grants.missing([making], grants.of_role(snowflake.role, self.grants))
        may_make_one = names.is_temporary(environment) or not lacking
        return TASK_GRAPH if self.has_task_graphs and may_make_one else CLASSIC


def read(connection: Connection, environment: Environment, digest: str = "", graph: Graph = EMPTY) -> State:
    """Return the state of a schema; an empty one where there is none yet.

    `digest` is the release to look for, `graph` has the tasks whose packages are asked for.
    """
    asked = packages.reads(environment, graph)
    found = connection.gather(
        **deployed.statements(environment),
        **grants.reads(environment),
        lock=lock.select(environment),
        current=record.select_current(environment),
        running=runs.running_statement(environment),
        **({"files": stage.listing_statement(environment, digest)} if digest else {}),
        **preflight.reads(environment),
        **asked,
    )
    found = dict(deployed.complete(environment, found, connection.gather))
    held = grants.held(environment, found, connection.gather)

    def rows(name: str) -> Rows:
        """Of what is not there yet, as before a first release, there are none."""
        answer = found.get(name, [])
        if isinstance(answer, Unread) and not answer.missing:
            grants.check(environment, EMPTY, held)  # which names the grant, if that is why
        return gathering.there(answer, environment)

    graphs = found["graphs"]
    entries = (Entry.from_row(row) for row in rows("current"))
    return State(
        deployed=deployed.from_parts(found, environment),
        lock=Lock.of(rows("lock")),
        current=next(
            (each for each in entries if each.graph.root and each.graph.root.name == environment.graph.name), None
        ),
        files=rows("files"),
        running=rows("running"),
        grants=held,
        prepared=not isinstance(found["lock"], Unread) and not isinstance(found["current"], Unread),
        has_task_graphs=not isinstance(graphs, Unread) or graphs.missing,
        source=rows("source"),
        timeouts=readable(found["timeouts"]),
        packages={name: found[name] for name in asked},
    )
