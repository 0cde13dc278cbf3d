"""A proxy between a client and Snowflake that makes one chosen request go wrong, and counts all of them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from tests.faults.messages import Head, pieces, read_head, write
from tests.faults.onward import Onward
from tests.faults.rules import Fault, Request, Rule, ordinary

_JSON = (("content-type", "application/json"),)
_EXPIRED, _MASTER_EXPIRED = "390112", "390114"


@dataclass
class Seen:
    """A request that came, when, and what became of it.

    Attributes:
        number: its place among those that the rule selects; 0 for others.
        at: when it came, in seconds since the proxy began.
        seconds: how long it took.
        status: of the reply that the client got; None when it got none.
        ended: set when the proxy has done with it.

    """

    request: Request
    number: int
    at: float
    fault: Fault | None = None
    seconds: float | None = None
    status: int | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def end(self, began: float) -> None:
        """It is over."""
        self.seconds = time.monotonic() - began
        self.ended.set()


@dataclass(eq=False)
class Proxy:
    """Stands before the local Snowflake on a port of its own; a context.

    Attributes:
        upstream: the local Snowflake's port.
        rule: what goes wrong; None for nothing.
        round_trip: seconds that are added to each request, as a distance would.
        caller: the process to kill.

    """

    upstream: int
    rule: Rule | None = None
    round_trip: float = 0.0
    caller: int | None = None
    seen: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._selected = 0
        self._struck: set[str] = set()
        self._expired: set[str] = set()
        self._masterless: set[str] = set()
        self._released = threading.Event()
        self.stopped = threading.Event()
        self._began = time.monotonic()
        self._server = _Server(("127.0.0.1", 0), _Conversation)
        self._server.proxy = self
        self.port = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()

    @property
    def counted(self) -> list[Seen]:
        """The requests that count: all but sign-out, telemetry and heartbeat."""
        return [seen for seen in list(self.seen) if ordinary(seen.request)]

    @property
    def struck(self) -> list[Seen]:
        """The requests that went wrong."""
        return [seen for seen in list(self.seen) if seen.fault]

    def release(self) -> None:
        """Let go of the requests that are held back, and hold none back any more."""
        self._released.set()

    # ---- for the conversations
    def meet(self, request: Request) -> Seen:
        """Take note of a request, and decide what happens to it."""
        with self._lock:
            seen = Seen(request, self._number(request), time.monotonic() - self._began)
            seen.fault = self._fault(seen)
            if seen.fault:
                self._struck.add(request.id)
            self.seen.append(seen)
        return seen

    def _number(self, request: Request) -> int:
        if not (self.rule or ordinary(request)) or (self.rule and not self.rule.selects(request)):
            return 0
        self._selected += 1
        return self._selected

    def _fault(self, seen: Seen) -> Fault | None:
        rule, request = self.rule, seen.request
        if rule is None:
            return None
        again = rule.retries and request.id and request.id in self._struck
        hit = rule.at <= seen.number < rule.at + rule.times
        # Nothing can expire in a request that carries no session's token.
        expiring = rule.fault in {Fault.EXPIRE, Fault.EXPIRE_MASTER}
        if not (again or hit) or (expiring and (request.renewal or not request.token)):
            return None
        return rule.fault

    def expire(self, request: Request, fault: Fault) -> None:
        """From now on the request's token is worth nothing, nor is the right to renew it."""
        self._expired.add(request.token)
        if fault is Fault.EXPIRE_MASTER:
            self._masterless.add(request.token)

    def refusal(self, request: Request) -> str | None:
        """The code with which a request is refused because of its token."""
        if request.renewal:
            return _MASTER_EXPIRED if request.old_token in self._masterless else None
        return _EXPIRED if request.token in self._expired else None

    def signal(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Kill the caller, or have it stop or go on."""
        if self.caller is None:
            raise ValueError("the proxy is to kill or stop its caller, but was not told its process")
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.caller, number)

    def stop(self) -> None:
        """Have the caller stop, and wait for the release."""
        self.signal(signal.SIGSTOP)
        self.stopped.set()
        self.hold()

    def hold(self) -> None:
        """Wait for the release."""
        self._released.wait()


class _Server(socketserver.ThreadingTCPServer):
    proxy: Proxy
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._open: set[socket.socket] = set()

    def process_request(self, request: socket.socket, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the conversations that clients keep open for later."""
        for opened in list(self._open):
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: object) -> None:
        """Broken connections are the business here: each side sees its own end of them."""


