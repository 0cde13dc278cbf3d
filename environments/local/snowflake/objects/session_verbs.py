"""USE, SET, ALTER SESSION: what changes a session; and COMMENT ON."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .. import statements, syntax
from ..blocks import split
from ..errors import SnowflakeError, invalid, unsupported
from ..kinds import Kind, Show
from ..registry import kinds
from ..result import ALTER_SESSION, EXECUTED, USE, Result, rows, status
from ..tokens import Tokens
from . import account_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..catalogue import Object
    from ..session import Session

# Session parameters that the local account knows, with their defaults.
PARAMETERS: dict[str, Any] = {
    "ABORT_DETACHED_QUERY": False,
    "AUTOCOMMIT": True,
    "BINARY_INPUT_FORMAT": "HEX",
    "BINARY_OUTPUT_FORMAT": "HEX",
    "CLIENT_RESULT_CHUNK_SIZE": 160,
    "CLIENT_SESSION_KEEP_ALIVE": False,
    "CLIENT_TELEMETRY_ENABLED": False,
    "DATE_INPUT_FORMAT": "AUTO",
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "DEFAULT_NULL_ORDERING": "LAST",
    "ENABLE_STAGE_MOUNT_V2": False,
    "ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION": True,
    "ERROR_ON_NONDETERMINISTIC_MERGE": True,
    "EVENT_TABLE": "snowflake.telemetry.events",
    "LOCK_TIMEOUT": 43200,
    "LOG_LEVEL": "OFF",
    "METRIC_LEVEL": "NONE",
    "MULTI_STATEMENT_COUNT": 1,
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "ARROW",
    "PYTHON_SNOWPARK_ENABLE_THREAD_SAFE_SESSION": True,
    "PYTHON_SNOWPARK_USE_SCOPED_TEMP_OBJECTS": True,
    "QUERY_TAG": "",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    "ROWS_PER_RESULTSET": 0,
    "SEARCH_PATH": "$current, $public",
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": 0,
    "STATEMENT_TIMEOUT_IN_SECONDS": 172800,
    "STRICT_JSON_OUTPUT": False,
    "TIMESTAMP_DAY_IS_ALWAYS_24H": False,
    "TIMESTAMP_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3",
    "TIMESTAMP_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "TIMESTAMP_TZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "TIMEZONE": "UTC",
    "TIME_INPUT_FORMAT": "AUTO",
    "TIME_OUTPUT_FORMAT": "HH24:MI:SS",
    "TRACE_LEVEL": "OFF",
    "TRANSACTION_ABORT_ON_ERROR": False,
    "UNSUPPORTED_DDL_ACTION": "IGNORE",
    "USE_CACHED_RESULT": True,
    "WEEK_OF_YEAR_POLICY": 0,
    "WEEK_START": 0,
}
# What would change results in a way that the local account does not follow stays at its default.
_FIXED = {
    "BINARY_INPUT_FORMAT",
    "BINARY_OUTPUT_FORMAT",
    "DATE_INPUT_FORMAT",
    "DATE_OUTPUT_FORMAT",
    "DEFAULT_NULL_ORDERING",
    "ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION",
    "QUOTED_IDENTIFIERS_IGNORE_CASE",
    "ROWS_PER_RESULTSET",
    "SEARCH_PATH",
    "STRICT_JSON_OUTPUT",
    "TIMESTAMP_DAY_IS_ALWAYS_24H",
    "TIMESTAMP_INPUT_FORMAT",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT",
    "TIMESTAMP_OUTPUT_FORMAT",
    "TIMESTAMP_TYPE_MAPPING",
    "TIMESTAMP_TZ_OUTPUT_FORMAT",
    "TIMEZONE",
    "TIME_INPUT_FORMAT",
    "TIME_OUTPUT_FORMAT",
    "TRANSACTION_ABORT_ON_ERROR",
    "UNSUPPORTED_DDL_ACTION",
    "WEEK_OF_YEAR_POLICY",
    "WEEK_START",
}

# Texts that have a limit, in characters: https://docs.snowflake.com/en/sql-reference/parameters#query-tag
_LONGEST = {"QUERY_TAG": 2000}
# Whole numbers: how many digits any of them may have, and the largest value of those whose page says one.
_DIGITS, _MOST = 9, {"STATEMENT_TIMEOUT_IN_SECONDS": 604_800, "WEEK_START": 7}
_SHOWN = 100  # characters of a wrong value


def _use(session: Session, tokens: Tokens) -> Result:
    kind = tokens.accept_any("ROLE", "WAREHOUSE", "DATABASE", "SCHEMA", "SECONDARY")
    if kind == "SECONDARY":
        return _use_secondary(session, tokens)
    parts = tokens.name()
    tokens.end()
    _USES.get(kind or "DATABASE", _use_container)(session, parts, kind)
    return status(EXECUTED, USE)


def _use_secondary(session: Session, tokens: Tokens) -> Result:
    tokens.expect("ROLES")
    which = tokens.accept_any("ALL", "NONE")
    if which is None:
        raise unsupported(tokens.text)
    session.secondary = which == "ALL"
    return status(EXECUTED, USE)


def _use_container(session: Session, parts: tuple[str, ...], kind: str | None) -> None:
    if kind == "SCHEMA" and len(parts) == 1:
        if not session.database:
            text = "Cannot perform USE SCHEMA. This session does not have a current database."
            raise SnowflakeError(text + " Call 'USE DATABASE', or use a qualified name.", "090105", "22000")
        session.use_schema(session.database, parts[0])
    else:
        session.use_schema(parts[0], parts[1] if len(parts) > 1 else None)


_USES = {
    "ROLE": lambda session, parts, _: session.use_role(parts[0]),
    "WAREHOUSE": lambda session, parts, _: session.use_warehouse(parts[0]),
}


def _set(session: Session, tokens: Tokens) -> Result:
    if tokens.accept("("):
        raise unsupported(tokens.text)
    name = tokens.identifier()
    tokens.expect("=")
    # Evaluated as a query, so that SET x = (SELECT MAX(a) FROM t) and expressions work.
    answer = statements.statement(session, f"SELECT {tokens.rest}")
    session.variables[name] = _as_literal(answer.rows.column(0)[0].as_py())
    return status(EXECUTED, ALTER_SESSION)


def _as_literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value).upper()
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


def _unset(session: Session, tokens: Tokens) -> Result:
    session.variables.pop(tokens.identifier(), None)
    tokens.end()
    return status(EXECUTED, ALTER_SESSION)


def _alter_session(session: Session, tokens: Tokens) -> Result:
    if tokens.accept("UNSET"):
        while not tokens.done:
            session.parameters.pop(_known(tokens.identifier()), None)
            tokens.accept(",")
    else:
        tokens.expect("SET")
        set_parameters(session, tokens.options())
    return status(EXECUTED, ALTER_SESSION)


def set_parameters(session: Session, given: dict[str, Any]) -> None:
    """Set session parameters.

    Raises:
        SnowflakeError: 001423 for an unknown one; 000002 for a value that the local account does not follow.

    """
    for key, value in given.items():
        session.parameters[_known(key.upper())] = parameter(key.upper(), value)


def parameter(name: str, value: Any) -> Any:
    """The value of a session parameter, typed.

    Raises:
        SnowflakeError: 001423 for an unknown one, 001008 for a value that it does not take, 000002 for one that the
            local account does not follow.

    """
    default = PARAMETERS[_known(name)]
    typed = _typed(name, value, default)
    if name in _FIXED and typed != default and str(typed).upper() not in {"UTC", "ETC/UTC"}:
        raise unsupported(f"ALTER SESSION SET {name} = {value}: the local Snowflake keeps {default}")
    return typed


def _known(name: str) -> str:
    if name not in PARAMETERS:
        raise SnowflakeError(f"SQL compilation error:\ninvalid parameter '{name}'", "001423", "22023")
    return name


def _is_within(name: str, text: str) -> bool:
    return text.isdigit() and len(text) <= _DIGITS and int(text) <= _MOST.get(name, int(text))


def _typed(name: str, value: Any, default: Any) -> Any:
    text = str(value).strip()
    if isinstance(default, bool) and text.upper() in {"TRUE", "FALSE"}:
        return text.upper() == "TRUE"
    if isinstance(default, int) and not isinstance(default, bool) and _is_within(name, text):
        return int(text)
    if isinstance(default, str) and len(text) <= _LONGEST.get(name, len(text)):
        return str(value)
    raise invalid(f"invalid value [{text[:_SHOWN]}] for parameter '{name}'")


class Parameter(Kind):
    """SHOW PARAMETERS."""

    word, plural, scope = "PARAMETER", "PARAMETERS", "account"
    filters = ("IN ACCOUNT",)
    about = MappingProxyType({"TASK": "TASK", "USER": "USER", "SCHEMA": "SCHEMA", "DATABASE": "DATABASE"})

    def show(self, session: Session, show: Show) -> Result:
        """The session's parameters, or those of the object asked about, one a row."""
        columns = ["key", "value", "default", "level", "description", "type"]
        listed = _parameters(session, show.about) + (_of_account(session) if show.extra else [])
        found = [row for row in listed if show.admits(row["key"])]
        return rows(columns, found[: show.limit])


