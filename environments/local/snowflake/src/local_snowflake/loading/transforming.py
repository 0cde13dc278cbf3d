"""The SELECT of COPY INTO a table: a simple one over staged files, of a subset of the functions.

https://docs.snowflake.com/en/user-guide/data-load-transform
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sqlglot import exp

from ..kernel.errors import invalid, unsupported
from ..kernel.tokens import Tokens
from ..sql.parsing import parse
from ..sql.transforms import arity
from ..stages import locations
from . import reading

if TYPE_CHECKING:
    from ..kernel.session import Session

_FUNCTIONS = {
    *("ARRAY_CONSTRUCT", "ARRAY_SIZE", "ASCII", "CASE", "CAST", "CEIL", "CHECK_JSON", "CHECK_XML", "CHR", "CHAR"),
    *("CONCAT", "CONVERT_TIMEZONE", "ENDSWITH", "EQUAL_NULL", "FLOOR", "GET", "GET_PATH", "HEX_DECODE_STRING"),
    *("HEX_ENCODE", "IFF", "IFNULL", "IS_ARRAY", "IS_BOOLEAN", "IS_DECIMAL", "IS_INTEGER", "IS_NULL_VALUE"),
    *("IS_OBJECT", "IS_TIME", "LENGTH", "LEN", "LPAD", "LTRIM", "MD5", "MD5_HEX", "NULLIF", "NVL", "NVL2"),
    *("IS_TIMESTAMP_LTZ", "IS_TIMESTAMP_NTZ", "IS_TIMESTAMP_TZ", "OBJECT_CONSTRUCT", "PARSE_IP", "PARSE_JSON"),
    *("PARSE_URL", "PARSE_XML", "RANDOM", "REGEXP_REPLACE", "REGEXP_SUBSTR", "REPLACE", "REVERSE", "RPAD", "RTRIM"),
    *("SPLIT", "SPLIT_PART", "STARTSWITH", "SUBSTR", "SUBSTRING", "TO_ARRAY", "TO_BINARY", "TO_BOOLEAN", "TO_CHAR"),
    *("TO_VARCHAR", "TO_DATE", "DATE", "TO_DECFLOAT", "TO_DECIMAL", "TO_NUMBER", "TO_NUMERIC", "TO_DOUBLE"),
    *("TO_OBJECT", "TO_TIME", "TIME", "TO_TIMESTAMP", "TO_TIMESTAMP_LTZ", "TO_TIMESTAMP_NTZ", "TO_TIMESTAMP_TZ"),
    *("TO_VARIANT", "TRIM", "TRY_CAST", "TRY_HEX_DECODE_STRING", "TRY_TO_BINARY", "TRY_TO_BOOLEAN", "TRY_TO_DATE"),
    *("TRY_TO_DECFLOAT", "TRY_TO_DECIMAL", "TRY_TO_NUMBER", "TRY_TO_NUMERIC", "TRY_TO_DOUBLE", "TRY_TO_TIME"),
    *("UNICODE", "UUID_STRING", "XMLGET"),
    # "All conversion functions are supported."
    *("TRY_TO_TIMESTAMP", "TRY_TO_TIMESTAMP_LTZ", "TRY_TO_TIMESTAMP_NTZ", "TRY_TO_TIMESTAMP_TZ", "TRY_PARSE_JSON"),
}
_CLAUSES = {"expressions", "from_", "distinct", "kind", "hint"}
_WITHIN = (exp.AggFunc, exp.Window, exp.Query, exp.Lateral, exp.Explode)


def read(session: Session, query: str, columns: int) -> locations.Location:
    """Where the files lie that a transformation reads.

    Args:
        session: whose stages can be named.
        query: the transformation.
        columns: how many get values.

    Raises:
        SnowflakeError: for a query that is more than the page allows, or has not a value for each column.

    """
    select = parse(query)
    source = select.args.get("from_")
    place = reading.place_of(source.this) if source else None
    if place is None:
        raise unsupported(f"COPY INTO ... FROM ({query})")
    if not isinstance(select, exp.Select) or not _simple(select):
        raise invalid("COPY statement only supports simple SELECT from stage statements for import.")
    _check_functions(query)
    if (given := len(select.expressions)) != columns:
        what = f"Insert value list does not match column list expecting {columns} but got {given}"
        raise invalid(what, "002020", "21S01")
    return locations.resolve(session, place)


def _simple(select: exp.Select) -> bool:
    clauses = {name for name, value in select.args.items() if value}
    return clauses <= _CLAUSES and not any(part.find(*_WITHIN) for part in select.expressions)


def _check_functions(query: str) -> None:
    tokens = Tokens(query).all
    called = {name.upper for name, opening in pairwise(tokens) if opening.text == "("}
    if unknown := (called & arity.counts().keys()) - _FUNCTIONS:
        raise invalid(f"Function '{min(unknown)}' not supported within a COPY.", "002085", "0A000")
