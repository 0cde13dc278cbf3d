"""Values of every type, as the connector reads them off the wire."""

import datetime
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pandas
import pytest
from snowflake.connector.errors import ProgrammingError
from snowflake.connector.pandas_tools import write_pandas

UTC = datetime.UTC


@pytest.fixture
def cursor(snowflake: Any, database: str) -> Iterator[Any]:
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as opened:
        yield opened.cursor()


@pytest.mark.parametrize(
    ("sql", "value", "type_code"),
    [
        ("1", 1, 0),
        ("9007199254740993", 9007199254740993, 0),
        ("12345678901234567890123456789012345678", 12345678901234567890123456789012345678, 0),
        ("1.50::number(10,2)", Decimal("1.50"), 0),
        ("-0.001::number(38,10)", Decimal("-0.0010000000"), 0),
        ("0.1::float", 0.1, 1),
        ("'NaN'::float is null", False, 13),
        ("'it''s'", "it's", 2),
        ("''", "", 2),
        ("true", True, 13),
        ("'2024-02-29'::date", datetime.date(2024, 2, 29), 3),
        ("'0001-01-01'::date", datetime.date(1, 1, 1), 3),
        ("'23:59:59.123456'::time", datetime.time(23, 59, 59, 123456), 12),
        ("'2024-01-02 03:04:05.678901'::timestamp_ntz", datetime.datetime(2024, 1, 2, 3, 4, 5, 678901), 8),
        ("'1969-12-31 23:59:59.5'::timestamp_ntz", datetime.datetime(1969, 12, 31, 23, 59, 59, 500000), 8),
        ("'2024-01-02 03:04:05'::timestamp_ltz", datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), 6),
        ("to_binary('00ff', 'HEX')", b"\x00\xff", 11),
        ("null", None, 2),
    ],
)
def test_a_value_is_read_as_python_has_it(cursor: Any, sql: str, value: Any, type_code: int) -> None:
    assert cursor.execute(f"select {sql} as x, 1 as y").fetchone() == (value, 1)
    assert cursor.description[0].type_code == type_code


@pytest.mark.parametrize(
    ("sql", "value", "type_code"),
    [
        ("""parse_json('{"a": [1, null, "x"]}')""", {"a": [1, None, "x"]}, 5),
        ("object_construct('k', 1)", {"k": 1}, 9),
        ("array_construct(1, 'x')", [1, "x"], 10),
        ("array_agg(column1) within group (order by column1) from values (2), (1)", [1, 2], 10),
    ],
)
def test_semi_structured_values_are_json(cursor: Any, sql: str, value: Any, type_code: int) -> None:
    expression, _, source = sql.partition(" from ")
    (found,) = cursor.execute(f"select {expression} as x {'from ' + source if source else ''}").fetchone()
    assert json.loads(found) == value
    assert cursor.description[0].type_code in {type_code, 5}


def test_the_declared_type_travels_through_a_query(cursor: Any) -> None:
    cursor.execute(
        "create table t (a number(12,2), b varchar(20) not null, o object, l array, z timestamp_tz, n number(5,0))"
    )
    cursor.execute("insert into t select 1, 'x', object_construct('a', 1), array_construct(1), current_timestamp(), 7")
    for query in (
        "select * from t",
        "select * from (select * from (select * from t) where n > 1) limit 5",
        "select x.a, b, x.o, l as l, z, x.n from t as x order by n",
    ):
        cursor.execute(query)
        found = [(c.type_code, c.internal_size, c.precision, c.scale) for c in cursor.description]
        assert found[0] == (0, None, 12, 2)
        assert found[1][:2] == (2, 20)
        assert [code for code, *_ in found[2:5]] == [9, 10, 7]
        assert found[5][2:] == (5, 0)
        assert not cursor.description[1].is_nullable
    cursor.execute("select upper(b) as b, a + 1 as a from t")
    assert cursor.description[0].internal_size == 16_777_216


