"""What a session's parameters change in the meaning of a query: weeks, TIMESTAMP, and how values are read and written.

Nothing of this is looked at where the parameters have their defaults. `of_names` works on Snowflake's tree, where calls
have their names; `of_values` on DuckDB's, where every conversion between text and values is a macro of its own.
https://docs.snowflake.com/en/sql-reference/functions-date-time#calendar-weeks-and-weekdays
https://docs.snowflake.com/en/sql-reference/date-time-input-output
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from ..kernel.errors import SnowflakeError, unsupported
from .scope import RESOLVED
from .transforms.parts import part, strftime
from .transforms.rewriting import Node, call, cast, literal, number, text

if TYPE_CHECKING:
    from ..kernel.parameters.settings import Settings

_MONDAY = 1
_DAYS = 7


# ---- names: weeks, and what TIMESTAMP is
def of_names(tree: Node, settings: Settings) -> Node:
    """Snowflake's tree with calls that mean the same under the default parameters."""
    start, policy = settings["WEEK_START"], settings["WEEK_OF_YEAR_POLICY"]
    weeks = _Weeks(start or _MONDAY, numbered=start > 0, whole=policy == 0)
    mapping = settings["TIMESTAMP_TYPE_MAPPING"]
    for node in reversed(list(tree.dfs())):
        new = node
        if isinstance(node, exp.DataType) and mapping != "TIMESTAMP_NTZ" and node.this == exp.DataType.Type.TIMESTAMP:
            node.set("this", _MAPPED[mapping])
        elif isinstance(node, exp.Anonymous) and isinstance(node.this, str) and not node.meta.get(RESOLVED):
            new = _stamp(node, mapping) or weeks.call(node.this.upper(), node.expressions) or node
        elif isinstance(node, exp.Extract):
            new = weeks.part(node.this.name, node.expression) or node
        if new is node:
            continue
        if node is tree:
            tree = new
        else:
            node.replace(new)
    return tree


_MAPPED = {
    "TIMESTAMP_LTZ": exp.DataType.Type.TIMESTAMPLTZ,
    "TIMESTAMP_TZ": exp.DataType.Type.TIMESTAMPTZ,
}
_READERS = {"TO_TIMESTAMP", "TRY_TO_TIMESTAMP"}
_FROM_PARTS = {"TIMESTAMP_FROM_PARTS", "TIMESTAMPFROMPARTS"}


def _stamp(node: exp.Anonymous, mapping: str) -> Node | None:
    """TO_TIMESTAMP and the like answer what TIMESTAMP is mapped to."""
    name = node.this.upper()
    if mapping == "TIMESTAMP_NTZ" or name not in _READERS | _FROM_PARTS:
        return None
    if name in _FROM_PARTS:
        made = exp.Anonymous(this="TIMESTAMP_NTZ_FROM_PARTS", expressions=node.expressions)
        return exp.Cast(this=made, to=exp.DataType(this=_MAPPED[mapping]))
    return exp.Anonymous(this=name + mapping.removeprefix("TIMESTAMP"), expressions=node.expressions)


class _Weeks:
    """Weeks that start on a day (1 is Monday), by functions whose weeks start on Monday.

    Attributes:
        numbered: whether the first day of the week is 1; else Sunday is 0.
        whole: whether a week belongs to the year that has at least four of its days; else 1 January begins the first.

    """

    def __init__(self, start: int, *, numbered: bool, whole: bool) -> None:
        self._shift, self.numbered, self.whole = start - _MONDAY, numbered, whole

    def call(self, name: str, arguments: Sequence[Node]) -> Node | None:
        """A call's equivalent; None where weeks do not matter."""
        found = _CALLS.get(name)
        if found is None or not arguments:
            return None
        return found(self, list(arguments))

    def part(self, name: str, value: Node) -> Node | None:
        """DATE_PART of that name."""
        try:
            found = _PARTS.get(part(name))
        except SnowflakeError:  # refused where the call is translated
            return None
        return found(self, value) if found else None

    # ---- functions
    def truncated(self, value: Node) -> Node:
        """DATE_TRUNC('week', value)."""
        return self._back(_call("DATE_TRUNC", text("week"), self._to_monday(value)))

    def day(self, value: Node) -> Node:
        """DAYOFWEEK(value)."""
        if not self.numbered:
            return _call("DAYOFWEEK", value)
        shifted = exp.Add(this=_call("DAYOFWEEKISO", value), expression=number(2 * _DAYS - 1 - self._shift))
        return exp.paren(exp.Add(this=_call("MOD", shifted, number(_DAYS)), expression=number(1)))

    def week(self, value: Node) -> Node:
        """WEEK(value)."""
        first = _call("DATE_TRUNC", text("year"), self._to_belong(value))
        if not self.whole:
            return exp.paren(exp.Add(this=self.between(first, value), expression=number(1)))
        days = _call("DATEDIFF", text("day"), first, self._to_belong(value))
        return exp.paren(
            exp.Add(this=_call("FLOOR", exp.Div(this=days, expression=number(_DAYS))), expression=number(1))
        )

    def year(self, value: Node) -> Node:
        """YEAROFWEEK(value)."""
        return _call("YEAR", self._to_belong(value))

    def between(self, start: Node, end: Node) -> Node:
        """DATEDIFF('week', start, end)."""
        return _call("DATEDIFF", text("week"), self._to_monday(start), self._to_monday(end))

    def last(self, value: Node) -> Node:
        """LAST_DAY(value, 'week')."""
        return self._back(_call("LAST_DAY", self._to_monday(value), text("week")))

    def _to_belong(self, value: Node) -> Node:
        """A moment in the year that the value's week belongs to: the fourth day of its week, or itself."""
        return _call("DATEADD", text("day"), number(3), self.truncated(value)) if self.whole else value.copy()

    def _to_monday(self, value: Node) -> Node:
        return _moved(value.copy(), -self._shift)

    def _back(self, value: Node) -> Node:
        return _moved(value, self._shift)


