"""Addresses at which clients fetch and send staged files; GET_PRESIGNED_URL is one of those who ask for them.

https://docs.snowflake.com/en/sql-reference/functions/get_presigned_url
"""

from __future__ import annotations

import mimetypes
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..kernel.parts import Part
from . import locations

if TYPE_CHECKING:
    from pathlib import Path

    from ..kernel.account import Account
    from ..kernel.session import Session

# Addresses that are remembered; a client uses its own within seconds.
_KEPT = 20_000


@dataclass(frozen=True)
class Upload:
    """A file that a client may send.

    Attributes:
        folder: where it goes.
        name: what it is called at the client.
        compressible: whether the client compresses it unless it looks compressed; the name then gets `.gz`.
        overwrite: whether it may replace another one.

    """

    folder: Path
    name: str
    compressible: bool
    overwrite: bool

    def target(self, encoding: str) -> Path:
        """Where the file goes, given the Content-Encoding with which it was sent.

        The client names an encoding that it recognised in the file's content, and none for one that it added.
        """
        compressed = self.compressible and not encoding and not mimetypes.guess_type(self.name)[1]
        return self.folder / (self.name + ".gz" if compressed else self.name)


class Addresses(Part):
    """The addresses that answers of the account have named.

    Args:
        account: whose address they begin with.

    Attributes:
        downloads: files that may be fetched, by their unguessable key.
        uploads: files that may be sent, likewise.

    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self.downloads: dict[str, Path] = {}
        self.uploads: dict[str, Upload] = {}

    def publish(self, path: Path) -> str:
        """An address under which this file, and no other, can be read until the server stops."""
        return f"{self._account.address}/files/{_remember(self.downloads, path)}"

    def receive(self, upload: Upload) -> str:
        """An address to which this file, and no other, can be sent until the server stops."""
        return f"{self._account.address}/files/{_remember(self.uploads, upload)}"


def _remember(known: dict[str, Any], value: Any) -> str:
    key = secrets.token_urlsafe(16)
    known[key] = value
    while len(known) > _KEPT:
        known.pop(next(iter(known)))
    return key


def _presigned_url(session: Session, arguments: list[Any]) -> str:
    """The address; it holds until the server stops, whatever expiry is asked for."""
    stage, path = (str(argument) for argument in arguments[:2])
    place = locations.resolve(session, f"{stage.rstrip('/')}/{path.lstrip('/')}")
    return session.account[Addresses].publish(place.folder / place.path)


FUNCTIONS = {"GET_PRESIGNED_URL": _presigned_url}
