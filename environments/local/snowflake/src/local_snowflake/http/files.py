"""Files of stages on their way: clients fetch and send them at addresses that the answer to GET or PUT names."""

from __future__ import annotations

import filecmp
import mimetypes
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from ..kernel.errors import SnowflakeError
from . import answers

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..kernel.account import Account

# Addresses that are remembered; a client uses its own within seconds.
_KEPT = 20_000


@dataclass(frozen=True)
class Upload:
    """A file that a client may send.

    Attributes:
        folder: where it goes.
        name: what it is called at the client.
        compressible: whether the client compresses it unless it looks compressed; the name then gets `.gz`.
        overwrite: whether it may replace another one.

    """

    folder: Path
    name: str
    compressible: bool
    overwrite: bool

    def target(self, encoding: str) -> Path:
        """Where the file goes, given the Content-Encoding with which it was sent.

        The client names an encoding that it recognised in the file's content, and none for one that it added.
        """
        compressed = self.compressible and not encoding and not mimetypes.guess_type(self.name)[1]
        return self.folder / (self.name + ".gz" if compressed else self.name)


def publish(account: Account, path: Path) -> str:
    """An address under which this file, and no other, can be read until the server stops."""
    return f"{account.address}/files/{_remember(account.downloads, path)}"


def receive(account: Account, upload: Upload) -> str:
    """An address to which this file, and no other, can be sent until the server stops."""
    return f"{account.address}/files/{_remember(account.uploads, upload)}"


def _remember(known: dict[str, Any], value: Any) -> str:
    key = secrets.token_urlsafe(16)
    known[key] = value
    while len(known) > _KEPT:
        known.pop(next(iter(known)))
    return key


async def _read(request: Request) -> Response:
    path = answers.account(request).downloads.get(request.path_params["key"])
    if path is None or not path.is_file():
        return Response("no such file", status_code=404)
    return FileResponse(path)


async def _write(request: Request) -> Response:
    account = answers.account(request)
    upload = account.uploads.get(request.path_params["key"])
    if upload is None:
        return Response("no such upload", status_code=404)
    target = upload.target(request.headers.get("content-encoding", ""))
    incoming = account.folder("temporary", "incoming") / secrets.token_hex(16)
    try:
        with incoming.open("wb") as file:
            async for chunk in request.stream():
                file.write(chunk)
    except ClientDisconnect:
        incoming.unlink()
        return Response("the upload was cut", status_code=400)
    try:
        return await run_in_threadpool(_place, incoming, target, overwrite=upload.overwrite)
    except SnowflakeError as error:
        return Response(error.message, status_code=409)


def _place(incoming: Path, target: Path, *, overwrite: bool) -> Response:
    # Imported late: the stages' package itself needs the addresses of this module.
    from ..stages.locations import place

    same = target.is_file() and filecmp.cmp(incoming, target, shallow=False)
    if place(incoming, target, overwrite=overwrite) or same:
        return Response()
    return Response(f"{target.name} is staged already, with another content", status_code=409)


routes = [
    Route("/files/{key}", _read, methods=["GET", "HEAD"]),
    Route("/files/{key}", _write, methods=["PUT"]),
]