class _Conversation(socketserver.StreamRequestHandler):
    """One connection of the client, and the one to Snowflake that serves it."""

    server: _Server
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._proxy, self._onward = self.server.proxy, Onward(self.server.proxy.upstream)

    def finish(self) -> None:
        self._onward.close()
        with contextlib.suppress(OSError):
            super().finish()

    def handle(self) -> None:
        while head := read_head(self.rfile):
            body = pieces(self.rfile, head)
            known = b"" if head.start.startswith("PUT /files/") else b"".join(body)
            seen = self._proxy.meet(Request.of(head, known))
            began = time.monotonic()
            time.sleep(self._proxy.round_trip)
            try:
                goes_on = self._serve(seen, head, iter([known]) if known else body)
            finally:
                seen.end(began)
            if not goes_on or head.last:
                return

    def _serve(self, seen: Seen, head: Head, body: Iterator[bytes]) -> bool:
        """Answer a request, or let it go wrong; whether the connection may be used further."""
        if seen.fault:
            return self._go_wrong(seen, head, body)
        refusal = self._proxy.refusal(seen.request)
        if refusal:
            return self._refuse(seen, refusal)
        return self._reply(seen, *self._onward.ask(head, body))

    def _go_wrong(self, seen: Seen, head: Head, body: Iterator[bytes]) -> bool:
        fault, proxy = seen.fault, self._proxy
        if fault is Fault.UNAVAILABLE:
            return self._say(seen, "503 Service Unavailable", {})
        if fault in {Fault.EXPIRE, Fault.EXPIRE_MASTER}:
            proxy.expire(seen.request, fault)
            return self._refuse(seen, _EXPIRED)
        if fault in {Fault.PAUSE, Fault.PAUSE_AFTER}:
            return self._pause(seen, head, body)
        if fault in {Fault.KILL, Fault.LATE}:
            proxy.signal()
        if fault in {Fault.STALL, Fault.LATE, Fault.DELAY}:
            proxy.hold()
        if fault in {Fault.KILL_AFTER, Fault.DROP, Fault.STALL_REPLY, Fault.LATE, Fault.DELAY}:
            b"".join(self._onward.ask(head, body)[1])
        if fault is Fault.KILL_AFTER:
            proxy.signal()
        if fault is Fault.STALL_REPLY:
            proxy.hold()
        return False

    def _pause(self, seen: Seen, head: Head, body: Iterator[bytes]) -> bool:
        if seen.fault is Fault.PAUSE:
            self._proxy.stop()
        reply, answer = self._onward.ask(head, body)
        text = b"".join(answer)
        if seen.fault is Fault.PAUSE_AFTER:
            self._proxy.stop()
        return self._reply(seen, reply.of_length(len(text)), iter([text]))

    def _refuse(self, seen: Seen, code: str) -> bool:
        text = "Authentication token has expired.  The user must authenticate again."
        if seen.request.rest:
            return self._say(seen, "401 Unauthorized", {"error_code": code, "message": text})
        return self._say(seen, "200 OK", {"success": False, "code": code, "message": text, "data": None})

    def _say(self, seen: Seen, status: str, values: dict[str, Any]) -> bool:
        body = json.dumps(values).encode()
        return self._reply(seen, Head(f"HTTP/1.1 {status}", _JSON).of_length(len(body)), iter([body]))

    def _reply(self, seen: Seen, head: Head, body: Iterator[bytes]) -> bool:
        if "json" in head["content-type"]:
            text = b"".join(body).replace(*self._addresses)
            head, body = head.of_length(len(text)), iter([text])
        write(self.wfile, head, body)
        seen.status = head.status
        return not head.last

    @property
    def _addresses(self) -> tuple[bytes, bytes]:
        """Snowflake's address and the proxy's: files shall be sent and fetched through the proxy too."""
        here, there = self._proxy.port, self._proxy.upstream
        return b"http://127.0.0.1:%d/files/" % there, b"http://127.0.0.1:%d/files/" % here
