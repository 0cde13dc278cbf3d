"""Build a release: a wheel of all packages under src/, entrypoints, notebooks, and its manifest.

Snowflake imports .zip files; a pure wheel is one, so the payload is the wheel under another name. The backend is the
locked one, run without isolation, so that a build needs no network.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.errors import INSTALL, DeployError, listed
from deploy.release import sources
from deploy.release.manifest import PAYLOAD, File, Manifest, Release, StagedFile, write
from deploy.release.wheel import Wheel
from ml_pipeline import payload

_NOTEBOOKS = "notebooks/*.ipynb"


def build(project: Path, dist: Path) -> Release:
    """Build the project's release into `dist/<digest>/`. Two builds of the same content have the same digest."""
    commit, found = sources.commit(project), sources.read(project)
    modules = {name.removeprefix("src/"): content for name, content in found.items() if name.startswith("src/")}
    if not modules:
        raise DeployError("the wheel does not build: there is no package under src/", "git checkout -- src")
    wheel = Wheel.of(project, modules, commit)
    _require_installed(wheel.requires)
    files = {PAYLOAD: wheel.content} | _beside(found)
    manifest = Manifest(
        commit=commit,
        python=payload.PYTHON,
        packages=payload.packages(),
        files=tuple(StagedFile.of(name, content) for name, content in files.items()),
        contents=tuple(File.of(name, content) for name, content in sorted(modules.items())),
        wheel=wheel.name,
    )
    return write(dist, manifest, files | {wheel.name: wheel.content})


def _require_installed(requires: Sequence[str]) -> None:
    """Raise DeployError unless what the project requires is installed: a release runs with the versions that are."""
    known = {canonicalize_name(pin.partition("==")[0]) for pin in payload.packages()}
    problems = []
    for requirement in map(Requirement, requires):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        if canonicalize_name(requirement.name) not in known:
            problems.append(f"{requirement.name} is not installed")
        elif not requirement.specifier.contains(found := metadata.version(requirement.name), prereleases=True):
            problems.append(f"{requirement} is required, and {found} is installed")
    if problems:
        raise DeployError(listed("pyproject.toml requires other packages than are installed", problems), INSTALL)


def _beside(found: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what a release has beside its payload: an ML Job runs its entrypoint as a file, a task a notebook."""
    paths = [path for path in map(PurePosixPath, found) if path.match(_NOTEBOOKS) or _is_entrypoint(path)]
    files = {path.name: found[str(path)] for path in paths}
    if len(files) < len(paths):
        twice = Counter(path.name for path in paths).most_common(1)[0][0]
        raise DeployError(f"two files of the release are called {twice}", "rename one of them")
    return files


def _is_entrypoint(path: PurePosixPath) -> bool:
    return path.parts[0] == "src" and path.match(payload.ENTRYPOINTS)