def _parameters(session: Session, thing: Object | None) -> list[dict[str, Any]]:
    if thing is None:
        return [_parameter(key, default, session.parameters, "SESSION") for key, default in PARAMETERS.items()]
    kind = kinds()[thing.kind]
    given = kind.given_parameters(thing)
    return [_parameter(key, default, given, thing.kind) for key, default in kind.parameters.items()]


def _of_account(session: Session) -> list[dict[str, Any]]:
    set_ = {name: session.account.parameters.get(name) for name in account_parameters.KNOWN}
    given = {name: value for name, value in set_.items() if value is not None}
    return [_parameter(name, "", given, "ACCOUNT") for name in account_parameters.KNOWN]


def _parameter(key: str, default: Any, given: Mapping[str, Any], level: str) -> dict[str, Any]:
    kind = "BOOLEAN" if isinstance(default, bool) else "NUMBER" if isinstance(default, int) else "STRING"
    shown = [str(v).lower() if kind == "BOOLEAN" else str(v) for v in (given.get(key, default), default)]
    where = level if key in given else ""
    return {"key": key, "value": shown[0], "default": shown[1], "level": where, "description": "", "type": kind}


class Variable(Kind):
    """SHOW VARIABLES."""

    word, plural, scope = "VARIABLE", "VARIABLES", "account"

    def show(self, session: Session, show: Show) -> Result:
        """The session's variables, one a row."""
        found = [{"name": n, "value": Tokens(v).value()} for n, v in session.variables.items() if show.admits(n)]
        return rows(["name", "value"], found)


