"""Dates and times mean what Snowflake's documentation says."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import duckdb
import pytest

from local_snowflake.kernel.errors import SnowflakeError
from tests.unit.transforming import expression, rows, value

D = "'2024-05-17'::date"
T = "'2024-05-17 10:11:12.123456'::timestamp_ntz"


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        ("dateadd(year, 1, '2024-02-29'::date)", date(2025, 2, 28)),
        ("dateadd('month', 1, '2024-01-31'::date)", date(2024, 2, 29)),
        ("dateadd(yyyy, 2, '2013-05-08'::date)", date(2015, 5, 8)),
        ("dateadd(qtr, 1, '2024-01-31'::date)", date(2024, 4, 30)),
        ("dateadd(wk, -1, '2024-01-08'::date)", date(2024, 1, 1)),
        ("dateadd(hour, 2, '2024-01-31'::date)", datetime(2024, 1, 31, 2)),
        ("dateadd(minute, 90, '10:00:00'::time)", time(11, 30)),
        ("dateadd(\"day\", -1, '2024-03-01')", datetime(2024, 2, 29)),
        ("timeadd(second, 30, '2024-01-01'::timestamp)", datetime(2024, 1, 1, 0, 0, 30)),
        ("timestampadd(nanosecond, 5000, '2024-01-01'::timestamp)", datetime(2024, 1, 1, 0, 0, 0, 5)),
        ("dateadd(month, null, '2024-01-31'::date)", None),
    ],
)
def test_adding_keeps_a_date_a_date_unless_the_part_is_shorter_than_a_day(snowflake, expected):
    assert value(snowflake) == expected


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        ("datediff(year, '2024-12-31'::date, '2025-01-01'::date)", 1),
        ("datediff(week, '2024-01-07'::date, '2024-01-08'::date)", 1),
        ("datediff(week, '2024-01-08'::date, '2024-01-14'::date)", 0),
        ("datediff(month, '2024-01-31', '2024-02-01')", 1),
        ("datediff(quarter, '2024-04-01', '2024-01-31')", -1),
        ("timestampdiff(hour, '2024-01-01 10:59:59'::timestamp, '2024-01-01 11:00:00'::timestamp)", 1),
        ("timediff(second, '10:00:00'::time, '10:01:00'::time)", 60),
        ("datediff(ns, '2024-01-01 00:00:00'::timestamp, '2024-01-01 00:00:01'::timestamp)", 1_000_000_000),
        ("'2024-05-17'::date - '2024-05-01'::date", 16),
    ],
)
def test_a_difference_counts_the_boundaries_between(snowflake, expected):
    assert value(snowflake) == expected


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        (f"date_trunc('quarter', {D})", date(2024, 4, 1)),
        (f"date_trunc(week, {D})", date(2024, 5, 13)),
        (f"date_trunc('hour', {T})", datetime(2024, 5, 17, 10)),
        (f"trunc({D}, 'month')", date(2024, 5, 1)),
        (f"last_day({D})", date(2024, 5, 31)),
        (f"last_day({D}, 'year')", date(2024, 12, 31)),
        (f"last_day({D}, week)", date(2024, 5, 19)),
        (f"last_day({T}, 'quarter')", date(2024, 6, 30)),
        (f"next_day({D}, 'Friday')", date(2024, 5, 24)),
        (f"previous_day({D}, 'fr')", date(2024, 5, 10)),
        ("time_slice('2024-01-01 10:07:00'::timestamp_ntz, 15, 'minute')", datetime(2024, 1, 1, 10)),
        ("time_slice('2024-01-01 10:07:00'::timestamp_ntz, 15, 'minute', 'end')", datetime(2024, 1, 1, 10, 15)),
        (f"{D} + 1", date(2024, 5, 18)),
        (f"{D} + interval '1 month, 2 days'", date(2024, 6, 19)),
        ("interval '1 day' + to_date('2024-05-17')", date(2024, 5, 18)),
        (f"{D} - interval '1 hour'", datetime(2024, 5, 16, 23)),
    ],
)
def test_rounding_and_moving(snowflake, expected):
    assert value(snowflake) == expected


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        (f"year({D})", 2024),
        (f"quarter({D})", 2),
        (f"date_part(mm, {D})", 5),
        (f"extract(day from {D})", 17),
        (f"hour({T})", 10),
        (f"second({T})", 12),
        (f"date_part(nanosecond, {T})", 123_456_000),
        ("date_part(epoch_second, '2024-01-01'::timestamp_ntz)", 1_704_067_200),
        ("date_part('epoch_millisecond', '2024-01-01'::timestamp_ntz)", 1_704_067_200_000),
        ("dayofweek('2024-01-07'::date)", 0),
        ("dayofweekiso('2024-01-07'::date)", 7),
        ("weekofyear('2024-12-30'::date)", 1),
        ("yearofweekiso('2024-12-30'::date)", 2025),
        (f"dayofyear({D})", 138),
        (f"dayname({D})", "Fri"),
        ("monthname('2024-05-17')", "May"),
    ],
)
def test_parts_of_a_moment(snowflake, expected):
    assert value(snowflake) == expected


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        ("months_between('2019-03-01'::date, '2019-02-01'::date)", Decimal("1.000000")),
        ("months_between('2019-03-31'::date, '2019-02-28'::date)", Decimal("1.000000")),
        ("months_between('2019-03-01 02:00:00'::timestamp, '2019-02-15 01:00:00'::timestamp)", Decimal("0.549731")),
        ("add_months('2016-05-15'::timestamp_ntz, 2)", datetime(2016, 7, 15)),
        ("add_months('2016-02-29'::date, 1)", date(2016, 3, 31)),
        ("add_months('2016-05-31'::date, -1)", date(2016, 4, 30)),
    ],
)
def test_months_keep_the_end_of_a_month(snowflake, expected):
    assert value(snowflake) == expected


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        ("to_date('17/05/2024', 'DD/MM/YYYY')", date(2024, 5, 17)),
        ("to_date('20240517', 'YYYYMMDD')", date(2024, 5, 17)),
        ("to_date('2024-05-17 10:00:00')", date(2024, 5, 17)),
        ("to_date('1704067200')", date(2024, 1, 1)),
        ("to_date('05/17/2024')", date(2024, 5, 17)),
        ("to_date('17-MAY-2024')", date(2024, 5, 17)),
        ("'2024-05-17 10:00:00'::date", date(2024, 5, 17)),
        ("try_to_date('2024-13-01')", None),
        ("try_to_date('17.05.2024', 'DD.MM.YYYY')", date(2024, 5, 17)),
        ("to_timestamp(1704067200)", datetime(2024, 1, 1)),
        ("to_timestamp('1704067200123')", datetime(2024, 1, 1, 0, 0, 0, 123000)),
        ("to_timestamp(1704067200123, 3)", datetime(2024, 1, 1, 0, 0, 0, 123000)),
        ("to_timestamp('2024-05-17 10:11', 'YYYY-MM-DD HH24:MI')", datetime(2024, 5, 17, 10, 11)),
        ("to_timestamp_ntz('2024-05-17T10:11:12')", datetime(2024, 5, 17, 10, 11, 12)),
        ("to_timestamp_ltz('2024-05-17 10:00:00 +0200')", datetime(2024, 5, 17, 8, tzinfo=UTC)),
        ("to_timestamp_ltz('2024-05-17 10:00:00')", datetime(2024, 5, 17, 10, tzinfo=UTC)),
        ("try_to_timestamp('x')", None),
        ("to_time('14:03')", time(14, 3)),
        ("to_time('2:03 PM', 'HH12:MI AM')", time(14, 3)),
        ("date_from_parts(2024, 14, 0)", date(2025, 1, 31)),
        ("timestamp_from_parts(2024, 5, 17, 10, 11, 12)", datetime(2024, 5, 17, 10, 11, 12)),
        ("time_from_parts(10, 11, 12)", time(10, 11, 12)),
    ],
)
def test_reading(snowflake, expected):
    assert value(snowflake) == expected


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        (
            "to_char('2024-05-17 14:03:02.123'::timestamp, 'DD-MON-YYYY HH12:MI:SS.FF3 AM')",
            "17-May-2024 02:03:02.123 PM",
        ),
        ("to_char('2024-05-17 14:03:02'::timestamp, 'YYYY-MM-DD\"T\"HH24:MI:SS')", "2024-05-17T14:03:02"),
        (f"to_varchar({D}, 'MMMM DY')", "May Fri"),
        ("to_char('2024-05-17 14:03:02'::timestamp)", "2024-05-17 14:03:02.000"),
        (f"{D}::varchar", "2024-05-17"),
        ("'14:03:02'::time::varchar", "14:03:02"),
    ],
)
def test_writing(snowflake, expected):
    assert value(snowflake) == expected


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        (
            "convert_timezone('America/Los_Angeles', 'America/New_York', '2019-01-01 14:00:00'::timestamp_ntz)",
            datetime(2019, 1, 1, 17),
        ),
        ("current_date() <= current_timestamp()::date", True),
        ("sysdate() is not null and getdate() is not null and current_time is not null", True),
    ],
)
def test_zones_and_now(snowflake, expected):
    assert value(snowflake) == expected


def test_the_translation_of_dates():
    assert expression("dateadd(day, 3, d)") == '_SF_ADD_DAYS_PART(3, _SF_MOMENT("D"))'
    assert expression("dateadd(year, 1, d)") == '_SF_ADD_MONTHS_PART(12, _SF_MOMENT("D"))'
    assert expression("datediff('mm', '2024-01-01'::date, d)") == (
        "_SF_DIFFERENCE('month', CAST('2024-01-01' AS DATE), _SF_MOMENT(\"D\"))"
    )


def test_a_moment_may_come_out_of_an_aggregate():
    assert rows("select datediff(day, min(d), max(d)) from (select '2024-01-01'::date d)") == [(0,)]


def test_text_that_is_no_date_is_an_error_that_names_it():
    with pytest.raises(duckdb.Error, match="Date 'nonsense' is not recognized"):
        value("to_date('nonsense')")


def test_an_unknown_part_is_refused():
    with pytest.raises(SnowflakeError, match="'FORTNIGHT' is not a valid date/time component"):
        expression("dateadd(fortnight, 1, d)")


@pytest.mark.parametrize("snowflake", ["to_char(12.5, '99.9')", "to_date(d, f)", "to_char(d, 'FF5')"])
def test_formats_that_cannot_be_kept_are_refused(snowflake):
    with pytest.raises(SnowflakeError, match="Unsupported feature"):
        expression(snowflake)


# https://docs.snowflake.com/en/sql-reference/data-types-datetime: TIMESTAMP_TZ keeps its offset, is compared by its
# moment, and all operations are performed with the offset of each record.
Z = "'2024-05-17 22:11:12.345 +02:00'::timestamp_tz"


@pytest.mark.parametrize(
    ("snowflake", "expected"),
    [
        (Z, "2024-05-17 22:11:12.345 +0200"),
        ("'2024-05-17 10:00:00'::timestamp_tz", "2024-05-17 10:00:00.000 +0000"),
        ("'2024-05-17 10:00:00Z'::timestamp_tz", "2024-05-17 10:00:00.000 +0000"),
        ("'1899-12-31 23:59:59 -03:30'::timestamp_tz", "1899-12-31 23:59:59.000 -0330"),
        ("'9999-12-31 23:59:59 -1200'::timestamp_tz", "9999-12-31 23:59:59.000 -1200"),
        ("'0001-01-01 00:00:00 +1200'::timestamp_tz", "0001-01-01 00:00:00.000 +1200"),
        ("try_to_timestamp_tz('x')", None),
        ("to_timestamp_tz(0)", "1970-01-01 00:00:00.000 +0000"),
        ("to_timestamp_tz(1000, 3)", "1970-01-01 00:00:01.000 +0000"),
        (
            "to_timestamp_tz('05/17/2024 10:00:00 +0200', 'mm/dd/yyyy hh24:mi:ss tzhtzm')",
            "2024-05-17 10:00:00.000 +0200",
        ),
        (f"{Z}::date", "2024-05-17"),
        (f"{Z}::time", "22:11:12.345"),
        (f"{Z}::timestamp_ntz", "2024-05-17 22:11:12.345"),
        (f"{Z}::timestamp_ltz", "2024-05-17 20:11:12.345 Z"),
        (f"hour({Z})", "22"),
        (f"date_part(tzh, {Z})", "2"),
        (f"date_part(epoch_second, {Z})", "1715976672"),
        (f"dateadd(month, 9, {Z})", "2025-02-17 22:11:12.345 +0200"),
        (f"dateadd(day, -17, {Z})", "2024-04-30 22:11:12.345 +0200"),
        (f"dateadd(hour, 3, {Z})", "2024-05-18 01:11:12.345 +0200"),
        (f"{Z} + interval '1 month'", "2024-06-17 22:11:12.345 +0200"),
        (f"{Z} - interval '1 day, 23 hour'", "2024-05-15 23:11:12.345 +0200"),
        (f"add_months({Z}, 1)", "2024-06-17 22:11:12.345 +0200"),
        (f"date_trunc(day, {Z})", "2024-05-17 00:00:00.000 +0200"),
        (f"date_trunc(day, max({Z}))", "2024-05-17 00:00:00.000 +0200"),
        (f"dateadd(day, 1, max({Z}))", "2024-05-18 22:11:12.345 +0200"),
        (f"year(max({Z}))", "2024"),
        (f"time_slice({Z}, 1, 'hour')", "2024-05-17 22:00:00.000 +0200"),
        (f"last_day({Z})", "2024-05-31"),
        (f"dayname({Z})", "Fri"),
        (f"datediff(day, min({Z}), dateadd(hour, 2, max({Z})))", "1"),
        (f"datediff(second, {Z}, '2024-05-17 22:11:12.345 +01:00'::timestamp_tz)", "3600"),
        (f"to_char({Z}, 'HH24 TZH:TZM TZHTZM TZH')", "22 +02:00 +0200 +02"),
        (f"{Z} = '2024-05-17 20:11:12.345 +0000'::timestamp_tz", "true"),
        (f"{Z} > '2024-05-17 21:11:12.345 +0000'::timestamp_tz", "false"),
        (f"hash({Z}) = hash('2024-05-17 20:11:12.345 +0000'::timestamp_tz)", "true"),
        (f"{Z} || '!'", "2024-05-17 22:11:12.345 +0200!"),
        (f"{Z}::variant", "2024-05-17 22:11:12.345 +0200"),
        (f"object_construct('a', {Z})", '{"a":"2024-05-17 22:11:12.345 +0200"}'),
        (f"array_agg({Z})", '["2024-05-17 22:11:12.345 +0200"]'),
        # https://docs.snowflake.com/en/sql-reference/functions/convert_timezone
        ("convert_timezone('America/Los_Angeles', '2024-04-05 12:00:00 +02:00')", "2024-04-05 03:00:00.000 -0700"),
        (f"convert_timezone('Asia/Tokyo', {Z})", "2024-05-18 05:11:12.345 +0900"),
        ("convert_timezone('UTC', '2024-04-05'::date)", "2024-04-05 00:00:00.000 +0000"),
        (f"convert_timezone('UTC', 'Asia/Tokyo', {Z})", "2024-05-18 07:11:12.345"),
    ],
)
def test_a_timestamp_tz_keeps_its_offset_and_is_compared_by_its_moment(snowflake, expected):
    assert value(f"({snowflake})::varchar") == expected


def test_equal_moments_are_one_group():
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime."""
    moments = "values ('2024-01-01 00:00:00 +0000'), ('2024-01-01 01:00:00 +0100'), ('2024-01-01 01:00:00 +0000')"
    zoned = f"(select column1::timestamp_tz as z from {moments})"
    assert rows(f"select count(*) as n from {zoned} group by z order by z") == [(2,), (1,)]
    assert rows(f"select count(distinct z) as n from {zoned}") == [(2,)]
    assert rows(f"select count(*) from {zoned} as a join {zoned} as b on a.z = b.z") == [(5,)]


