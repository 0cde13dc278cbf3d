"""What Snowflake would refuse of a graph in one environment though it took it in another, found offline, all at once.

The shape of a graph is the same everywhere, so that DEV refuses a wrong one before PROD sees it. Schedules and numbers
are each environment's own.
https://docs.snowflake.com/en/sql-reference/sql/create-task
"""

import difflib
import re
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from deploy.graph.graph import Graph, TaskSpec, task_name

_CRON = "USING CRON "
# A field's name, its least and greatest number, the names that stand for its numbers, what says "last" in it.
_FIELDS = (
    ("minute", 0, 59, (), ""),
    ("hour", 0, 23, (), ""),
    ("day of month", 1, 31, (), "L"),
    ("month", 1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), ""),
    ("day of week", 0, 6, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), r"L|([A-Z]{3}|\d)L"),
)
_ITEM = re.compile(r"(?:\*|([A-Z]{3}|\d+)(?:-([A-Z]{3}|\d+))?)(?:/(\d+))?")
_LONGEST_NAME = 255
# Of these the least and the most; None where only the least is documented.
_RANGES = {
    "USER_TASK_TIMEOUT_MS": (0, 604_800_000),
    "SUSPEND_TASK_AFTER_NUM_FAILURES": (0, None),
    "TASK_AUTO_RETRY_ATTEMPTS": (0, 30),
}
_SHORTEST_INTERVAL, _LONGEST_INTERVAL = timedelta(seconds=10), timedelta(days=8)
_AHEAD = timedelta(days=731)
# Shorter than any period of daylight saving time: Morocco's break for Ramadan, the shortest, lasts a month.
_STRIDE = timedelta(days=7)


def problems(graph: Graph, now: datetime) -> tuple[str, ...]:
    """Return everything that is wrong with the graphs of a release, a line each; `now` is an aware time."""
    return (
        *_of_names(graph),
        *(line for task in graph.tasks for line in _of_task(task)),
        *(line for each in graph.parts for line in _of_schedule(each.schedule, now)),
    )


def _of_names(graph: Graph) -> Iterator[str]:
    """Yield what cannot be told apart: tasks are found by their names, which begin with their graph's."""
    roots = [each.name for each in graph.parts]
    for name in roots:
        if longer := [other for other in roots if other.startswith(f"{name}$")]:
            yield f"the graph {longer[0]} has a name that only a task of the graph {name} can have"
    for each in graph.parts:
        if each.changes_of and task_name(each.name) in graph:
            yield f"{task_name(each.name)} is the name of the task that waits for {each.changes_of}"


def _of_task(task: TaskSpec) -> Iterator[str]:
    if not 0 < len(task.name) <= _LONGEST_NAME or "\0" in task.name:
        yield f"not the name of a task (1 to {_LONGEST_NAME} characters, no NUL): {task.name[:60]!r}..."
    for name, (least, most) in _RANGES.items():
        value = task.values.get(name, least)
        if type(value) is not int or value < least or (most is not None and value > most):
            most_of_all = "" if most is None else f" to {most}"
            yield f"{task.name}: {name} is {value}, it must be a whole number from {least}{most_of_all}"


def _of_schedule(schedule: str, now: datetime) -> Iterator[str]:
    if schedule.startswith(_CRON):
        try:
            yield from _stumbles(schedule, *parse(schedule), now)
        except ValueError as error:
            yield f'schedule "{schedule}": {error}'
    elif schedule:
        number, unit = schedule.split()
        if not _SHORTEST_INTERVAL <= timedelta(**{f"{unit.lower()}s": int(number)}) <= _LONGEST_INTERVAL:
            yield f'schedule "{schedule}": an interval lies between 10 SECOND and 8 days (11520 MINUTE)'


