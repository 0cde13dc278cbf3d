"""The files of a release on the stage: uploaded once, verified, and never overwritten once its manifest is there.

A release is complete when its manifest is there, which is uploaded last. What lies in its folder before belongs to
nobody: an upload that was cut, or a file that was damaged on its way. The next upload replaces that; nothing uses it.
"""

import hashlib
import re
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from deploy import names
from deploy.errors import DeployError, MissingObjectError
from deploy.manifest import MANIFEST, Manifest, Release, StagedFile
from deploy.sql_text import literal

if TYPE_CHECKING:
    from deploy.gathering import Rows
    from deploy.requests import Connection
    from ml_pipeline.config import Environment

_MD5 = re.compile(r"[0-9a-f]{32}")
_AT_ONCE = 4  # files; the connector sends a large one in parallel parts besides


@dataclass(frozen=True)
class Listed:
    """A file as LIST shows it: its size in bytes and, for small files, its md5."""

    size: int
    md5: str

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of LIST."""
        return cls(int(row["size"]), str(row["md5"] or ""))

    def shows(self, file: StagedFile) -> bool:
        """Whether it is this file. One that was uploaded in parts has no md5 of its content: its size must do."""
        return self.size == file.size and (not _MD5.fullmatch(self.md5) or self.md5 == file.md5)


def listing_statement(environment: "Environment", digest: str = "") -> str:
    """List the files of a release, or of all of them."""
    return f"LIST {literal(names.stage_path(environment, digest) + '/')}"


def listed(rows: Iterable[Mapping[str, Any]], digest: str) -> dict[str, Listed]:
    """Return the files of a release among the rows of LIST, by name."""
    found = {str(row["name"]).partition(f"/{digest}/")[2]: Listed.from_row(row) for row in rows}
    return {name: file for name, file in found.items() if name}


def check(environment: "Environment", rows: Iterable[Mapping[str, Any]], manifest: Manifest) -> None:
    """Raise DeployError unless the rows of LIST show this release whole: every file with its size and digest."""
    there = listed(rows, manifest.digest)
    whole = (*manifest.files, manifest.own_file)
    if any(file.name not in there for file in whole):
        raise _incomplete(environment, manifest.digest, there)
    for file in whole:
        if not there[file.name].shows(file):
            raise _damaged(environment, manifest.digest, file.name)


def whole(rows: Iterable[Mapping[str, Any]], manifest: Manifest) -> bool:
    """Say whether the rows of LIST show this release whole, its manifest included."""
    there = listed(rows, manifest.digest)
    return all(file.name in there and there[file.name].shows(file) for file in (*manifest.files, manifest.own_file))


def upload(
    connection: "Connection", environment: "Environment", release: Release, rows: "Rows | None" = None
) -> list[str]:
    """Upload the files that are not there yet or not whole, several at once; verify them; then the manifest.

    `rows` are those of LIST, if they were read already. Returns the names of the files that were uploaded.
    Raises DeployError if the manifest is there, and a file beside it is not what it says.
    """
    there = listed(_rows(connection, environment, release.digest) if rows is None else rows, release.digest)
    wrong = [file.name for file in release.manifest.files if file.name not in there or not there[file.name].shows(file)]
    if MANIFEST in there:
        _require_whole(environment, release.manifest, there)
    _put(connection, environment, release, {name: name in there for name in wrong})
    if wrong:
        _verify(environment, release.manifest, listed(_rows(connection, environment, release.digest), release.digest))
    if MANIFEST in there:
        return wrong
    _put(connection, environment, release, {MANIFEST: False})
    return [*wrong, MANIFEST]


def _require_whole(environment: "Environment", manifest: Manifest, there: Mapping[str, Listed]) -> None:
    """Let files be missing beside a manifest, as they can be added; but not be others."""
    for file in (*manifest.files, manifest.own_file):
        if file.name in there and not there[file.name].shows(file):
            raise _damaged(environment, manifest.digest, file.name)


def _put(connection: "Connection", environment: "Environment", release: Release, files: Mapping[str, bool]) -> None:
    """Upload files, each with whether it replaces one."""
    where = names.stage_path(environment, release.digest)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        sent = [
            pool.submit(connection.put, release.directory / name, where, overwrite=overwrite)
            for name, overwrite in files.items()
        ]
    for upload_ in sent:
        upload_.result()


def _verify(environment: "Environment", manifest: Manifest, there: Mapping[str, Listed]) -> None:
    for file in manifest.files:
        if file.name not in there or not there[file.name].shows(file):
            path = f"{names.shown_path(environment, manifest.digest)}/{file.name}"
            raise DeployError(f"{path} did not arrive whole", _upload_again(environment))


def require(connection: "Connection", environment: "Environment", digest: str, rows: "Rows | None" = None) -> Manifest:
    """Return the manifest of a release that is on the stage and whole. Raises DeployError otherwise.

    `rows` are those of LIST, if they were read already.
    """
    found = _rows(connection, environment, digest) if rows is None else rows
    if MANIFEST not in listed(found, digest):
        raise _incomplete(environment, digest, listed(found, digest))
    manifest = _manifest(connection, environment, digest)
    check(environment, found, manifest)
    return manifest


def _rows(connection: "Connection", environment: "Environment", digest: str) -> "Rows":
    """Return the rows of LIST; none where there is no stage."""
    try:
        return connection.rows(listing_statement(environment, digest))
    except MissingObjectError:
        return []


def _manifest(connection: "Connection", environment: "Environment", digest: str) -> Manifest:
    with tempfile.TemporaryDirectory() as directory:
        connection.get(f"{names.stage_path(environment, digest)}/{MANIFEST}", Path(directory))
        text = (Path(directory) / MANIFEST).read_bytes()
    if hashlib.sha256(text).hexdigest() != digest:
        raise _damaged(environment, digest, MANIFEST)
    return Manifest.from_bytes(text)


def _incomplete(environment: "Environment", digest: str, there: Mapping[str, Listed]) -> DeployError:
    problem = "is not whole on" if there else "is not on"
    cause = f"release {digest[:12]} {problem} {names.shown_path(environment, digest)}"
    return DeployError(cause, _upload_again(environment))


def _upload_again(environment: "Environment") -> str:
    return f"python -m deploy upload {names.arguments(environment)}"


def _damaged(environment: "Environment", digest: str, name: str) -> DeployError:
    path = literal(f"{names.stage_path(environment, digest)}/{name}")
    cause = f"{names.shown_path(environment, digest)}/{name} is not what was built; no file of a release is overwritten"
    return DeployError(cause, f"remove it (REMOVE {path}), then: {_upload_again(environment)}")
