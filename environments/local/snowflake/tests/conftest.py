"""The local Snowflake whose own tests these are: the lines that it runs count for the coverage."""

import gc
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import coverage
import pytest
from hypothesis import HealthCheck, settings

from local_snowflake.testing import SMALL

pytest_plugins = ["local_snowflake.testing"]

HOUSE = Path(__file__).parent.parent
os.environ.setdefault("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")
# OpenMP's threads spin while they wait: on two busy cores that is a third of the time that training takes.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# How long an example takes says how busy the machine is.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")
# Some tests take turns, a day each: what this run leaves out, tomorrow's has.
DAY = datetime.now(UTC).date().toordinal()
# The files that take longest come first, so that no core ends with one of them while the other has nothing to do.
LONGEST = ("test_ml_jobs.py", "test_services.py", "test_feature_store.py", "test_model_monitors.py", "test_registry.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files."""
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(LONGEST)))


def pytest_collection_finish() -> None:
    """The modules that are loaded by now stay: the garbage collector need not walk through them again and again."""
    gc.freeze()
    gc.set_threshold(20_000)


def measured() -> dict[str, Any]:
    """How `start` starts a server whose lines count for the coverage."""
    measuring = ["-m", "coverage", "run"] if coverage.Coverage.current() else []
    return {"python": [sys.executable, *measuring], "cwd": HOUSE}


@pytest.fixture(scope="session")
def snowflake_options() -> dict[str, Any]:
    """A small account, whose lines are measured."""
    return {"options": SMALL, **measured()}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """With a server, what runs in the tests' own process is the clients: tracing it makes it half as slow again."""
    measuring = coverage.Coverage.current() if "snowflake" in getattr(item, "fixturenames", ()) else None
    if not measuring:
        return (yield)
    measuring.stop()
    try:
        return (yield)
    finally:
        measuring.start()
