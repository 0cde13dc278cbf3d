"""What make installs, with which uv, and what it answers to a name that is no target."""

import os
import re
import shutil
import subprocess

import pytest

from tests.conftest import ROOT

UV = """#!/bin/sh
case "$1" in
  --version) echo "uv VERSION (stand-in)" ;;
  lock) exit LOCK ;;
  sync) echo "Downloading ray (75.6MiB)"; echo " + ray==2"; echo " ~ own==1"; echo "error: its end" >&2; exit SYNC ;;
esac
"""


@pytest.fixture
def project(tmp_path):
    """The Makefile, with folders that have no target's name, or have one."""
    for name in ("Makefile", "pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    for folder in ("src", "tests", "deploy", "bench"):
        (tmp_path / folder).mkdir()
    return tmp_path


def make(project, *arguments):
    path = f"{project / 'programs'}{os.pathsep}{os.defpath}"
    return subprocess.run(["make", *arguments], cwd=project, env={"PATH": path}, capture_output=True, text=True)


def uv(project, version="99.0", *, lock=0, sync=0):
    (project / "programs").mkdir(exist_ok=True)
    text = UV.replace("VERSION", version).replace("exit LOCK", f"exit {lock}").replace("exit SYNC", f"exit {sync}")
    (project / "programs/uv").write_text(text)
    (project / "programs/uv").chmod(0o755)


@pytest.mark.parametrize("folder", ["src", "tests"])
def test_a_folder_that_is_no_target_is_refused(project, folder):
    done = make(project, folder)
    assert done.returncode == 2
    assert f"error: {folder} is a folder, and no target\nnext: make help" in done.stderr
    assert "Nothing to be done" not in done.stdout


@pytest.mark.parametrize(("arguments", "run"), [((), "--help"), (("ARGS=status --env dev",), "status --env dev")])
def test_make_deploy_runs_the_deployer(project, arguments, run):
    uv(project)
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/.installed").touch()
    (project / ".venv/bin/python").write_text('#!/bin/sh\necho "$@"\n')
    (project / ".venv/bin/python").chmod(0o755)
    assert make(project, "deploy", *arguments).stdout == f"-m deploy {run}\n"


@pytest.mark.parametrize(
    ("version", "chosen"),
    [("0.5.31", False), ("0.7.22", False), ("0.9.0", True), ("0.10.2", True), ("1.0", True), (None, False)],
)
def test_a_uv_that_is_too_old_to_read_the_project_is_not_used(project, version, chosen):
    if version:
        uv(project, version)
    shown = make(project, "--eval=show: ; @echo $(UV)", "show").stdout.strip()
    assert shown == (str(project / "programs/uv") if chosen else ".uv/bin/uv")


def test_a_lock_that_does_not_fit_the_project_installs_nothing_and_names_the_next_command(project):
    uv(project, lock=1)
    done = make(project, ".venv/.installed")
    assert done.returncode
    own = project / "programs/uv"
    assert f"error: uv.lock does not fit pyproject.toml any more\nnext: {own} lock\n" in done.stderr
    assert not (project / ".venv").exists()


def test_an_installation_says_how_large_it_is_and_lists_no_packages(project):
    (project / ".venv").mkdir()
    uv(project)
    done = make(project, ".venv/.installed")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("installing into .venv")
    assert re.search(r"\.venv takes \S+ of the disk\n$", done.stderr)
    assert "Downloading ray (75.6MiB)" in done.stderr
    assert "==" not in done.stderr
    assert done.stdout == ""
    assert (project / ".venv/.installed").exists()


def test_an_installation_that_fails_is_not_taken_for_one_and_shows_why(project):
    (project / ".venv").mkdir()
    uv(project, sync=2)
    done = make(project, ".venv/.installed")
    assert done.returncode
    assert "error: its end" in done.stderr
    assert not (project / ".venv/.installed").exists()
