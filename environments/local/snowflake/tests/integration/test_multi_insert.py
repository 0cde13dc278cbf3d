"""INSERT ALL and FIRST: the examples of https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table."""

from collections.abc import Iterator
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError


@pytest.fixture
def cursor(snowflake: Any, database: str) -> Iterator[Any]:
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as opened:
        found = opened.cursor()
        for statement in (
            "create table src(n1 int, n2 int, n3 int) as select * from values (1, 2, 3), (11, 12, 13), (101, 102, 103)",
            "create table t1(c1 int, c2 int, c3 int default 9)",
            "create table t_2(c1 int, c2 int, c3 int)",
        ):
            found.execute(statement)
        yield found


def rows(cursor: Any, table: str) -> list[tuple]:
    return cursor.execute(f"select * from {table} order by 1, 2").fetchall()


CASES = """WHEN n1 > 100 THEN INTO t1 (c1) WHEN n1 > 10 THEN INTO t1 (c1) INTO t_2 (c1) ELSE INTO t_2 (c1)
    SELECT n1 FROM src"""


@pytest.mark.parametrize(
    ("word", "first", "second"), [("ALL", [11, 101, 101], [1, 11, 101]), ("FIRST", [11, 101], [1, 11])]
)
def test_a_row_goes_where_its_conditions_send_it(cursor: Any, word: str, first: list, second: list) -> None:
    cursor.execute(f"INSERT {word} {CASES}")
    assert [c.name for c in cursor.description] == [f"number of rows inserted into {t}" for t in ("T1", "T_2")]
    assert cursor.fetchall() == [(len(first), len(second))]
    assert cursor.rowcount == len(first) + len(second)
    assert [row[0] for row in rows(cursor, "t1")] == first
    assert [row[0] for row in rows(cursor, "t_2")] == second


def test_values_choose_and_default(cursor: Any) -> None:
    clauses = """INTO t1 INTO t1 (c1, c2, c3) VALUES (n2, n1, DEFAULT)
        INTO t_2 (c1, c2, c3) INTO t_2 VALUES (n3, n2, n1) SELECT n1, n2, n3 FROM src"""
    cursor.execute(f"INSERT ALL {clauses}")
    assert rows(cursor, "t1")[:3] == [(1, 2, 3), (2, 1, 9), (11, 12, 13)]
    assert rows(cursor, "t_2")[:3] == [(1, 2, 3), (3, 2, 1), (11, 12, 13)]
    cursor.execute(f"INSERT OVERWRITE ALL {clauses}")
    assert len(rows(cursor, "t1")) == len(rows(cursor, "t_2")) == 6


def test_values_name_the_querys_columns(cursor: Any) -> None:
    cursor.execute('INSERT ALL INTO t1 VALUES ($1, an_alias, "10 + 20") SELECT 1, 50 AS an_alias, 10 + 20')
    assert rows(cursor, "t1") == [(1, 50, 30)]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("INSERT ALL WHEN n3 > 10 THEN INTO t1 (c1) VALUES (n1) SELECT n1 FROM src", "invalid identifier 'N3'"),
        ("INSERT FIRST INTO t1 SELECT 1", "syntax error"),
        ("INSERT ALL SELECT 1", "syntax error"),
        ("INSERT ALL INTO t1 (c1) INTO t_2 SELECT 1", "column list expecting 3 but got 1"),
        ("INSERT ALL INTO t1 (c1) INTO nope SELECT 1", "does not exist"),
        ("INSERT OVERWRITE ALL INTO t1 (c1) INTO t_2 (c1) SELECT 'x'", "not recognized"),
    ],
)
def test_one_that_is_refused_inserts_nothing(cursor: Any, statement: str, words: str) -> None:
    cursor.execute("insert into t1 (c1) values (5)")
    with pytest.raises(ProgrammingError, match=words):
        cursor.execute(statement)
    assert rows(cursor, "t1") == [(5, None, 9)]
