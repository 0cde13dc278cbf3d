"""Values that clients bind to placeholders, with every type and in bulk."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest


@pytest.fixture
def connection(snowflake: Any, database: str) -> Iterator[Any]:
    options = {"database": database, "schema": "PUBLIC", "warehouse": "COMPUTE_WH", "paramstyle": "qmark"}
    with snowflake.connector(**options) as opened:
        yield opened


@pytest.mark.parametrize(
    "value",
    [
        1,
        -(2**53),
        1.5,
        1e-300,
        'it\'s \\ "quoted" ?',
        "",
        True,
        False,
        datetime.date(1969, 7, 20),
        datetime.datetime(2026, 1, 2, 3, 4, 5, 678901),
        datetime.datetime(1960, 1, 2, 3, 4, 5, 999999),
        datetime.time(23, 59, 59, 123456),
        b"\x00\xff",
        None,
    ],
    ids=repr,
)
def test_a_bound_value_comes_back_as_it_was(connection: Any, value: Any) -> None:
    assert connection.cursor().execute("select ? as x", (value,)).fetchone() == (value,)


def test_a_decimal_keeps_its_digits(connection: Any) -> None:
    found = connection.cursor().execute("select ?::number(10,2)", (Decimal("12.34"),)).fetchone()
    assert found == (Decimal("12.34"),)


def test_a_moment_with_a_zone_is_the_same_moment(connection: Any) -> None:
    moment = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    (found,) = connection.cursor().execute("select ? as x", (("TIMESTAMP_TZ", moment),)).fetchone()
    assert found == moment


def test_placeholders_in_text_and_comments_stay(connection: Any) -> None:
    found = connection.cursor().execute("select '?' as a, ? as b -- why?\n, 'x' as c", (5,)).fetchone()
    assert found == ("?", 5, "x")


def test_numeric_placeholders_may_repeat(snowflake: Any, database: str) -> None:
    with snowflake.connector(database=database, paramstyle="numeric") as numeric:
        found = numeric.cursor().execute("select :2 as a, :1 as b, :2 as c", ("one", 2)).fetchone()
    assert found == (2, "one", 2)


def test_many_rows_are_inserted_at_once(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("create table t (a int, b varchar, c date, d double)")
    rows = [(i, f"r'{i}" if i % 2 else None, datetime.date(2026, 1, 1), i / 2) for i in range(1000)]
    cursor.executemany("insert into t (a, b, c, d) values (?, upper(?), ?, ?)", rows)
    assert cursor.rowcount == 1000
    found = cursor.execute("select a, b, c, d from t where a = 3").fetchone()
    assert found == (3, "R'3", datetime.date(2026, 1, 1), 1.5)
    assert cursor.execute("select count(b) from t").fetchone() == (500,)


def test_an_update_for_each_row_of_values(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("create table t (a int, b int)")
    cursor.execute("insert into t values (1, 0), (2, 0)")
    cursor.executemany("update t set b = ? where a = ?", [(10, 1), (20, 2)])
    assert cursor.execute("select b from t order by a").fetchall() == [(10,), (20,)]


def test_several_statements_share_the_values_in_order(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("select ? as a; select ? as b, ? as c", (1, 2, 3), num_statements=2)
    assert cursor.fetchall() == [(1,)]
    cursor.nextset()
    assert cursor.fetchall() == [(2, 3)]


def test_names_can_be_bound(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("create table identifier(?) (a int) ", ("T",))
    cursor.execute("create temp table identifier(?) as select ? as a", ("U", 7))
    assert cursor.execute("select a from identifier(?)", ("U",)).fetchall() == [(7,)]


def test_a_query_is_described_without_its_values(connection: Any) -> None:
    described = connection.cursor().describe("select ? as a, 1 as b where ? = 1")
    assert [column.name for column in described] == ["A", "B"]


def test_client_side_formatting_works_too(snowflake: Any, database: str) -> None:
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as plain:
        cursor = plain.cursor()
        cursor.execute("create table t (a int, b varchar)")
        cursor.executemany("insert into t values (%s, %s)", [(1, "x'y"), (2, None)])
        assert cursor.execute("select * from t where a = %(a)s", {"a": 1}).fetchall() == [(1, "x'y")]
