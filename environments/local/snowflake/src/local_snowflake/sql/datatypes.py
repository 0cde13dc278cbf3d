"""Declared types: as Snowflake writes them, as DuckDB stores them, as the wire names them.

https://docs.snowflake.com/en/sql-reference/intro-summary-data-types
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ..kernel.errors import invalid, unsupported
from ..kernel.tokens import Tokens
from ..kernel.types import MAX_BINARY, MAX_TEXT, Column
from .wide import SAFE_DIGITS, wide

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

_BIGINT_DIGITS = 18
_MAX_DIGITS = 38
_INTEGERS = ("INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT")
_FLOATS = ("FLOAT", "FLOAT4", "FLOAT8", "DOUBLE", "DOUBLE PRECISION", "REAL")
_TEXTS = ("VARCHAR", "STRING", "TEXT", "VARCHAR2", "NVARCHAR", "NVARCHAR2", "CHAR VARYING", "NCHAR VARYING")
_CHARACTERS = ("CHAR", "CHARACTER", "NCHAR")
_ALIASES = {
    **dict.fromkeys(("NUMBER", "NUMERIC", "DECIMAL", "DEC"), "NUMBER"),
    **dict.fromkeys(_FLOATS, "FLOAT"),
    **dict.fromkeys(_TEXTS, "VARCHAR"),
    **dict.fromkeys(("BINARY", "VARBINARY"), "BINARY"),
    "TIMESTAMP": "TIMESTAMP_NTZ",
    **dict.fromkeys(("DATETIME", "TIMESTAMP_NTZ", "TIMESTAMPNTZ", "TIMESTAMP WITHOUT TIME ZONE"), "TIMESTAMP_NTZ"),
    **dict.fromkeys(("TIMESTAMP_LTZ", "TIMESTAMPLTZ", "TIMESTAMP WITH LOCAL TIME ZONE"), "TIMESTAMP_LTZ"),
    **dict.fromkeys(("TIMESTAMP_TZ", "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"), "TIMESTAMP_TZ"),
    **{name: name for name in ("BOOLEAN", "DATE", "TIME", "VARIANT", "OBJECT", "ARRAY")},
}
# What TIMESTAMP stands for in the definition that is read: TIMESTAMP_TYPE_MAPPING of the session that reads it.
TIMESTAMP: ContextVar[str] = ContextVar("TIMESTAMP", default="TIMESTAMP_NTZ")
# Types that Snowflake has and the local one does not.
_ELSEWHERE = ("DECFLOAT", "FILE", "GEOGRAPHY", "GEOMETRY", "INTERVAL", "MAP", "PERIOD", "UNKNOWN", "UUID")
# What each parameter can be: precision, scale; length; digits of a second.
_RANGES: dict[str, tuple[tuple[str, int, int], ...]] = {
    "NUMBER": (("precision", 1, 38), ("scale", 0, 37)),
    "VARCHAR": (("length", 1, 134_217_728),),
    "BINARY": (("length", 1, 67_108_864),),
    **dict.fromkeys(("TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"), (("precision", 0, 9),)),
}
_LONGEST = 5  # words in the longest name of a type
_TIMED = {"TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"}
_DUCKDB = {
    "FLOAT": "DOUBLE",
    "VARCHAR": "VARCHAR",
    "BINARY": "BLOB",
    "TIMESTAMP_NTZ": "TIMESTAMP",
    "TIMESTAMP_LTZ": "TIMESTAMPTZ",
    "TIMESTAMP_TZ": "INTERVAL",  # see transforms/macros/timestamp_tz.sql
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIME": "TIME",
    "VARIANT": "JSON",
    "OBJECT": "JSON",
    "ARRAY": "JSON",
}
# The elements of a VECTOR, which are 32 bits wide: https://docs.snowflake.com/en/sql-reference/data-types-vector
_ELEMENTS = {"FLOAT": "FLOAT", "INT": "INTEGER"}
_LONGEST_VECTOR = 4096
_WIRE = {"FLOAT": "real", "VARCHAR": "text"}


@dataclass(frozen=True)
class DataType:
    """A Snowflake type with its parameters.

    Attributes:
        name: Snowflake's main name for it: NUMBER, VARCHAR, TIMESTAMP_NTZ and so on.
        arguments: precision and scale, length, digits of a second, or dimension; none for types without parameters.
        element: FLOAT or INT, of a VECTOR.

    """

    name: str
    arguments: tuple[int, ...] = ()
    element: str = ""

    def __str__(self) -> str:
        """As DESCRIBE TABLE shows it: `NUMBER(38,0)`, `VARCHAR(16777216)`, `DATE`."""
        if self.element:
            return f"{self.name}({self.element}, {self.arguments[0]})"
        return f"{self.name}({','.join(map(str, self.arguments))})" if self.arguments else self.name

    @property
    def duckdb(self) -> str:
        """DuckDB's type for the values.

        NUMBER without a scale is a 64-bit integer, which is fast, until a larger value comes: see `wide`.
        """
        if self.element:
            return f"{_ELEMENTS[self.element]}[{self.arguments[0]}]"
        if self.name != "NUMBER":
            return _DUCKDB[self.name]
        precision, scale = self.arguments
        if scale:
            return f"DECIMAL({precision},{scale})"
        return "HUGEINT" if wide() and precision > SAFE_DIGITS else "BIGINT"

    def column(self, name: str, *, nullable: bool = True) -> Column:
        """A result's column of this type."""
        if self.name == "NUMBER":
            return Column(name, "fixed", *self.arguments, nullable=nullable)
        if self.name in _TIMED:
            return Column(name, self.name.lower(), scale=self.arguments[0], nullable=nullable)
        length = self.arguments[0] if self.arguments else None
        kind = _WIRE.get(self.name, self.name.lower())
        return Column(name, kind, length=length, nullable=nullable, element=self.element)


