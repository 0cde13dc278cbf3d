"""One local Snowflake for the whole test run; each test makes the database it needs."""

import gc
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import coverage
import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent
os.environ.setdefault("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")
# Else the connector sends a workload's token to Snowflake's own domains only.
os.environ.setdefault("SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES", "127.0.0.1")
# OpenMP's threads spin while they wait: on two busy cores that is a third of the time that training takes.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# How long an example takes says how busy the machine is.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")
# Some tests take turns, a day each: what this run leaves out, tomorrow's has.
DAY = datetime.now(UTC).date().toordinal()
# The files that take longest come first, so that no core ends with one of them while the other has nothing to do; among
# them those that mostly wait, so that two cores have two files to work on, and not three.
LONGEST = (
    "test_rehearsal.py",
    "test_pipeline.py",
    "test_stalls.py",
    "test_for_real.py",
    "test_deploy_release.py",
    "test_deploy_smoke.py",
    "test_runs_under_way.py",
    "test_sweeps.py",
    "test_readme.py",
    "test_profiles.py",
    "test_scoring.py",
    "test_races.py",
    "test_features.py",
    "test_ml_jobs.py",
    "test_acting.py",
    "test_deploy_trigger.py",
    "test_training_jobs.py",
    "test_cost_of_a_deploy.py",
    "test_proxy.py",
    "test_pipeline_as_tasks.py",
    "test_notebook.py",
    "test_serving.py",
    "test_services.py",
    "test_governance.py",
    "test_bench.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files."""
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(LONGEST)))


def pytest_collection_finish() -> None:
    """The modules that are loaded by now stay: the garbage collector need not walk through them again and again."""
    gc.freeze()
    gc.set_threshold(20_000)


def module(name: str, *, measured: bool) -> list[str]:
    """The command `python -m <name>`; measured: its lines count for the coverage, those of its children do not.

    Tracing makes imports half as long again, so only what no other test reaches is measured.
    """
    measuring = ["-m", "coverage", "run"] if measured and coverage.Coverage.current() else []
    return [sys.executable, *measuring, "-m", name]


@dataclass(frozen=True)
class LocalSnowflake:
    """A running server and how to reach it as its administrator."""

    port: int
    home: Path
    host: str = "127.0.0.1"

    @property
    def password(self) -> str:
        """The administrator's."""
        return (self.home / "password").read_text()

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
        """The variables that dag and deploy read, for the administrator."""
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
    home: Path, *options: str, measured: bool = False, warm: bool = False
) -> tuple[subprocess.Popen[str], LocalSnowflake]:
    """Start a server on a free port and wait until it says that it is ready.

    What Python imports for procedures keeps a core busy for seconds, and most servers are never asked for it: unless
    it is to be warm, it begins with the first call.
    """
    command = module("environments.local.snowflake", measured=measured)
    command += [
        "--home",
        str(home),
        "--port",
        "0",
        *([] if warm else ["--cold-python"]),
        *_recorded(own=measured),
        *options,
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
    if not found:
        process.kill()
        raise RuntimeError(f"the local Snowflake did not start: {line!r}")
    return process, LocalSnowflake(int(found[1]), home)


def _recorded(*, own: bool) -> list[str]:
    """Where a server writes down what it is asked, for the ledger (tests.run), but for its own tests."""
    folder = os.environ.get("LEDGER")
    return ["--record", os.devnull if own else str(Path(folder, "tests.jsonl"))] if folder else []


def stop(process: subprocess.Popen[str]) -> None:
    """End a server and wait for it."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


def serve(folder: Path, *, measured: bool) -> Iterator[LocalSnowflake]:
    """A local Snowflake for tests to share; sample data at 1/100 of TPCH_SF1."""
    process, server = start(folder, "--scale", "0.01", "--http-issuers", measured=measured)
    yield server
    stop(process)


@pytest.fixture(scope="session")
def snowflake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSnowflake]:
    """The local Snowflake of the tests that are of something else. Its own (integration/local_snowflake) measure it."""
    yield from serve(tmp_path_factory.mktemp("account"), measured=False)


@pytest.fixture
def own_roles(snowflake: LocalSnowflake) -> None:
    """DEV's delivering role loses what deliveries to other databases have granted it, in the same account."""
    with snowflake.connector(role="ACCOUNTADMIN") as connection:
        cursor = connection.cursor()
        for (role,) in cursor.execute("SHOW ROLES LIKE 'ML_DEV_DEPLOY' ->> SELECT \"name\" FROM $1").fetchall():
            held = cursor.execute(f'SHOW GRANTS TO ROLE {role} ->> SELECT "name" FROM $1 WHERE "granted_on" = \'ROLE\'')
            for (other,) in held.fetchall():
                if not other.startswith("ML_DEV_"):
                    cursor.execute(f"REVOKE ROLE {other} FROM ROLE {role}")


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
