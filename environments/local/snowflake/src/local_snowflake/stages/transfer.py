"""PUT and GET: the client moves the bytes over HTTP, to and from addresses that the answer names.

The Python connector knows several ways to reach a stage's storage. Its way for Google's presigned addresses is plain
HTTP, so the server writes the files itself: whole or not at all, and never over one that was not to be replaced.
(Its LOCAL_FS way writes in place, cannot be told that a file is there, and reports every failure as a success.)
"""

from __future__ import annotations

import glob
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..kernel.errors import invalid
from ..kernel.result import GET, PUT, Result, status
from ..kernel.types import Column
from . import locations
from .addresses import Addresses, Upload

if TYPE_CHECKING:
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

_REPORT = (
    *(Column(name, "text") for name in ("source", "target")),
    *(Column(name, "fixed") for name in ("source_size", "target_size")),
    *(Column(name, "text") for name in ("source_compression", "target_compression", "status", "message")),
)
# First bytes of files that the client recognises and does not compress.
_MAGIC = (b"PAR1", b"ORC", b"\x28\xb5\x2f\xfd")
_PUT_OPTIONS = {"PARALLEL", "AUTO_COMPRESS", "SOURCE_COMPRESSION", "OVERWRITE"}


@dataclass(frozen=True)
class _Put:
    """A PUT as written."""

    source: str
    target: locations.Location
    parallel: int = 4
    auto_compress: bool = True
    source_compression: str = "auto_detect"
    overwrite: bool = False

    @property
    def compresses(self) -> bool:
        """Whether the client compresses files that do not look compressed."""
        return self.auto_compress and self.source_compression in {"auto_detect", "none"}

    def staged(self, source: str) -> str:
        """The path in the stage that a source file gets."""
        name = Path(source).name
        return self.target.directory + (name + ".gz" if self.compresses and not _looks_compressed(source) else name)

    def is_there(self, source: str) -> bool:
        """Whether a file of that path is staged already."""
        return (self.target.folder / self.staged(source)).exists()


def _put(session: Session, tokens: Tokens) -> Result:
    """PUT file://path @stage [OVERWRITE = TRUE] ...: the client asks where to send its files."""
    put = _read_put(session, tokens)
    several = glob.has_magic(put.source)
    # As the client does it: its patterns are those of the glob module, not those of pathlib.
    sources = sorted(glob.glob(str(Path(put.source).expanduser()))) if several else [put.source]  # noqa: PTH207
    if put.overwrite or not any(map(put.is_there, sources)):
        return _ask_for(session, put, [put.source], several=several)
    new = [glob.escape(source) for source in sources if not put.is_there(source)]
    # The client has no word for "some were there": it reports those that it sent.
    return _ask_for(session, put, new, several=True) if new else _skipped(session, put, sources)


def _ask_for(session: Session, put: _Put, sources: list[str], *, several: bool) -> Result:
    told = {
        "command": "UPLOAD",
        "src_locations": sources,
        "parallel": put.parallel,
        "autoCompress": put.auto_compress,
        "sourceCompression": put.source_compression,
        "overwrite": put.overwrite,
        # Without an address here, the client asks again for each file.
        "stageInfo": _storage("" if several else _address(session, put)),
        "encryptionMaterial": None,
    }
    return status("", PUT).with_transfer(told)


def _skipped(session: Session, put: _Put, sources: list[str]) -> Result:
    """All files are staged already: the client's own report is given instead of an order to upload."""
    cells = [_skipped_row(put, source) for source in sources]
    told = {
        "rowtype": [column.wire() for column in _REPORT],
        "queryResultFormat": "json",
        "rowset": cells,
        "total": len(cells),
        "returned": len(cells),
        # A client that already transfers and asks again for one file reads only this.
        "stageInfo": _storage(_address(session, put)),
    }
    return status("", PUT).with_transfer(told)


def _skipped_row(put: _Put, source: str) -> list[str]:
    name, path = Path(put.staged(source)).name, Path(source).expanduser()
    size = path.stat().st_size if path.is_file() else 0
    return [Path(source).name, name, str(size), "0", "NONE", "GZIP" if name.endswith(".gz") else "NONE", "SKIPPED", ""]


def _address(session: Session, put: _Put) -> str:
    upload = Upload(put.target.folder / put.target.directory, Path(put.source).name, put.compresses, put.overwrite)
    return session.account[Addresses].receive(upload)


def _storage(address: str) -> dict[str, Any]:
    return {
        "locationType": "GCS",
        "location": "stage/",
        "path": "",
        "region": "local",
        # With a token the client uses the address that it is given, instead of asking for one.
        "creds": {"GCS_ACCESS_TOKEN": "unused"} if address else {},
        "presignedUrl": address or None,
        "endPoint": None,
        "isClientSideEncrypted": False,
    }


def _read_put(session: Session, tokens: Tokens) -> _Put:
    source = _local(tokens)
    target = locations.read(session, tokens, "WRITE")
    options = tokens.options()
    if unknown := options.keys() - _PUT_OPTIONS:
        raise invalid(f"invalid parameter '{min(unknown)}' for PUT", "001420")
    return _Put(
        source,
        target,
        int(options.get("PARALLEL", 4)),
        _flag(options, "AUTO_COMPRESS", default="TRUE"),
        str(options.get("SOURCE_COMPRESSION", "AUTO_DETECT")).lower(),
        _flag(options, "OVERWRITE", default="FALSE"),
    )


def _get(session: Session, tokens: Tokens) -> Result:
    """GET @stage[/path] file://directory [PATTERN = '...']: the client fetches each file from an address."""
    source = locations.read(session, tokens)
    local = _local(tokens)
    options = tokens.options()
    if unknown := options.keys() - {"PARALLEL", "PATTERN"}:
        raise invalid(f"invalid parameter '{min(unknown)}' for GET", "001420")
    found = locations.files(source, options.get("PATTERN"))
    told = {
        "command": "DOWNLOAD",
        # The client drops the first step of each path, and shows the rest.
        "src_locations": ["stage/" + locations.below(source, f) for f in found],
        "presignedUrls": [session.account[Addresses].publish(f.path) for f in found],
        "localLocation": local,
        "parallel": int(options.get("PARALLEL", 4)),
        "stageInfo": _storage(""),
        "encryptionMaterial": [],
    }
    return status("", GET).with_transfer(told)


def _local(tokens: Tokens) -> str:
    written = tokens.value()
    if not written.startswith("file://"):
        raise invalid(f"invalid local path '{written}': it must begin with file://.")
    return written.removeprefix("file://")


def _flag(options: dict[str, Any], name: str, *, default: str) -> bool:
    return str(options.get(name, default)).upper() == "TRUE"


def _looks_compressed(source: str) -> bool:
    if mimetypes.guess_type(source)[1]:
        return True
    path = Path(source).expanduser()
    if not path.is_file():  # a stream's name, or a file of another machine
        return False
    with path.open("rb") as content:
        return content.read(4).startswith(_MAGIC)


VERBS = {"PUT": _put, "GET": _get}
