"""TIMESTAMP_TZ in Arrow, and in Python: an interval that DuckDB compares by its moment, and that knows its offset.

`sql/transforms/macros/timestamp_tz.sql` says how it is made up.
"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pyarrow as pa

from .errors import unsupported

ARROW = pa.month_day_nano_interval()
_MARK, _FIRST_DAY, _LEAST_OFFSET = 2_000_000_000, 4_000_000, 1440
_DAY = 86_400_000_000  # microseconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PARTS = np.dtype([("months", "<i4"), ("days", "<i4"), ("nanoseconds", "<i8")])


def read(value: Any) -> datetime | None:
    """What Arrow holds as Python has it, with its offset."""
    if value is None:
        return None
    minutes = value.nanoseconds // 1000 // _DAY
    micros = (value.days - _FIRST_DAY) * _DAY + value.nanoseconds // 1000
    return (_EPOCH + timedelta(microseconds=micros)).astimezone(timezone(timedelta(minutes=minutes - _LEAST_OFFSET)))


def written(moment: datetime) -> pa.MonthDayNano:
    """A moment of Python's as Arrow holds it; without a time zone, it is in UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    minutes = (aware.utcoffset() or timedelta()) // timedelta(minutes=1) + _LEAST_OFFSET
    days, rest = divmod((aware - _EPOCH) // timedelta(microseconds=1), _DAY)
    return pa.MonthDayNano([_MARK, days + _FIRST_DAY - minutes, (rest + minutes * _DAY) * 1000])


def parts(values: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Microseconds since 1970 and minutes east of UTC; of NULLs, anything.

    Raises:
        SnowflakeError: 000002 for intervals that are none of Snowflake's timestamps: what `a - b` gives of two.

    """
    whole = np.frombuffer(values.buffers()[1] or b"", _PARTS)[values.offset : values.offset + len(values)]
    if ((whole["months"] != _MARK) & ~np.asarray(values.is_null())).any():
        raise unsupported("values of an INTERVAL type")
    micros = whole["nanoseconds"] // 1000
    return (whole["days"].astype(np.int64) - _FIRST_DAY) * _DAY + micros, micros // _DAY - _LEAST_OFFSET
