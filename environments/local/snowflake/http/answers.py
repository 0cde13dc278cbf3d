"""How the account words its answers: the envelope of success and of failure."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

from ..errors import SnowflakeError

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..account import Account
    from ..session import Session

SESSION_GONE = SnowflakeError("Session no longer exists.  New login required to access the service.", "390111", "08001")


async def body(request: Request) -> dict[str, Any]:
    """The request's JSON; the connector gzips it."""
    raw = await request.body()
    if request.headers.get("content-encoding") == "gzip":
        raw = gzip.decompress(raw)
    return orjson.loads(raw) if raw else {}


def account(request: Request) -> Account:
    """The account that the server answers for."""
    return request.app.state.account


def token(request: Request) -> str:
    """The session token: `Snowflake Token="..."` from the connector, `Bearer ...` from others."""
    header = request.headers.get("authorization", "")
    return header.split('"')[1] if '"' in header else header.rpartition(" ")[2]


def session(request: Request) -> Session:
    """The session that the request belongs to.

    Raises:
        SnowflakeError: 390111 when there is none (any more).

    """
    found = account(request).sessions.get(token(request))
    if found is None:
        raise SESSION_GONE
    if recorder := account(request).recorder:
        recorder.route(found, request.method, _route(request))
    return found


def _route(request: Request) -> str:
    """The path, with the names of its parameters in place of their values."""
    names = {str(value): f"{{{name}}}" for name, value in request.path_params.items()}
    return "/".join(names.get(part, part) for part in request.url.path.split("/"))


def written(content: Any, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(orjson.dumps(content), status, media_type="application/json")


def success(data: Any = None, code: str | None = None) -> Response:
    """The envelope of success."""
    return written({"data": data, "code": code, "message": None, "success": True})


def failure(error: SnowflakeError, query_id: str = "", status: int = 200) -> Response:
    """The envelope of failure. The session API answers failures with HTTP 200."""
    data = {
        "internalError": error.code == "000603",
        "errorCode": error.code,
        "sqlState": error.sqlstate,
        "queryId": query_id,
        "line": -1,
        "pos": -1,
        "type": "COMPILATION",
    }
    envelope = {"data": data, "code": error.code, "message": error.message, "success": False, "headers": None}
    return written(envelope, status)
