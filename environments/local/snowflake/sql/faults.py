"""DuckDB's errors in Snowflake's words and codes."""

from __future__ import annotations

import re
from collections.abc import Callable

import duckdb

from ..errors import SnowflakeError, already_exists, does_not_exist, execution_error, invalid, syntax_error

_Fault = Callable[[re.Match[str]], SnowflakeError]


def translated(error: duckdb.Error, sql: str = "") -> SnowflakeError:
    """The Snowflake error for a DuckDB one; what has no counterpart keeps DuckDB's text under a general code.

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
    first = text.split("\n\nLINE")[0]
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException):
        return invalid(first, "000904" if "column" in first else "001003", "42000")
    return execution_error(first)


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


def _unreadable(found: re.Match[str]) -> SnowflakeError:
    kind = found[2].upper()
    if re.match(r"DATE|TIME", kind):
        return SnowflakeError(f"{kind.split(' ')[0].capitalize()} '{found[1]}' is not recognized", "100035", "22007")
    if kind.startswith("BOOL"):
        return SnowflakeError(f"Boolean value '{found[1]}' is not recognized", "100037", "22018")
    return SnowflakeError(f"Numeric value '{found[1]}' is not recognized", "100038", "22018")


def _values_mismatch(found: re.Match[str]) -> SnowflakeError:
    text = f"Insert value list does not match column list expecting {found[1]} but got {found[2]}"
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


def _null(found: re.Match[str]) -> SnowflakeError:
    return SnowflakeError(f"NULL result in a non-nullable column '{found[1]}'", "100072", "22000")


_FAULTS: tuple[tuple[re.Pattern[str], _Fault], ...] = tuple(
    (re.compile(pattern, re.DOTALL), fault)
    for pattern, fault in (
        # A function in Python: what it raised is Snowflake's error already.
        (r"while executing the UDF: \w+: (.*)", lambda m: execution_error(m[1], "100357")),
        (r'Referenced column "(.+?)" (?:not found|was not found)', _identifier),
        (r'does not have a column named "(.+?)"', _identifier),
        (r'does not have a column with name "(.+?)"', _identifier),
        (r"Function with name \"?(\S+?)\"? does not exist", _function),
        (r'column "(.+?)" must appear in the GROUP BY', _not_grouped),
        (r'Ambiguous reference to column name "(.+?)"', _ambiguous),
        (r"Table with name (\S+) does not exist", lambda m: does_not_exist("OBJECT", m[1].strip('"!'))),
        (r"with name \"(.+?)\" already exists", lambda m: already_exists(m[1])),
        (r"has (\d+) columns but (\d+) values were supplied", _values_mismatch),
        (r"Could not convert string '(.*?)' to (\w+)", _unreadable),
        (r'(?:invalid|date|timestamp) .*format.*: "(.*?)".*?(DATE|TIMESTAMP)?', _unreadable),
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
        (r"[Cc]onflict", lambda _: SnowflakeError(_LOCKED, "000625", "57014")),
        (r"Interrupted", lambda _: SnowflakeError("SQL execution canceled", "000604", "57014")),
        (r"Parser Error: syntax error (.*?)\n", lambda m: syntax_error(m[1])),
    )
)
