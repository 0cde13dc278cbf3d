"""What the fault tests share: callers, and cases in a database of the module's own."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.callers import Callers, load
from tests.faults.cases import Cases


@pytest.fixture(scope="session")
def callers() -> Iterator[Callers]:
    """Processes with the clients' and the deployer's imports done: those take longer than most cases."""
    load()
    with Callers() as origin:
        yield origin


@pytest.fixture(scope="module")
def cases(snowflake: Any, callers: Callers, request: pytest.FixtureRequest) -> Iterator[Cases]:
    """Cases against the shared local Snowflake."""
    name = "F_" + re.sub(r"\W", "_", request.module.__name__).upper()[-60:]
    with snowflake.connector() as connection:
        connection.cursor().execute(f"CREATE OR REPLACE DATABASE {name}")
        with Cases(callers, snowflake, name) as made:
            yield made
        connection.cursor().execute(f"DROP DATABASE {name}")
