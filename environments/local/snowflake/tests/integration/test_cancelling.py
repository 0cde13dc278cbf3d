"""Stopping statements: by the client, by a time-out; and what is remembered of them."""

import threading
import time

import pytest
from snowflake.connector.errors import ProgrammingError

LONG = "SELECT COUNT(*) FROM BIG A, BIG B, BIG C WHERE HASH(A.N, B.N, C.N) = 5"


@pytest.fixture
def connection(snowflake, database):
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as connection:
        connection.cursor().execute("CREATE TABLE BIG AS SELECT SEQ4() AS N FROM TABLE(GENERATOR(ROWCOUNT => 20000))")
        yield connection


def test_a_statement_stops_when_it_reaches_its_time_out(connection):
    cursor = connection.cursor()
    cursor.execute("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1")
    with pytest.raises(ProgrammingError, match="timeout of 1 second") as caught:
        cursor.execute(LONG)
    assert caught.value.errno == 630
    assert cursor.execute("SELECT 1").fetchone() == (1,)


def test_a_client_that_waits_no_longer_cancels_its_statement_and_no_other(connection):
    cursor = connection.cursor()
    with pytest.raises(ProgrammingError) as caught:
        cursor.execute(LONG, timeout=1)
    assert caught.value.errno == 604
    assert cursor.execute("SELECT 1").fetchone() == (1,)


def test_cancelling_a_statement_that_waits_leaves_the_running_one_alone(connection):
    outcomes = {}
    connection.cursor().execute("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 2")

    def run(name, **options):
        try:
            connection.cursor().execute(LONG, **options)
        except ProgrammingError as error:
            outcomes[name] = error.errno

    first = threading.Thread(target=run, args=["running"])
    first.start()
    time.sleep(0.3)
    run("waiting", timeout=1)
    assert first.is_alive()
    first.join()
    assert outcomes["running"] == 630


def test_a_password_is_masked_in_the_history(connection):
    cursor = connection.cursor()
    cursor.execute("CREATE OR REPLACE USER CANARY PASSWORD = 'never-to-be-seen' TYPE = PERSON")
    cursor.execute("DROP USER CANARY")
    rows = cursor.execute("SELECT QUERY_TEXT FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY())").fetchall()
    texts = [text for (text,) in rows if "CANARY" in text]
    assert any("PASSWORD = '***'" in text for text in texts)
    assert not any("never-to-be-seen" in text for text in texts)


def test_the_history_shows_the_session_as_it_was_when_a_query_began(connection):
    cursor = connection.cursor()
    for tag in ("one", "two"):
        cursor.execute(f"ALTER SESSION SET QUERY_TAG = '{tag}'")
        cursor.execute(f"SELECT '{tag} of two'")
    history = "SELECT QUERY_TEXT, QUERY_TAG FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY_BY_SESSION())"
    tags = {text: tag for text, tag in cursor.execute(history).fetchall() if text.endswith("of two'")}
    assert tags == {"SELECT 'one of two'": "one", "SELECT 'two of two'": "two"}
