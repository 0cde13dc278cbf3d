"""The clauses of CREATE TASK and ALTER TASK ... SET: what there are, and which values they take.

Each reader takes the text that was written and returns what the catalogue keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ..kernel.errors import SnowflakeError, does_not_exist, invalid
from ..kernel.names import Name
from ..kernel.parameters.table import can_set, known
from ..kernel.tokens import Tokens
from . import condition, config, schedule, task_errors
from .spec import ALL_OVERLAP, CHILD_OVERLAP, NO_OVERLAP

if TYPE_CHECKING:
    from ..kernel.session import Session

_SIZES = ("XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE", "XXLARGE")
_SHORTEST, _LONGEST = timedelta(seconds=10), timedelta(days=1)  # TARGET_COMPLETION_INTERVAL
_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "OFF")


def _number(least: int, most: int) -> Callable[[str, str], int]:
    def read(key: str, written: str) -> int:
        if not written.isdigit() or not least <= int(written) <= most:
            raise _invalid(key, written)
        return int(written)

    return read


def _choice(*options: str) -> Callable[[str, str], str]:
    def read(key: str, written: str) -> str:
        plain = written.upper().replace("-", "")
        if plain not in options:
            raise _invalid(key, written)
        return plain

    return read


def _schedule(_: str, written: str) -> str:
    schedule.parse(written)
    return " ".join(written.split())


def _duration(key: str, written: str) -> str:
    if not _SHORTEST <= schedule.duration(written) <= _LONGEST:
        raise _invalid(key, written)
    return " ".join(written.split())


def _config(_: str, written: str) -> str:
    config.parse(written)
    return written


def _overlapping(key: str, written: str) -> str:
    if written.upper() not in {"TRUE", "FALSE"}:
        raise _invalid(key, written)
    return CHILD_OVERLAP if written.upper() == "TRUE" else NO_OVERLAP


_READERS: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "SCHEDULE": ("schedule", _schedule),
    "CONFIG": ("config", _config),
    "OVERLAP_POLICY": ("overlap_policy", _choice(NO_OVERLAP, CHILD_OVERLAP, ALL_OVERLAP)),
    "ALLOW_OVERLAPPING_EXECUTION": ("overlap_policy", _overlapping),
    "TARGET_COMPLETION_INTERVAL": ("target_completion_interval", _duration),
}
_NAMES = {
    "WAREHOUSE": "warehouse",
    "FINALIZE": "finalizes",
    "ERROR_INTEGRATION": "error_integration",
    "SUCCESS_INTEGRATION": "success_integration",
}
_PARAMETERS: dict[str, Callable[[str, str], Any]] = {
    "USER_TASK_TIMEOUT_MS": _number(0, 604_800_000),
    "SUSPEND_TASK_AFTER_NUM_FAILURES": _number(0, 2**31),
    "TASK_AUTO_RETRY_ATTEMPTS": _number(0, 30),
    "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS": _number(10, 604_800),
    "USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE": _choice(*_SIZES),
    "SERVERLESS_TASK_MIN_STATEMENT_SIZE": _choice(*_SIZES),
    "SERVERLESS_TASK_MAX_STATEMENT_SIZE": _choice(*_SIZES),
    "LOG_LEVEL": _choice(*_LEVELS),
}
# What CREATE TASK and ALTER TASK have, and CREATE OR ALTER TASK has not.
# https://docs.snowflake.com/en/sql-reference/sql/create-task
_NOT_OR_ALTERED = (
    "SERVERLESS_TASK_MIN_STATEMENT_SIZE", "SERVERLESS_TASK_MAX_STATEMENT_SIZE",
    "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS", "LOG_LEVEL",
)  # fmt: skip
SERVERLESS = tuple(name for name in _PARAMETERS if "SERVERLESS" in name or "MANAGED" in name)
# The property that an option is kept under, and its value when nothing is set.
ABSENT: dict[str, Any] = {
    "warehouse": None,
    "schedule": None,
    "config": None,
    "condition": None,
    "after": [],
    "finalizes": None,
    "overlap_policy": NO_OVERLAP,
    "error_integration": None,
    "success_integration": None,
    "target_completion_interval": None,
    "parameters": {},
}


@dataclass(frozen=True)
class Changes:
    """What options ask for: properties of the task, and its comment (None: not mentioned)."""

    properties: dict[str, Any]
    comment: str | None = None

    def over(self, properties: dict[str, Any]) -> dict[str, Any]:
        """The properties with the changes made; parameters are changed one by one."""
        parameters = {**properties["parameters"], **self.properties.get("parameters", {})}
        return {**properties, **self.properties, "parameters": parameters}


def check_or_alter(properties: dict[str, Any]) -> None:
    """What CREATE OR ALTER TASK says.

    Raises:
        SnowflakeError: 001420 for an option that its page does not have.

    """
    given = [name for name in _NOT_OR_ALTERED if name in properties["parameters"]]
    if properties["target_completion_interval"] is not None:
        given.append("TARGET_COMPLETION_INTERVAL")
    if given:
        raise invalid(f"invalid property '{given[0]}' for 'TASK' in CREATE OR ALTER.", "001420")


def read(session: Session, tokens: Tokens, *stops: str) -> Changes:
    """`KEY = value` options up to a stop word or the end.

    Raises:
        SnowflakeError: 001420 for an unknown option, 001008 for a value that it does not take.

    """
    given: dict[str, str] = {}
    while not tokens.done and tokens.peek().upper not in stops:
        tokens.accept(",")
        key = tokens.take().upper
        if key in given:
            raise invalid(f"duplicate property '{key}'")
        tokens.expect("=")
        given[key] = value_of(tokens)
    return changes(session, given)


def value_of(tokens: Tokens) -> str:
    """The value of an option: a name, which may be qualified, with its quotes; a literal's value."""
    if tokens.peek().kind not in {"word", "quoted"}:
        return tokens.value()
    parts = [tokens.take().text]
    while tokens.accept("."):
        parts.append(tokens.take().text)
    return ".".join(parts)


