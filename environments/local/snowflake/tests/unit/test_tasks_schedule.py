"""When a task is due."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.tasks.schedule import Cron, Interval, duration, parse

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def due(text: str, moment: datetime, times: int = 1) -> list[datetime]:
    schedule, found = parse(text), []
    for _ in range(times):
        moment = schedule.after(moment, moment if isinstance(schedule, Cron) else NOON)
        found.append(moment)
    return found


@pytest.mark.parametrize("text", ["5 MINUTES", "5 minute", "5 M", "300 SECONDS", "300 s"])
def test_an_interval_is_written_in_several_ways(text: str) -> None:
    assert parse(text) == Interval(timedelta(minutes=5))


@given(st.integers(0, 10_000_000), st.integers(10, 691_200))
def test_an_interval_keeps_to_the_grid_of_its_start(passed: int, every: int) -> None:
    interval, moment = Interval(timedelta(seconds=every)), NOON + timedelta(seconds=passed)
    following = interval.after(moment, NOON)
    assert moment < following <= moment + timedelta(seconds=every)
    assert (following - NOON) % timedelta(seconds=every) == timedelta()


def test_an_interval_starts_one_interval_after_the_task_was_resumed() -> None:
    assert due("10 MINUTES", NOON, 3) == [NOON + timedelta(minutes=m) for m in (10, 20, 30)]


def test_cron_counts_in_its_time_zone() -> None:
    assert due("USING CRON 0 9 * * * America/New_York", NOON) == [datetime(2026, 3, 4, 14, tzinfo=UTC)]
    assert due("USING CRON 0 9 * * * UTC", NOON) == [datetime(2026, 3, 5, 9, tzinfo=UTC)]


def test_a_time_that_the_spring_clock_change_leaves_out_is_not_made_up_for() -> None:
    before = datetime(2026, 3, 8, 8, tzinfo=UTC)  # midnight in Los Angeles; 2 o'clock does not exist that day
    assert due("USING CRON 30 2 * * * America/Los_Angeles", before) == [datetime(2026, 3, 9, 9, 30, tzinfo=UTC)]


def test_a_time_that_the_autumn_clock_change_repeats_is_due_twice() -> None:
    before = datetime(2026, 11, 1, 7, tzinfo=UTC)
    twice = [datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (8, 9)]
    assert due("USING CRON 30 1 * * * America/Los_Angeles", before, 2) == twice


@pytest.mark.parametrize("last_friday", ["5L", "FRIL", "fril"])
def test_the_last_friday_of_a_month(last_friday: str) -> None:
    assert due(f"USING CRON 0 0 * * {last_friday} UTC", NOON) == [datetime(2026, 3, 27, tzinfo=UTC)]


def test_the_last_day_of_a_month() -> None:
    assert due("USING CRON 0 0 L * * UTC", NOON, 2) == [datetime(2026, m, d, tzinfo=UTC) for m, d in ((3, 31), (4, 30))]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sometimes",
        "5",
        "5 DAYS",
        "9 SECONDS",
        "11521 MINUTES",
        "99999999999999999999 MINUTES",
        "USING CRON * * * * UTC",
        "USING CRON * * * * * * UTC",
        "USING CRON 99 * * * * UTC",
        "USING CRON 0 0 * * * Middle/Earth",
        "USING CRON 0 0 * * *",
        "USING CRON 0 0 * * 7 UTC",
        "USING CRON 0 0 ? * * UTC",
        "USING CRON 0 0 * * 5#2 UTC",
        "USING CRON 0 0 * * MON#1 UTC",
        "USING CRON @ @ @ @ @ UTC",
        "USING CRON H 0 * * * UTC",
        "USING CRON 0 0 1W * * UTC",
        "USING CRON 0 0 32 * * UTC",
        "USING CRON 0 24 * * * UTC",
        "USING CRON 0 0 * 13 * UTC",
    ],
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(SnowflakeError, match="Invalid schedule"):
        parse(text)


def test_a_length_of_time_may_be_of_any_size() -> None:
    assert duration("1 SECOND") == timedelta(seconds=1)


@pytest.mark.parametrize(
    "fields", ["0 5 31 2 *", "0 5 30,31 2 *", "0 5 30-31 FEB *", "0 5 31 4,6,9,11 *", "*/5 * 31 JUN *"]
)
def test_a_time_that_never_comes_is_refused(fields: str) -> None:
    with pytest.raises(SnowflakeError, match="never comes"):
        parse(f"USING CRON {fields} UTC")


def test_a_time_that_comes_seldom_is_none_that_never_comes() -> None:
    assert due("USING CRON 0 5 29 2 * UTC", NOON) == [datetime(2028, 2, 29, 5, tzinfo=UTC)]
    assert due("USING CRON 0 5 31 2 MON UTC", NOON) == [datetime(2027, 2, 1, 5, tzinfo=UTC)]


@pytest.mark.parametrize(
    "zone",
    ["localtime", "Factory", "posixrules", "posix/UTC", "right/UTC", "europe/berlin", "/etc/passwd", "../UTC", "CEST"],
)
def test_only_names_of_the_zone_database_are_time_zones(zone: str) -> None:
    with pytest.raises(SnowflakeError, match="unknown time zone"):
        parse(f"USING CRON 0 0 * * * {zone}")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Los_Angeles", "Etc/GMT+1", "US/Pacific"])
def test_names_of_the_zone_database_are_time_zones(zone: str) -> None:
    parse(f"USING CRON 18 9-17/2 * JAN-MAR,12 SUN {zone}")
