"""Messages between the server and a worker process: a JSON head and raw bytes, each with its length before it.

Nothing is pickled: the worker runs other people's code, and the server reads what it says.
"""

import json
import socket
import struct
from typing import Any

_LENGTHS = struct.Struct("<QQ")


def send(channel: socket.socket, head: dict[str, Any], payload: bytes = b"") -> None:
    """Write one message."""
    raw = json.dumps(head).encode()
    channel.sendall(_LENGTHS.pack(len(raw), len(payload)) + raw)
    channel.sendall(payload)


def receive(channel: socket.socket) -> tuple[dict[str, Any], bytes]:
    """Read one message.

    Raises:
        EOFError: the other side is gone.

    """
    head, payload = _LENGTHS.unpack(_exactly(channel, _LENGTHS.size))
    return json.loads(_exactly(channel, head)), _exactly(channel, payload)


def _exactly(channel: socket.socket, size: int) -> bytes:
    buffer = bytearray(size)
    view, at = memoryview(buffer), 0
    while at < size:
        try:
            got = channel.recv_into(view[at:])
        except ConnectionResetError:
            got = 0
        if not got:
            raise EOFError
        at += got
    return bytes(buffer)
