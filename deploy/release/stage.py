"""The files of a release on the stage: uploaded once, verified, and never overwritten once its manifest is there.

A release is complete when its manifest is there, which is uploaded last. What lies in its folder before belongs to
nobody: an upload that was cut, or a file that was damaged on its way. The next upload replaces that; nothing uses it.

The same content can have been built of several commits, whose payloads differ in the version of the wheel. The build
that was uploaded first stays; its manifest, which names its commit, says what its files are.

A file is known by the size and md5 that LIST shows. What LIST calls md5 may be an eTag that is none, as of a file that
the cloud encrypts with a key of its own, or that came in parts. So where LIST shows another, the file itself decides.
https://docs.snowflake.com/en/sql-reference/sql/list
"""

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from deploy import names
from deploy.account.connection import Connection
from deploy.account.gathering import Rows
from deploy.account.sql import literal
from deploy.errors import DeployError, MissingObjectError
from deploy.release.manifest import MANIFEST, PAYLOAD, Manifest, Release, StagedFile
from ml_pipeline.config import Environment


@dataclass(frozen=True)
class Listed:
    """A file as LIST shows it: its size in bytes and its md5, or what stands in its place."""

    size: int
    md5: str

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of LIST."""
        return cls(int(row["size"]), str(row["md5"] or ""))

    def shows(self, file: StagedFile) -> bool:
        """Whether it is this file for certain."""
        return (self.size, self.md5) == (file.size, file.md5)


@dataclass(frozen=True)
class Folder:
    """The folder of a release on the stage, with its files as LIST shows them."""

    connection: Connection
    environment: Environment
    digest: str
    there: Mapping[str, Listed]

    @classmethod
    def of(cls, connection: Connection, environment: Environment, digest: str, rows: Rows | None = None) -> Self:
        """Return it of the rows of LIST, which are read if they were not; there are none where there is no stage."""
        if rows is None:
            try:
                rows = connection.rows(listing_statement(environment, digest))
            except MissingObjectError:
                rows = []
        return cls(connection, environment, digest, listed(rows, digest))

    def differing(self, files: Iterable[StagedFile]) -> list[str]:
        """Return the names of those of these files that are there and are others."""
        there = [file for file in files if file.name in self.there and not self.there[file.name].shows(file)]
        return [file.name for file in there if hashlib.sha256(self.fetched(file.name)).hexdigest() != file.sha256]

    def missing(self, files: Iterable[StagedFile]) -> list[str]:
        """Return the names of those of these files that are not there."""
        return [file.name for file in files if file.name not in self.there]

    def fetched(self, name: str) -> bytes:
        """Return the content of a file."""
        with tempfile.TemporaryDirectory() as directory:
            self.connection.get(f"{names.stage_path(self.environment, self.digest)}/{name}", Path(directory))
            return (Path(directory) / name).read_bytes()

    def put(self, release: Release, name: str) -> None:
        """Upload a file of the release, over what has its name."""
        where = names.stage_path(self.environment, self.digest)
        self.connection.put(release.directory / name, where, overwrite=name in self.there)

    def manifest(self) -> Manifest:
        """Return the manifest that is there. Raises DeployError unless it, and the payload, are of this release."""
        try:
            manifest = Manifest.named(self.fetched(MANIFEST), self.digest)
        except ValueError as error:
            raise self.damaged(MANIFEST) from error
        payload = next((file for file in manifest.files if file.name == PAYLOAD), None)
        if payload and PAYLOAD in self.there and not manifest.holds(self.fetched(PAYLOAD)):
            raise self.damaged(PAYLOAD)
        return manifest

    def manifest_of(self, built: Manifest) -> Manifest:
        """Return the manifest of what is there, if it is complete: another build's of the same content, or `built`."""
        shown = self.there.get(MANIFEST)
        return built if shown is None or shown.shows(built.own_file) else self.manifest()

    def require(self, manifest: Manifest) -> None:
        """Raise DeployError unless the release is there whole: every file with its content."""
        if self.missing(manifest.all_files):
            raise self.incomplete
        for name in self.differing(manifest.all_files):
            raise self.damaged(name)

    @property
    def incomplete(self) -> DeployError:
        """The error of a release that is not there whole."""
        problem = "is not whole on" if self.there else "is not on"
        cause = f"release {self.digest[:12]} {problem} {names.shown_path(self.environment, self.digest)}"
        return DeployError(cause, self.upload_again)

    def damaged(self, name: str) -> DeployError:
        """Return the error of a file that is another."""
        path = literal(f"{names.stage_path(self.environment, self.digest)}/{name}")
        shown = f"{names.shown_path(self.environment, self.digest)}/{name}"
        cause = f"{shown} is not what was built; no file of a release is overwritten"
        return DeployError(cause, f"remove it (REMOVE {path}), then: {self.upload_again}")

    @property
    def upload_again(self) -> str:
        """The command that completes what is there."""
        return f"python -m deploy upload {names.arguments(self.environment)}"


