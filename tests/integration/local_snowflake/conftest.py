"""The local Snowflake whose own tests these are: the lines that it runs count for the coverage."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import LocalSnowflake, serve


@pytest.fixture(scope="session")
def snowflake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSnowflake]:
    """One for all of them, measured."""
    yield from serve(tmp_path_factory.mktemp("measured"), measured=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs in the tests' own process is the clients: tracing it makes it half as slow again, and tells nothing."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("no_cover")
