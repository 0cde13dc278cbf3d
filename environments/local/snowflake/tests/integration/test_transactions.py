"""BEGIN, COMMIT, ROLLBACK, AUTOCOMMIT, and sessions that write at the same time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError


@pytest.fixture
def connect(snowflake: Any, database: str) -> Iterator[Any]:
    opened = []

    def open_one(**options: Any) -> Any:
        opened.append(snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH", **options))
        return opened[-1]

    open_one().cursor().execute("create table t (n int)")
    yield open_one
    for connection in opened:
        connection.close()


def total(connection: Any) -> int:
    return connection.cursor().execute("select coalesce(sum(n), 0) from t").fetchone()[0]


def test_others_see_a_transaction_once_it_is_committed(connect: Any) -> None:
    mine, other = connect(), connect()
    cursor = mine.cursor()
    cursor.execute("begin transaction")
    cursor.execute("insert into t values (1)")
    assert (total(mine), total(other)) == (1, 0)
    cursor.execute("commit")
    assert total(other) == 1


def test_a_rollback_undoes_everything_since_begin(connect: Any) -> None:
    mine = connect()
    mine.cursor().execute("insert into t values (1)")
    mine.cursor().execute("begin")
    mine.cursor().execute("update t set n = 7")
    mine.cursor().execute("delete from t")
    mine.rollback()
    assert total(mine) == 1


def test_without_autocommit_a_change_waits_for_commit(connect: Any) -> None:
    mine, other = connect(autocommit=False), connect()
    mine.cursor().execute("insert into t values (1)")
    assert total(other) == 0
    mine.commit()
    assert total(other) == 1


def test_ddl_commits_the_open_transaction(connect: Any) -> None:
    mine, other = connect(), connect()
    mine.cursor().execute("begin")
    mine.cursor().execute("insert into t values (1)")
    mine.cursor().execute("create table u (a int)")
    assert total(other) == 1
    mine.rollback()
    assert total(mine) == 1


def test_closing_the_session_rolls_back(connect: Any) -> None:
    mine, other = connect(), connect()
    mine.cursor().execute("begin")
    mine.cursor().execute("insert into t values (1)")
    mine.close()
    assert total(other) == 0


def test_a_mistake_in_a_statement_does_not_end_the_transaction(connect: Any) -> None:
    mine = connect()
    mine.cursor().execute("begin")
    mine.cursor().execute("insert into t values (1)")
    with pytest.raises(ProgrammingError, match="invalid identifier"):
        mine.cursor().execute("select nope from t")
    mine.cursor().execute("insert into t values (2)")
    mine.commit()
    assert total(mine) == 3


def test_concurrent_updates_of_one_row_all_count(connect: Any) -> None:
    connect().cursor().execute("insert into t values (0)")
    sessions = [connect() for _ in range(4)]

    def add(connection: Any) -> None:
        for _ in range(5):
            connection.cursor().execute("update t set n = n + 1")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, sessions))
    assert total(sessions[0]) == 20


def test_a_row_that_changed_since_the_transaction_read_it_is_a_conflict_that_says_so(connect: Any) -> None:
    mine, other = connect(), connect()
    mine.cursor().execute("insert into t values (0)")
    other.cursor().execute("begin")
    assert total(other) == 0
    mine.cursor().execute("update t set n = 1")
    with pytest.raises(ProgrammingError, match="lock") as refused:
        other.cursor().execute("update t set n = 2")
    assert refused.value.errno == 625
    other.rollback()
    assert total(other) == 1
