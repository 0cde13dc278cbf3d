"""Declared types and casts: NUMBER without a scale is a 64-bit integer, VARIANT, OBJECT and ARRAY are JSON."""

from __future__ import annotations

import re

from sqlglot import exp

from ...kernel.errors import unsupported
from ..wide import wide
from .conversions import taken
from .rewriting import Node, call, cast, integer, literal, number
from .semi_structured import CONTAINER, is_variant

_T = exp.DataType.Type
_INTEGERS = {_T.TINYINT, _T.SMALLINT, _T.INT, _T.BIGINT, _T.INT128}
_DECIMALS = {_T.DECIMAL, _T.BIGDECIMAL}
_TEXTS = {_T.VARCHAR, _T.TEXT, _T.CHAR, _T.NCHAR, _T.NVARCHAR}
_SEMI_STRUCTURED = {_T.VARIANT, _T.OBJECT, _T.ARRAY, _T.STRUCT}
_OTHERS = {
    _T.FLOAT: "DOUBLE",
    _T.DOUBLE: "DOUBLE",
    _T.BOOLEAN: "BOOLEAN",
    _T.DATE: "DATE",
    _T.TIME: "TIME",
    _T.DATETIME: "TIMESTAMP",
    _T.TIMESTAMP: "TIMESTAMP",
    _T.TIMESTAMPNTZ: "TIMESTAMP",
    _T.TIMESTAMPLTZ: "TIMESTAMPTZ",
    _T.TIMESTAMPTZ: "INTERVAL",  # see macros/timestamp_tz.sql
    _T.BINARY: "BLOB",
    _T.VARBINARY: "BLOB",
}
# Integers of more digits fill DuckDB's 64 bits, which it checks itself.
_CHECKED_DIGITS = 19
_MOST_DIGITS = 38
_READERS = {
    "DATE": "to_date",
    "TIME": "to_time",
    "TIMESTAMP": "to_timestamp_ntz",
    "TIMESTAMPTZ": "to_timestamp_ltz",
    "INTERVAL": "to_timestamp_tz",
    "BOOLEAN": "to_boolean",
}
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


def duckdb_type(kind: exp.DataType) -> str:
    """DuckDB's type for a declared one.

    Raises:
        SnowflakeError: 000002 for types that have no counterpart here.

    """
    name = kind.this
    sizes = [integer(p.this) for p in kind.expressions if isinstance(p, exp.DataTypeParam)]
    if name in _DECIMALS and len(sizes) > 1 and sizes[1]:
        return f"DECIMAL({sizes[0]}, {sizes[1]})"
    if name in _INTEGERS or name in _DECIMALS:
        return "BIGINT"
    if name in _TEXTS:
        return "TEXT"
    if name in _SEMI_STRUCTURED and not kind.expressions:
        return "JSON"
    if name is _T.VECTOR:
        return f"{'FLOAT' if kind.expressions[0].is_type('double', 'float') else 'INTEGER'}[{sizes[0]}]"
    if name not in _OTHERS:
        raise unsupported(f"data type {kind.sql('snowflake')}")
    return _OTHERS[name]


def declared(kind: exp.DataType) -> Node:
    """A type in a column definition; a cast reads its type itself."""
    if isinstance(kind.parent, exp.Cast | exp.DataType):
        return kind
    return exp.DataType.build(duckdb_type(kind), dialect="duckdb")


def converted(node: exp.Cast) -> Node:
    """CAST and `::`."""
    kind, value = duckdb_type(node.to), node.this
    if isinstance(value, exp.Null):
        return cast(value, kind)
    if kind == "TEXT":
        return _fitting(call("sf_to_varchar", value), node.to)
    if kind == "JSON":
        return _semi_structured(value, node.to)
    if node.to.is_type(_T.VECTOR):
        whole = exp.Boolean(this=kind.startswith("INTEGER"))
        return cast(call("_sf_vector", taken(value, "VECTOR"), whole), kind)
    value = taken(value, kind)
    if kind == "BIGINT":
        return _integer(node, value)
    if kind in _READERS:
        return _read(value, kind)
    return call("_sf_binary", value) if kind == "BLOB" else cast(value, kind)


