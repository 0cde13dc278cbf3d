"""What an environment runs, kept where another one can read it: DEV plans against PROD without PROD's credentials.

It is taken by whoever is signed in to PROD, and published by whoever is signed in to DEV.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from deploy import names
from deploy.account.connection import Connection
from deploy.account.gathering import there
from deploy.account.sql import literal
from deploy.errors import DeployError
from deploy.graph.graph import AUTO, CLASSIC, Graph
from deploy.plan import plan
from deploy.plan.deployed import Deployed
from deploy.plan.plan import Plan
from ml_pipeline.config import Environment

TABLE = "PUBLISHED"
NEVER = "never"


@dataclass(frozen=True)
class Snapshot:
    """The graphs as an environment had them; `backend` is the one that `auto` meant there."""

    environment: str
    deployed: tuple[Deployed, ...]
    backend: str
    taken_at: str = NEVER

    @classmethod
    def nothing(cls, environment: Environment) -> Self:
        """Stand for an environment of which nothing was published: there, everything is new."""
        configured = environment.deploy.backend
        return cls(environment.name, (), CLASSIC if configured == AUTO else configured)

    def plan(self, graph: Graph, environment: Environment) -> Plan:
        """Return what would be done there to make the deployed graphs these."""
        configured = environment.deploy.backend
        return plan.make(graph, self.deployed, self.backend if configured == AUTO else configured)

    def to_text(self) -> str:
        """Return it as JSON."""
        values = {
            "environment": self.environment,
            "backend": self.backend,
            "graphs": [
                {
                    "graph": each.graph.to_text(),
                    "started": sorted(each.started),
                    "held_by": each.backend,
                    "staged": each.staged,
                }
                for each in self.deployed
            ],
        }
        return json.dumps(values, indent=2, sort_keys=True)

    @classmethod
    def from_text(cls, text: str, taken_at: str = NEVER) -> Self:
        """Read what `to_text` wrote. Raises DeployError for anything else."""
        try:
            values = json.loads(text)
            # One that is older than several graphs says of its one graph what each of them says now.
            deployed = map(_deployed, values.get("graphs", [values]))
            there = tuple(each for each in deployed if each.graph.tasks)
            return cls(values["environment"], there, values["backend"], taken_at)
        except (KeyError, TypeError, ValueError, AttributeError, zlib.error) as error:
            remedy = "python -m deploy snapshot --env prod --to snapshot.json"
            raise DeployError(f"not a snapshot of an environment: {error}", remedy) from error


def _deployed(values: Mapping[str, Any]) -> Deployed:
    graph = Graph.from_text(values["graph"])
    started, staged = frozenset(values["started"]), values["staged"]
    return Deployed(graph, started, backend=values["held_by"], staged=staged)


def read_file(path: Path) -> Snapshot:
    """Read a snapshot. Raises DeployError if there is none."""
    try:
        return Snapshot.from_text(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        remedy = f"python -m deploy snapshot --env prod --to {path.name}"
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise DeployError(f"cannot read {path.name}: {reason}", remedy) from error


def publish(connection: Connection, environment: Environment, taken: Snapshot) -> None:
    """Write a snapshot of another environment down in this one, in the place of the one before."""
    name, text = literal(taken.environment), literal(taken.to_text())
    source = f"SELECT {name} AS environment, {text} AS snapshot, CURRENT_TIMESTAMP() AS taken_at"
    connection.run(
        [
            f"CREATE TABLE IF NOT EXISTS {_table(environment)} "
            "(environment VARCHAR, snapshot VARCHAR, taken_at TIMESTAMP_LTZ) "
            f"COMMENT = {literal('What other environments run; python -m deploy preview reads it.')}",
            f"MERGE INTO {_table(environment)} there USING ({source}) given ON there.environment = given.environment "
            "WHEN MATCHED THEN UPDATE SET snapshot = given.snapshot, taken_at = given.taken_at "
            "WHEN NOT MATCHED THEN INSERT (environment, snapshot, taken_at) "
            "VALUES (given.environment, given.snapshot, given.taken_at)",
        ]
    )


def published(connection: Connection, environment: Environment, of: Environment) -> Snapshot:
    """Return what this environment was told of another one."""
    at = f"TO_VARCHAR(taken_at, {literal('YYYY-MM-DD HH24:MI:SS TZHTZM')}) AS at"
    select = f"SELECT snapshot, {at} FROM {_table(environment)} WHERE environment = {literal(of.name)}"
    rows = there(connection.gather(rows=select)["rows"], environment)
    return Snapshot.from_text(rows[0]["snapshot"], rows[0]["at"]) if rows else Snapshot.nothing(of)


def _table(environment: Environment) -> str:
    return f"{names.home(environment)}.{TABLE}"