@pytest.mark.parametrize("part", ["day", "month", "week", "year"])
def test_days_between_clocks_of_different_offsets_are_refused(part):
    with pytest.raises(duckdb.Error, match="Unsupported feature 'DATEDIFF of a"):
        value(f"datediff({part}, {Z}, '2024-05-17 22:11:12.345 +01:00'::timestamp_tz)")


@pytest.mark.parametrize(
    "expression",
    [
        "'2024-05-17 10:00:00.123456789'::timestamp_ntz",
        "'2024-05-17 10:00:00.1234567'::timestamp_ltz",
        "x::timestamp",
        "'10:00:00.123456789'::time",
        "dateadd(ns, 1, '2024-01-01'::timestamp)",
        "timestamp_from_parts(2024, 1, 1, 0, 0, 0, 123456789)",
        "time_from_parts(0, 0, 0, 1)",
        "to_timestamp(1700000000123456789, 9)",
    ],
)
def test_nanoseconds_that_would_be_lost_are_refused(expression: str) -> None:
    with pytest.raises(duckdb.Error, match="Unsupported feature 'nanoseconds"):
        rows(f"select {expression} from (select '2024-05-17 10:00:00.123456700' as x)")


@pytest.mark.parametrize("text", ["2024-05-17 10:00:00.123456", "2024-05-17 10:00:00.123456000"])
def test_microseconds_are_kept(text: str) -> None:
    assert value(f"'{text}'::timestamp_ntz") == datetime(2024, 5, 17, 10, 0, 0, 123456)
