"""Dates and times: adding, differences, parts, reading and writing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from ...kernel import zones
from ...kernel.errors import SnowflakeError, invalid, unsupported
from .conversions import taken
from .parts import part, strftime
from .rewriting import Call, Node, call, cast, handed, integer, literal, number, renamed, text

_MICROSECONDS = {
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
    "millisecond": 1_000,
    "microsecond": 1,
}
_MONTHS = {"year": 12, "quarter": 3, "month": 1}
_DAYS = {"week": 7, "day": 1}
# What a moment may come out of, of DuckDB's aggregates.
_AGGREGATES = {"min", "max", "any_value", "mode", "min_by", "max_by", "median"}
# Parts that DuckDB's date_diff and date_trunc know under the same name.
_BOUNDARIES = {*_MICROSECONDS, *_MONTHS, *_DAYS}
_PARTS = {
    "dayofweekiso": "isodow",
    "weekiso": "week",
    "yearofweek": "isoyear",
    "yearofweekiso": "isoyear",
    "epoch_second": "epoch",
}
_EPOCHS = {"epoch_millisecond": "epoch_ms", "epoch_microsecond": "epoch_us", "epoch_nanosecond": "epoch_ns"}
_NANOSECONDS = 1000  # in a microsecond, which is as fine as a value here is


def moment(node: Node) -> Node:
    """A date, time or timestamp from a value that may also be text."""
    if literal(node) is not None:
        return cast(node, "TIMESTAMP")
    if isinstance(node, exp.Null):
        return cast(node, "TIMESTAMP")
    if _is_dated(node):
        return node
    if _computed(node):
        return node  # of no known type before it runs; see `by_type`. It is seldom text anyway
    return call("_sf_moment", node)


def clock(node: Node) -> Node:
    """The time on the clock of a value that may also be text: of a TIMESTAMP_TZ, where it was written."""
    found = moment(node)
    if _is_dated(found):
        return found
    if isinstance(found, exp.Anonymous) and found.this == "_sf_moment":
        return call("_sf_clock", *found.expressions)
    return by_type("_sf_clock", found)


def _is_dated(node: Node) -> bool:
    return isinstance(node, exp.Cast) and node.to.is_type("DATE", "TIMESTAMP", "TIMESTAMPTZ")


def by_type(macro: str, *arguments: Node) -> Node:
    """A macro that has a form for each type of its arguments.

    Of an aggregate, a window or a subquery DuckDB does not know the type before it has chosen the form, so they are
    computed first.
    """
    return handed(call(macro, *arguments), [a for a in arguments if _computed(a)])


def _computed(node: Node) -> bool:
    return any(_is_computed(inner) for inner in node.walk())


def _is_computed(node: Node) -> bool:
    named = isinstance(node, exp.Anonymous) and node.this in _AGGREGATES
    return named or isinstance(node, exp.Window | exp.Filter | exp.Query)


def part_of(node: Node) -> str:
    """The part that an argument names: a bare word or a text literal.

    Raises:
        SnowflakeError: 002151.

    """
    return part(node.name)


def dateadd(arguments: Sequence[Node]) -> Node:
    """DATEADD(part, n, moment): whole days and longer keep the type; shorter parts make a date a timestamp."""
    unit, amount, base = part_of(arguments[0]), arguments[1], moment(arguments[2])
    if unit in _MONTHS:
        return by_type("_sf_add_months_part", _times(amount, _MONTHS[unit]), base)
    if unit in _DAYS:
        return call("_sf_add_days_part", _times(amount, _DAYS[unit]), base)
    if unit == "nanosecond":
        return by_type("_sf_add_time_part", call("_sf_no_nanoseconds", amount), base)
    if unit in _MICROSECONDS:
        return by_type("_sf_add_time_part", _times(amount, _MICROSECONDS[unit]), base)
    raise unsupported(f"DATEADD of {unit}")


def _times(amount: Node, factor: int) -> Node:
    whole = integer(amount)
    if whole is not None:
        return number(whole * factor)
    return amount if factor == 1 else exp.Mul(this=cast(amount, "DOUBLE"), expression=number(factor))


def datediff(arguments: Sequence[Node]) -> Node:
    """DATEDIFF(part, from, to): how many boundaries of the part lie between."""
    unit, start, end = part_of(arguments[0]), moment(arguments[1]), moment(arguments[2])
    if unit == "nanosecond":
        return exp.Mul(this=_difference("microsecond", start, end), expression=number(_NANOSECONDS))
    if unit == "week":
        return by_type("_sf_weeks_between", start, end)
    if unit not in _BOUNDARIES:
        raise unsupported(f"DATEDIFF of {unit}")
    return _difference(unit, start, end)


def _difference(unit: str, start: Node, end: Node) -> Node:
    if _is_dated(start) and _is_dated(end):
        return call("date_diff", text(unit), start, end)
    return by_type("_sf_difference", text(unit), start, end)


def date_trunc(arguments: Sequence[Node]) -> Node:
    """DATE_TRUNC(part, moment), also with the two the other way round; the type stays."""
    first, second = arguments
    if literal(first) is None and not isinstance(first, exp.Column | exp.Var):
        first, second = second, first
    unit = part_of(first)
    if unit not in _BOUNDARIES:
        raise unsupported(f"DATE_TRUNC to {unit}")
    return by_type("_sf_truncated", text(unit), moment(second))


# Units of slices; a DATE has none shorter than a day.
_SLICES = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")


def time_slice(arguments: Sequence[Node]) -> Node:
    """TIME_SLICE(moment, length, part [, 'START' or 'END']).

    https://docs.snowflake.com/en/sql-reference/functions/time_slice
    """
    length, unit = integer(arguments[1]), part_of(arguments[2])
    side = (literal(arguments[3]) or "").upper() if len(arguments) > 3 else "START"
    if length is None or length < 1 or unit not in _SLICES or side not in {"START", "END"}:
        written = ", ".join(a.sql("snowflake") for a in arguments[1:])
        raise invalid(f"Invalid arguments of TIME_SLICE: {written}", "002151", "22023")
    step = cast(text(f"{3 * length} month" if unit == "quarter" else f"{length} {unit}"), "INTERVAL")
    origin = cast(text("1969-12-29" if unit == "week" else "1970-01-01"), "TIMESTAMP")
    shift = step.copy() if side == "END" else cast(text("0 day"), "INTERVAL")
    return by_type("_sf_slice", moment(arguments[0]), step, origin, shift)


def date_part(arguments: Sequence[Node]) -> Node:
    """DATE_PART(part, moment), and with FROM."""
    return component(part_of(arguments[0]), arguments[1])


def component(unit: str, value: Node) -> Node:
    """One part of a moment, an integer."""
    base = moment(value)
    if unit.startswith("timezone"):
        return by_type("_sf_zone_part", text(unit), base)
    base = by_type("_sf_instant", base) if unit.startswith("epoch") and not _is_dated(base) else clock(value)
    if unit in _EPOCHS:
        return call(_EPOCHS[unit], base)
    if unit == "nanosecond":
        micros = exp.Mod(this=call("date_part", text("microsecond"), base), expression=number(1_000_000))
        return exp.Mul(this=exp.paren(micros), expression=number(_NANOSECONDS))
    found = call("date_part", text(_PARTS.get(unit, unit)), base)
    return call("_sf_whole", found) if unit == "epoch_second" else found


def extract(node: exp.Extract) -> Node:
    """EXTRACT(part FROM moment)."""
    return component(part_of(node.this), node.expression)


def last_day(arguments: Sequence[Node]) -> Node:
    """LAST_DAY(date [, part]): of the month, or of the week, quarter or year."""
    base = clock(arguments[0])
    unit = part_of(arguments[1]) if len(arguments) > 1 else "month"
    if unit == "month":
        return call("sf_last_day", base)
    if unit not in {"week", "quarter", "year"}:
        raise unsupported(f"LAST_DAY of {unit}")
    step = text("1 " + ("week" if unit == "week" else unit))
    return call("_sf_last_of", text(unit), base, cast(step, "INTERVAL"))


def convert_timezone(arguments: Sequence[Node]) -> Node:
    """CONVERT_TIMEZONE(target, moment) is a TIMESTAMP_TZ, of (source, target, moment) a TIMESTAMP_NTZ.

    https://docs.snowflake.com/en/sql-reference/functions/convert_timezone
    """
    for zone in map(literal, arguments[:-1]):
        if zone is not None and zone not in zones.known():
            raise SnowflakeError(f"Unknown timezone: '{zone}'", "100107", "22023")
    if len(arguments) == 2:
        return call("_sf_tz_in", arguments[0], call("sf_to_timestamp_ltz", arguments[1]))
    source, target, local = arguments
    return call("timezone", target, call("timezone", source, cast(clock(local), "TIMESTAMP")))


def shifted(node: exp.Add | exp.Sub) -> Node:
    """A moment and an INTERVAL: whole days keep a date a date."""
    interval = node.expression.unnest()
    if not isinstance(interval, exp.Interval):
        return node
    amount, unit = interval.this.name, interval.args.get("unit")
    written = f"{amount} {unit.name}" if unit is not None else amount.replace(",", " ")
    step = cast(text(written), "INTERVAL")
    new = by_type("_sf_plus" if isinstance(node, exp.Add) else "_sf_minus", moment(node.this), step)
    timed = {part(word) for word in re.findall(r"[A-Za-z]+", written)} & _MICROSECONDS.keys()
    return new if timed else call("_sf_like", new, moment(node.this.copy()))


def _component(unit: str) -> Call:
    return lambda arguments: component(unit, arguments[0])


def _of_clocks(name: str) -> Call:
    """A macro whose first argument is a moment's clock."""
    return lambda arguments: call(name, clock(arguments[0]), *arguments[1:])


