"""A wheel of everything under src/, whose version names the commit: the same content and commit give the same bytes.

The backend that pyproject.toml names writes the metadata. The files are packed here, so that nothing about the machine
gets in: no times, no permissions, no order of a directory, no file that git ignores.
https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""

import base64
import hashlib
import io
import os
import re
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import message_from_string
from pathlib import Path
from typing import Self

from deploy.errors import DeployError

_VERSION = re.compile(r"(?m)^Version: (.+)$")
_DIST_INFO = re.compile(r"(?P<name>[^/]+?)-[^/]+\.dist-info/")
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip file can hold
_READABLE = 0o644


@dataclass(frozen=True)
class Wheel:
    """A wheel: its file name, its bytes, and the packages that it requires."""

    name: str
    content: bytes
    requires: tuple[str, ...]

    @classmethod
    def of(cls, project: Path, modules: Mapping[str, bytes], commit: str) -> Self:
        """Pack these files with the project's metadata. Raises DeployError if the project has none that is valid."""
        text, others = _metadata(project)
        metadata = message_from_string(text)
        version = metadata["Version"]
        (name,) = {found["name"] for file in others if (found := _DIST_INFO.match(file))}
        # A local version: https://packaging.python.org/en/latest/specifications/version-specifiers/
        version += f"{'.' if '+' in version else '+'}g{commit.replace('-', '.')}"
        own = f"{name}-{version}.dist-info/"
        described = {own + _DIST_INFO.sub("", file): content for file, content in others.items()}
        described[f"{own}METADATA"] = _VERSION.sub(f"Version: {version}", text, count=1).encode()
        files = dict(sorted(modules.items())) | dict(sorted(described.items()))
        content = _packed(files | {f"{own}RECORD": _record(files, own)})
        requires = metadata.get_all("Requires-Dist") or []
        return cls(f"{name}-{version}-py3-none-any.whl", content, tuple(requires))


def contents(archive: bytes) -> dict[str, bytes]:
    """Return the files in a wheel by name, without those that describe it. Raises ValueError for what is no wheel."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            names = [name for name in opened.namelist() if not (name.endswith("/") or _DIST_INFO.match(name))]
            return {name: opened.read(name) for name in sorted(names)}
    except (zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise ValueError(f"no wheel: {error}") from error


def _metadata(project: Path) -> tuple[str, dict[str, bytes]]:
    """Return the text of METADATA, and the other files beside it by name, RECORD left out."""
    from build import BuildBackendException, BuildException, ProjectBuilder

    with tempfile.TemporaryDirectory() as directory:
        try:
            ProjectBuilder(project, runner=_run).metadata_path(directory)
        except (BuildBackendException, BuildException) as error:
            # What the backend printed last says more than that it failed.
            printed = getattr(getattr(error, "exception", None), "stderr", None) or str(error).encode()
            reason = printed.decode(errors="replace").strip().splitlines()[-1]
            raise DeployError(f"the wheel does not build: {reason}", "uv build --wheel") from error
        paths = {path.relative_to(directory).as_posix(): path for path in Path(directory).rglob("*") if path.is_file()}
        files = {name: path.read_bytes() for name, path in paths.items() if not name.endswith("/RECORD")}
    text = files.pop(next(name for name in files if name.endswith("/METADATA")))
    return text.decode(), files


def _run(cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
    """Run the backend with the programs of this virtual environment on its path, whether it is activated or not."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environ = {**os.environ, **(extra_environ or {}), "PATH": programs, "RUST_BACKTRACE": "0"}
    subprocess.run(cmd, cwd=cwd, env=environ, check=True, capture_output=True)


def _record(files: Mapping[str, bytes], own: str) -> bytes:
    lines = [f"{name},sha256={_hash(content)},{len(content)}" for name, content in files.items()]
    return "\n".join([*lines, f"{own}RECORD,,", ""]).encode()


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _packed(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.external_attr, entry.create_system, entry.compress_type = _READABLE << 16, 3, zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return packed.getvalue()
