"""What the fault tests share: callers, and cases in a database of the module's own."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import dag
import deploy
from tests.faults.callers import Callers
from tests.faults.cases import Cases

# What dag and deploy import when they need it.
_CLIENTS = ("snowflake.connector", "snowflake.core.task.dagv1", "snowflake.snowpark")


@pytest.fixture(scope="session")
def callers() -> Iterator[Callers]:
    """Processes with the clients' and the deployer's imports done: those take longer than most cases."""
    for name in (*_CLIENTS, *_modules(dag), *_modules(deploy)):
        importlib.import_module(name)
    with Callers() as origin:
        yield origin


def _modules(package: ModuleType) -> list[str]:
    found = pkgutil.iter_modules(package.__path__, package.__name__ + ".")
    return [module.name for module in found if not module.name.endswith("__main__")]


@pytest.fixture(scope="module")
def cases(snowflake: Any, callers: Callers, request: pytest.FixtureRequest) -> Iterator[Cases]:
    """Cases against the shared local Snowflake."""
    name = "F_" + re.sub(r"\W", "_", request.module.__name__).upper()[-60:]
    with snowflake.connector() as connection:
        connection.cursor().execute(f"CREATE OR REPLACE DATABASE {name}")
        with Cases(callers, snowflake, name) as made:
            yield made
        connection.cursor().execute(f"DROP DATABASE {name}")
