"""Messages between the server and a worker process: a JSON head and raw bytes, each with its length before it.

Nothing is pickled: the worker runs other people's code, and the server reads what it says.
"""

import json
import socket
import struct
from typing import Any

_LENGTHS = struct.Struct("<QQ")


class ClosedError(EOFError):
    """The other side of the channel is gone; user code that meets the end of a file of its own never raises this."""


def send(channel: socket.socket, head: dict[str, Any], payload: bytes = b"") -> None:
    """Write one message.

    Raises:
        ClosedError: the other side is gone.

    """
    raw = json.dumps(head).encode()
    try:
        channel.sendall(_LENGTHS.pack(len(raw), len(payload)) + raw)
        channel.sendall(payload)
    except (BrokenPipeError, ConnectionResetError) as error:
        raise ClosedError from error


def receive(channel: socket.socket) -> tuple[dict[str, Any], bytes]:
    """Read one message.

    Raises:
        ClosedError: the other side is gone.

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
            raise ClosedError
        at += got
    return bytes(buffer)
