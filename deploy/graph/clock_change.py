"""What a cron schedule does when the clock changes: a local time that comes twice, or never.

Snowflake documents for CREATE TASK that a task scheduled at such a time runs twice in autumn and not at all in spring,
and advises another hour, or UTC. Only hours that were chosen matter: a schedule that runs around the clock goes on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from deploy.graph.rules import Cron

AHEAD = timedelta(days=731)
# Shorter than any period of daylight saving time: Morocco's break for Ramadan, the shortest, lasts a month.
_STRIDE = timedelta(days=7)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Change:
    """One change of a clock: the local time at which it comes, and the one that it jumps to."""

    at: datetime
    to: datetime

    @property
    def skips(self) -> bool:
        """Whether local times are left out, as in spring; else they come twice."""
        return self.to > self.at

    @property
    def minutes(self) -> Iterator[datetime]:
        """The local times that are left out or come twice."""
        local, end = min(self.at, self.to), max(self.at, self.to)
        while local < end:
            yield local
            local += _MINUTE


def problems(text: str, cron: Cron, now: datetime) -> tuple[str, ...]:
    """Return what the schedule would do at the zone's clock changes of the next two years, each kind once.

    Args:
        text: the schedule as it was written, for the message.
        cron: the same, read.
        now: an aware time.

    """
    if cron.hour.whole:
        return ()
    found: dict[bool, str] = {}
    for change in changes(cron.zone, now, now + AHEAD):
        local = next(filter(cron.due, change.minutes), None)
        if local is not None:
            found.setdefault(change.skips, _problem(text, cron.zone, change, local))
    return tuple(found.values())


def changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Change]:
    """Yield the changes of a zone's clock between two aware times."""
    moment = start.astimezone(UTC)
    while moment < end:
        after = moment + _STRIDE
        if _offset(zone, moment) != _offset(zone, after):
            yield _change(zone, moment, after)
        moment = after


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> Change:
    """Return the change between two times, to the second: halve what is between them until it is found."""
    old, new = _offset(zone, before), _offset(zone, after)
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, datetime.fromtimestamp(middle, UTC)) == old else (low, middle)
    instant = datetime.fromtimestamp(high, UTC).replace(tzinfo=None)
    return Change(instant + old, instant + new)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _problem(text: str, zone: ZoneInfo, change: Change, local: datetime) -> str:
    old, new = f"{change.at:%H:%M}", f"{change.to:%H:%M}"
    first, last = (old, new) if change.skips else (new, old)
    what, comes = ("never run", "does not exist") if change.skips else ("run twice", "comes twice")
    return (
        f'schedule "{text}" would {what} on {local:%Y-%m-%d}: {local:%H:%M} {comes} in {zone.key}, '
        f"where the clock goes from {old} to {new}; choose a time outside {first}-{last}, or the zone UTC"
    )
