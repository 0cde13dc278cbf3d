"""PIVOT: the examples of https://docs.snowflake.com/en/sql-reference/constructs/pivot."""

from collections.abc import Iterator
from typing import Any

import pytest

SALES = """create table quarterly_sales(empid int, amount int, quarter text) as select * from values
    (1, 10000, '2023_Q1'), (1, 400, '2023_Q1'), (2, 4500, '2023_Q1'), (2, 35000, '2023_Q1'), (1, 5000, '2023_Q2'),
    (1, 3000, '2023_Q2'), (2, 200, '2023_Q2'), (2, 90500, '2023_Q2'), (1, 6000, '2023_Q3'), (1, 5000, '2023_Q3'),
    (2, 2500, '2023_Q3'), (2, 9500, '2023_Q3'), (3, 2700, '2023_Q3'), (1, 8000, '2023_Q4'), (1, 10000, '2023_Q4'),
    (2, 800, '2023_Q4'), (2, 4500, '2023_Q4'), (3, 2700, '2023_Q4'), (3, 16000, '2023_Q4'), (3, 10200, '2023_Q4')"""
CAMPAIGNS = """create table campaigns(quarter varchar, television boolean) as select * from values
    ('2023_Q1', true), ('2023_Q2', false), ('2023_Q3', false), ('2023_Q4', true)"""
FIRST = "empid,'2023_Q1','2023_Q2','2023_Q3','2023_Q4'".upper().split(",")


@pytest.fixture(scope="module")
def cursor(snowflake: Any) -> Iterator[Any]:
    with snowflake.connector(warehouse="COMPUTE_WH") as opened:
        found = opened.cursor()
        for statement in ("create or replace database pivots", SALES, CAMPAIGNS):
            found.execute(statement)
        yield found
        found.execute("drop database pivots")


@pytest.mark.parametrize(
    ("query", "names", "rows"),
    [
        (
            "select * from quarterly_sales pivot(sum(amount) for quarter in (any order by quarter)) order by empid",
            FIRST,
            [(1, 10400, 8000, 11000, 18000), (2, 39500, 90700, 12000, 5300), (3, None, None, 2700, 28900)],
        ),
        (
            "select * from quarterly_sales pivot(sum(amount) as total for quarter in (any)) where empid = 3",
            ["EMPID", *(f"'2023_Q{i}_TOTAL'" for i in range(1, 5))],
            [(3, None, None, 2700, 28900)],
        ),
        (
            "select * from quarterly_sales pivot(sum(amount) for quarter in (select distinct quarter from campaigns "
            "where television = true order by quarter)) order by empid",
            ["EMPID", "'2023_Q1'", "'2023_Q4'"],
            [(1, 10400, 18000), (2, 39500, 5300), (3, None, 28900)],
        ),
        (
            "select * from quarterly_sales pivot(sum(amount) for quarter in ('2023_Q1' as q1, '2023_Q2') "
            "default on null (0)) order by empid",
            ["EMPID", "Q1", "'2023_Q2'"],
            [(1, 10400, 8000), (2, 39500, 90700), (3, 0, 0)],
        ),
        (
            "with s as (select * exclude(empid) from quarterly_sales) "
            "select * from s pivot(max(amount) for quarter in (any))",
            FIRST[1:],
            [(35000, 90500, 9500, 16000)],
        ),
        (
            "select sum($1) a, sum($2) b, max($3) c, max($4) d from (select amount, quarter as x, quarter as y, empid "
            "from quarterly_sales) pivot (sum(amount) for x in ('2023_Q1', '2023_Q2')) "
            "pivot (max(empid) for y in ('2023_Q1', '2023_Q4'))",
            list("ABCD"),
            [(49900, 98700, 2, 3)],
        ),
        (
            "select p.b from quarterly_sales pivot(avg(amount) for quarter in ('2023_Q1')) as p (a, b) order by a",
            ["B"],
            [(5200,), (19750,), (None,)],
        ),
        (
            "select * from (select 1 as a, null as k union all select 2, 'x') pivot(count(a) for k in (any))",
            ["'x'", "NULL"],
            [(1, 1)],
        ),
    ],
)
def test_a_pivot_has_a_column_for_each_value(cursor: Any, query: str, names: list[str], rows: list[tuple]) -> None:
    cursor.execute(query)
    assert [column.name for column in cursor.description] == names
    assert cursor.fetchall() == rows


def test_a_view_pivots_what_is_there_when_it_is_read(cursor: Any) -> None:
    cursor.execute(
        "create or replace view pivoted as select * from quarterly_sales pivot(sum(amount) for empid in (1))"
    )
    assert cursor.execute("select count(*) from pivoted").fetchone() == (4,)