def type_of(column: Column) -> DataType:
    """The type with which CREATE TABLE ... AS SELECT declares such a column."""
    if column.type == "fixed":
        return DataType("NUMBER", (column.precision or _MAX_DIGITS, column.scale or 0))
    name = {"real": "FLOAT", "text": "VARCHAR"}.get(column.type, column.type.upper())
    if column.element:
        return DataType(name, (column.length or 0,), column.element)
    if name in _TIMED:
        return DataType(name, (9 if column.scale is None else column.scale,))
    lengths = {"VARCHAR": MAX_TEXT, "BINARY": MAX_BINARY}
    return DataType(name, (column.length or lengths[name],)) if name in lengths else DataType(name)


def read(tokens: Tokens, *, vectors: bool = False) -> DataType:
    """The type that stands next in a statement; VECTOR only where it is a column's, or a cast's.

    Raises:
        SnowflakeError: 002040 for a type that Snowflake does not have; 000002 for one the local account lacks; 001008
            for parameters that are out of range, or that the type does not have.

    """
    word = _word(tokens)
    if word == "VECTOR" and vectors:
        return _vector(tokens)
    structured = word in {"ARRAY", "OBJECT"} and tokens.looking_at("(")
    if word in {*_ELSEWHERE, "VECTOR"} or structured:
        raise unsupported(f"type {word}")
    arguments = _parameters(tokens) if tokens.looking_at("(") else ()
    if word in _INTEGERS:
        return DataType("NUMBER", (*_checked(word, (), arguments), _MAX_DIGITS, 0))
    if word in _CHARACTERS:
        return DataType("VARCHAR", _checked(word, _RANGES["VARCHAR"], arguments) or (1,))
    if word not in _ALIASES:
        raise invalid(f"Unsupported data type '{word}'.", "002040", "42601")
    name = TIMESTAMP.get() if word == "TIMESTAMP" else _ALIASES[word]
    return _completed(name, _checked(word, _RANGES.get(name, ()), arguments))


def parse(text: str) -> DataType:
    """A type from its text, such as the catalogue's `NUMBER(12,2)`; nothing may follow it."""
    return _parsed(text, TIMESTAMP.get())


@lru_cache(maxsize=1024)
def _parsed(text: str, _timestamp: str) -> DataType:
    tokens = Tokens(text)
    found = read(tokens, vectors=True)
    tokens.end()
    return found


