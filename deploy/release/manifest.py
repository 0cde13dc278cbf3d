"""A built release: its files and the manifest whose sha256 names it."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from deploy.errors import DeployError

PAYLOAD = "ml_pipeline.zip"
MANIFEST = "manifest.json"
LATEST = "latest"

_DIGEST = re.compile(r"[0-9a-f]{8,64}")
_BUILD = "python -m deploy build"


@dataclass(frozen=True)
class File:
    """A file by name, size in bytes and sha256."""

    name: str
    size: int
    sha256: str

    @classmethod
    def of(cls, name: str, content: bytes) -> Self:
        """Describe this content."""
        return cls(name, len(content), hashlib.sha256(content).hexdigest())


@dataclass(frozen=True)
class StagedFile(File):
    """A file that is staged: with its md5 as well, which is what Snowflake lists."""

    md5: str

    @classmethod
    def of(cls, name: str, content: bytes) -> Self:
        """Describe this content."""
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return cls(name, len(content), hashlib.sha256(content).hexdigest(), md5)


@dataclass(frozen=True)
class Manifest:
    """What a release consists of. It holds no time, so two builds of a commit give the same one.

    `files` are staged; `contents` are the files inside the payload.
    """

    commit: str
    python: str
    packages: tuple[str, ...]
    files: tuple[StagedFile, ...]
    contents: tuple[File, ...]

    def to_bytes(self) -> bytes:
        """Return the one text of this manifest."""
        return json.dumps(asdict(self), indent=2, sort_keys=True).encode() + b"\n"

    @classmethod
    def from_bytes(cls, text: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        values = json.loads(text)
        return cls(
            commit=values["commit"],
            python=values["python"],
            packages=tuple(values["packages"]),
            files=tuple(StagedFile(**file) for file in values["files"]),
            contents=tuple(File(**file) for file in values["contents"]),
        )

    @property
    def digest(self) -> str:
        """The name of the release."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @property
    def own_file(self) -> StagedFile:
        """The manifest itself, as a file."""
        return StagedFile.of(MANIFEST, self.to_bytes())

    @property
    def all_files(self) -> tuple[StagedFile, ...]:
        """All that is on the stage of a whole release: the manifest comes last."""
        return (*self.files, self.own_file)


@dataclass(frozen=True)
class Release:
    """A release on this machine, whole: every file is what its manifest says."""

    digest: str
    manifest: Manifest
    directory: Path


def checked(digest: str) -> str:
    """Return a digest, or its first 8 characters or more. Raises DeployError for anything else."""
    if not _DIGEST.fullmatch(digest):
        raise DeployError(f"not a release: {digest!r}; expected at least 8 of its 64 hexadecimal digits", _BUILD)
    return digest


def find(dist: Path, digest: str = "") -> Release:
    """Find a built release under `dist`: this one, or the latest.

    Raises DeployError if it is not there, or not what it was when it was built.
    """
    if not digest:
        pointer = dist / LATEST
        if not pointer.is_file():
            raise DeployError(f"no built release in {dist.name}/", _BUILD)
        digest = pointer.read_text(encoding="utf-8").strip()
    found = sorted(path for path in dist.glob(f"{checked(digest)}*") if path.is_dir())
    if len(found) != 1:
        problem = "no built release" if not found else f"{len(found)} built releases match"
        raise DeployError(f"{problem} {digest} in {dist.name}/", _BUILD)
    (directory,) = found
    text = _read(directory / MANIFEST)
    if hashlib.sha256(text).hexdigest() != directory.name:
        raise DeployError(f"{dist.name}/{directory.name}/{MANIFEST} is not what was built", _BUILD)
    manifest = Manifest.from_bytes(text)
    for file in manifest.files:
        if StagedFile.of(file.name, _read(directory / file.name)) != file:
            raise DeployError(f"{dist.name}/{directory.name}/{file.name} is not what was built", _BUILD)
    return Release(directory.name, manifest, directory)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DeployError(f"{path.parent.parent.name}/{path.parent.name}/{path.name} is missing", _BUILD) from error


def write(dist: Path, manifest: Manifest, contents: Mapping[str, bytes]) -> Release:
    """Write a release to `dist/<digest>/`, the manifest last, and make it the latest."""
    directory = dist / manifest.digest
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    (directory / MANIFEST).write_bytes(manifest.to_bytes())
    (dist / LATEST).write_text(manifest.digest + "\n", encoding="utf-8")
    return find(dist, manifest.digest)
