"""Cron as Snowflake documents it, and what it does when the clock changes."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter

from deploy.graph import rules
from tests.unit.test_deploy_rules import scheduled

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def parse(text):
    return rules.parse(f"USING CRON {text}")


def stumbles(text, now=NOW):
    return rules.problems(scheduled(f"USING CRON {text}"), now)


@pytest.mark.parametrize(
    ("fields", "due", "not_due"),
    [
        ("0 5 * * *", ["2027-01-01 05:00"], ["2027-01-01 05:01", "2027-01-01 04:00"]),
        ("*/15 * * * *", ["2027-01-01 00:45"], ["2027-01-01 00:44"]),
        ("0 9-17/4,20 * * *", ["2027-01-01 13:00", "2027-01-01 20:00"], ["2027-01-01 18:00"]),
        ("0 0 1 4/3 *", ["2027-04-01 00:00", "2027-10-01 00:00"], ["2027-01-01 00:00"]),
        ("0 0 * jan-mar mon,Wed", ["2027-01-04 00:00", "2027-01-06 00:00"], ["2027-01-05 00:00", "2027-04-05 00:00"]),
        ("0 0 L * *", ["2027-02-28 00:00", "2028-02-29 00:00"], ["2028-02-28 00:00"]),
        ("0 0 * * 5L", ["2027-01-29 00:00"], ["2027-01-22 00:00", "2027-01-30 00:00"]),
        ("0 0 * * MON,5L", ["2027-01-29 00:00", "2027-01-04 00:00"], ["2027-01-22 00:00"]),
        ("0 0 * * FRIL", ["2027-01-29 00:00"], ["2027-01-22 00:00"]),
        ("0 0 * * L", ["2027-01-02 00:00", "2027-01-09 00:00"], ["2027-01-03 00:00"]),
        ("0 0 * * 0", ["2027-01-03 00:00"], ["2027-01-02 00:00"]),
        # Both kinds of day given: either will do (docs: CREATE TASK, SCHEDULE).
        ("0 0 10-20 * TUE,THU", ["2027-01-10 00:00", "2027-01-05 00:00"], ["2027-01-09 00:00"]),
    ],
)
def test_a_schedule_is_due_when_snowflake_says_so(fields, due, not_due):
    read, _ = parse(f"{fields} UTC")
    assert [
        text for text in due + not_due if any(croniter.match(each, datetime.fromisoformat(text)) for each in read)
    ] == due


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0 5 * * UTC", "expected five fields and a time zone, found 5 words"),
        ("60 5 * * * UTC", "the minute 60 is not one of 0-59"),
        ("0 5 0 * * UTC", "the day of month 0 is not one of 1-31"),
        ("0 5 * FOO * UTC", "the month FOO is not one of 1-12"),
        ("0 5 * * 7 UTC", "the day of week 7 is not one of 0-6"),
        ("0 5 * * MON#1 UTC", '"MON#1" is no day of week'),
        ("0 5 LW * * UTC", '"LW" is no day of month'),
        ("0 5,, * * * UTC", '"" is no hour'),
        ("0 5 ? * * UTC", '"?" is no day of month'),
        ("0 5 * * L-3 UTC", '"L-3" is no day of week'),
        ("0 5 * * 7L UTC", "the day of week 7 is not one of 0-6"),
        ("0 5 * * FOOL UTC", "the day of week FOO is not one of 0-6"),
        ("H 5 * * * UTC", '"H" is no minute'),
        ("R 5 * * * UTC", '"R" is no minute'),
        ("@daily UTC", "found 2 words"),
        ("0 0 5 * * * UTC", "found 7 words"),
        ("*/0 5 * * * UTC", "has a step of 0"),
        ("0 5 20-10 * * UTC", "ends before it begins"),
        ("0 5 * * * Europe/Berlln", 'no time zone "Europe/Berlln", did you mean "Europe/Berlin"?'),
        ("0 5 * * * America", 'no time zone "America"'),
        ("0 5 * * * ../UTC", 'no time zone "../UTC"'),
    ],
)
def test_what_is_wrong_with_a_schedule_is_named(text, problem):
    with pytest.raises(ValueError, match=r".") as caught:
        parse(text)
    assert problem in str(caught.value)


def test_the_hour_that_never_comes_is_named():
    (found,) = stumbles("0 2 * * * America/Los_Angeles")
    assert found == (
        'schedule "USING CRON 0 2 * * * America/Los_Angeles" would never run on 2027-03-14: 02:00 does not exist in '
        "America/Los_Angeles, where the clock goes from 02:00 to 03:00; choose a time outside 02:00-03:00, "
        "or the zone UTC"
    )


def test_the_hour_that_comes_twice_is_named():
    (found,) = stumbles("30 1 * * SUN America/Los_Angeles")
    assert "would run twice on 2027-11-07: 01:30 comes twice in America/Los_Angeles" in found
    assert "choose a time outside 01:00-02:00, or the zone UTC" in found


def test_an_hour_can_be_lost_in_spring_and_come_twice_in_autumn():
    never, twice = stumbles("15 2-4 * * * Europe/Berlin")
    assert "would never run on 2027-03-28: 02:15" in never
    assert "would run twice on 2027-10-31: 02:15" in twice


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("45 1 * * * Australia/Lord_Howe", "run twice on 2027-04-04: 01:45"),  # a clock that moves by half an hour
        ("30 23 * * * America/Scoresbysund", "never run on 2027-03-27: 23:30"),  # a change over midnight
        ("0 0 * * * America/Havana", "never run on 2027-03-14: 00:00"),
        ("0 2 L * * Europe/Berlin", "run twice on 2027-10-31: 02:00"),
        ("0 2 * OCT 0L Europe/Berlin", "run twice on 2027-10-31: 02:00"),
    ],
)
def test_a_change_is_found_wherever_and_whenever_it_is(text, when):
    assert f"would {when}" in stumbles(text)[0]


@pytest.mark.parametrize(
    "text",
    [
        "0 2 * * * UTC",
        "0 2 * * * Asia/Tokyo",
        "0 4 * * * Europe/Berlin",
        "0 3 * * * America/Los_Angeles",
        "0 1 * * * Europe/Berlin",
        "59 1 * * * Europe/Berlin",
        "0 2 * * MON Europe/Berlin",
        "0 2 1-20 MAR,OCT * Europe/Berlin",
        "* * * * * Europe/Berlin",
        "0 */2 * * * Europe/Berlin",
        "0 0-23/2 * * * Europe/Berlin",
        "0 9-17 * * SUN Europe/Berlin",
    ],
)
def test_a_schedule_that_meets_no_change_is_no_problem(text):
    assert stumbles(text) == ()


def test_the_changes_of_two_years_are_those_that_the_zone_makes_minute_by_minute():
    zone = ZoneInfo("Europe/Berlin")
    found = list(rules.changes(zone, NOW, NOW + timedelta(days=400)))
    moment, offset, walked = NOW, NOW.astimezone(zone).utcoffset(), []
    while moment < NOW + timedelta(days=400):
        moment += timedelta(minutes=15)
        if (now := moment.astimezone(zone).utcoffset()) != offset:
            utc = moment.replace(tzinfo=None)
            walked.append((utc + offset, utc + now))
            offset = now
    assert found == walked
    assert len(found) == 2


def test_looking_two_years_ahead_takes_no_time():
    started = time.process_time()
    stumbles("0 2 * * * Europe/Berlin")
    assert time.process_time() - started < 0.1
