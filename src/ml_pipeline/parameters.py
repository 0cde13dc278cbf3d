"""What every session of ours depends on, whatever an account or a user has set.

A session begins with the parameters of its account and user: with AUTOCOMMIT off there, nothing that is written stays,
and with another TIMEZONE or WEEK_START other rows are meant. So each is set where a session of ours begins: at sign-in,
in a task's step, in an ML Job. tests/unit/test_parameters.py says of every other one why it cannot matter.
https://docs.snowflake.com/en/sql-reference/parameters
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snowflake.snowpark import Session

Value = bool | int | str

_TIME = "YYYY-MM-DD HH24:MI:SS.FF3"
_ZONED_TIME = f"{_TIME} TZHTZM"

OF_TASKS: Mapping[str, Value] = {
    "AUTOCOMMIT": True,
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": 0,
    "STATEMENT_TIMEOUT_IN_SECONDS": 172_800,
}
"""What must hold before a task's first statement, which calls its step: a task itself says these."""

OF_SESSIONS: Mapping[str, Value] = {
    **OF_TASKS,
    "ABORT_DETACHED_QUERY": False,
    "BINARY_INPUT_FORMAT": "HEX",
    "BINARY_OUTPUT_FORMAT": "HEX",
    "DATE_INPUT_FORMAT": "AUTO",
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "DEFAULT_NULL_ORDERING": "LAST",
    "ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION": True,
    "ERROR_ON_NONDETERMINISTIC_MERGE": True,
    "LOCK_TIMEOUT": 43_200,
    "MULTI_STATEMENT_COUNT": 1,
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    "ROWS_PER_RESULTSET": 0,
    "STRICT_JSON_OUTPUT": False,
    "TIMESTAMP_DAY_IS_ALWAYS_24H": False,
    "TIMESTAMP_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT": _ZONED_TIME,
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": _TIME,
    "TIMESTAMP_OUTPUT_FORMAT": _ZONED_TIME,
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "TIMESTAMP_TZ_OUTPUT_FORMAT": _ZONED_TIME,
    "TIMEZONE": "UTC",
    "TIME_INPUT_FORMAT": "AUTO",
    "TIME_OUTPUT_FORMAT": "HH24:MI:SS",
    "TRANSACTION_ABORT_ON_ERROR": False,
    "UNSUPPORTED_DDL_ACTION": "IGNORE",
    "WEEK_OF_YEAR_POLICY": 0,
    "WEEK_START": 0,
}
"""What every session says: the defaults of an account, and UTC."""

# A procedure is called in a transaction or in none, which it cannot change; its task has said it.
_IN_A_PROCEDURE = {name: value for name, value in OF_SESSIONS.items() if name not in OF_TASKS}


def settle(session: "Session") -> None:
    """Set them in a session that Snowflake has begun for us: that of a task's step, or of an ML Job."""
    session.sql(statement(_IN_A_PROCEDURE)).collect()


def statement(values: Mapping[str, Value]) -> str:
    """Return the statement that sets these."""
    return f"ALTER SESSION SET {', '.join(f'{name} = {text(value)}' for name, value in values.items())}"


def text(value: Value) -> str:
    """Return a value as SQL has it."""
    return f"'{value}'" if isinstance(value, str) else str(value).upper()