def test_pandas_gets_whole_columns(cursor: Any) -> None:
    cursor.execute("create table t (n int, d number(10,2), f float, s varchar, at timestamp_ntz, day date)")
    cursor.execute("insert into t values (1, 1.5, 0.5, 'x', '2024-01-02 03:04:05', '2024-01-02')")
    cursor.execute("insert into t (n) values (2)")
    frame = cursor.execute("select * from t order by n").fetch_pandas_all()
    assert frame["N"].tolist() == [1, 2]
    assert frame["N"].dtype.kind == "i"
    assert frame["F"].dtype.kind == "f"
    assert frame["AT"].dtype.kind == "M"
    assert float(frame["D"][0]) == 1.5
    assert frame.iloc[1].isna().sum() == 5


def test_sums_of_integers_are_integers_in_pandas(cursor: Any) -> None:
    frame = cursor.execute("select sum(column1) as s, count(*) as n from values (1), (2)").fetch_pandas_all()
    assert [frame[c].dtype.kind for c in frame] == ["i", "i"]


def test_an_empty_result_keeps_its_columns(cursor: Any) -> None:
    cursor.execute("create table t (n int, s varchar, v variant, at timestamp_ntz)")
    frame = cursor.execute("select * from t").fetch_pandas_all()
    assert list(frame.columns) == ["N", "S", "V", "AT"]
    assert cursor.fetchall() == []


def test_two_columns_may_have_one_name(cursor: Any) -> None:
    assert cursor.execute("select 1 as a, 2 as a").fetchall() == [(1, 2)]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("binary", "ab", b"\xab"),
        ("boolean", "yes", True),
        ("date", "03-April-2024", datetime.date(2024, 4, 3)),
        ("time", "12:30", datetime.time(12, 30)),
        ("timestamp_ntz", "2024-01-01 12:00:00 +0200", datetime.datetime(2024, 1, 1, 12)),
        ("timestamp_ltz", "2024-01-01 12:00:00 +0200", datetime.datetime(2024, 1, 1, 10, tzinfo=UTC)),
        ("timestamp_tz", "2024-01-01 12:00:00 +0200", datetime.datetime(2024, 1, 1, 10, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("rows", [1, 20])
def test_an_inserted_text_is_read_as_its_column_is(cursor: Any, kind: str, text: str, value: Any, rows: int) -> None:
    cursor.execute(f"create or replace table t(n int, x {kind})")
    cursor.execute("insert into t values " + ", ".join(f"({n}, '{text}')" for n in range(rows)))
    assert cursor.execute("select distinct x from t").fetchall() == [(value,)]


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("timestamp_ntz", "2024-01-01 12:00:00.123456789", "nanoseconds"),
    ],
)
def test_an_inserted_text_that_would_lose_something_is_refused(cursor: Any, kind: str, text: str, words: str) -> None:
    cursor.execute(f"create or replace table t(x {kind})")
    with pytest.raises(ProgrammingError, match=words):
        cursor.execute(f"insert into t values ('{text}')")


def test_a_frames_times_are_times(snowflake: Any, cursor: Any, database: str) -> None:
    frame = pandas.DataFrame(
        {
            "ZONED": pandas.to_datetime(["2024-01-01 12:00:00.123456+02:00"]),
            "FINE": pandas.to_datetime(["2024-01-01 12:00:00.123456789"]),
        }
    )
    connection = cursor.connection
    write_pandas(connection, frame[["ZONED"]], "W", auto_create_table=True, overwrite=True, use_logical_type=True)
    assert cursor.execute("describe table w").fetchone()[1] == "TIMESTAMP_LTZ(9)"
    moment = datetime.datetime(2024, 1, 1, 10, 0, 0, 123456, tzinfo=UTC)
    assert cursor.execute("select * from w").fetchall() == [(moment,)]
    with pytest.raises(ProgrammingError, match="nanoseconds"):
        write_pandas(connection, frame[["FINE"]], "W", auto_create_table=True, overwrite=True)
    frame["FINE"] = frame["FINE"].dt.floor("us")
    write_pandas(connection, frame[["FINE"]], "W", auto_create_table=True, overwrite=True)
    assert cursor.execute("select * from w").fetchall() == [(datetime.datetime(2024, 1, 1, 12, 0, 0, 123456),)]
