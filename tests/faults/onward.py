"""The proxy's own connection to Snowflake."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator

from tests.faults.messages import Head, pieces, read_head, write


class Onward:
    """Asks Snowflake: opened when it is first needed, and again when Snowflake has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def ask(self, head: Head, body: Iterator[bytes]) -> tuple[Head, Iterator[bytes]]:
        """Send a request on; the reply's head and its body, which must be read to its end."""
        if self._socket is None or select.select([self._socket], [], [], 0)[0]:
            self._open()
        write(self._stream, head, body)
        reply = read_head(self._stream)
        if reply is None:
            raise ConnectionError("Snowflake closed the connection")
        empty = head.start.startswith("HEAD ") or reply.status in {204, 304}
        return reply, iter(()) if empty else pieces(self._stream, reply)

    def _open(self) -> None:
        self.close()
        self._socket = socket.create_connection(("127.0.0.1", self._port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rwb")

    def close(self) -> None:
        """Close it, if it is open."""
        if self._socket:
            self._stream.close()
            self._socket.close()
            self._socket = None
