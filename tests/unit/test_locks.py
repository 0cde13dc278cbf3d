"""The tools can be installed on every machine that people have. What a pipeline needs is its team's choice."""

import os
import subprocess
import sys
import tomllib
from itertools import chain

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from tests.conftest import ROOT

MACHINES = {
    "Linux on x86-64": ("linux", "x86_64"),
    "Linux on arm64": ("linux", "aarch64"),
    "an Apple Mac": ("macosx", "arm64"),
    "an Intel Mac": ("macosx", "x86_64"),
}
PLATFORMS = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-apple-darwin")


def read(name):
    return tomllib.loads((ROOT / name).read_text())


def tools(machine):
    """The packages of the dependency groups that are installed there: name, and whether its source may be built."""
    project = read("pyproject.toml")
    system, processor = MACHINES[machine]
    where = {"sys_platform": "darwin" if system == "macosx" else system, "platform_machine": processor}
    locked = {package["name"]: package for package in read("uv.lock")["package"]}
    for requirement in map(Requirement, chain.from_iterable(project["dependency-groups"].values())):
        name = canonicalize_name(requirement.name)
        if (requirement.marker is None or requirement.marker.evaluate(where)) and "registry" in locked[name]["source"]:
            yield locked[name], name not in project["tool"]["uv"]["no-build-package"]


def fits(wheel, machine):
    """Whether a wheel is for Python 3.11 on the machine."""
    system, processor = MACHINES[machine]
    for tag in parse_wheel_filename(wheel)[3]:
        python = tag.interpreter in ("cp311", "py3") or (tag.abi == "abi3" and tag.interpreter.startswith("cp3"))
        here = system in tag.platform and tag.platform.endswith((processor, "universal2"))
        if python and (here or tag.platform == "any"):
            return True
    return False


@pytest.mark.parametrize("machine", MACHINES)
def test_every_tool_can_be_installed(machine):
    found = list(tools(machine))
    assert found
    for package, built in found:
        wheels = [wheel["url"].rpartition("/")[2] for wheel in package.get("wheels", ())]
        assert (built and "sdist" in package) or any(fits(wheel, machine) for wheel in wheels), package["name"]


@pytest.fixture(scope="module")
def uv():
    """The uv that make uses."""
    show = ["make", "--silent", "--eval=show: ; @echo $(UV)", "show"]
    found = ROOT / subprocess.run(show, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    if not found.exists():
        pytest.skip("there is no uv to resolve the lock with: make .uv/bin/uv")
    if subprocess.run([found, "lock", "--check", "--offline"], cwd=ROOT, capture_output=True).returncode:
        pytest.skip("uv.lock does not fit pyproject.toml, as make says too: uv lock")
    return found


@pytest.mark.parametrize("groups", [("deploy", "local", "test", "lint", "ray"), ("cli",)], ids=" ".join)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_tools_and_all_that_they_need_resolve(uv, platform, groups, tmp_path):
    where = ["--frozen", "--dry-run", "--offline", "--python-platform", platform, "--python", sys.executable]
    command = [uv, "sync", *where, *(f"--only-group={group}" for group in groups)]
    environ = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(tmp_path / "new")}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("wheel", "machine"),
    [
        ("x-1-cp311-cp311-win_amd64.whl", "an Apple Mac"),
        ("x-1-cp312-cp312-manylinux_2_17_x86_64.whl", "Linux on x86-64"),
    ],
)
def test_a_wheel_of_another_machine_or_python_does_not_fit(wheel, machine):
    assert not fits(wheel, machine)
