"""Numbers, conversions and random values mean what Snowflake's documentation says."""

from decimal import Decimal

import duckdb
import pytest

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.sql.faults import translated
from tests.unit.transforming import expression, rows, value


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        ("7 / 2", Decimal("3.500000")),
        ("1 / 3", Decimal("0.333333")),
        ("2 / 3 * 3", Decimal("2.000001")),
        ("10::number(10, 4) / 3", Decimal("3.3333333333")),
        ("1 / 2 / 3 / 4", Decimal("0.041666666667")),
        ("1 / 3.0::float", 1 / 3),
        ("123456789012.34 / 1", Decimal("123456789012.34000000")),
        ("9223372036854775807 / 3", Decimal("3074457345618258602.333333")),
        ("-12345678901.5 / 7", Decimal("-1763668414.5000000")),
        ("(7 / 2 + 1) / 3", Decimal("1.500000000000")),
        ("1 / null", None),
        ("div0(5, 0)", Decimal(0)),
        ("div0(5, 2)", Decimal("2.5")),
        ("div0(null, 0)", None),
        ("div0null(5, null)", Decimal(0)),
    ],
)
def test_a_quotient_of_numbers_is_exact_to_six_more_digits(snowflake, expected):
    assert value(snowflake) == expected
    assert type(value(snowflake)) is type(expected)


@pytest.mark.parametrize("snowflake", ["1 / 0", "1.0::float / 0", "5 % 0"])
def test_dividing_by_zero_is_an_error(snowflake):
    with pytest.raises(duckdb.Error, match="Division by zero"):
        value(snowflake)


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("round(2.5::float)", 3),
        ("round(135.135, -2)", 100),
        ("round(135.135, 1)", Decimal("135.1")),
        ("round(2.5, 0, 'HALF_TO_EVEN')", 2),
        ("trunc(-2.9)", -2),
        ("truncate(135.139, 2)", Decimal("135.13")),
        ("ceil(135.135, 1)", Decimal("135.2")),
        ("floor(135.135, -1)", 130),
        ("mod(-7, 3)", -1),
        ("-7 % 3", -1),
        ("square(-2)", 4),
        ("power(2, 10)", 1024),
        ("sign(-3)", -1),
        ("log(10, 100)", 2),
        ("factorial(5)", 120),
        ("width_bucket(290000, 200000, 600000, 4)", 1),
        ("width_bucket(600000, 200000, 600000, 4)", 5),
        ("bitand(12, 10)", 8),
        ("bitor(12, 10)", 14),
        ("bitxor(12, 10)", 6),
        ("bitnot(5)", -6),
        ("bitshiftleft(1, 4)", 16),
        ("2147483647 + 1", 2_147_483_648),
        ("zeroifnull(null)", 0),
        ("nullifzero(0)", None),
    ],
)
def test_arithmetic(snowflake, expected):
    assert value(snowflake) == expected


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        ("greatest(1, null, 2)", None),
        ("least(3, 1, 2)", 1),
        ("greatest('a', 'b')", "b"),
        ("greatest_ignore_nulls(1, null, 2)", 2),
    ],
)
def test_the_greatest_of_a_null_is_null(snowflake, expected):
    assert value(snowflake) == expected


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        ("2.5::int", 3),
        ("2.5::float::int", 3),
        ("-2.5::float::int", -3),
        ("'2.5'::number", 3),
        ("3.75::number(10, 1)", Decimal("3.8")),
        ("true::int", 1),
        ("'yes'::boolean", True),
        ("to_boolean('f')", False),
        ("try_to_boolean('maybe')", None),
        ("try_cast('x' as int)", None),
        ("try_cast('x' as boolean)", None),
        ("try_cast('on' as boolean)", True),
        ("try_cast('2.5' as int)", 3),
        ("try_cast('abcdef' as varchar(3))", None),
        ("to_number('12.3456', 10, 1)", Decimal("12.3")),
        ("to_decimal('12.5')", 13),
        ("try_to_number('x')", None),
        ("to_double('1.1')", 1.1),
        ("try_to_double('x')", None),
        ("1.50::varchar", "1.50"),
        ("1.0::float::varchar", "1"),
        ("true::string", "true"),
        ("null::variant", None),
    ],
)
def test_casts(snowflake, expected):
    assert value(snowflake) == expected


