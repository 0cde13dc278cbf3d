"""The record of releases: a table in the target schema, from which every rollback is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from deploy import job, names
from deploy.account.connection import Connection
from deploy.account.sql import literal
from deploy.errors import DeployError, MissingObjectError
from deploy.graph.graph import Graph
from deploy.release.manifest import checked
from ml_pipeline.config import Environment

TABLE = "RELEASE_HISTORY"
RELEASED, ROLLED_BACK, RESTORED = "release", "rollback", "restore"
PASSED, FAILED, INTERRUPTED = "passed", "failed", "interrupted"
TIME_FORMAT = "YYYY-MM-DD HH24:MI:SS TZHTZM"


@dataclass(frozen=True)
class Entry:
    """What was put into the schema, by whom, and how it went. `graph` is the graph as it was rendered.

    `fence` is the number that the delivery's lock had: later deliveries have greater ones.
    """

    action: str
    commit: str
    digest: str
    plan_hash: str
    graph: Graph
    verdict: str
    fence: int = 0
    run_url: str = ""
    at: str = ""
    by: str = ""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of `select`."""
        return cls(
            action=row["action"],
            commit=row["commit_id"],
            digest=row["digest"],
            plan_hash=row["plan_hash"],
            graph=Graph.from_text(row["graph"]),
            verdict=row["verdict"],
            fence=int(row["fence"]),
            run_url=row["run_url"],
            at=row["recorded_on"],
            by=row["recorded_by"],
        )


def table(environment: Environment) -> str:
    """Make the table of records, unless it is there."""
    columns = (
        "recorded_at TIMESTAMP_LTZ, recorded_by VARCHAR, fence NUMBER, action VARCHAR, commit_id VARCHAR, "
        "digest VARCHAR, plan_hash VARCHAR, graph VARCHAR, verdict VARCHAR, run_url VARCHAR"
    )
    comment = literal("What was deployed here; python -m deploy rollback reads it.")
    return f"CREATE TABLE IF NOT EXISTS {names.named(environment, TABLE)} ({columns}) COMMENT = {comment}"


def insertion(environment: Environment, entry: Entry) -> str:
    """Record an entry, unless this delivery has recorded it; Snowflake adds the time and the user."""
    values = (entry.action, entry.commit, entry.digest, entry.plan_hash, entry.graph.to_text(), entry.verdict)
    texts = ", ".join(map(literal, (*values, job.run_url())))
    where = names.named(environment, TABLE)
    same = f"fence = {entry.fence} AND action = {literal(entry.action)} AND verdict = {literal(entry.verdict)}"
    return (
        f"INSERT INTO {where} SELECT CURRENT_TIMESTAMP(), CURRENT_USER(), {entry.fence}, {texts} "
        f"WHERE NOT EXISTS (SELECT 1 FROM {where} WHERE {same})"
    )


def select(environment: Environment, where: str = "") -> str:
    """Read the entries, newest first."""
    at = f"TO_VARCHAR(recorded_at, {literal(TIME_FORMAT)}) AS recorded_on"
    columns = f"{at}, recorded_by, fence, action, commit_id, digest, plan_hash, graph, verdict, run_url"
    return f"SELECT {columns} FROM {names.named(environment, TABLE)} {where} ORDER BY recorded_at DESC, fence DESC"


def select_current(environment: Environment) -> str:
    """Read the entry that is in use: the latest that passed."""
    return select(environment, f"WHERE verdict = {literal(PASSED)}") + " LIMIT 1"


def select_releases(environment: Environment) -> str:
    """Read the digests of all releases that were ever put here, whatever became of them."""
    return f"SELECT DISTINCT digest FROM {names.named(environment, TABLE)}"


def history(connection: Connection, environment: Environment) -> tuple[Entry, ...]:
    """Return all entries, newest first; none where nothing was ever recorded."""
    try:
        return tuple(map(Entry.from_row, connection.rows(select(environment))))
    except MissingObjectError:
        return ()


def uses(entries: Sequence[Entry]) -> list[Entry]:
    """Return what was in use, the latest last, as going back finds it: a rollback takes away what it went back from.

    `entries` are the newest first. A payload with two graphs is two releases, with one digest.
    """
    found: list[Entry] = []
    for entry in reversed([entry for entry in entries if entry.verdict == PASSED]):
        places = [number for number, used in enumerate(found) if _is_same(used, entry)]
        if places and (entry.action == ROLLED_BACK or places[-1] == len(found) - 1):
            del found[places[-1] + 1 :]
        else:
            found.append(entry)
    return found


def _is_same(one: Entry, other: Entry) -> bool:
    return (one.digest, one.graph) == (other.digest, other.graph)


def earlier(entries: Sequence[Entry], environment: Environment, name: str = "") -> Entry:
    """Return the release to roll back to: the newest that this digest or commit names, or the one in use before.

    Rolling back twice goes back twice. `entries` are the newest first. Raises DeployError if there is none.
    """
    if name:
        released = [entry for entry in entries if entry.verdict == PASSED and entry.action == RELEASED]
        found = [
            each for each in released if any(text.startswith(checked(name)) for text in (each.digest, each.commit))
        ]
    else:
        found = uses(entries)[-2:-1]
    if not found:
        wanted = f"release {name}" if name else "earlier release"
        where = names.schema(environment)
        remedy = f"python -m deploy status {names.arguments(environment)}"
        raise DeployError(f"no {wanted} that passed is recorded in {where}: nothing to roll back to", remedy)
    return found[0]
