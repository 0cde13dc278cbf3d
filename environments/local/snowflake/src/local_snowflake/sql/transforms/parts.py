"""Date and time parts: their many names in Snowflake, and the formats that write them."""

from __future__ import annotations

import re

from ...kernel.errors import invalid, unsupported

_NAMES = {
    "year": "y yy yyy yyyy yr years yrs",
    "quarter": "q qtr qtrs quarters",
    "month": "mm mon mons months",
    "week": "w wk weekofyear woy wy weeks",
    "weekiso": "week_iso weekofyeariso weekofyear_iso",
    "day": "d dd days dayofmonth",
    "dayofweek": "weekday dow dw",
    "dayofweekiso": "weekday_iso dow_iso dw_iso dayofweek_iso",
    "dayofyear": "yearday doy dy",
    "yearofweek": "",
    "yearofweekiso": "",
    "hour": "h hh hr hours hrs",
    "minute": "m mi min minutes mins",
    "second": "s sec seconds secs",
    "millisecond": "ms msec milliseconds",
    "microsecond": "us usec microseconds",
    "nanosecond": "ns nsec nanosec nsecond nanoseconds nanosecs nseconds",
    "epoch_second": "epoch epoch_seconds",
    "epoch_millisecond": "epoch_milliseconds",
    "epoch_microsecond": "epoch_microseconds",
    "epoch_nanosecond": "epoch_nanoseconds",
    "timezone_hour": "tzh",
    "timezone_minute": "tzm",
}
_BY_NAME = {alias: name for name, aliases in _NAMES.items() for alias in (name, *aliases.split())}

# Snowflake's format elements, longest first, and what strftime and strptime call them.
_ELEMENTS = {
    "YYYY": "%Y",
    "YY": "%y",
    "MMMM": "%B",
    "MON": "%b",
    "MM": "%m",
    "DD": "%d",
    "DY": "%a",
    "HH24": "%H",
    "HH": "%H",
    "HH12": "%I",
    "AM": "%p",
    "PM": "%p",
    "MI": "%M",
    "SS": "%S",
    "FF9": "%f000",
    "FF6": "%f",
    "FF3": "%g",
    "FF0": "",
    "FF": "%f000",
    "TZH:TZM": "%z",
    "TZHTZM": "%z",
    "TZH": "%z",
}
_TOKEN = re.compile(
    '"([^"]*)"|' + "|".join(sorted(_ELEMENTS, key=len, reverse=True)) + "|(.)", re.IGNORECASE | re.DOTALL
)
_REFUSED = re.compile(r"FF[124578]|[90X$]", re.IGNORECASE)


def part(name: str) -> str:
    """Snowflake's main name of a part, from any of its names.

    Raises:
        SnowflakeError: 002151 for a name that is no part.

    """
    found = _BY_NAME.get(name.lower())
    if found is None:
        shown = f"'{name.upper()}'" if name.isalpha() else "an expression"  # of which the name is our own
        raise invalid(f"{shown} is not a valid date/time component.", "002151", "22023")
    return found


def strftime(fmt: str, *, reading: bool = False, zoned: bool = False) -> str:
    """A Snowflake date format in the words of strftime (or of strptime, when it is for reading).

    With `zoned`, in those of `_sf_tz_written`, where an offset stands as it is written: `<tzhtzm>`.

    Raises:
        SnowflakeError: 000002 for a format of numbers, and for fractions that DuckDB cannot write.

    """
    if _REFUSED.search(re.sub(r'"[^"]*"|FF[0369]', "", fmt, flags=re.IGNORECASE)):
        raise unsupported(f"format '{fmt}'")
    return "".join(_element(found, reading=reading, zoned=zoned) for found in _TOKEN.finditer(fmt))


def _element(found: re.Match[str], *, reading: bool, zoned: bool) -> str:
    if found[1] is not None:
        return found[1]
    if found[2] is not None:
        return found[2].replace("%", "%%")
    element = _ELEMENTS[found[0].upper()]
    if zoned and element == "%z":
        return f"<{found[0].lower()}>"
    return "%f" if reading and element.startswith(("%f", "%g")) else element
