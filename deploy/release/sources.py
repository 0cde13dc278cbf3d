"""What a release is made of: the files that git knows, and the commit that they are of."""

import subprocess
from pathlib import Path

from deploy.errors import DeployError, listed

# What decides what is deployed: a change there that is not committed makes the commit's name untrue.
GRAPH = ("dag", ":(glob)environments/*")
PAYLOAD = ("src", "notebooks", "pyproject.toml", "uv.lock")
_DIRTY = "-dirty"
_POINTER = b"version https://git-lfs.github.com/spec/"


def read(project: Path) -> dict[str, bytes]:
    """Return the files that the payload is made of, by path; git's ignored files are no part of it.

    Raises DeployError if any of a release's files is a Git LFS pointer, which stands for a file that is not here.
    """
    found = {name: (project / name).read_bytes() for name in _known(project, *PAYLOAD, *GRAPH)}
    if pointers := sorted(name for name, content in found.items() if content.startswith(_POINTER)):
        raise DeployError(listed("Git LFS pointers stand in the place of files", pointers), "git lfs pull")
    return {name: content for name, content in found.items() if name.startswith(("src/", "notebooks/"))}


def commit(project: Path) -> str:
    """Return the commit that is checked out, marked "-dirty" if what decides what is deployed differs from it."""
    head = _git(project, "rev-parse", "HEAD").strip()
    dirty = _git(project, "status", "--porcelain", "--", *PAYLOAD, *GRAPH).strip()
    return f"{head}{_DIRTY}" if dirty else head


def of_graph(project: Path, built: str) -> str:
    """Return the commit that a release was built of, marked "-dirty" if its graph is described otherwise by now.

    Where there is no such commit to compare with, as without git, it stays as it was built.
    """
    if built.endswith(_DIRTY):
        return built
    try:
        changed = _git(project, "diff", "--name-only", built, "--", *GRAPH)
        new = _git(project, "ls-files", "--others", "--exclude-standard", "--", *GRAPH)
    except DeployError:
        return built
    return f"{built}{_DIRTY}" if changed or new else built


def _known(project: Path, *paths: str) -> list[str]:
    """Return the files under these paths that git tracks, or would; not those that are deleted here."""
    listing = _git(project, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths)
    return sorted({name for name in listing.split("\0") if name and (project / name).is_file()})


def _git(project: Path, *arguments: str) -> str:
    try:
        return subprocess.run(["git", "-C", project, *arguments], check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        reason = str(getattr(error, "stderr", "") or error).strip()
        remedy = "build in a git repository that has a commit: git init && git add -A && git commit"
        raise DeployError(f"git knows no commit here: {reason}", remedy) from error