def _vector(tokens: Tokens) -> DataType:
    tokens.expect("(")
    element = tokens.accept_any(*_ELEMENTS)
    if element is None:
        raise invalid(f"Unsupported vector element type '{tokens.peek().text}': it is FLOAT or INT.", "002040", "42601")
    tokens.expect(",")
    if not tokens.peek().text.isdigit() or not 1 <= int(tokens.peek().text) <= _LONGEST_VECTOR:
        what = f"Invalid vector dimension '{tokens.peek().text}': it is between 1 and {_LONGEST_VECTOR}."
        raise invalid(what, "002040", "42601")
    dimension = int(tokens.take().text)
    tokens.expect(")")
    return DataType("VECTOR", (dimension,), element)


def _parameters(tokens: Tokens) -> tuple[int, ...]:
    tokens.expect("(")
    found = []
    while not found or tokens.accept(","):
        if not tokens.peek().text.isdigit():
            raise tokens.unexpected()
        found.append(int(tokens.take().text))
    tokens.expect(")")
    return tuple(found)


def _checked(word: str, ranges: tuple[tuple[str, int, int], ...], arguments: tuple[int, ...]) -> tuple[int, ...]:
    """The arguments, each in its range; a scale is no larger than its precision."""
    if len(arguments) > len(ranges):
        raise invalid(f"Data type {word} takes {len(ranges) or 'no'} parameters, not {len(arguments)}.")
    for value, (what, least, most) in zip(arguments, ranges, strict=False):
        if not least <= value <= most:
            raise invalid(f"Invalid {what} {value} of data type {word}: it must be between {least} and {most}.")
    if len(arguments) > 1 and arguments[1] > arguments[0]:
        raise invalid(
            f"Invalid scale {arguments[1]} of data type {word}: it must not exceed the precision {arguments[0]}."
        )
    return arguments


def _word(tokens: Tokens) -> str:
    for words in range(_LONGEST, 0, -1):
        word = " ".join(tokens.peek(i).upper for i in range(words))
        if words == 1 or word in _ALIASES:
            tokens.accept(*word.split(" "))
            return word
    raise tokens.unexpected()


def _completed(name: str, arguments: tuple[int, ...]) -> DataType:
    if name == "NUMBER":
        return DataType(name, (*arguments, *(_MAX_DIGITS, 0)[len(arguments) :]))
    if name in _TIMED:
        return DataType(name, arguments or (9,))
    lengths = {"VARCHAR": MAX_TEXT, "BINARY": MAX_BINARY}
    return DataType(name, arguments or (lengths[name],)) if name in lengths else DataType(name)


def column_of(name: str, kind: DuckDBPyType) -> Column:
    """The Snowflake column for a column of DuckDB's answer."""
    if kind.id == "decimal":
        digits = dict(kind.children)
        return Column(name, "fixed", digits["precision"], digits["scale"])
    if str(kind) == "JSON":
        return Column(name, "variant")
    if kind.id == "array":
        found = dict(kind.children)
        element = next(name for name, inner in _ELEMENTS.items() if inner == str(found["child"]))
        return Column(name, "vector", length=found["size"], element=element)
    return Column(name, _BY_DUCKDB.get(kind.id, "text"))


_BY_DUCKDB = {
    **dict.fromkeys(
        (
            "tinyint",
            "smallint",
            "integer",
            "bigint",
            "hugeint",
            "utinyint",
            "usmallint",
            "uinteger",
            "ubigint",
            "uhugeint",
        ),
        "fixed",
    ),
    **dict.fromkeys(("float", "double"), "real"),
    **dict.fromkeys(("timestamp", "timestamp_ns", "timestamp_ms", "timestamp_s"), "timestamp_ntz"),
    **dict.fromkeys(("timestamp with time zone", "timestamptz_ns"), "timestamp_ltz"),
    "interval": "timestamp_tz",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "blob": "binary",
    "list": "array",
    "struct": "object",
    "map": "object",
}
# Types whose values travel as text or JSON; DuckDB turns them before they leave it.
AS_JSON = {"list", "struct", "map", "union"}
AS_TEXT = {"uuid", "enum", "bit", "timestamp_tz", "time_tz", "time with time zone"}
