"""DuckDB's errors in Snowflake's words and codes."""

from __future__ import annotations

import re
from collections.abc import Callable

import duckdb

from ..kernel.errors import (
    SnowflakeError,
    already_exists,
    does_not_exist,
    execution_error,
    full_disk,
    syntax_error,
    unsupported,
)
from .nesting import too_complex
from .wide import BEYOND

_Fault = Callable[[re.Match[str]], SnowflakeError]


def translated(error: duckdb.Error, sql: str = "") -> SnowflakeError:
    """The Snowflake error for a DuckDB one; DuckDB's own words are never shown, but the error is the cause of ours.

    Args:
        error: what DuckDB raised.
        sql: the statement that it was given, to look up what its message leaves out.

    """
    text = str(error)
    unread = re.search(r'Referenced table "(.+?)" not found', text)
    if unread:
        return _qualified(unread[1], sql)
    for pattern, fault in _FAULTS:
        found = pattern.search(text)
        if found:
            return fault(found)
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException):
        return unsupported("this statement")
    return execution_error("The statement failed while it ran.")


def _identifier(found: re.Match[str]) -> SnowflakeError:
    return SnowflakeError(f"SQL compilation error:\ninvalid identifier '{found[1].upper()}'", "000904", "42000")


def _qualified(alias: str, sql: str) -> SnowflakeError:
    """A column of a table that the query does not read; DuckDB tells the table only."""
    used = re.search(rf'"{re.escape(alias)}"\."(.+?)"', sql)
    name = f"{alias}.{used[1]}" if used else alias
    return SnowflakeError(f"SQL compilation error:\ninvalid identifier '{name}'", "000904", "42000")


def _function(found: re.Match[str]) -> SnowflakeError:
    return SnowflakeError(f"SQL compilation error:\nUnknown function {found[1].upper()}.", "002140", "42601")


def _not_grouped(found: re.Match[str]) -> SnowflakeError:
    text = f"SQL compilation error:\n'{found[1]}' is not a valid group by expression"
    return SnowflakeError(text, "000979", "42601")


def _ambiguous(found: re.Match[str]) -> SnowflakeError:
    return SnowflakeError(f"SQL compilation error:\nambiguous column name '{found[1]}'", "002028", "42601")


def _text_of(code: str, sqlstate: str) -> _Fault:
    """An error whose text the macro wrote as Snowflake would."""
    return lambda found: SnowflakeError(found[1], code, sqlstate)


# DuckDB's types as Snowflake calls them.
_TYPES = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "INTEGER_LITERAL"), "NUMBER(38,0)"),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), "NUMBER(38,0)"),
    **dict.fromkeys(("DOUBLE", "FLOAT"), "FLOAT"),
    "STRING_LITERAL": "VARCHAR",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ",
    "INTERVAL": "TIMESTAMP_TZ",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "BLOB": "BINARY",
    "JSON": "VARIANT",
    "DECIMAL": "NUMBER",
}
_TYPE = re.compile("|".join(rf"\b{name}\b" for name in sorted(_TYPES, key=len, reverse=True)))


def _typed(text: str) -> str:
    text = re.sub(r"\b(FLOAT|INT)(?:EGER)?\[(\d+)\]", r"VECTOR(\1, \2)", text)
    return _TYPE.sub(lambda found: _TYPES[found[0]], text)


def _compilation(text: str, code: str, sqlstate: str = "42601") -> _Fault:
    return lambda _: SnowflakeError(f"SQL compilation error:\n{text}", code, sqlstate)


def _arguments(found: re.Match[str]) -> SnowflakeError:
    """A function (or an operator) for whose arguments there is no form."""
    name = re.sub(r"^_?sf_", "", found[1].strip('"')).upper()
    text = f"Invalid argument types for function '{name}': ({_typed(found[2])})"
    return SnowflakeError(f"SQL compilation error: error line 1 at position 0\n{text}", "001044", "42P13")


def _types(found: re.Match[str]) -> SnowflakeError:
    source, target = _typed(found[1]), _typed(found[2])
    text = f"invalid type [CAST({source} AS {target})] for parameter 'TO_{target.split('(')[0]}'"
    return SnowflakeError(f"SQL compilation error:\n{text}", "001007", "22023")


def _pattern(found: re.Match[str]) -> SnowflakeError:
    return SnowflakeError(f"Invalid regular expression: '{found[2].strip()}', {found[1]}", "100048", "2201B")


def _unreadable(found: re.Match[str]) -> SnowflakeError:
    kind = (found[2] or "TIMESTAMP").upper()
    if re.match(r"DATE|TIME", kind):
        return SnowflakeError(f"{kind.split(' ')[0].capitalize()} '{found[1]}' is not recognized", "100035", "22007")
    if kind.startswith("BOOL"):
        return SnowflakeError(f"Boolean value '{found[1]}' is not recognized", "100037", "22018")
    return SnowflakeError(f"Numeric value '{found[1]}' is not recognized", "100038", "22018")


