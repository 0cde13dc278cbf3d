"""When a task is due: `5 MINUTES` and `USING CRON 0 9 * * MON Europe/Berlin`.

https://docs.snowflake.com/en/sql-reference/sql/create-task (SCHEDULE)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ..kernel import zones
from ..kernel.errors import SnowflakeError

_INTERVAL = re.compile(r"(\d{1,9})\s*(H|HOURS?|M|MINUTES?|S|SECONDS?)\Z", re.IGNORECASE)
_CRON = re.compile(r"USING\s+CRON\s+(?P<fields>\S+(?:\s+\S+){4})\s+(?P<zone>\S+)\Z", re.IGNORECASE)
_SECONDS = {"H": 3600, "M": 60, "S": 1}
_SHORTEST, _LONGEST = timedelta(seconds=10), timedelta(minutes=11520)  # 10 seconds to 8 days
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def _field(*values: str, alone: str = "") -> re.Pattern[str]:
    """A field of a cron expression: `*`, values and ranges of them, each with a step if need be; `alone`: without."""
    value = rf"(?:{'|'.join(values)})"
    one = rf"(?:\*|{value}(?:-{value})?)(?:/\d+)?" + (f"|{alone}" if alone else "")
    return re.compile(rf"(?:{one})(?:,(?:{one}))*")


# Minute, hour, day of the month, month and day of the week; croniter says whether numbers are in their ranges.
_FIELDS = (
    _field(r"\d{1,2}"),
    _field(r"\d{1,2}"),
    _field(r"\d{1,2}", alone="L"),
    _field(r"\d{1,2}", *_MONTHS),
    _field("[0-6]", *_DAYS, alone=rf"(?:[0-6]|{'|'.join(_DAYS)})?L"),
)


@dataclass(frozen=True)
class Interval:
    """Every so often, counted from the moment that the task was resumed."""

    every: timedelta

    def after(self, moment: datetime, since: datetime) -> datetime:
        """The first due time later than the moment, on the grid that starts at `since`: no drift."""
        return since + (max(moment - since, timedelta()) // self.every + 1) * self.every


@dataclass(frozen=True)
class Cron:
    """At the times of day of a cron expression, in its time zone."""

    fields: str
    zone: str

    def after(self, moment: datetime, since: datetime) -> datetime:
        """The first due time later than both moments, in UTC.

        A time that the spring clock change leaves out is not made up for; one that the autumn change repeats is due
        twice, as Snowflake documents.
        """
        from croniter import croniter

        times = croniter(self.fields, max(moment, since).astimezone(ZoneInfo(self.zone)))
        found = times.get_next(datetime)
        # For a time that does not exist croniter answers the next one that does.
        minutes, hours, *_ = croniter.expand(self.fields)[0]
        while not (_among(found.minute, minutes) and _among(found.hour, hours)):
            found = times.get_next(datetime)
        return found.astimezone(UTC)


def _among(value: int, options: list[int | str]) -> bool:
    return options == ["*"] or value in options


Schedule = Interval | Cron


def parse(text: str) -> Schedule:
    """A schedule from its text.

    Raises:
        SnowflakeError: 001008 for anything that is no schedule.

    """
    interval, cron = _INTERVAL.match(text.strip()), _CRON.match(text.strip())
    if interval:
        return _interval(text, int(interval[1]) * _SECONDS[interval[2][0].upper()])
    if cron:
        return _cron(text, " ".join(cron["fields"].upper().split()), cron["zone"])
    raise _invalid(text, "expected '<num> { HOURS | MINUTES | SECONDS }' or 'USING CRON <expr> <time_zone>'")


def duration(text: str) -> timedelta:
    """A length of time such as '5 MINUTES', of any size.

    Raises:
        SnowflakeError: 001008 for anything else.

    """
    found = _INTERVAL.match(text.strip())
    if not found:
        raise _invalid(text, "expected '<num> { HOURS | MINUTES | SECONDS }'")
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2][0].upper()])


def _interval(text: str, seconds: int) -> Interval:
    every = timedelta(seconds=seconds)
    if not _SHORTEST <= every <= _LONGEST:
        raise _invalid(text, "an interval lies between 10 SECONDS and 11520 MINUTES")
    return Interval(every)


def _cron(text: str, fields: str, zone: str) -> Cron:
    from croniter import CroniterError, croniter

    if zone not in zones.known():
        raise _invalid(text, f"unknown time zone '{zone}'")
    written = fields.split()
    if not all(pattern.fullmatch(field) for pattern, field in zip(_FIELDS, written, strict=True)):
        raise _invalid(text, "not a cron expression")
    cron = Cron(" ".join([*written[:-1], _last(written[-1])]), zone)
    if not croniter.is_valid(cron.fields):
        raise _invalid(text, "not a cron expression")
    try:
        cron.after(_ANY_TIME, _ANY_TIME)
    except CroniterError as error:
        raise _invalid(text, "such a time never comes") from error
    return cron


_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def _last(day_of_week: str) -> str:
    """The last Friday of the month is 5L or FRIL in Snowflake and L5 in croniter; L alone is the last day, Saturday."""
    if day_of_week == "L":
        return "6"
    day = day_of_week.removesuffix("L")
    if day == day_of_week:
        return day_of_week
    return f"L{_DAYS.index(day) if day in _DAYS else day}"


def _invalid(text: str, why: str) -> SnowflakeError:
    return SnowflakeError(f"SQL compilation error:\nInvalid schedule specified: '{text}': {why}.", "001008", "22023")
