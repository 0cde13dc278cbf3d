"""A local Snowflake for tests: a pytest plugin.

    pytest_plugins = ["local_snowflake.testing"]

in a conftest.py gives these fixtures:

- `snowflake`: one server for the whole run (a `LocalSnowflake`); `snowflake_options` are its options, to be overridden.
- `database`: a database of the test's own, dropped afterwards.
- `session`: a Snowpark session in that database's schema PUBLIC.

`start` and `stop` give a test a server of its own. (PYTEST_DONT_REWRITE: there are no assertions here.)
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..kernel.passwords import FILE

SMALL = ("--scale", "0.01", "--http-issuers")
"""Options for a small account: sample data at 1/100 of TPCH_SF1, and tokens of issuers on this machine are taken."""


@dataclass(frozen=True)
class LocalSnowflake:
    """A running server and how to reach it as its administrator."""

    port: int
    home: Path
    host: str = "127.0.0.1"

    @property
    def password(self) -> str:
        """The administrator's."""
        return (self.home / FILE).read_text(encoding="utf-8")

    @property
    def parameters(self) -> dict[str, Any]:
        """The connector's keyword arguments."""
        return {
            "account": "local",
            "user": "ADMIN",
            "password": self.password,
            "host": self.host,
            "port": self.port,
            "protocol": "http",
        }

    @property
    def environ(self) -> dict[str, str]:
        """The variables that lead `snow` and programs like it here, as the administrator."""
        return {
            "SNOWFLAKE_ACCOUNT": "local",
            "SNOWFLAKE_HOST": self.host,
            "SNOWFLAKE_PORT": str(self.port),
            "SNOWFLAKE_PROTOCOL": "http",
            "SNOWFLAKE_USER": "ADMIN",
            "SNOWFLAKE_PASSWORD": self.password,
            "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true",
        }

    def connect(self, **options: Any) -> Any:
        """A Snowpark session."""
        from snowflake.snowpark import Session

        session = Session.builder.configs({**self.parameters, **options}).create()
        # With it, the clients ask before each of their functions whether the connection is alive, to report the call.
        session.telemetry_enabled = False
        return session

    def connector(self, **options: Any) -> Any:
        """A connection of the Python connector."""
        import snowflake.connector

        return snowflake.connector.connect(**{**self.parameters, **options})


def start(
    home: Path, *options: str, warm: bool = False, python: Sequence[str] = (sys.executable,), cwd: Path | None = None
) -> tuple[subprocess.Popen[str], LocalSnowflake]:
    """Start a server on a free port and wait until it says that it is ready.

    Args:
        home: the folder that holds the account.
        options: options of `local-snowflake`.
        warm: start the Python of procedures now. It keeps a core busy for seconds, and most servers are never asked for
            it: else it begins with the first call.
        python: the command that runs Python.
        cwd: where it runs.

    Raises:
        RuntimeError: when it does not start; standard error has the cause.

    """
    command = [*python, "-m", "local_snowflake", "--home", str(home), "--port", "0"]
    command += [*([] if warm else ["--cold-python"]), *options]
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
    if not found:
        process.kill()
        raise RuntimeError(f"the local Snowflake did not start: {line!r}")
    return process, LocalSnowflake(int(found[1]), home)


def stop(process: subprocess.Popen[str]) -> None:
    """End a server and wait for it."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


@pytest.fixture(scope="session")
def snowflake_options() -> dict[str, Any]:
    """What `snowflake` is started with: `options`, and what else `start` takes."""
    return {"options": SMALL}


@pytest.fixture(scope="session")
def snowflake(tmp_path_factory: pytest.TempPathFactory, snowflake_options: dict[str, Any]) -> Iterator[LocalSnowflake]:
    """One local Snowflake for the whole run."""
    others = {name: value for name, value in snowflake_options.items() if name != "options"}
    process, server = start(tmp_path_factory.mktemp("account"), *snowflake_options["options"], **others)
    yield server
    stop(process)


@pytest.fixture
def database(snowflake: LocalSnowflake, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the test's own, dropped afterwards."""
    name = "T_" + re.sub(r"\W", "_", request.node.name).upper()[:60]
    with snowflake.connector() as connection:
        connection.cursor().execute(f"CREATE OR REPLACE DATABASE {name}")
        yield name
        connection.cursor().execute(f"DROP DATABASE IF EXISTS {name}")


@pytest.fixture
def session(snowflake: LocalSnowflake, database: str) -> Iterator[Any]:
    """A Snowpark session in the test's own database, schema PUBLIC."""
    opened = snowflake.connect(database=database, schema="PUBLIC", warehouse="COMPUTE_WH")
    yield opened
    opened.close()