def _values_mismatch(found: re.Match[str]) -> SnowflakeError:
    return _mismatched(expected=found[1], found=found[2])


def _mismatched(*, expected: str, found: str) -> SnowflakeError:
    text = f"Insert value list does not match column list expecting {expected} but got {found}"
    return SnowflakeError(f"SQL compilation error:\n{text}", "002020", "21S01")


# A transaction that has read the table before the other one changed it; Snowflake would let it go on.
_LOCKED = (
    "Statement could not be run: another transaction has locked the table and this lock has not yet been released."
)


def _too_long(found: re.Match[str]) -> SnowflakeError:
    text = f"String of column '{found[1]}' is too long and would be truncated to {found[2]} characters"
    return SnowflakeError(text, "100078", "22000")


def _out_of_range(found: re.Match[str]) -> SnowflakeError:
    return SnowflakeError(f"Numeric value '{found[1]}' is out of range", "100039", "22003")


def _beyond(found: re.Match[str]) -> SnowflakeError:
    """NUMBER(38, 0) has 38 digits; what is stored here has 64 bits."""
    return unsupported(f"{BEYOND}: {next(filter(None, found.groups()))}")


def _null(found: re.Match[str]) -> SnowflakeError:
    return SnowflakeError(f"NULL result in a non-nullable column '{found[1]}'", "100072", "22000")


def _dimension(found: re.Match[str]) -> SnowflakeError:
    expected, actual = (found[1], found[2]) if found[1] else (found[4], found[3])
    what = f"Array-like value being cast to a vector has incorrect dimension: expected {expected}, actual {actual}"
    return SnowflakeError(what, "100078", "22000")


