"""The command line with a grant that is missing, and with secrets to keep. Samples, others each day; `make faults`
revokes every grant and runs every command with every credential."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import DAY
from tests.faults import canaries, commands, revocations
from tests.faults.callers import Callers
from tests.faults.commands import Account

today = random.Random(DAY)


@pytest.fixture(scope="module")
def account(snowflake: Any, callers: Callers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with commands.opened(snowflake, callers, tmp_path_factory.mktemp("account"), *canaries.RELEASES) as made:
        yield made


@pytest.mark.usefixtures("own_roles")
def test_a_release_names_the_grant_that_is_missing_and_writes_nothing(account: Account) -> None:
    found = revocations.row(account, today.sample(revocations.every(account), 2))
    assert (found.points, found.broken) == (2, ())


def test_no_secret_is_in_what_commands_log_print_and_leave(account: Account) -> None:
    found = canaries.row(account, today.choice(canaries.KINDS), today.sample(canaries.DELIVERIES, 2))
    assert (found.points, found.broken) == (2, ())


def test_a_secret_that_lies_about_is_found() -> None:
    secrets = {canaries.PASSWORD: "password"}
    assert list(canaries.found({"the log": "connecting"}, secrets)) == []
    assert list(canaries.found({"the log": f"connecting with {canaries.PASSWORD}"}, secrets))
    assert list(canaries.found({"the log": "token eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln"}, secrets))
