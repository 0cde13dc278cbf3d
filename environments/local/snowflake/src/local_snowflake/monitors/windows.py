"""The time range that a metric is asked for, and the windows that it is cut into."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..kernel.catalogue import now
from ..kernel.errors import invalid

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

_DEFAULT_DAYS = 60
_DAYS, _MONTHS = {"DAY": 1, "WEEK": 7}, {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_MONDAY = np.datetime64("1970-01-05", "D")


@dataclass(frozen=True)
class Span:
    """From `start` to before `end`, in windows of `count` units; no unit: one window of all."""

    start: datetime
    end: datetime
    count: int = 1
    unit: str = ""


def span(granularity: Any, start: Any, end: Any, least_days: int) -> Span:
    """The range of a call; NULL stands for a default: a day, sixty days ago, now.

    Raises:
        SnowflakeError: 001008 for a granularity that there is not, or that is finer than what the monitor aggregates.

    """
    until = _moment(end) if end is not None else now().replace(tzinfo=None)
    since = _moment(start) if start is not None else now().replace(tzinfo=None) - timedelta(days=_DEFAULT_DAYS)
    written = "1 DAY" if granularity is None else str(granularity).strip().upper()
    if written == "ALL":
        return Span(since, until)
    found = re.fullmatch(r"(\d+)\s+(DAY|WEEK|MONTH|QUARTER|YEAR)S?", written)
    if not found or not int(found[1]):
        raise invalid(f"Invalid granularity '{granularity}': such as '1 DAY', '2 WEEK' or 'ALL'.")
    count, unit = int(found[1]), found[2]
    if unit in _DAYS and count * _DAYS[unit] < least_days:
        raise invalid(
            f"Granularity '{granularity}' is finer than the monitor's AGGREGATION_WINDOW of {least_days} days."
        )
    return Span(since, until, count, unit)


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, date):
        return datetime.combine(value, time())
    try:
        return datetime.fromisoformat(str(value))
    except ValueError as error:
        raise invalid(f"Timestamp '{value}' is not recognized", "100035", "22007") from error


def split(rows: pa.Table, timestamp: str, of: Span) -> Iterator[tuple[datetime, pa.Table]]:
    """The rows of each window that has any, with its start, oldest first."""
    moments = rows.column(timestamp)
    inside = pc.and_(pc.greater_equal(moments, of.start), pc.less(moments, of.end))
    rows = rows.filter(inside)
    if not of.unit or not len(rows):
        return iter([(of.start, rows)] if len(rows) else [])
    starts = _starts(rows.column(timestamp).to_numpy().astype("datetime64[D]"), of)
    return ((each.astype(datetime), rows.filter(pa.array(starts == each))) for each in np.unique(starts))


def _starts(days: Array, of: Span) -> Array:
    """Each day's window: of whole weeks from Monday, of months from the first; several count from the range's start."""
    if of.unit in _DAYS:
        unit = _DAYS[of.unit]
        first = _MONDAY + (np.datetime64(of.start, "D") - _MONDAY) // np.timedelta64(unit, "D") * unit
        width = np.timedelta64(of.count * unit, "D")
        return (first + (days - first) // width * width).astype("datetime64[us]")
    unit = _MONTHS[of.unit]
    first = np.datetime64(of.start, "M").astype(int) // unit * unit
    width = of.count * unit
    months = first + (days.astype("datetime64[M]").astype(int) - first) // width * width
    return months.astype("datetime64[M]").astype("datetime64[us]")
