"""What is there after a case: the graph, what is started, the lock and the record; read with no code of deploy's."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

# What differs between two deploys of the same graph, or between two schemas.
_PASSING = frozenset(
    {
        *("created_on", "id", "database_name", "schema_name", "owner", "owner_role_type", "state"),
        *("last_committed_on", "last_suspended_on", "last_suspended_reason", "next_scheduled_run_time"),
        *("committed_on", "committed_by"),
    }
)
Row = dict[str, Any]


@dataclass(frozen=True)
class Observation:
    """A schema at one moment, so that observations of different schemas can be compared.

    Attributes:
        tasks: the tasks by name with all that SHOW TASKS says of them, but for dates and their state.
        started: the tasks that are started.
        graphs: the TASK GRAPH objects by name, as SHOW TASK GRAPHS has them.
        running: their states.
        committed: the tasks of the committed versions of those objects, like `tasks`.
        lock: the row of DEPLOY_LOCK; None where there is no row or no table.
        history: the rows of RELEASE_HISTORY.

    """

    tasks: dict[str, Row]
    started: frozenset[str]
    graphs: dict[str, Row] = field(default_factory=dict)
    running: dict[str, str] = field(default_factory=dict)
    committed: dict[str, Row] = field(default_factory=dict)
    lock: Row | None = None
    history: tuple[Row, ...] = ()

    @property
    def deployed(self) -> tuple[Any, ...]:
        """All that counts of the graph: two schemas with equal values have the same graph in the same state."""
        return self.tasks, self.started, self.graphs, self.running, self.committed


def observe(connection: SnowflakeConnection, database: str, schema: str) -> Observation:
    """Look at a schema, as somebody who may see everything."""
    where = f"{database}.{schema}"

    def read(sql: str) -> list[Row]:
        return [_placeless(row, where) for row in _rows(connection, f"{sql} {where}")]

    tasks, graphs = read("SHOW TASKS IN SCHEMA"), read("SHOW TASK GRAPHS IN SCHEMA")
    lock = _table(connection, f"{where}.DEPLOY_LOCK")
    return Observation(
        tasks=_by_name(tasks),
        started=frozenset(row["name"] for row in tasks if row["state"] == "started"),
        graphs=_by_name(graphs),
        running={row["name"]: row["state"] for row in graphs if "state" in row},
        committed=_by_name(read("SHOW COMMITTED TASKS IN SCHEMA")),
        lock=lock[0] if lock else None,
        history=tuple(_table(connection, f"{where}.RELEASE_HISTORY")),
    )


def _by_name(rows: list[Row]) -> dict[str, Row]:
    return {row["name"]: {key: row[key] for key in row.keys() - _PASSING} for row in rows}


def _rows(connection: SnowflakeConnection, sql: str) -> list[Row]:
    cursor = connection.cursor().execute(sql)
    names = [column.name.lower() for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _table(connection: SnowflakeConnection, name: str) -> list[Row]:
    try:
        return _rows(connection, f"SELECT * FROM {name}")
    except ProgrammingError as error:
        if error.sqlstate != "42S02":
            raise
        return []


def _placeless(row: Row, where: str) -> Row:
    """The row without the schema's name, and with lists in one order."""
    database, _, schema = where.partition(".")
    names = (f"{where}.", f'"{database}"."{schema}".', f'\\"{database}\\".\\"{schema}\\".')
    return {key: _ordered(_without(value, names)) for key, value in row.items()}


def _without(value: Any, names: tuple[str, ...]) -> Any:
    if not isinstance(value, str):
        return value
    for name in names:
        value = value.replace(name, "")
    return value


def _ordered(value: Any) -> Any:
    """Predecessors come in any order: as a sorted list they can be compared."""
    if not (isinstance(value, str) and value.startswith("[")):
        return value
    return _parsed(value, lambda found: tuple(sorted(map(str, found))))


def _parsed(text: str, shape: Callable[[Any], Any]) -> Any:
    try:
        return shape(json.loads(text))
    except json.JSONDecodeError:
        return text
