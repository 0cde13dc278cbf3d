"""What a parameter may be: each reads a value as it is written (or stands in a client's JSON)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from ..errors import SnowflakeError, does_not_exist, invalid, unsupported

Reader = Callable[[str, Any], Any]
BOOLEAN, NUMBER, STRING = "BOOLEAN", "NUMBER", "STRING"
_FORMATS = {
    "DATE": "YYYY YY MMMM MON MM DD DY",
    "TIME": "HH24 HH12 AM PM MI SS FF0 FF1 FF2 FF3 FF4 FF5 FF6 FF7 FF8 FF9 FF",
    "ZONE": "TZH:TZM TZHTZM TZH TZM TZISO TZD",
}
_SHOWN = 100  # characters of a wrong value
_SEPARATOR = re.compile(r'[^A-Za-z0-9"]|T')


def refused(name: str, value: Any) -> SnowflakeError:
    """The value is none that the parameter can have."""
    return invalid(f"invalid value [{str(value)[:_SHOWN]}] for parameter '{name}'")


def flag(name: str, value: Any) -> bool:
    """TRUE or FALSE."""
    text = str(value).upper()
    if text not in {"TRUE", "FALSE"}:
        raise refused(name, value)
    return text == "TRUE"


_MANY = 999_999_999  # stands for no limit


def whole(least: int = 0, most: int = _MANY) -> Reader:
    """A whole number within limits."""

    def read(name: str, value: Any) -> int:
        written = str(value)
        if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,9}", written):
            raise refused(name, value)
        number = int(written)
        if not least <= number <= most:
            raise refused(name, value)
        return number

    return read


def one_of(*choices: int) -> Reader:
    """One of a few numbers."""

    def read(name: str, value: Any) -> int:
        number = whole()(name, value)
        if number not in choices:
            raise refused(name, value)
        return number

    return read


def decimal(name: str, value: Any) -> float:
    """A number that is not negative."""
    if not re.fullmatch(r"\d+(\.\d+)?", str(value)):
        raise refused(name, value)
    return float(value)


def text(longest: int | None = None) -> Reader:
    """Any text, up to a length."""

    def read(name: str, value: Any) -> str:
        written = str(value)
        if longest is not None and len(written) > longest:
            raise invalid(
                f"invalid value for parameter '{name}': it has {len(written)} characters, and may have {longest}"
            )
        return written

    return read


def choice(*choices: str) -> Reader:
    """One of a few words, whatever their case."""
    known = {word.upper(): word for word in choices}

    def read(name: str, value: Any) -> str:
        found = known.get(str(value).upper())
        if found is None:
            raise refused(name, value)
        return found

    return read


def named(*known: str) -> Reader:
    """One of the objects that there are."""
    by_name = {name.upper(): name for name in known}

    def read(_: str, value: Any) -> str:
        found = by_name.get(str(value).upper())
        if found is None:
            raise does_not_exist("Object", value)
        return found

    return read


def only(*choices: str) -> Reader:
    """One of the values that the local account follows; every other is refused by name."""

    def read(name: str, value: Any) -> str:
        if str(value) not in choices:
            raise unsupported(f"{name} = {value}: the local Snowflake knows {' and '.join(map(repr, choices))}")
        return str(value)

    return read


def several(*choices: str) -> Reader:
    """A list of words, with commas between them."""

    def read(name: str, value: Any) -> str:
        words = [word.strip().upper() for word in str(value).split(",")]
        if str(value) and not set(words) <= set(choices):
            raise refused(name, value)
        return ",".join(words)

    return read


def timezone(name: str, value: Any) -> str:
    """A name of the IANA database, in its own case."""
    if str(value) not in _zones():
        raise refused(name, value)
    return str(value)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def layout(*parts: str, auto: bool = False, empty: bool = False) -> Reader:
    """A format of dates ("DATE"), times ("TIME") or both, with a zone ("ZONE").

    https://docs.snowflake.com/en/sql-reference/date-time-input-output
    """
    elements = sorted((e for part in parts for e in _FORMATS[part].split()), key=len, reverse=True)
    known = re.compile("|".join([*map(re.escape, elements), r'"[^"]*"']), re.IGNORECASE)

    def read(name: str, value: Any) -> str:
        written = str(value)
        if (auto and written.upper() == "AUTO") or (empty and not written):
            return written.upper()
        left = _SEPARATOR.sub("", known.sub("", written))
        if left or not known.search(written):
            raise refused(name, value)
        return written

    return read
