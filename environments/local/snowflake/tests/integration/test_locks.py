"""Several sessions that change one table: each waits for the others, none fails, and the result is exact."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

SESSIONS = 8


@pytest.fixture
def cursors(snowflake: Any, database: str) -> Iterator[list[Any]]:
    options = {"database": database, "schema": "PUBLIC", "warehouse": "COMPUTE_WH"}
    opened = [snowflake.connector(**options) for _ in range(SESSIONS)]
    first = opened[0].cursor()
    first.execute("CREATE TABLE t AS SELECT 0 AS n")
    first.execute("CREATE TABLE lock AS SELECT NULL::VARCHAR AS token, 0 AS fence")
    yield [connection.cursor() for connection in opened]
    for connection in opened:
        connection.close()


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """What the work of each session answers, all of them at the same time."""
    with ThreadPoolExecutor(SESSIONS) as pool:
        return list(pool.map(work, range(SESSIONS)))


def total(cursor: Any) -> int:
    return cursor.execute("SELECT SUM(n) FROM t").fetchone()[0]


def waits(cursor: Any, sql: str) -> threading.Thread:
    """A statement that runs in the background and has not ended yet."""
    thread = threading.Thread(target=cursor.execute, args=(sql,))
    thread.start()
    time.sleep(0.2)
    assert thread.is_alive()
    return thread


ADDING = {
    "alone": ["UPDATE t SET n = n + 1"],
    "in a transaction": ["BEGIN", "UPDATE t SET n = n + 1", "COMMIT"],
    "in a block": ["BEGIN BEGIN TRANSACTION; UPDATE t SET n = n + 1; COMMIT; END"],
    "as a merge": ["MERGE INTO t USING (SELECT 1 AS step) s ON TRUE WHEN MATCHED THEN UPDATE SET n = t.n + s.step"],
}


@pytest.mark.parametrize("how", ADDING)
def test_updates_of_one_row_from_many_sessions_all_count(cursors: list[Any], how: str) -> None:
    def add(number: int) -> None:
        for sql in ADDING[how] * 3:
            cursors[number].execute(sql)

    at_once(add)
    assert total(cursors[0]) == 3 * SESSIONS


@pytest.mark.parametrize(
    "swap",
    [
        "MERGE INTO lock USING (SELECT '{0}' AS token) s ON lock.token IS NULL "
        "WHEN MATCHED THEN UPDATE SET token = s.token, fence = lock.fence + 1",
        "UPDATE lock SET token = '{0}', fence = fence + 1 WHERE token IS NULL",
    ],
)
def test_of_many_that_compare_and_swap_exactly_one_wins(cursors: list[Any], swap: str) -> None:
    won = at_once(lambda number: cursors[number].execute(swap.format(number)).fetchone()[0])
    assert sorted(won) == [0] * (SESSIONS - 1) + [1]
    assert cursors[0].execute("SELECT token, fence FROM lock").fetchall() == [(str(won.index(1)), 1)]


def test_a_transaction_holds_the_table_until_it_ends(cursors: list[Any]) -> None:
    mine, other = cursors[:2]
    mine.execute("BEGIN")
    mine.execute("UPDATE t SET n = n + 1")
    waiting = waits(other, "DELETE FROM t WHERE n = 1")
    mine.execute("UPDATE t SET n = n")
    mine.execute("COMMIT")
    waiting.join()
    assert total(mine) is None


def test_inserts_and_reads_wait_for_nobody(cursors: list[Any]) -> None:
    mine, other = cursors[:2]
    mine.execute("BEGIN")
    mine.execute("UPDATE t SET n = n + 1")
    other.execute("INSERT INTO t VALUES (10)")
    assert total(other) == 10
    mine.execute("ROLLBACK")


def test_a_session_that_ends_lets_go(cursors: list[Any]) -> None:
    mine, other = cursors[:2]
    mine.execute("BEGIN")
    mine.execute("UPDATE t SET n = n + 1")
    waiting = waits(other, "UPDATE t SET n = n + 10")
    mine.connection.close()
    waiting.join()
    assert total(other) == 10


def test_lock_timeout_ends_the_waiting(cursors: list[Any]) -> None:
    mine, other = cursors[:2]
    mine.execute("BEGIN")
    mine.execute("UPDATE t SET n = n + 1")
    other.execute("ALTER SESSION SET LOCK_TIMEOUT = 0")
    with pytest.raises(ProgrammingError, match="has locked the table") as refused:
        other.execute("UPDATE t SET n = n + 10")
    assert refused.value.errno == 625
    mine.execute("COMMIT")
    other.execute("UPDATE t SET n = n + 10")
    assert total(other) == 11


def test_a_waiting_statement_can_be_cancelled(cursors: list[Any]) -> None:
    mine, other = cursors[:2]
    mine.execute("BEGIN")
    mine.execute("UPDATE t SET n = n + 1")
    query = other.execute_async("UPDATE t SET n = n + 10")["queryId"]
    time.sleep(0.1)
    mine.execute(f"SELECT SYSTEM$CANCEL_QUERY('{query}')")
    while other.connection.is_still_running(other.connection.get_query_status(query)):
        time.sleep(0.01)
    with pytest.raises(ProgrammingError, match="canceled"):
        other.connection.get_query_status_throw_if_error(query)
    mine.execute("COMMIT")
    assert total(mine) == 1


def test_of_two_that_wait_for_each_other_one_is_refused(cursors: list[Any]) -> None:
    mine, other = cursors[:2]
    for cursor, table in ((mine, "t"), (other, "lock")):
        cursor.execute("BEGIN")
        cursor.execute(f"DELETE FROM {table}")
    waiting = waits(mine, "DELETE FROM lock")
    with pytest.raises(ProgrammingError, match="deadlock"):
        other.execute("DELETE FROM t")
    other.execute("ROLLBACK")
    waiting.join()
    mine.execute("COMMIT")
    assert total(mine) is None


def test_the_time_in_a_transaction_is_that_of_the_statement(cursors: list[Any]) -> None:
    mine = cursors[0]
    mine.execute("BEGIN")
    times = [mine.execute("SELECT CURRENT_TIMESTAMP(), SYSDATE()").fetchone() for _ in range(2)]
    assert times[0][0] < times[1][0]
    assert times[0][1] < times[1][1]
    mine.execute("ROLLBACK")
