"""A cron schedule as Snowflake documents it: `USING CRON <minute> <hour> <day> <month> <weekday> <zone>`.

https://docs.snowflake.com/en/sql-reference/sql/create-task (SCHEDULE): numbers, names, `*`, lists, ranges, `/n`, and
`L` for the last day of the month or, as in `5L`, the last Friday. `#` is not documented, so it is refused.
"""

import difflib
import re
import zoneinfo
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

PREFIX = "USING CRON "
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_WORD = r"[A-Z]{3}|\d+"
_ITEM = re.compile(rf"(?:(?P<every>\*)|(?P<first>{_WORD})(?:-(?P<last>{_WORD}))?)(?:/(?P<step>\d+))?")
_LAST_WEEKDAY = re.compile(r"([A-Z]{3}|\d)L")
_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Kind:
    """One of the five fields: what it may hold."""

    title: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def number(self, word: str) -> int:
        """Return what a number or a name stands for. Raises ValueError for one that is not of this field."""
        value = self.low + self.names.index(word) if word in self.names else int(word) if word.isdecimal() else -1
        if not self.low <= value <= self.high:
            raise ValueError(f"the {self.title} {word} is not one of {self.low}-{self.high}")
        return value


MINUTE, HOUR = Kind("minute", 0, 59), Kind("hour", 0, 23)
DAY, MONTH = Kind("day of month", 1, 31), Kind("month", 1, 12, _MONTHS)
WEEKDAY = Kind("day of week", 0, 6, _WEEKDAYS)


@dataclass(frozen=True)
class Field:
    """One field, read: its values; those that mean the last one of the month; whether it covers its whole range."""

    values: frozenset[int]
    last: frozenset[int] = frozenset()
    whole: bool = False

    @classmethod
    def read(cls, kind: Kind, text: str) -> Self:
        """Read a field such as `1-5,*/15`. Raises ValueError naming what is wrong with it."""
        values: set[int] = set()
        last: set[int] = set()
        whole = False
        for item in text.upper().split(","):
            if marked := _last(kind, item):
                last |= marked
                continue
            # The last day of any week is its Saturday.
            span = _span(kind, "SAT" if kind is WEEKDAY and item == "L" else item)
            values.update(span)
            # `*/4` runs all day long, as `0-23/4` does: its first and last round are those of the whole range.
            whole = whole or (span.start == kind.low and span.stop > kind.high)
        return cls(frozenset(values), frozenset(last), whole)


@dataclass(frozen=True)
class Cron:
    """A schedule that can be asked whether it is due at a local time."""

    minute: Field
    hour: Field
    day: Field
    month: Field
    weekday: Field
    zone: zoneinfo.ZoneInfo

    def due(self, local: datetime) -> bool:
        """Whether it is due at this local time, a naive one, to the minute."""
        return local.minute in self.minute.values and local.hour in self.hour.values and self.due_on(local.date())

    def due_on(self, day: date) -> bool:
        """Whether it is due at some time on this day.

        A day of the month and a day of the week that are both given are alternatives, as Snowflake documents.
        """
        if day.month not in self.month.values:
            return False
        tomorrow = day + timedelta(days=1)
        of_month = day.day in self.day.values or bool(self.day.last and tomorrow.month != day.month)
        sunday_first = day.isoweekday() % 7
        last_of_month = (day + _WEEK).month != day.month
        of_week = sunday_first in self.weekday.values or (last_of_month and sunday_first in self.weekday.last)
        both_given = not self.day.whole and not self.weekday.whole
        return of_month or of_week if both_given else of_month and of_week


def parse(schedule: str) -> Cron:
    """Read a schedule that begins with USING CRON. Raises ValueError naming what is wrong with it."""
    words = schedule.removeprefix(PREFIX).split()
    if len(words) != 6:
        raise ValueError(f"expected five fields and a time zone, found {len(words)} words")
    *fields, zone = words
    kinds = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)
    return Cron(*(Field.read(kind, text) for kind, text in zip(kinds, fields, strict=True)), _zone(zone))


def _span(kind: Kind, item: str) -> range:
    found = _ITEM.fullmatch(item)
    if not found:
        raise ValueError(f'"{item}" is no {kind.title}')
    step = int(found["step"] or 1)
    if not step:
        raise ValueError(f'"{item}" has a step of 0')
    if found["every"]:
        return range(kind.low, kind.high + 1, step)
    first = kind.number(found["first"])
    # A step without an end goes on to the end of the field: 4/3 in the month is April, July and October.
    last = kind.number(found["last"]) if found["last"] else kind.high if found["step"] else first
    if last < first:
        raise ValueError(f'"{item}" ends before it begins')
    return range(first, last + 1, step)


def _last(kind: Kind, item: str) -> set[int]:
    if kind is DAY and item == "L":
        return {DAY.high}
    if kind is WEEKDAY and (found := _LAST_WEEKDAY.fullmatch(item)):
        return {WEEKDAY.number(found[1])}
    return set()


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        known = zoneinfo.available_timezones()
        close = difflib.get_close_matches(name, known, n=1)
        hint = f', did you mean "{close[0]}"?' if close else "" if known else ": this machine lacks the package tzdata"
        raise ValueError(f'no time zone "{name}"{hint}') from error
