"""One local Snowflake for the whole test run; each test makes the database it needs."""

import gc
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import coverage
import pytest
from hypothesis import HealthCheck, settings

try:
    from local_snowflake import testing
    from local_snowflake.testing import LocalSnowflake, stop

    pytest_plugins = ["local_snowflake.testing"]
except ModuleNotFoundError:  # a fork may do without it: what needs it is left out
    collect_ignore = [
        "integration",
        "example/integration",
        "faults",
        "unit/test_ledger.py",
        "workflows/test_for_real.py",
    ]

__all__ = ["DAY", "ROOT", "TESTS", "LocalSnowflake", "main", "module", "start", "stop"]

TESTS = Path(__file__).parent
"""A project whose environments are the frame's tests' own: no fork changes tests/environments."""
ROOT = TESTS.parent
if not (ROOT / "environments/local").is_dir():  # a fork may do without all of it
    of_its_own = (path for path in (ROOT / "tests").rglob("test_*.py") if "from environments.local" in path.read_text())
    collect_ignore += ["workflows", *map(str, of_its_own)]
# Nobody signs in as the person who runs the tests, and no proxy of theirs stands before the servers of this machine.
for name in [name for name in os.environ if name.startswith(("SNOWFLAKE_", "PRIVATE_KEY_PASSPHRASE"))]:
    if not name.startswith(("SNOWFLAKE_LOCAL_", "SNOWFLAKE_HOME")):
        del os.environ[name]
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
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
    "test_documents.py",
    "test_profiles.py",
    "test_scoring.py",
    "test_races.py",
    "test_features.py",
    "test_acting.py",
    "test_deploy_trigger.py",
    "test_training_jobs.py",
    "test_cost_of_a_deploy.py",
    "test_proxy.py",
    "test_pipeline_as_tasks.py",
    "test_notebook.py",
    "test_serving.py",
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


def main(argv: list[str], project: Path = TESTS) -> int:
    """Run `python -m deploy` in this process, in a project that has the tests' environments."""
    from deploy.verbs import cli

    return cli.main(argv, project)


def start(home: Path, *options: str, warm: bool = False) -> "tuple[subprocess.Popen[str], LocalSnowflake]":
    """Start a local Snowflake (`local_snowflake.testing.start`), which writes down what it is asked, for the ledger."""
    return testing.start(home, *options, *_recorded(), warm=warm)


def _recorded() -> list[str]:
    folder = os.environ.get("LEDGER")
    return ["--record", str(Path(folder, "tests.jsonl"))] if folder else []


@pytest.fixture(scope="session")
def snowflake_options() -> dict[str, Any]:
    """The local Snowflake of all tests."""
    return {"options": (*testing.SMALL, *_recorded())}


@pytest.fixture
def own_roles(snowflake: "LocalSnowflake") -> None:
    """DEV's delivering role loses what deliveries to other databases have granted it, in the same account."""
    with snowflake.connector(role="ACCOUNTADMIN") as connection:
        cursor = connection.cursor()
        for (role,) in cursor.execute("SHOW ROLES LIKE 'T_DEV_DEPLOY' ->> SELECT \"name\" FROM $1").fetchall():
            held = cursor.execute(f'SHOW GRANTS TO ROLE {role} ->> SELECT "name" FROM $1 WHERE "granted_on" = \'ROLE\'')
            for (other,) in held.fetchall():
                if not other.startswith("T_DEV_"):
                    cursor.execute(f"REVOKE ROLE {other} FROM ROLE {role}")
