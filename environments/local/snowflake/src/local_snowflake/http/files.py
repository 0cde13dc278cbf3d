"""Files of stages on their way: clients fetch and send them at addresses that the answer to GET or PUT names."""

from __future__ import annotations

import filecmp
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from ..kernel.errors import SnowflakeError
from ..stages import locations
from ..stages.addresses import Addresses
from . import answers

if TYPE_CHECKING:
    from starlette.requests import Request


async def _read(request: Request) -> Response:
    path = answers.account(request)[Addresses].downloads.get(request.path_params["key"])
    if path is None or not path.is_file():
        return Response("no such file", status_code=404)
    return FileResponse(path)


async def _write(request: Request) -> Response:
    account = answers.account(request)
    upload = account[Addresses].uploads.get(request.path_params["key"])
    if upload is None:
        return Response("no such upload", status_code=404)
    target = upload.target(request.headers.get("content-encoding", ""))
    incoming = account.folder("temporary", "incoming") / secrets.token_hex(16)
    try:
        with incoming.open("wb") as file:
            async for chunk in request.stream():
                file.write(chunk)
        return await run_in_threadpool(_place, incoming, target, overwrite=upload.overwrite)
    except ClientDisconnect:
        return Response("the upload was cut", status_code=400)
    except SnowflakeError as error:
        return Response(error.message, status_code=409)
    except OSError as error:  # clients show a 413 as it is; after a 500 they try again for minutes
        return Response(f"{target.name} cannot be staged: {error.strerror}. Make room, and PUT it again.", 413)
    finally:
        incoming.unlink(missing_ok=True)


def _place(incoming: Path, target: Path, *, overwrite: bool) -> Response:
    same = target.is_file() and filecmp.cmp(incoming, target, shallow=False)
    if locations.place(incoming, target, overwrite=overwrite) or same:
        return Response()
    return Response(f"{target.name} is staged already, with another content", status_code=409)


routes = [
    Route("/files/{key}", _read, methods=["GET", "HEAD"]),
    Route("/files/{key}", _write, methods=["PUT"]),
]