def changes(session: Session, given: dict[str, str]) -> Changes:
    """The changes that options by upper-case name ask for; as `read`."""
    properties: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    for key, written in given.items():
        if key == "WAREHOUSE":
            properties["warehouse"] = warehouse(session, written)
        elif key == "FINALIZE":
            properties["finalizes"] = in_schema(session, written)
        elif key in _NAMES:
            properties[_NAMES[key]] = task_errors.read(session, key, written)
        elif key in _READERS:
            name, reader = _READERS[key]
            properties[name] = reader(key, written)
        elif key != "COMMENT":
            parameters[key] = _parameter(key, written)
    if parameters:
        properties["parameters"] = parameters
    return Changes(properties, given.get("COMMENT"))


def in_schema(session: Session, written: str) -> Name:
    """The full name of another task, from a text such as `"my root"` or `DB.S.ROOT`."""
    return session.qualify(Tokens(written).name())


def warehouse(session: Session, written: str) -> str:
    """A warehouse that the session may use.

    Raises:
        SnowflakeError: 002003.

    """
    name = Name("", "", Tokens(written).name()[-1])
    found = session.account.catalogue.find("WAREHOUSE", name)
    if found is None or not session.may("USAGE", found):
        raise does_not_exist("Warehouse", name)
    return name.name


def is_parameter(key: str) -> bool:
    """Whether it is a parameter, of tasks or of sessions."""
    return key in _PARAMETERS or can_set("TASK", key)


def _parameter(key: str, value: str) -> Any:
    if key in _PARAMETERS:
        return _PARAMETERS[key](key, value)
    if not can_set("TASK", key):
        raise _unknown(key)
    typed = known("TASK", key).value("TASK", value)
    if key == "SEARCH_PATH" or (typed is False and key == "AUTOCOMMIT"):
        # https://docs.snowflake.com/en/sql-reference/parameters#autocommit
        raise invalid(f"A task cannot run with {key} = {value}.")
    return typed


def property_of(key: str) -> str | None:
    """The property that an option is kept under; None when it is one of the parameters.

    Raises:
        SnowflakeError: 001420 for an unknown option.

    """
    if key in _READERS:
        return _READERS[key][0]
    if key in _NAMES:
        return _NAMES[key]
    if is_parameter(key):
        return None
    raise _unknown(key)


def check_compute(properties: dict[str, Any]) -> None:
    """A task runs on a warehouse or is serverless.

    Raises:
        SnowflakeError: 091857 or 001008 for options that only a serverless task has, and for a serverless task that
            waits for a stream and does not say how soon it is to be done.

    """
    if properties["warehouse"] is None:
        _check_sizes(properties["parameters"])
        if _waits(properties) and not properties["target_completion_interval"]:
            raise invalid("A serverless triggered task needs a TARGET_COMPLETION_INTERVAL.")
        return
    if properties["target_completion_interval"]:
        raise SnowflakeError("TARGET_COMPLETION_INTERVAL is only allowed for serverless Tasks.", "091857", "42601")
    for name in SERVERLESS:
        if name in properties["parameters"]:
            raise invalid(f"Cannot set {name} on a non-serverless task.")


def _check_sizes(parameters: dict[str, Any]) -> None:
    """The smallest, the first and the largest size are in this order, as far as they are given."""
    order = ("SERVERLESS_TASK_MIN_STATEMENT_SIZE", "USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE", _MAXIMUM)
    given = [_SIZES.index(parameters[key]) for key in order if key in parameters]
    if given != sorted(given):
        raise invalid("The sizes of a serverless task must be in order: minimum, initial, maximum.")


_MAXIMUM = "SERVERLESS_TASK_MAX_STATEMENT_SIZE"


def _waits(properties: dict[str, Any]) -> bool:
    """Whether a stream's data starts the task: https://docs.snowflake.com/en/user-guide/tasks-triggered."""
    elsewhere = properties["schedule"] or properties["after"] or properties["finalizes"]
    return not elsewhere and condition.reads_stream(properties["condition"])


def _unknown(key: str) -> SnowflakeError:
    return SnowflakeError(f"SQL compilation error:\ninvalid property '{key}' for 'TASK'", "001420", "22023")


def _invalid(key: str, written: str) -> SnowflakeError:
    return invalid(f"invalid value [{written}] for parameter '{key}'")
