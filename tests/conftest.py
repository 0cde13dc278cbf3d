"""One local Snowflake for the whole test run; each test makes the database it needs."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
os.environ.setdefault("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")


@dataclass(frozen=True)
class LocalSnowflake:
    """A running server and how to reach it as its administrator."""

    port: int
    home: Path
    host: str = "127.0.0.1"

    @property
    def parameters(self) -> dict[str, Any]:
        """The connector's keyword arguments."""
        return {
            "account": "local",
            "user": "ADMIN",
            "password": "local",
            "host": self.host,
            "port": self.port,
            "protocol": "http",
        }

    @property
    def environ(self) -> dict[str, str]:
        """The variables that dag and deploy read, for the administrator."""
        return {
            "SNOWFLAKE_ACCOUNT": "local",
            "SNOWFLAKE_HOST": self.host,
            "SNOWFLAKE_PORT": str(self.port),
            "SNOWFLAKE_PROTOCOL": "http",
            "SNOWFLAKE_USER": "ADMIN",
            "SNOWFLAKE_PASSWORD": "local",
            "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true",
        }

    def connect(self, **options: Any) -> Any:
        """A Snowpark session."""
        from snowflake.snowpark import Session

        return Session.builder.configs({**self.parameters, **options}).create()

    def connector(self, **options: Any) -> Any:
        """A connection of the Python connector."""
        import snowflake.connector

        return snowflake.connector.connect(**{**self.parameters, **options})


def start(home: Path, *options: str) -> tuple[subprocess.Popen[str], LocalSnowflake]:
    """Start a server on a free port and wait until it says that it is ready."""
    command = [sys.executable, "-m", "environments.local.snowflake", "--home", str(home), "--port", "0", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
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
def snowflake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSnowflake]:
    """The local Snowflake that tests share; sample data at 1/100 of TPCH_SF1."""
    process, server = start(tmp_path_factory.mktemp("account"), "--scale", "0.01")
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