@pytest.mark.parametrize(
    ("declared", "duckdb_type"),
    [
        ("number", "BIGINT"),
        ("number(38, 0)", "BIGINT"),
        ("number(12, 2)", "DECIMAL(12, 2)"),
        ("smallint", "BIGINT"),
        ("float", "DOUBLE"),
        ("real", "DOUBLE"),
        ("timestamp_ntz(9)", "TIMESTAMP"),
        ("timestamp_ltz", "TIMESTAMPTZ"),
        ("timestamp_tz", "INTERVAL"),
        ("binary", "BLOB"),
        ("variant", "JSON"),
        ("object", "JSON"),
        ("array", "JSON"),
        ("string(16777216)", "TEXT"),
    ],
)
def test_declared_types(declared, duckdb_type):
    assert expression(f"null::{declared}") == f"CAST(NULL AS {duckdb_type})"


@pytest.mark.parametrize("declared", ["geography", "map(varchar, int)"])
def test_types_without_a_counterpart_are_refused(declared):
    with pytest.raises(SnowflakeError, match="Unsupported feature 'type"):
        expression(f"x::{declared}")


def test_text_that_does_not_fit_is_an_error():
    with pytest.raises(duckdb.Error, match="'abcdef' is too long and would be truncated"):
        value("'abcdef'::varchar(3)")


def test_a_literal_keeps_the_narrow_type_of_what_it_meets():
    assert expression("1::int - discount") == '1 - "DISCOUNT"'


SEEDED = (
    "select random({}), uniform(1, 1000000, random({})), normal(0, 1, random({})) from table(generator(rowcount => 5))"
)


def test_a_seed_gives_the_same_rows_in_every_run():
    first, again, other = (rows(SEEDED.format(seed, seed, seed)) for seed in (42, 42, 43))
    assert first == again
    assert first != other
    assert len(set(first)) == 5


def test_calls_with_one_seed_agree_within_a_row():
    assert all(a == b for a, b in rows("select random(7), random(7) from table(generator(rowcount => 3))"))


def test_a_seed_outside_of_the_columns_is_refused():
    with pytest.raises(SnowflakeError, match="RANDOM with a seed"):
        rows("select 1 as x from (select 1 as y) where random(1) > 0")


@pytest.mark.parametrize(
    "snowflake",
    [
        "uniform(1, 5, random()) between 1 and 5",
        "uniform(0::float, 1::float, random()) between 0 and 1",
        "uniform(3, 3, 1) = 3",
        "length(randstr(8, random())) = 8",
        "randstr(5, 1234) = randstr(5, 1234)",
        "random() <> random()",
        "length(uuid_string()) = 36",
        "hash('a', 1) = hash('a', 1) and hash('a', 1) <> hash('a', 2)",
    ],
)
def test_random_values(snowflake):
    assert value(snowflake) is True


def test_a_thousand_columns_take_a_thousand_times_one():
    columns = ", ".join(f"x / {i + 1} as c{i}" for i in range(1000))
    assert len(rows(f"select {columns} from (select 1 as x)")[0]) == 1000


@pytest.mark.parametrize("snowflake", ["to_number('$1', '$9')", "to_double('1', '9')", "to_number('1', p, 2)"])
def test_formats_of_numbers_are_refused(snowflake):
    with pytest.raises(SnowflakeError, match="Unsupported feature"):
        expression(snowflake)


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        ("9223372036854775807 + 1", 2**63),
        ("9223372036854775807 * 10", (2**63 - 1) * 10),
        ("10000000000 * 10000000000", 10**20),
        ("12345678901234567890123::number", 12345678901234567890123),
        ("'12345678901234567890123'::number(38, 0)", 12345678901234567890123),
        ("123456789012345678901234567890 - 1", 123456789012345678901234567889),
    ],
)
def test_whole_numbers_that_are_written_have_38_digits(snowflake: str, expected: int) -> None:
    assert value(snowflake) == expected


@pytest.mark.parametrize("call", ["try_to_number(x)", "try_cast(x as int)", "to_number(x)", "x::number", "n * 10"])
def test_stored_whole_numbers_beyond_64_bits_are_refused_by_name(call: str) -> None:
    with pytest.raises(duckdb.Error) as refused:
        rows(f"select {call} from (select '12345678901234567890123' as x, 999999999999999999::bigint as n)")
    assert "whole numbers beyond 64 bits" in str(translated(refused.value))
