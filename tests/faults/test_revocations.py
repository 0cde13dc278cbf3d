"""A grant that is missing: the deployer names it, and has changed nothing."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.faults import commands, revocations
from tests.faults.callers import Callers
from tests.faults.commands import Account


@pytest.fixture(scope="module")
def account(snowflake: Any, callers: Callers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with commands.opened(snowflake, callers, tmp_path_factory.mktemp("account"), "one") as made:
        yield made


def test_a_release_names_the_grant_that_is_missing_and_writes_nothing(account: Account) -> None:
    """A sample, another one each day; `make faults` revokes every grant."""
    today = random.Random(datetime.now(UTC).date().toordinal())
    found = revocations.row(account, today.sample(revocations.every(account), 4))
    assert found.broken == ()
