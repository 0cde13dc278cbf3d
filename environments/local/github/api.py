"""The part of GitHub's REST API that our workflows use: the comments of pull requests, kept in memory.

https://docs.github.com/en/rest/issues/comments
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

BOT = "github-actions[bot]"
_LONGEST_BODY = 65_536
_POLL_SECONDS = 0.02  # how soon it stops
_COMMENTS = re.compile(r"/repos/[^/]+/[^/]+/issues/(\d+)/comments")
_COMMENT = re.compile(r"/repos/[^/]+/[^/]+/issues/comments/(\d+)")


class _RefusedError(Exception):
    """An answer that is an error: its status and its message."""


@dataclass
class Api:
    """A running API. Who has the token writes as the workflows' own bot; everybody else is refused."""

    token: str = "rehearsal"  # noqa: S105 - it opens nothing
    comments: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """What GITHUB_API_URL has to say."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def add(self, number: int, login: str, body: str) -> dict[str, Any]:
        """Write a comment as somebody."""
        one = len(self.comments) + 1
        html_url = f"https://github.com/acme/ml/pull/{number}#issuecomment-{one}"
        comment = {"id": one, "number": number, "user": {"login": login}, "body": body, "html_url": html_url}
        self.comments.append(comment)
        return comment

    def answer(self, method: str, path: str, token: str, values: dict[str, Any]) -> Any:
        """Answer a request. Raises _RefusedError for what GitHub would refuse."""
        self.requests.append(f"{method} {path}")
        if token != f"Bearer {self.token}":
            raise _RefusedError(401, "Bad credentials")
        url = urlsplit(path)
        if method != "GET" and not 0 < len(values.get("body", "")) <= _LONGEST_BODY:
            raise _RefusedError(422, "Validation Failed")
        if found := _COMMENTS.fullmatch(url.path):
            number = int(found[1])
            if method == "POST":
                return self.add(number, BOT, values["body"])
            return self._page(number, parse_qs(url.query))
        if (found := _COMMENT.fullmatch(url.path)) and method == "PATCH":
            return self._update(int(found[1]), values["body"])
        raise _RefusedError(404, "Not Found")

    def _page(self, number: int, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        size, page = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
        return [one for one in self.comments if one["number"] == number][size * (page - 1) : size * page]

    def _update(self, wanted: int, body: str) -> dict[str, Any]:
        for comment in self.comments:
            if comment["id"] == wanted:
                comment["body"] = body
                return comment
        raise _RefusedError(404, "Not Found")


def _handler(api: Api) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            values = json.loads(self.rfile.read(length)) if length else {}
            try:
                status, answer = 200, api.answer(self.command, self.path, self.headers.get("Authorization", ""), values)
            except _RefusedError as error:
                status, message = error.args
                answer = {"message": message}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
