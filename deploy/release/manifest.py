"""A built release: its files, and the manifest whose content names it.

The digest is of what runs: the Python, the packages, the modules inside the payload and the files beside it. The
commit is in the manifest, and in the version of the wheel that is the payload, but not in the digest: the same content
is the same release, whichever commit it was built of.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from deploy.errors import DeployError
from deploy.release import wheel

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

    `files` are staged; `contents` are the modules inside the payload. `wheel` is the name of the wheel that lies beside
    the staged files where it was built: the payload under a name that pip installs.
    """

    commit: str
    python: str
    packages: tuple[str, ...]
    files: tuple[StagedFile, ...]
    contents: tuple[File, ...]
    wheel: str = ""

    def to_bytes(self) -> bytes:
        """Return the one text of this manifest."""
        return json.dumps(asdict(self), indent=2, sort_keys=True).encode() + b"\n"

    @classmethod
    def from_bytes(cls, text: bytes) -> Self:
        """Read what `to_bytes` wrote. Raises ValueError for anything else."""
        try:
            return cls._from_values(json.loads(text))
        except (KeyError, TypeError) as error:
            raise ValueError(f"no manifest: {error}") from error

    @classmethod
    def named(cls, text: bytes, digest: str) -> Self:
        """Read the manifest of the release that this digest names. Raises ValueError for any other."""
        read = cls.from_bytes(text)
        # Releases that were built before the digest was of the content have the sha256 of the whole manifest.
        if digest not in (read.digest, hashlib.sha256(text).hexdigest()):
            raise ValueError(f"a manifest of {read.digest}, not of {digest}")
        return read

    @classmethod
    def _from_values(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            commit=values["commit"],
            python=values["python"],
            packages=tuple(values["packages"]),
            files=tuple(StagedFile(**file) for file in values["files"]),
            contents=tuple(File(**file) for file in values["contents"]),
            wheel=values.get("wheel", ""),
        )

    @property
    def digest(self) -> str:
        """The name of the release: the sha256 of its content. The payload is in it by the modules inside."""
        beside = [asdict(file) for file in self.files if not (file.name == PAYLOAD and self.contents)]
        content = {"python": self.python, "packages": self.packages, "files": beside}
        content |= {"contents": [asdict(file) for file in self.contents]}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def holds(self, payload: bytes) -> bool:
        """Whether the modules inside a payload are those of this release, which its digest answers for."""
        modules = [file for file in self.contents if ".dist-info/" not in file.name]
        try:
            return [File.of(*item) for item in wheel.contents(payload).items()] == modules
        except ValueError:
            return not self.contents

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
        digest = pointer.read_text(encoding="utf-8", errors="replace").strip()
    found = sorted(path for path in dist.glob(f"{checked(digest)}*") if path.is_dir())
    if len(found) != 1:
        problem = "no built release" if not found else f"{len(found)} built releases match"
        raise DeployError(f"{problem} {digest} in {dist.name}/", _BUILD)
    (directory,) = found
    try:
        manifest = Manifest.named(_read(directory / MANIFEST), directory.name)
    except ValueError as error:
        raise _damaged(directory, MANIFEST) from error
    for file in manifest.files:
        content = _read(directory / file.name)
        if StagedFile.of(file.name, content) != file or (file.name == PAYLOAD and not manifest.holds(content)):
            raise _damaged(directory, file.name)
    if manifest.wheel and _read(directory / manifest.wheel) != _read(directory / PAYLOAD):
        raise _damaged(directory, manifest.wheel)
    return Release(directory.name, manifest, directory)


def _damaged(directory: Path, name: str) -> DeployError:
    return DeployError(f"{directory.parent.name}/{directory.name}/{name} is not what was built", _BUILD)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DeployError(f"{path.parent.parent.name}/{path.parent.name}/{path.name} is missing", _BUILD) from error


def write(dist: Path, manifest: Manifest, contents: Mapping[str, bytes]) -> Release:
    """Write a release to `dist/<digest>/`, the manifest last, and make it the latest.

    It takes the place of a build of the same content, whose wheel may have the name of another commit.
    """
    directory = dist / manifest.digest
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    (directory / MANIFEST).write_bytes(manifest.to_bytes())
    (dist / LATEST).write_text(manifest.digest + "\n", encoding="utf-8")
    return find(dist, manifest.digest)
