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


DAYS = [(datetime.date(2024, 1, day),) for day in (1, 2)]


# https://docs.snowflake.com/en/sql-reference/operators-query and data-type-conversion: texts become the other type.
@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("select '42' union all select 1", [(42,), (1,)]),
        ("select null union all select 1 union all select '2'", [(None,), (1,), (2,)]),
        ("select 1.5::number(3,1) union all select '42.5'", [(Decimal("1.5"),), (Decimal("42.5"),)]),
        ("select '2024-01-01'::date as d union all select '2024-01-02' order by d", DAYS),
        ("select true union all select 'false'", [(True,), (False,)]),
        ("with a as (select 1 as n) select n from a union all select '7' order by n desc", [(7,), (1,)]),
        ("select 'x', 1 intersect select 'x', '1'", [("x", 1)]),
        ("(select '9' except select 8)", [(9,)]),
    ],
)
def test_texts_in_a_set_operation_become_what_the_other_side_is(cursor: Any, query: str, rows: list[Any]) -> None:
    assert cursor.execute(query).fetchall() == rows


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select 'Smith, Jane' union select 42", "100038 .*Numeric value 'Smith, Jane' is not recognized"),
        ("select 1 union all select '42.5'", "000002"),
        ("select true union all select 1", "001790"),
        ("select to_binary('61') union all select 'a'", "001790"),
        ("select current_date() union all select 1", "001790"),
    ],
)
def test_types_that_do_not_become_each_other_are_refused_in_set_operations(cursor: Any, query: str, words: str) -> None:
    with pytest.raises(ProgrammingError, match=words):
        cursor.execute(query)


