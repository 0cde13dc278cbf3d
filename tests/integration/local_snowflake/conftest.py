"""The local Snowflake whose own tests these are: the lines that it runs count for the coverage."""

from collections.abc import Iterator

import pytest

from tests.conftest import LocalSnowflake, serve


@pytest.fixture(scope="session")
def snowflake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSnowflake]:
    """One for all of them, measured."""
    yield from serve(tmp_path_factory.mktemp("measured"), measured=True)
