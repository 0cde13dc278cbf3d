"""Files of stages, for GET: the client downloads them from addresses that the statement's answer names."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from starlette.responses import FileResponse, Response
from starlette.routing import Route

from . import answers

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

    from ..account import Account


def publish(account: Account, path: Path) -> str:
    """An address under which this file, and no other, can be read until the server stops."""
    key = secrets.token_urlsafe(16)
    account.downloads[key] = path
    return f"{account.address}/files/{key}"


async def _file(request: Request) -> Response:
    path = answers.account(request).downloads.get(request.path_params["key"])
    if path is None or not path.is_file():
        return Response("no such file", status_code=404)
    return FileResponse(path)


routes = [Route("/files/{key}", _file, methods=["GET", "HEAD"])]
