"""A fork without the local Snowflake, or without all of environments/local, has a project that works."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import DAY, ROOT
from tests.workflows import language_service

HOUSE = "environments/local/snowflake"
WHOLE = "environments/local"
SHARES = 5
# The Python that the tests run with has it installed; this one forgets it.
FORGET = "import sys\nsys.path[:] = [path for path in sys.path if not path.endswith('snowflake/src')]\n"


def without(deleted, folder):
    """The project without a folder, and without the lines of pyproject.toml that name the local Snowflake."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in names:
        if (ROOT / name).is_file() and not name.startswith(f"{deleted}/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    project = folder / "pyproject.toml"
    project.write_text(re.sub(r"^.*\blocal-snowflake\b.*\n", "", project.read_text(), flags=re.MULTILINE))
    forgetting = folder.with_name("forgetting")
    forgetting.mkdir()
    (forgetting / "sitecustomize.py").write_text(FORGET)
    # `make` has nothing to install: the tests' own virtual environment is newer than the project.
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


@pytest.fixture(scope="module")
def fork(tmp_path_factory):
    return without(HOUSE, tmp_path_factory.mktemp("fork") / "project")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    return without(WHOLE, tmp_path_factory.mktemp("bare") / "project")


def run(folder: Path, *command: str) -> subprocess.CompletedProcess:
    paths = os.pathsep.join(map(str, (folder.with_name("forgetting"), folder / "src")))
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "COVERAGE", "PYTEST", "LEDGER"))}
    return subprocess.run(command, cwd=folder, env=environ | {"PYTHONPATH": paths}, capture_output=True, text=True)


@pytest.mark.parametrize("project", ["fork", "bare"])
def test_what_is_left_lints(project, request):
    done = run(request.getfixturevalue(project), str(ROOT / ".venv/bin/ruff"), "check", ".")
    assert done.returncode == 0, done.stdout


def test_without_stand_ins_no_action_is_called_unknown(bare):
    if not (language_service.available() and language_service.install()):
        pytest.skip("GitHub's own parser is not here")
    done = run(bare, *language_service.command()[:-1], str(bare / language_service.STAND_INS.relative_to(ROOT)))
    assert done.returncode == 0, done.stdout


@pytest.mark.timeout(300)
def test_its_unit_tests_pass(bare):
    """All of them are collected; a fifth runs, another one each day, as all of them run in this suite already."""
    python = str(ROOT / ".venv/bin/python")
    assert run(bare, python, "-c", "import local_snowflake").returncode == 1
    collected = run(bare, python, "-m", "pytest", "-q", "--collect-only")
    assert collected.returncode == 0, collected.stdout[-3000:]
    files = sorted(set(re.findall(r"^(tests/\S+\.py)::", collected.stdout, re.MULTILINE)))
    assert len(files) > SHARES
    done = run(bare, python, "-m", "pytest", "-q", *files[DAY % SHARES :: SHARES])
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_without_the_local_snowflake_alone_every_other_test_is_found(fork):
    done = run(fork, str(ROOT / ".venv/bin/python"), "-m", "pytest", "-q", "--collect-only")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_help_says_what_is_gone(fork):
    assert f"{HOUSE} is deleted" in run(fork, "make", "help").stdout
    assert "is deleted" not in run(ROOT, "make", "help").stdout
    assert "nothing to test" in run(fork, "make", "localtest").stdout


@pytest.mark.parametrize("target", ["rehearse", "profiles", "faults", "bench", "local"])
def test_what_would_run_on_what_is_gone_says_so_and_is_no_error(bare, target):
    done = run(bare, "make", "-o", ".venv/.installed", target)
    assert done.returncode == 0, done.stderr
    assert f"make {target} has nothing to do" in done.stdout


def test_the_rehearsal_says_what_it_lacks(fork):
    done = run(fork, str(ROOT / ".venv/bin/python"), "-m", "environments.local.rehearsal", "--fast")
    assert done.returncode == 1
    assert "error: the local Snowflake is not installed\nnext: " in done.stdout
    assert "Traceback" not in done.stderr


def test_nothing_of_the_pipeline_or_the_deployer_names_it():
    named = [path for room in ("src", "dag", "deploy") for path in (ROOT / room).rglob("*.py")]
    assert [path for path in named if "local_snowflake" in path.read_text()] == []


def test_it_names_nothing_of_the_project():
    packages = "|".join(path.parent.name for path in (ROOT / "src").glob("*/__init__.py"))
    words = re.compile(rf"\b({packages})\b|\bML_(DEV|PROD)\b|from (deploy|dag|environments)\b")
    sources = (ROOT / HOUSE / "src").rglob("*.py")
    assert [path for path in sources if words.search(path.read_text())] == []