def listing_statement(environment: Environment, digest: str = "") -> str:
    """List the files of a release, or of all of them."""
    return f"LIST {literal(names.stage_path(environment, digest) + '/')}"


def listed(rows: Iterable[Mapping[str, Any]], digest: str) -> dict[str, Listed]:
    """Return the files of a release among the rows of LIST, by name."""
    found = {str(row["name"]).partition(f"/{digest}/")[2]: Listed.from_row(row) for row in rows}
    return {name: file for name, file in found.items() if name}


def check(connection: Connection, environment: Environment, rows: Rows, manifest: Manifest) -> None:
    """Raise DeployError unless the release is there whole. `rows` are those of LIST."""
    folder = Folder.of(connection, environment, manifest.digest, rows)
    folder.require(folder.manifest_of(manifest))


def is_whole(connection: Connection, environment: Environment, rows: Rows, manifest: Manifest) -> bool:
    """Say whether `check` accepts what is there."""
    try:
        check(connection, environment, rows, manifest)
    except DeployError:
        return False
    return True


def whole(rows: Iterable[Mapping[str, Any]], manifest: Manifest) -> bool:
    """Say whether the rows of LIST alone show this release whole, its manifest included."""
    there = listed(rows, manifest.digest)
    return all(file.name in there and there[file.name].shows(file) for file in manifest.all_files)


def upload(connection: Connection, environment: Environment, release: Release, rows: Rows | None = None) -> list[str]:
    """Upload the files that are not there yet or not whole, one after another; verify them; then the manifest.

    `rows` are those of LIST, if they were read already. Returns the names of the files that were uploaded.
    Raises DeployError if the manifest is there, and a file beside it is not what it says.
    """
    folder = Folder.of(connection, environment, release.digest, rows)
    manifest = folder.manifest_of(release.manifest)
    differing = folder.differing(manifest.files)
    complete = MANIFEST in folder.there
    if complete and differing:  # files may be missing beside a manifest, as they can be added, but not be others
        raise folder.damaged(differing[0])
    wrong = [file.name for file in manifest.files if file.name not in folder.there or file.name in differing]
    if PAYLOAD in wrong:  # this build's takes the place of another's that is gone
        complete, manifest = complete and manifest == release.manifest, release.manifest
    for name in wrong:
        folder.put(release, name)
    if wrong:
        arrived = Folder.of(connection, environment, release.digest)
        for name in (*arrived.missing(manifest.files), *arrived.differing(manifest.files)):
            path = f"{names.shown_path(environment, release.digest)}/{name}"
            raise DeployError(f"{path} did not arrive whole", folder.upload_again)
    if complete:
        return wrong
    folder.put(release, MANIFEST)
    return [*wrong, MANIFEST]


def require(connection: Connection, environment: Environment, digest: str, rows: Rows | None = None) -> Manifest:
    """Return the manifest of a release that is on the stage and whole. Raises DeployError otherwise.

    `rows` are those of LIST, if they were read already.
    """
    folder = Folder.of(connection, environment, digest, rows)
    if MANIFEST not in folder.there:
        raise folder.incomplete
    manifest = folder.manifest()
    folder.require(manifest)
    return manifest
