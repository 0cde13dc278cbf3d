"""What the sweeps deliver: releases of a few tiny tasks, by the real deployer, as commands that end with an exit code.

Each command is a step of a case (tests/faults/cases.py): it signs in through the environment's variables, as
`python -m deploy` does, and its value says how that command would have ended.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy import names
from deploy.account import connection as requests
from deploy.apply import statements as apply
from deploy.cleanup import temporary
from deploy.delivery.delivery import Candidate, Delivery
from deploy.errors import OK, DeployError
from deploy.graph.graph import TASK_GRAPH, Graph, TaskSpec
from deploy.plan import plan
from deploy.records import lock, record
from deploy.records.lock import Lock
from deploy.records.record import Entry
from deploy.release import manifest, stage
from deploy.release.manifest import Manifest, Release, StagedFile
from deploy.setup import bootstrap
from ml_pipeline import config
from ml_pipeline.config import Environment
from tests.conftest import TESTS, LocalSnowflake
from tests.faults.cases import Site

ROLE = "SWEEPER"
# How a delivery is to behave, in seconds: a dead holder's lease, and a step.
LEASE, DEADLINE = 1, 12
_PATIENCE = 60  # for a preparation, which is no delivery
_MARGIN = 0.3
_GRAPH = "G"
_WIDE = {
    "SCHEDULE": "USING CRON 0 0 1 1 * UTC",
    "USER_TASK_TIMEOUT_MS": 60_000,
    "OVERLAP_POLICY": "NO_OVERLAP",
    "SUSPEND_TASK_AFTER_NUM_FAILURES": 10,
    "TASK_AUTO_RETRY_ATTEMPTS": 0,
}
_PROD = config.load("prod", TESTS / "environments")


@dataclass(frozen=True)
class Version:
    """A release by its name, which is its commit: its tasks in a chain as SQL by name, and its finalizer.

    `second` is a second graph, of one task.
    """

    name: str
    tasks: tuple[tuple[str, str], ...]
    finalizer: str
    second: str

    @property
    def files(self) -> dict[str, bytes]:
        """Its payload."""
        return {"payload.zip": self.name.encode()}

    @property
    def manifest(self) -> Manifest:
        """The manifest of its payload."""
        files = tuple(StagedFile.of(name, content) for name, content in self.files.items())
        return Manifest(self.name, "3.11", (), files, ())

    @property
    def digest(self) -> str:
        """What names the release."""
        return self.manifest.digest

    @property
    def graph(self) -> Graph:
        """Its task graphs, as `deploy.graph.render` makes them of DAGs."""
        wide = {"CONFIG": f'{{"release": "{self.digest}"}}', **_WIDE}
        root = _task(_GRAPH, "SELECT 0", (), **wide)
        only = _task(self.second, f"SELECT 8 /* {self.digest[:8]} */", (), **wide)
        chain, before = [root], _GRAPH
        for name, text in self.tasks:
            chain.append(_task(f"{_GRAPH}${name}", f"{text} /* {self.digest[:8]} */", (before,)))
            before = chain[-1].name
        last = dataclasses.replace(_task(f"{_GRAPH}${self.finalizer}", "SELECT 9", ()), finalizes=_GRAPH)
        return Graph.joined([Graph.of([*chain, last]), Graph.of([only])])


def _task(name: str, text: str, before: tuple[str, ...], **wide: str | int) -> TaskSpec:
    values = {"WAREHOUSE": _PROD.snowflake.warehouse, **wide}
    return TaskSpec(name, text, before, properties=tuple(sorted(values.items())))


OLDER = Version("older", (("A", "SELECT 1"), ("B", "SELECT 2")), "REPORT", "H")
OLD = Version("old", (("A", "SELECT 1"), ("B", "SELECT 2"), ("C", "SELECT 3")), "REPORT", "H")
# One task added, one removed, one changed, another finalizer; the second graph has another name.
NEW = Version("new", (("A", "SELECT 1"), ("B", "SELECT 'new'"), ("D", "SELECT 4")), "TELL", "K")
BAD = Version("bad", (("A", "SELECT 1"), ("B", "SELECT 1 / 0"), ("D", "SELECT 4")), "TELL", "K")
VERSIONS = {version.digest: version for version in (OLDER, OLD, NEW, BAD)}


@dataclass(frozen=True)
class Said:
    """How a command ended: its exit code, its error if it had one, and what it said on the way."""

    exit_code: int
    error: str = ""
    lines: tuple[str, ...] = ()


def write(folder: Path) -> None:
    """Build the releases into a folder, as `deploy build` does."""
    for version in VERSIONS.values():
        manifest.write(folder, version.manifest, version.files)


def set_up(snowflake: LocalSnowflake, database: str) -> None:
    """What the administrator does once: a database in which the delivering role has schemas of its own."""
    with snowflake.connector() as connection:
        for text in bootstrap.scripts(environment(Site(snowflake, database, "MAIN"), TASK_GRAPH)).values():
            connection.cursor().execute(text, num_statements=0)
        connection.cursor().execute("USE ROLE ACCOUNTADMIN")
        connection.cursor().execute(f"GRANT CREATE SCHEMA ON DATABASE {database} TO ROLE {ROLE}")
        connection.cursor().execute(f"GRANT ROLE {ROLE} TO USER ADMIN")


# ---- the commands
def release(site: Site, version: Version, backend: str, dist: Path) -> Said:
    """`python -m deploy release`."""
    candidate = Candidate(record.RELEASED, version.digest, version.name, version.graph, built(version, dist))
    return _told(site, backend, lambda delivery: delivery.deliver(candidate))


def rollback(site: Site, backend: str) -> Said:
    """`python -m deploy rollback`."""
    return _told(site, backend, _roll_back)


def _roll_back(delivery: Delivery) -> None:
    entries = record.history(delivery.connection, delivery.environment)
    found = record.earlier(entries, delivery.environment)
    delivery.deliver(Candidate(record.ROLLED_BACK, found.digest, found.commit, found.graph))


def status(site: Site, backend: str) -> Said:
    """`python -m deploy status`, which ends what did not end: asked when a dead holder's lease is over."""
    time.sleep(LEASE + _MARGIN)
    return _told(site, backend, lambda delivery: delivery.recover())