def _of_two_clocks(name: str) -> Call:
    return lambda arguments: call(name, clock(arguments[0]), clock(arguments[1]))


def _reader(kind: str, macro: str, *, safe: bool = False) -> Call:
    """TO_DATE and its relatives: a value of any type, or text in a given format."""

    def read(arguments: Sequence[Node]) -> Node:
        fmt = literal(arguments[1]) if len(arguments) > 1 else "AUTO"
        if fmt is None:
            if macro.startswith("sf_to_timestamp"):
                return call(macro, *arguments)
            raise unsupported(f"{macro[3:].upper()} with a format that is no literal")
        if fmt.upper() == "AUTO":
            return call(macro, taken(arguments[0], kind))
        parser = "try_strptime" if safe else "strptime"
        written = call("sf_to_varchar", arguments[0])
        zoned = kind == "INTERVAL"
        if zoned and re.search(r"TZH.*[^TZHM:]", fmt.upper()):
            raise unsupported(f"TIMESTAMP_TZ of a format whose offset is not at its end: '{fmt}'")
        parsed = call(parser, written, text(strftime(fmt, reading=True)))
        if zoned:
            return call("_sf_tz_read", written.copy(), cast(parsed, "TIMESTAMPTZ"))
        return cast(parsed, kind)

    return read


