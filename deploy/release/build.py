"""Build a release: a reproducible wheel of our packages under a .zip name, entrypoints, notebooks, and its manifest.

Snowflake imports .zip files; a pure wheel is one. The backend is the locked uv_build, run without isolation, so that
a build needs no network.
"""

import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.errors import DeployError
from deploy.release.manifest import PAYLOAD, File, Manifest, Release, StagedFile, write
from ml_pipeline import payload

# What goes into the payload: a change there that is not committed makes the commit's name untrue.
_PAYLOAD_SOURCES = ("src", "notebooks", "pyproject.toml", "uv.lock")
_EPOCH = "315532800"  # 1980-01-01, the earliest time that a zip file can hold


def build(project: Path, dist: Path) -> Release:
    """Build the project's release into `dist/<digest>/`. Two builds of a commit are byte-identical."""
    wheel = _wheel(project)
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        inside = {name: archive.read(name) for name in sorted(archive.namelist()) if not name.endswith("/")}
    # An ML Job runs its entrypoint as a file.
    entrypoints = [name for name in inside if Path(name).match(payload.ENTRYPOINTS)]
    files = {
        PAYLOAD: wheel,
        **{Path(name).name: inside[name] for name in entrypoints},
        **{path.name: path.read_bytes() for path in sorted((project / "notebooks").glob("*.ipynb"))},
    }
    manifest = Manifest(
        commit=commit(project),
        python=payload.PYTHON,
        packages=payload.packages(),
        files=tuple(StagedFile.of(name, content) for name, content in files.items()),
        contents=tuple(File.of(name, content) for name, content in inside.items()),
    )
    return write(dist, manifest, files)


def _wheel(project: Path) -> bytes:
    from build import BuildBackendException, BuildException, ProjectBuilder

    with tempfile.TemporaryDirectory() as directory:
        try:
            wheel = ProjectBuilder(project, runner=_run).build("wheel", directory)
        except (BuildBackendException, BuildException) as error:
            # What the backend printed last says more than that it failed.
            printed = getattr(getattr(error, "exception", None), "stderr", None) or str(error).encode()
            reason = printed.decode(errors="replace").strip().splitlines()[-1]
            raise DeployError(f"the wheel does not build: {reason}", "uv build --wheel") from error
        return Path(wheel).read_bytes()


def _run(command: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
    """Run the backend with the programs of this virtual environment on its path, whether it is activated or not."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environ = {**os.environ, **(extra_environ or {}), "PATH": programs, "SOURCE_DATE_EPOCH": _EPOCH}
    subprocess.run(command, cwd=cwd, env=environ, check=True, capture_output=True)


def commit(project: Path) -> str:
    """Return the commit that is checked out, marked "-dirty" if the payload's sources differ from it."""
    head = _git(project, "rev-parse", "HEAD")
    dirty = _git(project, "status", "--porcelain", "--", *_PAYLOAD_SOURCES)
    return f"{head}-dirty" if dirty else head


def _git(project: Path, *arguments: str) -> str:
    try:
        result = subprocess.run(["git", "-C", project, *arguments], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = str(getattr(error, "stderr", "") or error).strip()
        remedy = "build in a git repository that has a commit: git init && git add -A && git commit"
        raise DeployError(f"git knows no commit here: {reason}", remedy) from error
    return result.stdout.strip()
