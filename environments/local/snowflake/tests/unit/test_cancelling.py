"""Who may stop what runs: https://docs.snowflake.com/en/sql-reference/functions/system_cancel_query."""

import time
from collections.abc import Iterator
from concurrent.futures import wait

import pytest

from local_snowflake import statements
from local_snowflake.kernel.account import Account
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.executions import Execution
from local_snowflake.kernel.session import Session
from local_snowflake.opening import opened
from tests.unit.asking import ask


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    account = opened(tmp_path_factory.mktemp("account"), scale=0.01)
    admin = account.open_session("ADMIN", "ACCOUNTADMIN")
    for text in ("CREATE WAREHOUSE W", "CREATE USER A", "CREATE USER B", "CREATE ROLE R", "GRANT ROLE R TO USER B"):
        statements.run(admin, text)
    for text in (
        "GRANT USAGE ON WAREHOUSE W TO ROLE PUBLIC",
        "CREATE ROLE OWNER",
        "GRANT ROLE OWNER TO ROLE ACCOUNTADMIN",
    ):
        statements.run(admin, text)
    yield account
    account.close()


@pytest.fixture
def theirs(account: Account) -> Iterator[Session]:
    """A session of A's."""
    session = account.open_session("A", "PUBLIC")
    session.use_warehouse("W")
    account.sessions["token"] = session
    yield session
    for execution in account.executions.of(session):
        execution.cancel()


@pytest.fixture
def running(account: Account, theirs: Session) -> Execution:
    """What A runs in it."""
    text = "SELECT SYSTEM$WAIT(30)"
    execution = account.executions.submit(Execution(theirs, text), lambda: statements.run(theirs, text))
    while not execution.begun:
        time.sleep(0.005)
    return execution


def stop(account: Account, user: str, role: str, text: str) -> str:
    with_it = account.open_session(user, role)
    try:
        return str(statements.run(with_it, f"SELECT {text}").rows[0][0].as_py())
    except SnowflakeError as refused:
        return refused.code
    finally:
        with_it.close()


@pytest.fixture(
    params=["SYSTEM$CANCEL_QUERY('{query}')", "SYSTEM$CANCEL_ALL_QUERIES({session})", "SYSTEM$ABORT_SESSION({session})"]
)
def stopping(request: pytest.FixtureRequest, running: Execution) -> str:
    return request.param.format(query=running.query_id, session=running.session.id)


def test_another_user_without_a_privilege_stops_nothing(account, running, stopping):
    assert stop(account, "B", "PUBLIC", stopping) == "003001"
    assert stop(account, "B", "R", stopping) == "003001"
    assert not running.finished.done()
    assert account.sessions["token"] is running.session


@pytest.mark.parametrize(("user", "role"), [("A", "PUBLIC"), ("ADMIN", "ACCOUNTADMIN")])
def test_the_user_itself_and_the_administrator_stop_it(account, running, stopping, user, role):
    assert stop(account, user, role, stopping).endswith(("terminated.", "1 cancelled."))
    wait([running.finished], 10)
    assert running.error.code == "000604"
    assert ("token" in account.sessions) is ("ABORT" not in stopping)


def test_who_operates_the_warehouse_stops_its_queries_and_no_session(account, running):
    admin = account.open_session("ADMIN", "ACCOUNTADMIN")
    statements.run(admin, "GRANT OPERATE ON WAREHOUSE W TO ROLE R")
    assert stop(account, "B", "R", f"SYSTEM$ABORT_SESSION({running.session.id})") == "003001"
    assert stop(account, "B", "R", f"SYSTEM$CANCEL_QUERY('{running.query_id}')").endswith("terminated.")
    statements.run(admin, "REVOKE OPERATE ON WAREHOUSE W FROM ROLE R")
    admin.close()


def test_an_aborted_session_rolls_back_what_it_had_not_committed(account, theirs):
    admin = account.open_session("ADMIN", "ACCOUNTADMIN")
    for text in ("CREATE DATABASE D", "CREATE TABLE D.PUBLIC.T (A INT)", "GRANT USAGE ON DATABASE D TO ROLE PUBLIC"):
        statements.run(admin, text)
    for text in ("USAGE ON SCHEMA D.PUBLIC", "SELECT, INSERT ON TABLE D.PUBLIC.T"):
        statements.run(admin, f"GRANT {text} TO ROLE PUBLIC")
    for text in ("BEGIN", "INSERT INTO D.PUBLIC.T VALUES (1)"):
        statements.run(theirs, text)
    statements.run(admin, f"SELECT SYSTEM$ABORT_SESSION({theirs.id})")
    admin.use_warehouse("W")
    statements.run(admin, "UPDATE D.PUBLIC.T SET A = 2")  # nobody holds the table any more
    assert statements.run(admin, "SELECT * FROM D.PUBLIC.T").rows.num_rows == 0
    admin.close()


def test_what_others_run_is_not_for_everybody_to_read(account, running):
    for user, role, seen in (("A", "PUBLIC", 1), ("B", "PUBLIC", 0), ("ADMIN", "ACCOUNTADMIN", 1)):
        account.sessions["asking"] = account.open_session(user, role)
        answer = ask(account, "GET", f"/monitoring/queries/{running.query_id}", token="asking")[1]
        assert len(answer["data"].get("queries", [])) == seen
