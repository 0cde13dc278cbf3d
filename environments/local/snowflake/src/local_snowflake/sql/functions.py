"""Functions of constants: CURRENT_ROLE() and the like, and general SYSTEM$ functions."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from ..kernel.errors import invalid, unsupported
from ..kernel.executions import go_on

if TYPE_CHECKING:
    from ..kernel.session import Session

VERSION = "10.0.0"
_REGION = "LOCAL"


def _last_query_id(session: Session, arguments: list[Any]) -> str | None:
    """LAST_QUERY_ID([n]): -1 is the newest, 1 the session's first."""
    past = session.past_queries
    number = int(arguments[0]) if arguments else -1
    index = number if number < 0 else number - 1
    return past[index] if -len(past) <= index < len(past) else None


def _current_schemas(session: Session, _: list[Any]) -> str:
    here = f"{session.database}.{session.schema}" if session.schema else ""
    return json.dumps([here] if here else [])


def _secondary_roles(session: Session, _: list[Any]) -> str:
    others = sorted(session.roles - {session.role, "PUBLIC"})
    return json.dumps(
        {"roles": ",".join(others) if session.secondary else "", "value": "ALL" if session.secondary else ""}
    )


def _available_roles(session: Session, _: list[Any]) -> str:
    access = session.account.access
    return json.dumps(sorted(access.effective(access.roles_of(session.user))))


def _is_role_in_session(session: Session, arguments: list[Any]) -> bool:
    return str(arguments[0]) in session.account.access.effective(session.roles)


def _current_transaction(session: Session, _: list[Any]) -> str | None:
    """The id of the open transaction, which may be the caller's."""
    inner: Session | None = session
    while inner and not inner.in_transaction:
        inner = inner.caller if inner.enclosed else None
    return str(inner.transaction) if inner else None


def _last_transaction(_: Session, __: list[Any]) -> None:
    # Each statement by itself is a transaction there, too.
    raise unsupported("LAST_TRANSACTION")


def _wait(session: Session, arguments: list[Any]) -> str:
    """SYSTEM$WAIT(amount [, unit]); a cancelled query wakes up."""
    unit = str(arguments[1]).upper() if len(arguments) > 1 else "SECONDS"
    if unit not in _SECONDS:
        raise invalid(f"Invalid time unit '{unit}' for SYSTEM$WAIT")
    until = time.monotonic() + float(arguments[0]) * _SECONDS[unit]
    running = session.running
    while (left := until - time.monotonic()) > 0:
        go_on(running)
        time.sleep(min(left, _POLL_SECONDS))
    return f"waited {int(arguments[0])} {unit.lower()}"


_POLL_SECONDS = 0.05
_SECONDS = {
    "DAYS": 86400,
    "HOURS": 3600,
    "MINUTES": 60,
    "SECONDS": 1,
    "MILLISECONDS": 1e-3,
    "MICROSECONDS": 1e-6,
    "NANOSECONDS": 1e-9,
}


FUNCTIONS = {
    "CURRENT_ACCOUNT": lambda _, __: "LOCAL",
    "CURRENT_ACCOUNT_NAME": lambda _, __: "LOCAL",
    "CURRENT_AVAILABLE_ROLES": _available_roles,
    "CURRENT_CLIENT": lambda session, _: session.client,
    "CURRENT_DATABASE": lambda session, _: session.database,
    "CURRENT_IP_ADDRESS": lambda _, __: "127.0.0.1",
    "CURRENT_ORGANIZATION_NAME": lambda _, __: "LOCAL",
    "CURRENT_REGION": lambda _, __: _REGION,
    "CURRENT_ROLE": lambda session, _: session.role,
    "CURRENT_ROLE_TYPE": lambda _, __: "ROLE",
    "CURRENT_SCHEMA": lambda session, _: session.schema,
    "CURRENT_SCHEMAS": _current_schemas,
    "CURRENT_SECONDARY_ROLES": _secondary_roles,
    "CURRENT_SESSION": lambda session, _: str(session.id),
    "CURRENT_STATEMENT": lambda session, _: session.account.executions.of(session)[-1].text,
    "CURRENT_TRANSACTION": _current_transaction,
    "CURRENT_USER": lambda session, _: session.user,
    "CURRENT_VERSION": lambda _, __: VERSION,
    "CURRENT_WAREHOUSE": lambda session, _: session.warehouse,
    "INVOKER_ROLE": lambda session, _: session.role,
    "IS_ROLE_IN_SESSION": _is_role_in_session,
    "LAST_QUERY_ID": _last_query_id,
    "LAST_TRANSACTION": _last_transaction,
    "SYSTEM$ALLOWLIST": lambda _, __: "[]",
    "SYSTEM$ARE_ANACONDA_TERMS_ACKNOWLEDGED": lambda _, __: True,
    "SYSTEM$BOOTSTRAP_DATA_REQUEST": lambda _, __: "{}",
    "SYSTEM$CLIENT_VERSION_INFO": lambda _, __: "[]",
    "SYSTEM$ML_PLATFORM_CAPABILITIES": lambda _, __: "{}",
    "SYSTEM$WAIT": _wait,
}