def parse(schedule: str) -> tuple[tuple[str, ...], zoneinfo.ZoneInfo]:
    """Return the five fields, as croniter has them, and the zone of a schedule that begins with USING CRON.

    The fields are there twice, any of which makes it due, where some days of the week are meant in every week and some
    in a month's last one: croniter has no list of both.

    Raises ValueError naming what is wrong with it. Allowed are numbers, names, `*`, lists, ranges, `/n`, and `L` for
    the last day of the month or, as in `5L`, its last Friday. `#` is not documented, so it is refused.
    """
    words = schedule.removeprefix(_CRON).upper().split()
    if len(words) != len(_FIELDS) + 1:
        raise ValueError(f"expected five fields and a time zone, found {len(words)} words")
    for (title, low, high, names, last), text in zip(_FIELDS, words, strict=False):
        for item in text.split(","):
            if not (last and re.fullmatch(last, item)):
                _check(item, title, low, high, names)
            elif len(item) > 1:
                _number(item[:-1], title, low, high, names)
    *fields, weekdays = words[:-1]
    # A week's last day is its Saturday, and the last Friday of a month is L5 to croniter.
    days = ["6" if each == "L" else each for each in weekdays.split(",")]
    every = [each for each in days if not each.endswith("L")]
    last_ones = [f"L{_number(each[:-1], *_FIELDS[-1][:4])}" for each in days if each.endswith("L")]
    return tuple(" ".join((*fields, ",".join(each))) for each in (every, last_ones) if each), _zone(
        schedule.split()[-1]
    )


def _check(item: str, title: str, low: int, high: int, names: tuple[str, ...]) -> None:
    found = _ITEM.fullmatch(item)
    if not found:
        raise ValueError(f'"{item}" is no {title}')
    first, last, step = found.groups()
    if step and not int(step):
        raise ValueError(f'"{item}" has a step of 0')
    numbers = [_number(word, title, low, high, names) for word in (first, last) if word]
    if numbers != sorted(numbers):
        raise ValueError(f'"{item}" ends before it begins')


def _number(word: str, title: str, low: int, high: int, names: tuple[str, ...]) -> int:
    value = low + names.index(word) if word in names else int(word) if word.isdecimal() else -1
    if not low <= value <= high:
        raise ValueError(f"the {title} {word} is not one of {low}-{high}")
    return value


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        known = zoneinfo.available_timezones()
        close = difflib.get_close_matches(name, known, n=1)
        hint = f', did you mean "{close[0]}"?' if close else "" if known else ": this machine lacks the package tzdata"
        raise ValueError(f'no time zone "{name}"{hint}') from error


def _stumbles(schedule: str, fields: tuple[str, ...], zone: zoneinfo.ZoneInfo, now: datetime) -> Iterator[str]:
    """Yield what the schedule does at the zone's clock changes of the next two years, each kind once.

    A task that is scheduled in the hour that comes twice in autumn runs twice, in the hour that never comes in spring
    not at all. Only hours that were chosen matter: a schedule that runs around the clock goes on.
    """
    if re.match(r"\S+ (\S+,)?(\*|0-23)", fields[0]):
        return
    from croniter import croniter

    kinds = set()
    for old, new in changes(zone, now, now + _AHEAD):
        first, last = min(old, new), max(old, new)
        due = min(croniter(each, first - timedelta(minutes=1)).get_next(datetime) for each in fields)
        if due < last and (new > old) not in kinds:
            kinds.add(new > old)
            what, comes = ("never run", "does not exist") if new > old else ("run twice", "comes twice")
            yield (
                f'schedule "{schedule}" would {what} on {due:%Y-%m-%d}: {due:%H:%M} {comes} in {zone.key}, where the '
                f"clock goes from {old:%H:%M} to {new:%H:%M}; choose a time outside {first:%H:%M}-{last:%H:%M}, or the "
                "zone UTC"
            )


def changes(zone: zoneinfo.ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the changes of a zone's clock between two aware times: the local time before, and the one it jumps to."""
    low = start.astimezone(UTC).replace(microsecond=0)
    while low < end:
        after = high = low + _STRIDE
        old, new = (moment.astimezone(zone).utcoffset() or timedelta() for moment in (low, high))
        while old != new and high - low > timedelta(seconds=1):
            middle = (low + (high - low) / 2).replace(microsecond=0)
            low, high = (middle, high) if middle.astimezone(zone).utcoffset() == old else (low, middle)
        if old != new:
            yield high.replace(tzinfo=None) + old, high.replace(tzinfo=None) + new
        low = after