def prepare(site: Site, versions: tuple[Version, ...], backend: str, dist: Path) -> None:
    """Leave what the bootstrap and the releases of these leave, the last one in use, in a tenth of the requests."""
    with _delivery(site, backend, _PATIENCE) as (delivery, _):
        there, connection = delivery.environment, delivery.connection
        # The bootstrap makes it in main's schema; here each case has a schema of its own.
        tag = f"CREATE TAG IF NOT EXISTS {names.named(there, 'ML_PIPELINE_RELEASE')}"
        if not versions:
            connection.run([tag, temporary.stage(there)])
            return
        connection.run([tag, *temporary.preparation(there)])
        for version in versions:
            stage.upload(connection, there, built(version, dist), rows=[])
        proposal = plan.make(versions[-1].graph, (), backend)
        held = lock.acquire(connection, there, Lock(), None)
        entries = [_passed(version, held.number - age) for age, version in enumerate(reversed(versions))]
        recorded = [record.insertion(there, entry) for entry in reversed(entries)]
        held.run(
            [
                *apply.statements(there, proposal),
                *(line for each in proposal.graph.parts for line in apply.activation(there, backend, each)),
                *recorded,
                held.release,
            ]
        )


def _passed(version: Version, fence: int) -> Entry:
    return Entry(record.RELEASED, version.name, version.digest, "", version.graph, record.PASSED, fence)


def built(version: Version, dist: Path) -> Release:
    """The release as `write` has built it."""
    return Release(version.digest, version.manifest, dist / version.digest)


def _told(site: Site, backend: str, command: Callable[[Delivery], object]) -> Said:
    lines: list[str] = []
    try:
        with _delivery(site, backend) as (delivery, lines):
            command(delivery)
    except DeployError as error:
        return Said(error.exit_code, f"{error.cause}\nnext: {error.remedy}", tuple(lines))
    return Said(OK, lines=tuple(lines))


@contextlib.contextmanager
def _delivery(site: Site, backend: str, deadline: int = DEADLINE) -> Iterator[tuple[Delivery, list[str]]]:
    os.environ.update(site.snowflake.environ)
    lines: list[str] = []
    chosen = environment(site, backend, deadline)
    with requests.open_connection(chosen) as connection:
        yield Delivery(connection, chosen, lines.append, lambda _: contextlib.nullcontext(lambda _: None)), lines


def environment(site: Site, backend: str, deadline: int = DEADLINE) -> Environment:
    """PROD, in the schema of the case."""
    place = _PROD.snowflake.changed(database=site.database, schema=site.schema, role=ROLE)
    graph = _PROD.graph.changed(name=_GRAPH)
    how = _PROD.deploy.changed(backend=backend, lease_seconds=LEASE, deadline_seconds=deadline)
    steps = _PROD.pipeline.changed(governance={"policies": ""})  # which are in main's schema, too
    return _PROD.changed(snowflake=place, graph=graph, deploy=how, pipeline=steps)