def written(arguments: Sequence[Node]) -> Node:
    """TO_CHAR and TO_VARCHAR: any value as text, or a date in a given format."""
    if len(arguments) == 1:
        return call("sf_to_varchar", arguments[0])
    fmt = literal(arguments[1])
    if fmt is None:
        raise unsupported("TO_CHAR with a format that is no literal")
    if fmt.upper() in {"HEX", "UTF-8", "UTF8", "BASE64"}:
        return call({"HEX": "hex", "BASE64": "to_base64"}.get(fmt.upper(), "decode"), arguments[0])
    return by_type("_sf_written", moment(arguments[0]), text(strftime(fmt)), text(strftime(fmt, zoned=True)))


def _now(kind: str) -> Call:
    """The moment at which the statement started; digits of a second change nothing here."""
    return lambda _: now(kind)


def now(kind: str) -> Node:
    """The start of the statement as a DuckDB type."""
    started = call("get_current_timestamp")
    if kind == "TIMESTAMPTZ":
        return started
    return cast(cast(started, "TIMESTAMP"), "TIME") if kind == "TIME" else cast(started, kind)


def _utc_now(_: Sequence[Node]) -> Node:
    return call("timezone", text("UTC"), call("get_current_timestamp"))


_TIMESTAMPS = {"": "ntz", "_NTZ": "ntz", "_LTZ": "ltz", "_TZ": "tz"}
_KINDS = {"ntz": "TIMESTAMP", "ltz": "TIMESTAMPTZ", "tz": "INTERVAL"}
_READERS = {
    "TO_DATE": _reader("DATE", "sf_to_date"),
    "DATE": _reader("DATE", "sf_to_date"),
    "TRY_TO_DATE": _reader("DATE", "sf_try_to_date", safe=True),
    "TO_TIME": _reader("TIME", "sf_to_time"),
    "TIME": _reader("TIME", "sf_to_time"),
    "TRY_TO_TIME": _reader("TIME", "sf_try_to_time", safe=True),
    **{f"TO_TIMESTAMP{n}": _reader(_KINDS[k], f"sf_to_timestamp_{k}") for n, k in _TIMESTAMPS.items()},
    **{
        f"TRY_TO_TIMESTAMP{n}": _reader(_KINDS[k], f"sf_try_to_timestamp_{k}", safe=True)
        for n, k in _TIMESTAMPS.items()
    },
}
_FROM_PARTS = ("TIMESTAMP_FROM_PARTS", "TIMESTAMPFROMPARTS", "TIMESTAMP_NTZ_FROM_PARTS", "TIMESTAMPNTZFROMPARTS")
_COMPONENTS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
_COMPONENTS += ("dayofweek", "dayofyear", "yearofweek", "yearofweekiso")
CALLS: dict[str, Call] = {
    **dict.fromkeys(("DATEADD", "TIMEADD", "TIMESTAMPADD"), dateadd),
    **dict.fromkeys(("DATEDIFF", "TIMEDIFF", "TIMESTAMPDIFF"), datediff),
    "DATE_TRUNC": date_trunc,
    "DATE_PART": date_part,
    "LAST_DAY": last_day,
    **{
        name.upper(): _component(name)
        for name in ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
    },
    **{name.upper(): _component(name) for name in ("dayofweek", "dayofyear", "yearofweek", "yearofweekiso")},
    "DAYOFMONTH": _component("day"),
    "DAYOFWEEKISO": _component("dayofweekiso"),
    "WEEKOFYEAR": _component("week"),
    "WEEKISO": _component("weekiso"),
    **_READERS,
    **dict.fromkeys(("TO_CHAR", "TO_VARCHAR"), written),
    **dict.fromkeys(("CURRENT_TIMESTAMP", "GETDATE", "SYSTIMESTAMP", "LOCALTIMESTAMP"), _now("TIMESTAMPTZ")),
    "CURRENT_DATE": _now("DATE"),
    **dict.fromkeys(("CURRENT_TIME", "LOCALTIME"), _now("TIME")),
    "SYSDATE": _utc_now,
    **dict.fromkeys(_FROM_PARTS, renamed("sf_timestamp_ntz_from_parts")),
    **dict.fromkeys(("DATE_FROM_PARTS", "DATEFROMPARTS"), renamed("sf_date_from_parts")),
    **dict.fromkeys(("TIME_FROM_PARTS", "TIMEFROMPARTS"), renamed("sf_time_from_parts")),
    "ADD_MONTHS": lambda arguments: by_type("sf_add_months", moment(arguments[0]), *arguments[1:]),
    **{name: _of_clocks(f"sf_{name.lower()}") for name in ("NEXT_DAY", "PREVIOUS_DAY")},
    "TIME_SLICE": time_slice,
    **{name: _of_clocks(f"sf_{name.lower()}") for name in ("DAYNAME", "MONTHNAME")},
    "CONVERT_TIMEZONE": convert_timezone,
    "MONTHS_BETWEEN": _of_two_clocks("sf_months_between"),
}


RULES = {
    exp.Extract: extract,
    exp.CurrentDate: lambda _: now("DATE"),
    exp.CurrentTimestamp: lambda _: now("TIMESTAMPTZ"),
    exp.Localtimestamp: lambda _: now("TIMESTAMPTZ"),
    exp.CurrentTime: lambda _: now("TIME"),
    exp.Localtime: lambda _: now("TIME"),
}