def _semi_structured(value: Node, kind: exp.DataType) -> Node:
    """Any value becomes a VARIANT; an ARRAY or an OBJECT only comes of another semi-structured value."""
    if kind.this is _T.VARIANT:
        return call("to_json" if is_variant(value) else "_sf_json", value)
    found = call("to_json", value if is_variant(value) else taken(value, kind.this.value))
    found.meta[CONTAINER] = True
    return found


def _integer(node: exp.Cast, value: Node) -> Node:
    sizes = [integer(p.this) for p in node.to.expressions]
    if wide() and (not sizes or sizes[0] >= _CHECKED_DIGITS):
        most = exp.Literal.number(10 ** (sizes[0] if sizes else _MOST_DIGITS) - 1)
        return call("_sf_digits", call("_sf_wide_integer", value), most)
    if sizes and sizes[0] < _CHECKED_DIGITS:
        return call("_sf_digits", call("_sf_integer", value), number(10 ** sizes[0] - 1))
    if isinstance(value, exp.Literal) and value.name.isdigit() and len(value.name) >= _CHECKED_DIGITS:
        long = cast(value, "HUGEINT")
        return call("_sf_digits", long, exp.Literal.number(10 ** sizes[0] - 1)) if sizes else call("_sf_within", long)
    if integer(value) is None:
        return call("_sf_integer", value)
    # A bare literal takes the type of what it is combined with, which is narrower and so faster than BIGINT.
    return value if isinstance(node.parent, _ARITHMETIC) else cast(value, "BIGINT")


def _fitting(value: Node, kind: exp.DataType) -> Node:
    sizes = [integer(p.this) for p in kind.expressions]
    return call("_sf_fitting", value, *(p.this for p in kind.expressions)) if sizes and sizes[0] < 16_777_216 else value


# Texts that DuckDB reads as Snowflake does.
_DAY = r"\d{4}-\d\d-\d\d"
_PLAIN = {
    "DATE": re.compile(_DAY),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMPTZ"), re.compile(rf"{_DAY}([ T]\d\d:\d\d:\d\d(\.\d{{1,6}})?)?")),
}


def _read(value: Node, kind: str) -> Node:
    written = literal(value)
    if written is not None and kind in _PLAIN and _PLAIN[kind].fullmatch(written):
        return cast(value, kind)
    return call(f"sf_{_READERS[kind]}", value)


def tried(node: exp.TryCast) -> Node:
    """TRY_CAST: NULL where the text cannot be read."""
    kind, value = duckdb_type(node.to), node.this
    if kind == "TEXT":
        sizes = [p.this for p in node.to.expressions]
        read = call("sf_to_varchar", value)
        return call("_sf_try_fitting", read, *sizes) if sizes else read
    if kind == "JSON":
        raise unsupported("TRY_CAST to a semi-structured type")
    if node.to.is_type(_T.VECTOR):
        raise unsupported("TRY_CAST to VECTOR")
    value = taken(value, "TEXT")
    if kind in _READERS:
        return call(f"sf_try_{_READERS[kind]}", value)
    if kind == "BIGINT":
        return call("_sf_try_wide_integer" if wide() else "_sf_try_integer", value)
    return exp.TryCast(this=value, to=exp.DataType.build(kind, dialect="duckdb"))


def tried_boolean(node: exp.ToBoolean) -> Node:
    """TRY_CAST(x AS BOOLEAN), for which the reader has a node of its own."""
    return call("sf_try_to_boolean", node.this)


RULES = {exp.Cast: converted, exp.TryCast: tried, exp.ToBoolean: tried_boolean, exp.DataType: declared}