def _call(name: str, *arguments: Node) -> Node:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _moved(value: Node, days: int) -> Node:
    return _call("DATEADD", text("day"), exp.convert(days), value) if days else value


def _is_week(node: Node) -> bool:
    return node.name.lower() in {"week", "weeks", "w", "wk", "weekofyear", "woy", "wy"}


def _truncated(weeks: _Weeks, arguments: list[Node]) -> Node | None:
    unit, value = arguments if len(arguments) == 2 else (arguments[0], arguments[0])
    if literal(unit) is None and not isinstance(unit, exp.Column | exp.Var):
        unit, value = value, unit
    return weeks.truncated(value) if unit is not value and _is_week(unit) else None


def _difference(weeks: _Weeks, arguments: list[Node]) -> Node | None:
    return weeks.between(*arguments[1:]) if len(arguments) == 3 and _is_week(arguments[0]) else None


def _last(weeks: _Weeks, arguments: list[Node]) -> Node | None:
    return weeks.last(arguments[0]) if len(arguments) == 2 and _is_week(arguments[1]) else None


def _slice(weeks: _Weeks, arguments: list[Node]) -> Node | None:
    if weeks._shift and len(arguments) > 2 and _is_week(arguments[2]):
        raise unsupported("TIME_SLICE of weeks that do not start on Monday")
    return None


_PARTS: dict[str, Callable[[_Weeks, Node], Node]] = {
    "week": _Weeks.week,
    "dayofweek": _Weeks.day,
    "yearofweek": _Weeks.year,
}
_CALLS: dict[str, Callable[[_Weeks, list[Node]], Node | None]] = {
    **dict.fromkeys(("DATE_TRUNC", "TRUNC"), _truncated),
    **dict.fromkeys(("DATEDIFF", "TIMEDIFF", "TIMESTAMPDIFF"), _difference),
    "LAST_DAY": _last,
    "TIME_SLICE": _slice,
    "DATE_PART": lambda weeks, arguments: weeks.part(arguments[0].name, arguments[-1]),
    "DAYOFWEEK": lambda weeks, arguments: weeks.day(arguments[0]) if weeks.numbered else None,
    **dict.fromkeys(("WEEK", "WEEKOFYEAR"), lambda weeks, arguments: weeks.week(arguments[0])),
    "YEAROFWEEK": lambda weeks, arguments: weeks.year(arguments[0]),
}


# ---- values: how they are read and written
def of_values(tree: Node, settings: Settings) -> Node:
    """DuckDB's tree with the session's formats."""
    macros = _written(settings) | _read(settings)
    dated = settings["DATE_INPUT_FORMAT"] != "AUTO" or settings["TIMESTAMP_INPUT_FORMAT"] != "AUTO"
    for node in list(tree.dfs()):
        if isinstance(node, exp.Anonymous) and node.this in macros and len(node.expressions) == 1:
            new = macros[node.this](node.expressions[0])
        elif dated and isinstance(node, exp.Cast) and literal(node.this) is not None and node.to.is_type(*_DATED):
            reader = macros.get(next(name for kind, name in _DATED.items() if node.to.is_type(kind)))
            new = reader(node.this) if reader else node
        else:
            continue
        if node is tree:
            tree = new
        elif new is not node:
            node.replace(new)
    return tree


_DATED = {"DATE": "sf_to_date", "TIMESTAMP": "sf_to_timestamp_ntz", "TIMESTAMPTZ": "sf_to_timestamp_ltz"}
_Macros = Mapping[str, Callable[[Node], Node]]


