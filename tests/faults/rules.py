"""What can go wrong between a client and Snowflake, and at which request."""

from __future__ import annotations

import enum
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from tests.faults.messages import Head

FOREVER = 10**9
# What a client sends besides its work: it may come at any time, and nothing depends on it.
_BESIDES = ("/telemetry/send", "/session/heartbeat")


class Fault(enum.Enum):
    """One way in which a request goes wrong.

    KILL: the caller is killed (SIGKILL) when it asks, and Snowflake never hears of it.
    KILL_AFTER: it is killed when Snowflake has done the work.
    LATE: it is killed at once, but its request arrives later: when the proxy is told to release it.
    PAUSE: it is stopped (SIGSTOP), and its request is on its way until the proxy is told to release it; who tells it
        has the caller go on as well (SIGCONT). PAUSE_AFTER: it is stopped when Snowflake has done the work.
    DELAY: its request is on its way until the proxy is told to release it.
    REFUSE: the connection is closed, and nothing was done.
    DROP: Snowflake does the work, and the connection is closed without a reply.
    UNAVAILABLE: 503, and nothing was done.
    STALL: no answer until the proxy releases it, and nothing was done. STALL_REPLY: the work was done.
    EXPIRE: the session's token has expired (390112); the client may renew it.
    EXPIRE_MASTER: so has its master token (390114): only a new sign-in helps.
    """

    KILL = enum.auto()
    KILL_AFTER = enum.auto()
    LATE = enum.auto()
    PAUSE = enum.auto()
    PAUSE_AFTER = enum.auto()
    DELAY = enum.auto()
    REFUSE = enum.auto()
    DROP = enum.auto()
    UNAVAILABLE = enum.auto()
    STALL = enum.auto()
    STALL_REPLY = enum.auto()
    EXPIRE = enum.auto()
    EXPIRE_MASTER = enum.auto()


@dataclass(frozen=True)
class Request:
    """A request as far as rules look at it.

    Attributes:
        words: the first words of its SQL, if it has any.
        id: its requestId, which the connector's retries of it share.
        token: with which it is signed.
        length: of its body, in bytes.
        poll: whether it waits in Snowflake for something: how many of those there are is a matter of time.

    """

    method: str
    path: str
    query: str = ""
    words: str = ""
    id: str = ""
    token: str = ""
    old_token: str = ""
    length: int = 0
    poll: bool = False

    @classmethod
    def of(cls, head: Head, body: bytes) -> Request:
        """The request of this head; `body` is empty where it is streamed."""
        method, target, _ = head.start.split()
        url, values = urlsplit(target), _json(head, body)
        sql = str(values.get("sqlText", ""))
        words, poll = " ".join(sql.split()[:12]), "SYSTEM$WAIT(" in sql
        ids = parse_qs(url.query).get("requestId", [""])
        old, length = str(values.get("oldSessionToken", "")), int(head["content-length"] or 0)
        return cls(method, url.path, url.query, words, ids[0], _token(head["authorization"]), old, length, poll)

    @property
    def renewal(self) -> bool:
        """Whether it asks for a new session token."""
        return self.path == "/session/token-request"

    @property
    def rest(self) -> bool:
        """Whether it is one of the REST API, which words its errors in its own way."""
        return self.path.startswith("/api/")


def ordinary(request: Request) -> bool:
    """Every request but sign-out, telemetry and heartbeat."""
    return request.path not in _BESIDES and not (request.path == "/session" and "delete" in request.query)


def statements(request: Request) -> bool:
    """Every request that carries a statement."""
    return request.path == "/queries/v1/query-request"


@dataclass(frozen=True)
class Rule:
    """What goes wrong at which of the requests that are selected, counted from 1.

    Attributes:
        times: how many requests in a row.
        retries: whether it happens to later requests with the same requestId as well, so that the client's own
            retries do not help it.

    """

    fault: Fault
    at: int
    times: int = 1
    retries: bool = False
    selects: Callable[[Request], bool] = ordinary


def _json(head: Head, body: bytes) -> dict[str, object]:
    if not body:
        return {}
    plain = gzip.decompress(body) if head["content-encoding"] == "gzip" else body
    values = json.loads(plain)
    return values if isinstance(values, dict) else {}


def _token(authorization: str) -> str:
    return authorization.split('"')[1] if '"' in authorization else authorization.rpartition(" ")[2]