_FAULTS: tuple[tuple[re.Pattern[str], _Fault], ...] = tuple(
    (re.compile(pattern, re.DOTALL), fault)
    for pattern, fault in (
        (r"Max expression depth limit", lambda _: too_complex()),
        # A function in Python: what it raised is Snowflake's error already.
        (r"while executing the UDF: \w+: (.*)", lambda m: execution_error(m[1], "100357")),
        (r'Referenced column "(.+?)" (?:not found|was not found)', _identifier),
        (r'does not have a column named "(.+?)"', _identifier),
        (r'Column "(.+?)" in EXCLUDE list not found', _identifier),
        (r'does not have a column with name "(.+?)"', _identifier),
        (
            r"(Invalid argument types for function.*?)(?:$|\n)",
            lambda m: SnowflakeError(f"SQL compilation error:\n{_typed(m[1])}", "001044", "42P13"),
        ),
        (r"(Expression type does not match column data type.*?)(?:$|\n)", _text_of("002023", "22000")),
        (r"((?:Date|Time|Timestamp) '.*?' is not recognized)", _text_of("100035", "22007")),
        (r"(Boolean value '.*?' is not recognized)", _text_of("100037", "22018")),
        (r"(Numeric value '.*?' is not recognized)", _text_of("100038", "22018")),
        (r"(Numeric value '.*?' is out of range)", _text_of("100039", "22003")),
        (r"(String '.*?' is too long and would be truncated)", _text_of("100078", "22000")),
        (r"(Invalid regular expression: .*?)(?:$|\n)", _text_of("100048", "2201B")),
        (r"(Invalid (?:position|occurrence) of a .*?)(?:$|\n)", _text_of("001008", "22023")),
        (r"(Error parsing JSON: .*)", _text_of("100069", "22P02")),
        (r"(Invalid date/time part .*?)(?:$|\n)", _text_of("002151", "22023")),
        (r"(Failed to cast variant value .*?)(?:$|\n)", _text_of("100071", "22000")),
        (
            r"Expected array of size (\d+), but got .* with size (\d+)|cast array of size (\d+) to .* size (\d+)",
            _dimension,
        ),
        (r"(Array-like value being cast to a vector .*?)(?:$|\n)", _text_of("100078", "22000")),
        (r"(Duplicate key .*?)(?:$|\n)", _text_of("100069", "22000")),
        (r"Unsupported feature '(.*?)'", lambda m: unsupported(m[1])),
        (r"Function with name \"?(\S+?)\"? does not exist", _function),
        (r'column "(.+?)" must appear in the GROUP BY', _not_grouped),
        (r'Ambiguous reference to column name "(.+?)"', _ambiguous),
        (r"Table with name (\S+) does not exist", lambda m: does_not_exist("OBJECT", m[1].strip('"!'))),
        (r"with name \"(.+?)\" already exists", lambda m: already_exists(m[1])),
        (r"has (\d+) columns but (\d+) values were supplied", _values_mismatch),
        # What an INSERT's query is called here.
        (
            r'table "_INSERTED" has (\d+) columns available but (\d+) columns specified',
            lambda m: _mismatched(expected=m[2], found=m[1]),
        ),
        (
            r"(?:string '(-?\d{19,}(?:\.\d*)?)' to|value (-?[\d.]+e\+\d+|-?\d{19,}) can't be cast because .*) INT64",
            _beyond,
        ),
        (r"to numerical: (-?\d{19,})|cast decimal value (-?\d{19,}) to type INT64", _beyond),
        (r"Overflow in \w+ of INT64 \((.*?)\)", _beyond),
        # As the reader of CSV files has it.
        (r"Could not convert string \"(-?\d{19,})\" to 'BIGINT'", _beyond),
        (r"(Could not convert) string '.*?' to (INTERVAL)", _arguments),
        (r"(Unimplemented type for cast) \((.*?) -> INTERVAL\)", _arguments),
        (
            r"Unknown TimeZone '(.*?)'",
            lambda m: SnowflakeError(f"Unknown timezone: '{m[1]}'", "100107", "22023"),
        ),
        (r"Could not convert Month to Microseconds", lambda _: unsupported("values of an INTERVAL type")),
        (r"Could not convert string '(.*?)' to (\w+)", _unreadable),
        (r'(?:invalid|date|timestamp) .*format.*: "(.*?)"(?:.*(DATE))?', _unreadable),
        (r"NOT NULL constraint failed: \S+?\.(\S+)", _null),
        (r"CHECK constraint failed .*length\(\"?(.+?)\"?\) <= (\d+)", _too_long),
        (r"CHECK constraint failed .*\(\"?(.+?)\"? BETWEEN", _out_of_range),
        (r"Could not cast value (\S+) to DECIMAL", _out_of_range),
        (r"with value (\S+) can't be cast because the value is out of range", _out_of_range),
        (r"Division by zero|division by zero", lambda _: SnowflakeError("Division by zero", "100051", "22012")),
        (
            r"cannot affect the same target row more than once",
            lambda _: SnowflakeError("Duplicate row detected during DML action", "100090", "42P18"),
        ),
        (r"No space left on device|disk is full", lambda _: full_disk()),
        (r"[Cc]onflict", lambda _: SnowflakeError(_LOCKED, "000625", "57014")),
        (r"Interrupted", lambda _: SnowflakeError("SQL execution canceled", "000604", "57014")),
        (r"No function matches the given name and argument types '(.+?)\((.*?)\)'", _arguments),
        (r'best candidate function for the function call "(.+?)\((.*?)\)"', _arguments),
        (r"(Cannot (?:compare|mix|combine)) (?:values of type|types of) (.+? and (?:type )?\S+)", _arguments),
        (r"Macro (\S+?)\(()\) does not support the supplied arguments", _arguments),
        (r"Macro function (\S+?)\(()\) ", _arguments),
        (r"Unimplemented type for cast \((.*?) -> (.*?)\)", _types),
        (
            r"Window functions are not supported here|window functions are not allowed",
            _compilation("A window function stands without OVER, or where none can stand.", "002303"),
        ),
        (r"aggregate function calls cannot be nested", _compilation("Aggregate functions cannot be nested.", "002077")),
        (
            r"(?:WHERE|GROUP BY) clause cannot contain (?:aggregates|window)",
            _compilation("Invalid aggregate function in this clause.", "002035"),
        ),
        (
            r"[Ff]rame starting from|[Ff]rame start cannot|[Ff]rame end cannot|RANGE with offset",
            _compilation("Invalid window frame.", "002302"),
        ),
        (
            r"Set operations can only apply to expressions with the same number",
            _compilation("invalid number of result columns for set operator input branches", "001789"),
        ),
        (r"Subquery returns \d+ columns", _compilation("A subquery as an expression has one column.", "002064")),
        (
            r"More than one row returned by a subquery",
            lambda _: SnowflakeError("Single-row subquery returns more than one row.", "090150", "22000"),
        ),
        (
            r"Out of Range Error|overflow|Overflow|out of range",
            lambda _: SnowflakeError("Number out of representable range", "100046", "22003"),
        ),
        (r"Input Error: ((?:missing|invalid|bad|no argument|unexpected) [^:]*): (.*)", _pattern),
        (
            r"hex digit|unhex|from_base64|base64",
            lambda _: SnowflakeError("The string is no legal encoded value", "100115", "22000"),
        ),
        (r"STAR expression|\* expression", lambda _: syntax_error("line 1 at position 0 unexpected '*'.")),
        (r'syntax error at or near "(.*?)"', lambda m: syntax_error(f"line 1 at position 0 unexpected '{m[1]}'.")),
        (r"syntax error at end of input", lambda _: syntax_error("line 1 at position 0 unexpected '<EOF>'.")),
        (
            r"Conversion Error|Could not cast|could not convert|Could not convert",
            lambda _: SnowflakeError("A value cannot be converted to the type that is asked for", "100038", "22018"),
        ),
    )
)
