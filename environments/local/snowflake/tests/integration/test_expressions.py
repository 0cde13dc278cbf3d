"""Expressions that programs write for Snowflake, through the real clients."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from snowflake.connector.cursor import SnowflakeCursor
from snowflake.connector.errors import ProgrammingError


@pytest.fixture(scope="module")
def cursor(snowflake: Any) -> Iterator[SnowflakeCursor]:
    with snowflake.connector() as connection:
        yield connection.cursor()


STATEMENTS = {
    "select $1 a, $2 b from values (1, 'x'), (2, 'y') qualify row_number() over (order by a desc) = 1": [(2, "y")],
    "select div0(1, 0), zeroifnull(null), nvl2(1, 2, 3), decode(1, 1, 'a', 'b'), iff(1 > 0, 'y', 'n')": [
        (0, 0, 2, "a", "y")
    ],
    """select parse_json('{"a":{"b":[1,2,3]}}'):a.b[1]::int v""": [(2,)],
    "select f.value::int v from (select parse_json('[1,2]') j) t, lateral flatten(input => t.j) f order by 1": [
        (1,),
        (2,),
    ],
    "select listagg(x, ',') within group (order by x) from (select column1 x from values ('b'), ('a'))": [("a,b",)],
    "select dateadd(day, 3, '2024-01-01'::date), datediff(month, '2024-01-01'::date, '2024-05-01'::date)": [
        (date(2024, 1, 4), 4)
    ],
    "select to_char('2024-01-02'::date, 'YYYY-MM-DD'), to_varchar(12.5), to_timestamp_ntz('2024-01-01 10:00:00')": [
        ("2024-01-02", "12.5", datetime(2024, 1, 1, 10))
    ],
    "select median(column1), stddev(column1), corr(column1, column1) from values (1), (2), (3)": [
        (Decimal("2.000"), 1.0, 1.0)
    ],
    "select lag(column1) over (order by column1), ratio_to_report(column1) over () from values (1), (3) order by 2": [
        (None, Decimal("0.25")),
        (1, Decimal("0.75")),
    ],
    "select try_cast('x' as int), try_to_number('12'), to_number('12.34', 10, 2)": [(None, 12, Decimal("12.34"))],
    "select 7 / 2, 1 / 3::number(10, 2), 5::int / 2": [(Decimal("3.500000"), Decimal("0.333333"), Decimal("2.500000"))],
    "select sum(column1), avg(column1) from values (1.5::number(10, 2)), (2.5)": [(Decimal("4.00"), Decimal("2.0"))],
    "select column1, sum(column2) from values (1, 2), (1, 3) group by rollup(column1) order by 1 nulls last": [
        (1, 5),
        (None, 5),
    ],
    "select count_if(column1 > 1), max_by(column1, column1), boolor_agg(column1 > 1) from values (1), (2)": [
        (1, 2, True)
    ],
    "select seq4() from table(generator(rowcount => 3))": [(0,), (1,), (2,)],
    "with recursive r as (select 1 n union all select n + 1 from r where n < 3) select * from r": [(1,), (2,), (3,)],
    "select * exclude (b) from (select 1 a, 2 b)": [(1,)],
    "select a.x from (select 1 x, 5 t) a asof join (select 1 x, 3 t) b match_condition (a.t >= b.t) on a.x = b.x": [
        (1,)
    ],
    "select * from (select 1 id, 'a' k, 10 v) pivot(sum(v) for k in ('a'))": [(1, 10)],
    "select count(*) from snowflake_sample_data.tpch_sf1.orders where o_orderdate >= dateadd(year, 1, '1997-12-31')": [
        (0,)
    ],
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_statements_answer_what_the_documentation_says(cursor, statement):
    assert cursor.execute(statement).fetchall() == STATEMENTS[statement]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1 + 1", "1 + 1"),
        ("count(*)", "COUNT(*)"),
        ("max( 'a' )", "MAX( 'A' )"),
        ("iff(true,1,2)", "IFF(TRUE,1,2)"),
        ("'x' as \"lower\"", "lower"),
    ],
)
def test_a_column_without_an_alias_is_called_by_its_text(cursor, text, name):
    assert cursor.execute(f"select {text}").description[0].name == name


def test_types_reach_the_client(cursor):
    described = cursor.execute("select 7 / 2 q, avg(1::number(12, 2)) a, 1.5::float f, parse_json('1') v").description
    assert [(c.name, c.precision, c.scale) for c in described[:2]] == [("Q", 38, 6), ("A", 38, 8)]


@pytest.mark.parametrize(
    ("statement", "code", "sqlstate"),
    [
        ("select nonsense(1)", 2140, "42601"),
        ("select list_sum([1])", 2140, "42601"),
        ("select 'a' collate 'en-ci'", 2, "0A000"),
        ("select 1 / 0", 100051, "22012"),
        ("select 'x'::int", 100038, "22018"),
        ("select dateadd(fortnight, 1, current_date)", 2151, "22023"),
    ],
)
def test_errors_carry_snowflakes_codes(cursor, statement, code, sqlstate):
    with pytest.raises(ProgrammingError) as error:
        cursor.execute(statement).fetchall()
    assert (error.value.errno, error.value.sqlstate) == (code, sqlstate)


def test_snowparks_functions_run(session):
    from snowflake.snowpark import Window
    from snowflake.snowpark import functions as F  # noqa: N812 - Snowpark's own convention

    frame = session.create_dataframe([(1, "a", 1.5), (2, "a", None), (3, "b", 4.0)], schema=["ID", "K", "V"])
    window = Window.partition_by("K").order_by("ID")
    found = frame.select(
        "ID",
        F.iff(F.col("V").is_null(), F.lit(0), F.lit(1)).alias("HAS"),
        F.lag("ID").over(window).alias("BEFORE"),
        F.dateadd("day", F.col("ID"), F.to_date(F.lit("2024-01-01"))).alias("DAY"),
        (F.col("ID") / 2).alias("HALF"),
        F.coalesce("V", F.lit(-1.0)).alias("W"),
        F.upper("K").alias("U"),
    ).sort("ID")
    assert [tuple(row) for row in found.collect()] == [
        (1, 1, None, date(2024, 1, 2), Decimal("0.5"), 1.5, "A"),
        (2, 0, 1, date(2024, 1, 3), Decimal("1"), -1.0, "A"),
        (3, 1, None, date(2024, 1, 4), Decimal("1.5"), 4.0, "B"),
    ]
    grouped = frame.group_by("K").agg(F.avg("V").alias("M"), F.count_distinct("ID").alias("N")).sort("K")
    assert [tuple(row) for row in grouped.collect()] == [("a", 1.5, 2), ("b", 4.0, 1)]


def test_a_seeded_split_is_the_same_every_time(session):
    frame = session.range(100).to_df("ID")
    first, again = (frame.random_split([0.7, 0.3], seed=1)[0].sort("ID").collect() for _ in range(2))
    assert first == again
    assert 50 < len(first) < 90
