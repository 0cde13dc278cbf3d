"""One run of PROD's graph with its real settings, started and followed as the service user that owns it."""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.sql_text import identifier, literal
from ml_pipeline import config

from .errors import RehearsalError

if TYPE_CHECKING:
    from datetime import datetime

    from snowflake.connector import SnowflakeConnection

    from .delivery import KeyPair
    from .server import Server

_POLL_SECONDS, _LIMIT_SECONDS = 0.5, 300
_ACTIVE = {"SCHEDULED", "EXECUTING"}


@dataclass(frozen=True)
class TaskRun:
    """One task of the run."""

    name: str
    state: str
    start: datetime | None
    end: datetime | None
    error: str


@dataclass(frozen=True)
class FullRun:
    """The run: how it ended, task by task, what each step found, and the model version that is in use now."""

    state: str
    tasks: tuple[TaskRun, ...]
    results: dict[str, Any]
    model_version: str


def execute(server: Server, key: KeyPair, checkout: Path) -> FullRun:
    """Start PROD's graph as its schedule would, and wait for its end.

    Raises:
        RehearsalError: when it does not end within five minutes.
    """
    environment = config.load("prod", checkout / "environments")
    with closing(_connect(server, key, environment)) as connection:
        group = _start(connection, environment)
        deadline = time.monotonic() + _LIMIT_SECONDS
        while time.monotonic() < deadline:
            tasks = _tasks(connection, environment, group)
            state = _state(connection, environment, group)
            if state:
                return FullRun(state, tasks, _results(connection, group), _model_version(connection, environment))
            time.sleep(_POLL_SECONDS)
    raise RehearsalError(f"PROD's run did not end within {_LIMIT_SECONDS} s: {tasks}")


def _connect(server: Server, key: KeyPair, environment: config.Environment) -> SnowflakeConnection:
    import snowflake.connector

    from dag import connection

    variables = {**server.address, "SNOWFLAKE_PRIVATE_KEY": key.private}
    return snowflake.connector.connect(**connection.parameters(environment, variables))


def _rows(connection: SnowflakeConnection, sql: str) -> list[dict[str, Any]]:
    from snowflake.connector import DictCursor

    return connection.cursor(DictCursor).execute(sql).fetchall()


def _start(connection: SnowflakeConnection, environment: config.Environment) -> str:
    """Start the graph and return the group id of its run: the newest that is under way."""
    s = environment.snowflake
    root = ".".join(map(identifier, (s.database, s.schema, environment.graph.name)))
    connection.cursor().execute(f"EXECUTE TASK {root}")
    found = _rows(
        connection,
        f"SELECT GRAPH_RUN_GROUP_ID FROM TABLE(INFORMATION_SCHEMA.CURRENT_TASK_GRAPHS("
        f"ROOT_TASK_NAME => {literal(environment.graph.name)})) WHERE STATE = 'EXECUTING' "
        "ORDER BY QUERY_START_TIME DESC",
    )
    if not found:
        raise RehearsalError("PROD's graph was started, but no run of it is under way")
    return str(found[0]["GRAPH_RUN_GROUP_ID"])


def _tasks(connection: SnowflakeConnection, environment: config.Environment, group: str) -> tuple[TaskRun, ...]:
    prefix = f"{environment.graph.name}$"
    rows = _rows(
        connection,
        "SELECT NAME, STATE, QUERY_START_TIME, COMPLETED_TIME, ERROR_MESSAGE FROM TABLE("
        f"INFORMATION_SCHEMA.TASK_HISTORY(RESULT_LIMIT => 1000)) WHERE GRAPH_RUN_GROUP_ID = {literal(group)} "
        "ORDER BY QUERY_START_TIME",
    )
    return tuple(
        TaskRun(
            r["NAME"].removeprefix(prefix), r["STATE"], r["QUERY_START_TIME"], r["COMPLETED_TIME"], r["ERROR_MESSAGE"]
        )
        for r in rows
    )


def _state(connection: SnowflakeConnection, environment: config.Environment, group: str) -> str:
    """How the run ended; empty while it has not."""
    rows = _rows(
        connection,
        f"SELECT STATE FROM TABLE(INFORMATION_SCHEMA.COMPLETE_TASK_GRAPHS("
        f"ROOT_TASK_NAME => {literal(environment.graph.name)})) WHERE GRAPH_RUN_GROUP_ID = {literal(group)}",
    )
    return rows[0]["STATE"] if rows else ""


def _results(connection: SnowflakeConnection, group: str) -> dict[str, Any]:
    rows = _rows(connection, f"SELECT STEP, RESULT FROM STEP_RESULTS WHERE RUN_ID = {literal(group)}")
    return {row["STEP"]: json.loads(row["RESULT"]) for row in rows}


def _model_version(connection: SnowflakeConnection, environment: config.Environment) -> str:
    rows = _rows(connection, f"SHOW MODELS LIKE {literal(environment.pipeline.model)}")
    return rows[0]["default_version_name"] if rows else "none"