# https://docs.snowflake.com/en/sql-reference/data-types-vector and data-type-conversion, sql/copy-into-location.
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("select [1,2]::vector(float,2)::variant", "001044"),
        ("select to_variant([1,2]::vector(int,2))", "001044"),
        ("select array_construct([1,2]::vector(int,2))", "001044"),
        ("select object_construct('a', [1,2]::vector(int,2))", "001044"),
        ("select [1,2]::vector(float,2)::varchar", "001044"),
        ("select to_varchar([1,2]::vector(float,2))", "001044"),
        ("select [1,2]::vector(float,2) || ''", "001044"),
        ("copy into @%t/x from (select [1,2]::vector(float,2))", "VECTOR"),
        ("copy into @%t/x from (select current_timestamp()) file_format = (type = parquet)", "001029"),
        ("copy into @%t/x from (select current_timestamp()::timestamp_tz) file_format = (type = parquet)", "001029"),
        ("select upper(array_construct(1))", "001044"),
        ("select lower(object_construct('a', 1))", "001044"),
        ("select length([1])", "001044"),
        ("select trim(split('a', 'b'))", "001044"),
        ("select [1] || 'x'", "001044"),
        ("select concat({'a': 1}, 'x')", "001044"),
        ("select replace(parse_json('[1]')::array, 'a', 'b')", "001044"),
        ("insert into t select to_binary('61')", "002023"),
        ("select current_timestamp() - current_timestamp()", "INTERVAL"),
        ("select convert_timezone('Nowhere', current_timestamp())", "Unknown timezone: 'Nowhere'"),
        ("select convert_timezone('utc', current_timestamp())", "Unknown timezone: 'utc'"),
    ],
)
def test_what_has_no_such_conversion_is_refused(cursor: Any, statement: str, words: str) -> None:
    cursor.execute("create or replace table t (v varchar)")
    with pytest.raises(ProgrammingError, match=words):
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("binary", "'6162'", b"ab"),
        ("boolean", "'yes'", True),
        ("date", "'03-April-2024'", datetime.date(2024, 4, 3)),
        ("time", "'12:30'", datetime.time(12, 30)),
        ("int", "2.5::float", 3),
        ("varchar", "'2024-01-01 10:00:00'::timestamp_ntz", "2024-01-01 10:00:00.000"),
        ("varchar", "1.0::float", "1"),
        ("varchar", "true", "true"),
        ("timestamp_ntz", "'2024-01-01 12:00:00 +0200'", datetime.datetime(2024, 1, 1, 12)),
        ("timestamp_tz", "'2024-01-01 12:00:00 +0200'", datetime.datetime(2024, 1, 1, 10, tzinfo=UTC)),
        ("timestamp_tz", "'2024-01-01'::date", datetime.datetime(2024, 1, 1, tzinfo=UTC)),
        ("timestamp_ltz", "'2024-01-01 12:00:00 +0200'::timestamp_tz", datetime.datetime(2024, 1, 1, 10, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("way", ["values", "select", "union", "update", "merge", "ctas", "multi"])
def test_what_is_written_becomes_what_its_column_is(
    cursor: Any, kind: str, value: str, expected: Any, way: str
) -> None:
    """However it is written: https://docs.snowflake.com/en/sql-reference/data-type-conversion."""
    cursor.execute(f"create or replace table t (n int, x {kind})")
    statements = {
        "values": [f"insert into t (x) values ({value})"],
        "select": [f"insert into t (x) select v from (select {value} as v)"],
        "union": [f"insert into t (x) select v from (select {value} as v) union all select null limit 1"],
        "update": ["insert into t (n) values (1)", f"update t set x = s.v from (select {value} as v) as s"],
        "merge": [
            f"merge into t using (select {value} as v) as s on n = 1 when not matched then insert (x) values (s.v)"
        ],
        "ctas": [f"create or replace table t (x {kind}) as select {value}"],
        "multi": [f"insert all into t (x) values (v) select {value} as v"],
    }
    for statement in statements[way]:
        cursor.execute(statement)
    assert cursor.execute("select x from t").fetchall() == [(expected,)]


def test_a_timestamp_tz_comes_back_with_its_offset(cursor: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime."""
    cursor.execute("create or replace table t (s varchar, z timestamp_tz default current_timestamp())")
    cursor.execute("insert into t values ('a', '2024-01-01 12:00:00 +0200'), ('b', '2024-01-01 11:00:00 +0100')")
    cursor.execute("insert into t select 'c', '1960-06-01 12:00:00.123456 -0330'")
    assert cursor.execute("select to_timestamp_tz('2024-01-01 00:00:00 +0100')").description[0].type_code == 7
    for query in (
        "select z from t order by s",
        "select * exclude s from (select * from t order by s)",
        "select max(z) from t group by s order by s",
    ):
        found = cursor.execute(query).fetchall()
        assert [z.utcoffset() // datetime.timedelta(minutes=1) for (z,) in found] == [120, 60, -210]
        assert found[2][0].isoformat() == "1960-06-01T12:00:00.123456-03:30"
        assert cursor.description[0].type_code == 7
    again = cursor.execute("select * from table(result_scan(last_query_id()))").fetchall()
    assert [z.utcoffset() // datetime.timedelta(minutes=1) for (z,) in again] == [120, 60, -210]
    assert cursor.execute("select s from t where z = '2024-01-01 10:00:00 +0000' order by s").fetchall() == [
        ("a",),
        ("b",),
    ]
    assert cursor.execute("select s from t where z in ('2024-01-01 10:00:00') order by s").fetchall() == [
        ("a",),
        ("b",),
    ]
    assert cursor.execute("select s from t where z between '1960-01-01' and '1961-01-01'").fetchall() == [("c",)]
    assert cursor.execute("select s from t where z = '2024-01-01 10:00:00'::timestamp_ltz order by s").rowcount == 2
    assert [str(m) for m in cursor.execute("select z from t order by s").fetch_pandas_all()["Z"]] == [
        *["2024-01-01 10:00:00+00:00"] * 2,
        "1960-06-01 15:30:00.123456+00:00",
    ]
    cursor.execute("insert into t (s) values ('d')")
    assert cursor.execute("select z is not null from t where s = 'd'").fetchone() == (True,)
    cursor.execute("alter session set timestamp_tz_output_format = 'DD.MM.YYYY TZH:TZM'")
    assert cursor.execute("select z::varchar from t where s = 'c'").fetchone() == ("01.06.1960 -03:30",)


def test_a_timestamp_tz_goes_through_python_and_scripting(cursor: Any) -> None:
    body = "language python runtime_version = 3.11 handler = 'f' as $$\ndef f(z): return z.replace(hour=23)\n$$"
    cursor.execute(f"create or replace function f(z timestamp_tz) returns timestamp_tz {body}")
    (found,) = cursor.execute("select f('2024-01-01 12:00:00 +0530'::timestamp_tz)").fetchone()
    assert found.isoformat() == "2024-01-01T23:00:00+05:30"
    block = "begin let z timestamp_tz := '2024-01-01 12:00:00 +0530'; let y := dateadd(hour, 1, :z); return y; end"
    assert cursor.execute(block).fetchone()[0].isoformat() == "2024-01-01T13:00:00+05:30"


def test_bound_moments_keep_what_their_type_keeps(snowflake: Any, database: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api: types of bindings."""
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    moment = datetime.datetime(2024, 1, 1, 1, 2, 3, 456, tzinfo=zone)
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH", paramstyle="qmark") as opened:
        cursor = opened.cursor()
        cursor.execute("create or replace table t (n int, z timestamp_tz, l timestamp_ltz)")
        cursor.execute("insert into t values (?, ?, ?)", (1, ("TIMESTAMP_TZ", moment), ("TIMESTAMP_LTZ", moment)))
        rows = [(n, ("TIMESTAMP_TZ", moment), ("TIMESTAMP_LTZ", moment)) for n in (2, 3)]
        cursor.executemany("insert into t values (?, ?, ?)", rows)
        found = cursor.execute("select z, l from t order by n").fetchall()
        assert [z.isoformat() for z, _ in found] == [moment.isoformat()] * 3
        assert [at for _, at in found] == [moment] * 3
        cursor.execute("select ?, ?", (("TIMESTAMP_TZ", moment), ("TIMESTAMP_LTZ", moment)))
        assert [c.type_code for c in cursor.description] == [7, 6]


MOST = 10**38 - 1


# https://docs.snowflake.com/en/sql-reference/data-types-numeric: a NUMBER has up to 38 digits.
@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("9223372036854775807 + 1", 2**63),
        ("'99999999999999999999'::int", 10**20 - 1),
        ("to_number('99999999999999999999')", 10**20 - 1),
        ("try_to_number('99999999999999999999')", 10**20 - 1),
        ("123456789012345678901::number(21, 0)", 123456789012345678901),
        ("parse_json('12345678901234567890')::int", 12345678901234567890),
        (f"{MOST}::number - 1", MOST - 1),
    ],
)
def test_a_whole_number_has_up_to_38_digits(cursor: Any, expression: str, value: int) -> None:
    assert cursor.execute(f"select {expression} as x").fetchall() == [(value,)]
    assert cursor.execute(f"select max(x) from (select {expression} as x)").fetchall() == [(value,)]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (f"select {MOST} + 1", "100046"),
        (f"select x * x from (select {MOST} as x)", "100046"),
        (f"select sum(column1) from values ({MOST}), (1)", "100046"),
        ("select '999999999999999999999'::number(20, 0)", "100039"),
    ],
)
def test_a_whole_number_of_more_digits_is_refused(cursor: Any, query: str, words: str) -> None:
    with pytest.raises(ProgrammingError, match=words):
        cursor.execute(query)


