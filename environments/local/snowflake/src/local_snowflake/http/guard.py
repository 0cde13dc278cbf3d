"""Who may speak to the server: clients of this machine. A page of another site, open in a browser here, may not.

A browser sends a page's requests from this machine too. Their Host names the site that was resolved to 127.0.0.1 (DNS
rebinding), or their Origin the site that the page is from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from . import answers

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_THIS_MACHINE = {"127.0.0.1", "localhost", "::1"}


class Guard:
    """Refuses what comes from elsewhere, before anything of it is read.

    Args:
        app: the application that answers the rest.

    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: 403 for one from elsewhere."""
        if scope["type"] == "http" and (stranger := _stranger(scope["headers"])):
            text = f"The local Snowflake answers this machine only (127.0.0.1, localhost, [::1]), not {stranger!r}."
            await answers.written({"success": False, "code": "403", "message": text, "data": None}, 403)(
                scope, receive, send
            )
            return
        await self._app(scope, receive, send)


def _stranger(headers: list[tuple[bytes, bytes]]) -> str:
    """The host or origin that is not this machine; "" when there is none."""
    for name, value in headers:
        if name in {b"host", b"origin"}:
            text = value.decode("latin-1")
            if _host(text if name == b"origin" else f"//{text}") not in _THIS_MACHINE:
                return text
    return ""


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
