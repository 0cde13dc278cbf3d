"""The files of a release on the stage: uploaded once, verified, never overwritten."""

import hashlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy import names
from deploy.errors import DeployError, MissingObjectError
from deploy.manifest import MANIFEST, Manifest, Release
from deploy.sql_text import literal

if TYPE_CHECKING:
    from deploy.requests import Connection
    from ml_pipeline.config import Environment

_MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Staged:
    """A file as LIST shows it: its size in bytes and, for small files, its md5."""

    size: int
    md5: str


def upload(connection: "Connection", environment: "Environment", release: Release) -> list[str]:
    """Upload the files that are not there yet, the manifest last, and verify all of them.

    Returns the names of those that were uploaded. A release whose manifest is on the stage is complete.
    """
    there = staged(connection, environment, release.digest)
    wanted = [*(file.name for file in release.manifest.files), MANIFEST]
    missing = [name for name in wanted if name not in there]
    where = names.stage_path(environment, release.digest)
    for name in missing:
        connection.put(release.directory / name, where)
    _verify(environment, release, staged(connection, environment, release.digest) if missing else there)
    return missing


def staged(connection: "Connection", environment: "Environment", digest: str) -> dict[str, Staged]:
    """Return the files of a release on the stage, by name; none where there is no stage."""
    try:
        rows = connection.rows(f"LIST {literal(names.stage_path(environment, digest) + '/')}")
    except MissingObjectError:
        return {}
    return {row["name"].rsplit("/", 1)[-1]: Staged(int(row["size"]), str(row["md5"] or "")) for row in rows}


def _verify(environment: "Environment", release: Release, there: dict[str, Staged]) -> None:
    for name in (*(file.name for file in release.manifest.files), MANIFEST):
        content = (release.directory / name).read_bytes()
        if name not in there or not _same(there[name], content):
            raise _damaged(environment, release.digest, name)


def _same(file: Staged, content: bytes) -> bool:
    # A file that was uploaded in parts has no md5 of its content: its size must do.
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return file.size == len(content) and (not _MD5.fullmatch(file.md5) or file.md5 == md5)


def require(connection: "Connection", environment: "Environment", digest: str) -> Manifest:
    """Return the manifest of a release that is on the stage and whole. Raises DeployError otherwise."""
    there = staged(connection, environment, digest)
    if MANIFEST not in there:
        raise DeployError(
            f"release {digest[:12]} is not on {names.shown_path(environment, digest)}",
            f"python -m deploy upload {names.arguments(environment)}",
        )
    manifest = _manifest(connection, environment, digest)
    for file in manifest.files:
        if file.name not in there or there[file.name].size != file.size:
            raise _damaged(environment, digest, file.name)
    return manifest


def _manifest(connection: "Connection", environment: "Environment", digest: str) -> Manifest:
    with tempfile.TemporaryDirectory() as directory:
        connection.get(f"{names.stage_path(environment, digest)}/{MANIFEST}", Path(directory))
        text = (Path(directory) / MANIFEST).read_bytes()
    if hashlib.sha256(text).hexdigest() != digest:
        raise _damaged(environment, digest, MANIFEST)
    return Manifest.from_bytes(text)


def _damaged(environment: "Environment", digest: str, name: str) -> DeployError:
    path = f"{names.shown_path(environment, digest)}/{name}"
    remedy = f"remove it (REMOVE '{path}'), then: python -m deploy upload {names.arguments(environment)}"
    return DeployError(f"{path} is not what was built; a staged file is never overwritten", remedy)