def _written(settings: Settings) -> dict[str, Callable[[Node], Node]]:
    """Values as text."""
    ltz = settings["TIMESTAMP_LTZ_OUTPUT_FORMAT"] or settings["TIMESTAMP_OUTPUT_FORMAT"]
    tz = settings["TIMESTAMP_TZ_OUTPUT_FORMAT"] or settings["TIMESTAMP_OUTPUT_FORMAT"]
    ntz = settings["TIMESTAMP_NTZ_OUTPUT_FORMAT"] or settings["TIMESTAMP_OUTPUT_FORMAT"]
    formats = {
        "DATE": settings["DATE_OUTPUT_FORMAT"],
        "TIME": settings["TIME_OUTPUT_FORMAT"],
        "TIMESTAMP": ntz,
        "TIMESTAMP WITH TIME ZONE": ltz,
        "INTERVAL": tz,
    }
    binary = settings["BINARY_OUTPUT_FORMAT"]
    if formats == _USUAL and binary == "HEX":
        return {}

    def write(value: Node) -> Node:
        kinds = exp.Case(this=call("typeof", value.copy()), ifs=[], default=call("sf_to_varchar", value.copy()))
        for kind, fmt in formats.items():
            if fmt != _USUAL[kind]:
                kinds = kinds.when(text(kind), _formatted(value, kind, fmt), copy=False)
        if binary != "HEX":
            kinds = kinds.when(text("BLOB"), call("to_base64", cast(value.copy(), "BLOB")), copy=False)
        return exp.paren(kinds)

    return {"sf_to_varchar": write}


_USUAL = {
    "DATE": "YYYY-MM-DD",
    "TIME": "HH24:MI:SS",
    "TIMESTAMP": "YYYY-MM-DD HH24:MI:SS.FF3",
    **dict.fromkeys(("TIMESTAMP WITH TIME ZONE", "INTERVAL"), "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM"),
}


def _formatted(value: Node, kind: str, fmt: str) -> Node:
    # DuckDB types every branch of a CASE, those too that never apply, so each reads the value as what it writes.
    if kind == "INTERVAL":
        return call("_sf_tz_written", call("_sf_tz_own", value.copy()), text(strftime(fmt, zoned=True)))
    base = "TIMESTAMP" if kind == "DATE" else kind
    if kind == "TIME":
        moment: Node = exp.Add(
            this=cast(text("1970-01-01"), "DATE"),
            expression=exp.TryCast(this=value.copy(), to=exp.DataType.build("TIME", dialect="duckdb")),
        )
    else:
        moment = exp.TryCast(this=value.copy(), to=exp.DataType.build(base, dialect="duckdb"))
    return call("strftime", moment, text(strftime(fmt)))


def _read(settings: Settings) -> dict[str, Callable[[Node], Node]]:
    """Text as values."""
    found: dict[str, Callable[[Node], Node]] = {}
    for parameter, kinds in _INPUTS.items():
        if settings[parameter] == "AUTO":
            continue
        fmt = text(strftime(settings[parameter], reading=True))
        for macro, kind in kinds.items():
            found[f"sf_{macro}"] = _reader(f"sf_{macro}", kind, fmt, tries=False)
            found[f"sf_try_{macro}"] = _reader(f"sf_try_{macro}", kind, fmt, tries=True)
    binary = settings["BINARY_INPUT_FORMAT"]
    if binary != "HEX":
        found["sf_to_binary"] = lambda value: call("sf_to_binary", value.copy(), text(binary))
    return found


_INPUTS = {
    "DATE_INPUT_FORMAT": {"to_date": "DATE"},
    "TIME_INPUT_FORMAT": {"to_time": "TIME"},
    "TIMESTAMP_INPUT_FORMAT": {
        "to_timestamp_ntz": "TIMESTAMP",
        "to_timestamp_ltz": "TIMESTAMPTZ",
        "to_timestamp_tz": "INTERVAL",
    },
}


def _reader(macro: str, kind: str, fmt: Node, *, tries: bool) -> Callable[[Node], Node]:
    def read(value: Node) -> Node:
        written = cast(value.copy(), "VARCHAR")
        parsed = cast(call("try_strptime", written, fmt.copy()), "TIMESTAMPTZ" if kind == "INTERVAL" else kind)
        if kind == "INTERVAL":
            parsed = call("_sf_tz_read", written.copy(), parsed)
        if not tries:
            words = text({"DATE": "Date", "TIME": "Time"}.get(kind, "Timestamp"))
            parsed = call("coalesce", parsed, call("_sf_unread", words, value.copy()))
        if literal(value) is not None:
            return parsed
        otherwise = call(macro, value.copy())
        kinds = exp.Case(this=call("typeof", value.copy()), ifs=[], default=otherwise)
        return exp.paren(kinds.when(text("VARCHAR"), parsed, copy=False))

    return read
