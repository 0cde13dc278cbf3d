"""Signing in and keeping a session: https://docs.snowflake.com/en/user-guide/session-policies."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from ..kernel.errors import SnowflakeError
from ..kernel.names import Name, fold
from ..kernel.tokens import Tokens
from ..objects.parameters import sign_in, told
from ..objects.signing_in import authenticate
from . import answers
from .shapes import Open, Required, check

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ..kernel.account import Account
    from ..kernel.session import Session

_SESSION_SECONDS, _MASTER_SECONDS = 3600, 14400


# Clients say more of themselves than is asked for.
_TEXTS = ("LOGIN_NAME", "PASSWORD", "AUTHENTICATOR", "TOKEN", "PROVIDER")
_SIGN_IN = Open({"data": Required(Open({**dict.fromkeys(_TEXTS, str), "SESSION_PARAMETERS": dict}))})


async def _login(request: Request) -> Response:
    data, query = check(await answers.body(request), _SIGN_IN)["data"], request.query_params
    try:
        account = answers.account(request)
        account.end_idle()
        session = await run_in_threadpool(authenticate, account, data, fold(query.get("roleName", "")))
        sign_in(session, data.get("SESSION_PARAMETERS") or {})
        _stand(session, {k: fold(v) for k, v in query.items()})
    except SnowflakeError as error:
        return answers.failure(error)
    return answers.success(_opened(account, session))


def _stand(session: Session, wanted: dict[str, str]) -> None:
    """Where the session starts; like Snowflake, sign-in does not fail over a missing database or warehouse."""
    user = session.account.catalogue.find("USER", Name("", "", session.user))
    defaults = user.properties if user else {}
    warehouse = wanted.get("warehouse") or defaults.get("default_warehouse")
    database, schema = _namespace(defaults.get("default_namespace") or "")
    if wanted.get("databaseName"):
        database, schema = wanted["databaseName"], None
    with suppress(SnowflakeError):
        if database:
            session.use_schema(database, wanted.get("schemaName") or schema)
    with suppress(SnowflakeError):
        if warehouse:
            session.use_warehouse(warehouse)


def _namespace(written: str) -> tuple[str | None, str | None]:
    """DEFAULT_NAMESPACE: a database, or a schema in it."""
    parts = Tokens(written).name() if written else ()
    return (parts[0], parts[1]) if len(parts) == _BOTH else (parts[0] if len(parts) == 1 else None, None)


_BOTH = 2


def _opened(account: Account, session: Session) -> dict[str, Any]:
    token, master = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    account.sessions[token] = session
    account.masters[master] = session
    return {
        "token": token,
        "masterToken": master,
        "validityInSeconds": _SESSION_SECONDS,
        "masterValidityInSeconds": _MASTER_SECONDS,
        "displayUserName": session.user,
        "serverVersion": "10.0.0",
        "firstLogin": False,
        "sessionId": session.id,
        "parameters": told(session),
        "sessionInfo": {
            "databaseName": session.database,
            "schemaName": session.schema,
            "warehouseName": session.warehouse,
            "roleName": session.role,
        },
    }


async def _renew(request: Request) -> Response:
    account = answers.account(request)
    session = account.masters.get(answers.token(request))
    if session is None:
        return answers.failure(SnowflakeError("Authentication token has expired.", "390114", "08001"))
    opened = _opened(account, session)
    renewed = {
        "sessionToken": opened["token"],
        "masterToken": opened["masterToken"],
        "validityInSecondsST": _SESSION_SECONDS,
        "validityInSecondsMT": _MASTER_SECONDS,
        "sessionId": session.id,
    }
    return answers.success(renewed)


async def _session(request: Request) -> Response:
    account = answers.account(request)
    if request.query_params.get("delete"):
        account.end(answers.token(request))
    return answers.success()


async def _heartbeat(request: Request) -> Response:
    try:
        answers.session(request)
    except SnowflakeError as error:
        return answers.failure(error)
    return answers.success()


async def _telemetry(_: Request) -> Response:
    return answers.success()


routes = [
    Route("/session/v1/login-request", _login, methods=["POST"]),
    Route("/session/token-request", _renew, methods=["POST"]),
    Route("/session/heartbeat", _heartbeat, methods=["POST"]),
    Route("/session", _session, methods=["POST"]),
    Route("/telemetry/send", _telemetry, methods=["POST"]),
]
