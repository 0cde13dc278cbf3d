"""The graph that is in a schema, read with one SHOW TASKS."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy import names, properties
from deploy.errors import MissingObjectError
from deploy.graph import EMPTY, Graph, TaskSpec
from deploy.sql_text import split_name

if TYPE_CHECKING:
    from deploy.requests import Connection
    from ml_pipeline.config import Environment


@dataclass(frozen=True)
class Deployed:
    """A graph as Snowflake has it.

    `started` names the tasks that are resumed; a started root is a schedule that is on. `root_id` is Snowflake's.
    """

    graph: Graph = EMPTY
    started: frozenset[str] = frozenset()
    root_id: str = ""

    @property
    def schedule_on(self) -> bool:
        """Whether the root is resumed and has a schedule."""
        return self.graph.scheduled and self.graph.root is not None and self.graph.root.name in self.started


def read(connection: "Connection", environment: "Environment") -> Deployed:
    """Return the environment's graph; nothing where there is no schema, as before a pull request's first release."""
    try:
        rows = connection.rows(f"SHOW TASKS IN SCHEMA {names.schema(environment)}")
    except MissingObjectError:
        return Deployed()
    return from_rows(rows, environment.graph.name)


def from_rows(rows: Iterable[Mapping[str, Any]], root: str) -> Deployed:
    """Return the graph of this root among the rows of SHOW TASKS."""
    ours = [row for row in rows if row["name"] == root or row["name"].startswith(f"{root}$")]
    return Deployed(
        graph=Graph.of(map(_task, ours)),
        started=frozenset(row["name"] for row in ours if row["state"].lower() == "started"),
        root_id=next((str(row["id"]) for row in ours if row["name"] == root), ""),
    )


def _task(row: Mapping[str, Any]) -> TaskSpec:
    comment, noted = properties.read_comment(row["comment"])
    relations = json.loads(row["task_relations"] or "{}")
    found = properties.collect(lambda known: row.get(known.column) if known.column else noted.get(known.name))
    return TaskSpec(
        name=row["name"],
        definition=properties.definition(row["definition"]),
        predecessors=tuple(sorted(split_name(name)[-1] for name in json.loads(row["predecessors"] or "[]"))),
        finalizes="FinalizedRootTask" in relations,
        condition=properties.condition(row["condition"] or ""),
        properties=(*found, ("COMMENT", comment)) if comment else found,
    )
