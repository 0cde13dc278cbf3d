"""All that a deploy has to know about a schema before it changes anything, read in one request."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy import names
from deploy.account import gathering
from deploy.account.connection import Connection
from deploy.account.gathering import Answers, Rows, Unread, readable
from deploy.delivery import preflight
from deploy.errors import DeployError
from deploy.graph.graph import AUTO, CLASSIC, EMPTY, TASK_GRAPH, Graph
from deploy.plan import deployed
from deploy.plan.deployed import Deployed, Other
from deploy.plan.plan import Plan
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
        deployed: the graphs that the release asked for has, or that a release put there which is on record.
        others: more graphs that some deploy put there: nobody here knows whose they are.
        lock: who is deploying, or was.
        current: the record of the release in use.
        files: those of the release that was asked for, as LIST shows them.
        running: the runs of these graphs that are under way.
        grants: what the role and those that it inherits hold, by role, as SHOW GRANTS shows it.
        prepared: whether the schema has the tables and the stage that a delivery needs.
        has_task_graphs: whether the account knows TASK GRAPH objects; the classic backend does not ask.
        sources: of each table whose changes are to start a graph, its row of SHOW TABLES.
        timeouts: those of the warehouse, as SHOW PARAMETERS shows them, if it does.
        packages: what the account says of the packages that the graph's tasks ask for.

    """

    deployed: tuple[Deployed, ...]
    lock: Lock
    current: Entry | None
    files: Rows
    running: Rows
    grants: Answers
    prepared: bool
    has_task_graphs: bool
    sources: Mapping[str, Rows] = field(default_factory=dict)
    timeouts: Rows = field(default_factory=list)
    packages: Answers = field(default_factory=dict)
    others: tuple[Other, ...] = ()

    @property
    def release(self) -> str:
        """The release whose graphs are there; of a delivery that did not end, there may be several."""
        return ", ".join(dict.fromkeys(each.graph.release for each in self.deployed if each.graph.release))

    @property
    def held_by(self) -> str:
        """What holds the graphs now; empty where there are none, or if a move ended half way."""
        found = {each.backend for each in self.deployed}
        return found.pop() if len(found) == 1 else ""

    def untried(self, proposal: Plan) -> tuple[str, ...]:
        """The names of the graphs that a smoke run is due of: all but those that the release in use has just so.

        Where nothing changes, all of them: then somebody wants to see them run.
        """
        passed = self.current.graph.parts if self.current and not self.lock.unfinished else ()
        sections = proposal.kept.sections
        changed = tuple(each.name for each in sections if not each.empty or each.graph not in passed)
        return changed or tuple(each.name for each in sections)

    def names(self, graph: Graph = EMPTY) -> tuple[str, ...]:
        """The names of the graphs that are there, that the release in use has, and that are to come."""
        known: tuple[Graph | Deployed, ...] = (
            *graph.parts,
            *(self.current.graph.parts if self.current else ()),
            *self.deployed,
        )
        return tuple(dict.fromkeys(each.name for each in known))

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


def read(
    connection: Connection, environment: Environment, digest: str = "", graph: Graph = EMPTY, *, new: bool = False
) -> State:
    """Return the state of a schema; an empty one where there is none yet.

    `digest` is the release to look for, `graph` has its graphs. Of a `new` one the packages are asked for, too.
    """
    asked = packages.reads(environment, graph) if new else {}
    own = tuple(each.name for each in graph.parts)
    expected = own or names.graphs(environment)
    found = connection.gather(
        **deployed.statements(environment, expected),
        **grants.reads(environment),
        lock=lock.select(environment),
        current=record.select_current(environment),
        releases=record.select_releases(environment),
        running=runs.running_statement(environment),
        **({"files": stage.listing_statement(environment, digest)} if digest else {}),
        **preflight.reads(environment, graph),
        **asked,
    )
    held = grants.held(environment, found, connection.gather)

    def rows(name: str) -> Rows:
        """Of what is not there yet, as before a first release, there are none."""
        answer = found.get(name, [])
        if isinstance(answer, Unread) and not answer.missing:
            grants.check(environment, EMPTY, held)  # which names the grant, if that is why
        return gathering.there(answer, environment)

    seen, current = Lock.of(rows("lock")), next(map(Entry.from_row, rows("current")), None)
    recorded = [*(row["digest"] for row in rows("releases")), *([seen.journal.digest] if seen.journal else [])]
    known = (*(current.graph.parts if current else ()), *(seen.journal.graph.parts if seen.journal else ()))
    ours = dict.fromkeys((*own, *(each.name for each in known), *expected, *deployed.carrying(found, recorded)))
    found = dict(deployed.complete(environment, found, connection.gather, ours))
    graphs = found["graphs"]
    return State(
        deployed=deployed.from_parts(found, environment, tuple(ours)),
        others=deployed.others(found, ours),
        lock=seen,
        current=current,
        files=rows("files"),
        running=[row for row in rows("running") if row["graph"] is None or row["graph"] in ours],
        grants=held,
        prepared=not isinstance(found["lock"], Unread) and not isinstance(found["current"], Unread),
        has_task_graphs=not isinstance(graphs, Unread) or graphs.missing,
        sources=preflight.sources(graph, found),
        timeouts=readable(found["timeouts"]),
        packages={name: found[name] for name in asked},
    )