@pytest.mark.parametrize("temporary", ["", "temporary"])
def test_a_column_takes_numbers_of_all_its_digits(cursor: Any, temporary: str) -> None:
    """And counts with 64 bits until the first one comes that has more."""
    cursor.execute(f"create or replace {temporary} table t (n int, p number(20, 0), k int autoincrement)")
    cursor.execute("insert into t (n, p) values (1, 1)")
    assert cursor.execute("select n from t").fetch_pandas_all()["N"].dtype.kind == "i"
    cursor.execute(f"insert into t (n) values ({MOST})")
    cursor.execute("insert into t (n) select '-12345678901234567890123'")
    cursor.execute("update t set p = 99999999999999999999 where n = 1")
    cursor.execute("merge into t using (select 2 as v) on n = -1 when not matched then insert (n) values (v)")
    found = [(1, 10**20 - 1, 1), (MOST, None, 2), (-12345678901234567890123, None, 3), (2, None, 4)]
    assert cursor.execute("select n, p, k from t order by k").fetchall() == found
    for statement in ("insert into t (p) values (999999999999999999999)", f"insert into t (n) values ({MOST + 1})"):
        with pytest.raises(ProgrammingError, match="100039"):
            cursor.execute(statement)
    assert cursor.execute("select * from t order by k").fetchall() == found
    assert cursor.execute("select n from t where n = 1 union all select 2").fetchall() == [(1,), (2,)]


def test_long_numbers_are_copied_and_bound(snowflake: Any, database: str) -> None:
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH", paramstyle="qmark") as opened:
        cursor = opened.cursor()
        cursor.execute("create or replace table t (n int)")
        cursor.execute("copy into @~/numbers from (select '12345678901234567890123' union all select '7')")
        cursor.execute("copy into t from @~/numbers")
        cursor.execute("create or replace table u (n int)")
        cursor.execute("insert into u values (?)", (2**70,))
        cursor.executemany("insert into u values (?)", [(2**71,), (3,)])
        cursor.execute("create or replace table c as select n from t union all select n from u")
        found = cursor.execute("select n from c order by n").fetchall()
        assert found == [(3,), (7,), (2**70,), (2**71,), (12345678901234567890123,)]


def test_in_a_transaction_a_column_stays_as_wide_as_it_is(cursor: Any) -> None:
    cursor.execute("create or replace table t (n int)")
    cursor.execute("begin")
    with pytest.raises(ProgrammingError, match="whole numbers beyond 64 bits"):
        cursor.execute("insert into t values (12345678901234567890123)")
    cursor.execute("rollback")
    assert cursor.execute("select count(*) from t").fetchone() == (0,)
