"""How the account words its answers: the envelope of success and of failure."""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING, Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ..kernel.errors import SnowflakeError
from .shapes import bad_request

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..kernel.account import Account
    from ..kernel.session import Session

SESSION_GONE = SnowflakeError("Session no longer exists.  New login required to access the service.", "390111", "08001")


# A request's body may be so long, unpacked: a statement, and its bindings.
_MOST_BYTES = 256 * 1024 * 1024
# Shorter ones are read at once. What is packed may unpack to a thousand times as much.
_SHORT, _SHORT_PACKED = 10_000, 1_000
_WITH_GZIP_HEADER = 16 + zlib.MAX_WBITS


async def body(request: Request) -> dict[str, Any]:
    """The request's JSON object; the connector gzips it. A long one is unpacked while other requests go on.

    Raises:
        SnowflakeError: 390400 when it is no JSON object, or longer than the server takes.

    """
    raw, packed = await _received(request), request.headers.get("content-encoding") == "gzip"
    short = len(raw) < (_SHORT_PACKED if packed else _SHORT)
    return _read(raw, packed) if short else await run_in_threadpool(_read, raw, packed)


async def _received(request: Request) -> bytes:
    """The bytes that were sent; when they are too many, the rest of them is not waited for."""
    pieces, length = [], 0
    async for piece in request.stream():
        pieces.append(piece)
        length += len(piece)
        if length > _MOST_BYTES:
            raise bad_request(f"it has more than {_MOST_BYTES} bytes")
    return b"".join(pieces)


def _read(raw: bytes, packed: bool) -> dict[str, Any]:  # noqa: FBT001 - as run_in_threadpool calls it
    try:
        if packed:
            unpacking = zlib.decompressobj(_WITH_GZIP_HEADER)
            raw = unpacking.decompress(raw, _MOST_BYTES)
            if unpacking.unconsumed_tail:
                raise bad_request(f"it has more than {_MOST_BYTES} bytes, unpacked")
        found = orjson.loads(raw) if raw else {}
    except (zlib.error, orjson.JSONDecodeError) as error:
        raise bad_request(str(error)) from error
    if not isinstance(found, dict):
        raise bad_request("it is no JSON object")
    return found


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
    found.heard = time.monotonic()
    if recorder := account(request).recorder:
        recorder.route(found.parameters["QUERY_TAG"], request.method, _route(request))
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
