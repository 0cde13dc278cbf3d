"""HTTP messages on a stream: heads and bodies, read and written without changing them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

_PIECE = 64 * 1024


@dataclass(frozen=True)
class Head:
    """A request's or a reply's first line and its fields."""

    start: str
    fields: tuple[tuple[str, str], ...] = ()

    def __getitem__(self, name: str) -> str:
        return next((value for key, value in self.fields if key.lower() == name), "")

    @property
    def status(self) -> int:
        """A reply's status."""
        return int(self.start.split()[1])

    @property
    def chunked(self) -> bool:
        """Whether the body says its length piece by piece."""
        return "chunked" in self["transfer-encoding"].lower()

    @property
    def last(self) -> bool:
        """Whether the connection ends with this message."""
        return self["connection"].lower() == "close"

    def of_length(self, length: int) -> Head:
        """The same head for a body of that many bytes."""
        kept = tuple(f for f in self.fields if f[0].lower() not in {"content-length", "transfer-encoding"})
        return replace(self, fields=(*kept, ("content-length", str(length))))

    def encode(self) -> bytes:
        """The head as it is sent."""
        lines = [self.start, *(f"{name}: {value}" for name, value in self.fields), "", ""]
        return "\r\n".join(lines).encode("latin-1")


def read_head(stream: BinaryIO) -> Head | None:
    """The next message's head; None when the other side has closed the connection."""
    lines: list[str] = []
    while line := stream.readline():
        text = line.decode("latin-1").rstrip("\r\n")
        if not text and lines:
            fields = (field.partition(":") for field in lines[1:])
            return Head(lines[0], tuple((name.strip(), value.strip()) for name, _, value in fields))
        if text:
            lines.append(text)
    return None


def pieces(stream: BinaryIO, head: Head) -> Iterator[bytes]:
    """The body that follows a head, in pieces. Raises ConnectionError when it is cut."""
    if not head.chunked:
        yield from _exactly(stream, int(head["content-length"] or 0))
        return
    while size := int(stream.readline().split(b";")[0] or b"0", 16):
        yield from _exactly(stream, size)
        stream.readline()
    while stream.readline().strip():
        pass


def _exactly(stream: BinaryIO, length: int) -> Iterator[bytes]:
    while length:
        piece = stream.read(min(length, _PIECE))
        if not piece:
            raise ConnectionError("the body was cut")
        length -= len(piece)
        yield piece


def write(stream: BinaryIO, head: Head, body: Iterable[bytes]) -> None:
    """Send a message, piece by piece."""
    stream.write(head.encode())
    for piece in body:
        stream.write(b"%x\r\n%b\r\n" % (len(piece), piece) if head.chunked else piece)
    stream.write(b"0\r\n\r\n" if head.chunked else b"")
    stream.flush()
