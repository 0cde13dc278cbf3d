"""One run of the last environment's graph with its real settings, by `deploy run` as the service user."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from deploy.account.sql import literal
from ml_pipeline import config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snowflake.connector import SnowflakeConnection

    from .delivery import KeyPair
    from .server import Server


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
    """The run: task by task, what each step found, and the model version that is in use now."""

    tasks: tuple[TaskRun, ...]
    results: dict[str, Any]
    model_version: str

    @property
    def metrics(self) -> dict[str, Any]:
        """How good the model is, as the step that evaluated it says; nothing if no step did."""
        return next((found["metrics"] for found in self.having("metrics")), {})

    def having(self, *keys: str) -> Iterator[dict[str, Any]]:
        """The results that have all of these keys: a report shows what steps found, whatever they are called."""
        for result in self.results.values():
            if isinstance(result, dict) and all(result.get(key) for key in keys):
                yield result


def read(server: Server, key: KeyPair, environment: config.Environment, verdict: dict[str, Any]) -> FullRun:
    """Put together what a run left behind; `verdict` is what `deploy run` answered."""
    with closing(_connect(server, key, environment)) as connection:
        groups = verdict["runs"]
        prefix = f"{next(iter(groups))}$" if len(groups) == 1 else ""  # of several graphs, a task's name says which
        tasks = _tasks(verdict["tasks"], prefix)
        results = {
            f"{graph}.{step}": found
            for graph, group in groups.items()
            for step, found in _results(connection, group).items()
        }
        return FullRun(tasks, results, _model_version(connection, environment))


def _tasks(tasks: dict[str, Any], prefix: str) -> tuple[TaskRun, ...]:
    runs = (_task(name.removeprefix(prefix), values) for name, values in tasks.items())
    return tuple(sorted(runs, key=lambda run: (run.start is None, run.start)))


def _task(name: str, values: dict[str, Any]) -> TaskRun:
    start = datetime.fromisoformat(values["started"]) if values["started"] else None
    end = start + timedelta(seconds=values["seconds"]) if start and values["seconds"] is not None else None
    return TaskRun(name, values["state"], start, end, values.get("error", ""))


def _connect(server: Server, key: KeyPair, environment: config.Environment) -> SnowflakeConnection:
    import snowflake.connector

    from dag import connection

    variables = {**server.address, "SNOWFLAKE_PRIVATE_KEY": key.private}
    return snowflake.connector.connect(**connection.parameters(environment, variables))


def _rows(connection: SnowflakeConnection, sql: str) -> list[dict[str, Any]]:
    from snowflake.connector import DictCursor

    return connection.cursor(DictCursor).execute(sql).fetchall()


def _results(connection: SnowflakeConnection, group: str) -> dict[str, Any]:
    if not _rows(connection, "SHOW TABLES LIKE 'STEP_RESULTS'"):
        return {}
    rows = _rows(connection, f"SELECT STEP, RESULT FROM STEP_RESULTS WHERE RUN_ID = {literal(config.kept_id(group))}")
    return {row["STEP"]: json.loads(row["RESULT"]) for row in rows}


def _model_version(connection: SnowflakeConnection, environment: config.Environment) -> str:
    rows = _rows(connection, f"SHOW MODELS LIKE {literal(environment.pipeline.registry.model)}")
    return rows[0]["default_version_name"] if rows else ""