def _comment(session: Session, tokens: Tokens) -> Result:
    exists = tokens.accept("IF", "EXISTS")
    tokens.expect("ON")
    words = next(w for w in (2, 1) if " ".join(tokens.peek(i).upper for i in range(w)) in kinds() or w == 1)
    kind = kinds().get(" ".join(tokens.take().upper for _ in range(words)))
    if kind is None:
        raise unsupported(tokens.text)
    name = kind.read_name(session, tokens)
    tokens.expect("IS")
    text = tokens.value()
    if exists and session.find(kind.word, name) is None:
        return status(EXECUTED)
    return kind.change(session, name, lambda o: replace(o, comment=text))


def _execute_immediate(session: Session, tokens: Tokens) -> Result:
    if tokens.peek().kind == "variable":
        text = Tokens(session.variables.get(tokens.take().text[1:].upper(), "''")).value()
    else:
        text = tokens.value()
    bindings: list[Any] = []
    if tokens.accept("USING"):
        raise unsupported(tokens.text)
    for statement in split(text):
        syntax.check_immediate(statement)
    return statements.run(session, text, bindings)


VERBS = {
    "USE": _use,
    "SET": _set,
    "UNSET": _unset,
    "ALTER SESSION": _alter_session,
    "COMMENT": _comment,
    "EXECUTE IMMEDIATE": _execute_immediate,
}
KINDS = (Parameter(), Variable())
