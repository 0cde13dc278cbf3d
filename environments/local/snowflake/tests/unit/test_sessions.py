"""Clients that go without a word: their sessions end, and their transactions block nobody for ever."""

import threading
from collections.abc import Iterator

import pytest

from local_snowflake import statements
from local_snowflake.kernel.account import Account
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.executions import Execution
from local_snowflake.opening import opened

HOUR = 3600


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    account = opened(tmp_path_factory.mktemp("account"), scale=0.01)
    yield account
    account.close()


@pytest.fixture
def session(account):
    session = account.open_session("ADMIN", "ACCOUNTADMIN")
    account.sessions["token"] = session
    session.use_warehouse("COMPUTE_WH")
    statements.run(session, "CREATE OR REPLACE DATABASE D; CREATE TABLE T (A INT); INSERT INTO T VALUES (1)", count=0)
    yield session
    account.end("token")


@pytest.mark.parametrize(("hours", "stays"), [(3.9, True), (4.1, False)])
def test_a_session_whose_client_is_silent_for_four_hours_ends(account, session, hours, stays):
    session.heard -= hours * HOUR
    account.end_idle()
    assert ("token" in account.sessions) is stays


def test_two_hundred_sessions_leave_no_thread_and_no_session(account):
    threads = threading.active_count()
    for number in range(200):
        session = account.open_session("ADMIN", "ACCOUNTADMIN")
        statements.run(session, "SELECT 1")
        account.sessions[f"token {number}"] = session
        session.heard -= (number % 2) * 5 * HOUR
    account.end_idle()
    assert len(account.sessions) == 100
    for token in list(account.sessions):
        account.end(token)
    assert (len(account.sessions), threading.active_count()) == (0, threads)


@pytest.fixture
def other(account, session):
    """Another session, while the first one holds the table."""
    statements.run(session, "BEGIN; UPDATE T SET A = 2", count=0)
    other = account.open_session("ADMIN", "ACCOUNTADMIN")
    other.use_warehouse("COMPUTE_WH")
    statements.run(other, "USE SCHEMA D.PUBLIC; ALTER SESSION SET LOCK_TIMEOUT = 1", count=0)
    yield other
    other.close()


def test_a_transaction_that_blocks_another_is_rolled_back_when_its_client_has_gone(session, other):
    session.heard -= 301
    changed = statements.run(other, "UPDATE T SET A = 3 WHERE A = 1")
    assert (changed.rows.column(0)[0].as_py(), session.in_transaction) == (1, False)


def test_a_transaction_whose_client_was_heard_of_lately_keeps_its_lock(session, other):
    session.heard -= 290
    with pytest.raises(SnowflakeError, match="could not be run in time"):
        statements.run(other, "UPDATE T SET A = 3 WHERE A = 1")
    assert session.in_transaction


def test_a_transaction_whose_statement_runs_is_not_abandoned(account, session, other):
    execution = Execution(session, "CALL P()", begun=True)
    account.executions.submit(execution, lambda: statements.run(session, "CALL SYSTEM$WAIT(2)"))
    session.heard -= 301
    with pytest.raises(SnowflakeError, match="could not be run in time"):
        statements.run(other, "UPDATE T SET A = 3 WHERE A = 1")
    execution.finished.result()
    assert session.in_transaction
