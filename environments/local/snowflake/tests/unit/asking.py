"""A request to the HTTP application, in this process."""

import asyncio
import json
from typing import Any

from local_snowflake.http.server import application
from local_snowflake.kernel.account import Account


def ask(
    account: Account, method: str, path: str, body: bytes | None = b"", token: str = "", encoding: str = ""
) -> tuple[int, Any]:
    """The status and the JSON of the answer.

    Args:
        account: the account to ask.
        method: of HTTP.
        path: with a query, if there is one.
        body: None hangs up before it is sent.
        token: a session's.
        encoding: how the body is packed.

    """
    path, _, query = path.partition("?")
    headers = [(b"host", b"localhost"), (b"authorization", f'Snowflake Token="{token}"'.encode())]
    headers += [(b"content-encoding", encoding.encode())] if encoding else []
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "root_path": "",
    }
    sent: list[dict[str, Any]] = []
    pieces = [{"type": "http.request", "body": body, "more_body": False}] if body is not None else []

    async def receive() -> dict[str, Any]:
        return pieces.pop() if pieces else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(application(account)(scope, receive, send))
    answer = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(answer) if answer[:1] in {b"{", b"["} else None
