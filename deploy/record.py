"""The record of releases: a table in the target schema, from which every rollback is made."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy import names
from deploy.errors import DeployError, MissingObjectError
from deploy.graph import Graph
from deploy.manifest import checked
from deploy.sql_text import literal

if TYPE_CHECKING:
    from deploy.requests import Connection
    from ml_pipeline.config import Environment

TABLE = "RELEASE_HISTORY"
RELEASED, ROLLED_BACK, RESTORED = "release", "rollback", "restore"
PASSED, FAILED = "passed", "failed"


@dataclass(frozen=True)
class Entry:
    """What was put into the schema, by whom, and how it went. `graph` is the graph as it was rendered."""

    action: str
    commit: str
    digest: str
    plan_hash: str
    graph: Graph
    verdict: str
    run_url: str = ""
    at: str = ""
    by: str = ""


def table(environment: "Environment") -> str:
    """Make the table of records, unless it is there."""
    columns = (
        "recorded_at TIMESTAMP_LTZ, recorded_by VARCHAR, action VARCHAR, commit_id VARCHAR, digest VARCHAR, "
        "plan_hash VARCHAR, graph VARCHAR, verdict VARCHAR, run_url VARCHAR"
    )
    comment = literal("What was deployed here, newest last; python -m deploy rollback reads it.")
    return f"CREATE TABLE IF NOT EXISTS {names.named(environment, TABLE)} ({columns}) COMMENT = {comment}"


def add(connection: "Connection", environment: "Environment", entry: Entry) -> None:
    """Record an entry; Snowflake adds the time and the user."""
    values = (entry.action, entry.commit, entry.digest, entry.plan_hash, entry.graph.to_json(), entry.verdict)
    texts = ", ".join(map(literal, (*values, entry.run_url)))
    where = names.named(environment, TABLE)
    connection.rows(f"INSERT INTO {where} SELECT CURRENT_TIMESTAMP(), CURRENT_USER(), {texts}")


def history(connection: "Connection", environment: "Environment") -> tuple[Entry, ...]:
    """Return all entries, newest first; none where nothing was ever recorded."""
    try:
        rows = connection.rows(f"SELECT * FROM {names.named(environment, TABLE)} ORDER BY recorded_at DESC")
    except MissingObjectError:
        return ()
    return tuple(map(_entry, rows))


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        action=row["action"],
        commit=row["commit_id"],
        digest=row["digest"],
        plan_hash=row["plan_hash"],
        graph=Graph.from_json(row["graph"]),
        verdict=row["verdict"],
        run_url=row["run_url"],
        at=row["recorded_at"].isoformat(timespec="seconds"),
        by=row["recorded_by"],
    )


def current(entries: tuple[Entry, ...]) -> Entry | None:
    """Return the entry that is in use: the latest that passed."""
    return next((entry for entry in entries if entry.verdict == PASSED), None)


def earlier(entries: tuple[Entry, ...], environment: "Environment", digest: str = "") -> Entry:
    """Return the release to roll back to: this one, or the one released before the one in use.

    Rollbacks do not count as releases, so that rolling back twice goes back twice. Raises DeployError if there is
    none.
    """
    released = [entry for entry in entries if entry.verdict == PASSED and entry.action == RELEASED]
    found = _named(released, digest) if digest else _before_current(released, current(entries))
    if found is None:
        wanted = f"release {digest}" if digest else "earlier release"
        where = names.schema(environment)
        remedy = f"python -m deploy status {names.arguments(environment)}"
        raise DeployError(f"no {wanted} that passed is recorded in {where}: nothing to roll back to", remedy)
    return found


def _named(released: list[Entry], digest: str) -> Entry | None:
    return next((entry for entry in released if entry.digest.startswith(checked(digest))), None)


def _before_current(released: list[Entry], now: Entry | None) -> Entry | None:
    digests = [entry.digest for entry in released]
    if now is None or now.digest not in digests:
        return None
    older = released[digests.index(now.digest) + 1 :]
    return next((entry for entry in older if entry.digest != now.digest), None)


def run_url(variables: Mapping[str, str] = os.environ) -> str:
    """Return the address of the workflow run that this is part of; empty outside of one."""
    keys = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (variables.get(key, "") for key in keys)
    return f"{server}/{repository}/actions/runs/{run}" if run else ""
