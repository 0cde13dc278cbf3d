"""The local Snowflake whose own tests these are: the lines that it runs count for the coverage."""

from collections.abc import Iterator

import coverage
import pytest

from tests.conftest import LocalSnowflake, serve


@pytest.fixture(scope="session")
def snowflake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSnowflake]:
    """One for all of them, measured."""
    yield from serve(tmp_path_factory.mktemp("measured"), measured=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """What runs in the tests' own process is the clients: tracing it makes it half as slow again, and tells nothing."""
    measuring = coverage.Coverage.current()
    if not measuring:
        return (yield)
    measuring.stop()
    try:
        return (yield)
    finally:
        measuring.start()
