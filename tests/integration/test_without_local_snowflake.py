"""A fork that deletes the folder of the local Snowflake, as the README says, has a project that works."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import DAY, ROOT

HOUSE = "environments/local/snowflake"
SHARES = 5
# The Python that the tests run with has it installed; this one forgets it.
FORGET = "import sys\nsys.path[:] = [path for path in sys.path if not path.endswith('snowflake/src')]\n"


@pytest.fixture(scope="module")
def fork(tmp_path_factory):
    """The project without the folder, and without the lines of pyproject.toml that name it."""
    folder = tmp_path_factory.mktemp("fork")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in names:
        if (ROOT / name).is_file() and not name.startswith(HOUSE):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    project = folder / "pyproject.toml"
    project.write_text(re.sub(r"^.*\blocal-snowflake\b.*\n", "", project.read_text(), flags=re.MULTILINE))
    forgetting = folder.with_name("forgetting")
    forgetting.mkdir()
    (forgetting / "sitecustomize.py").write_text(FORGET)
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess:
    paths = os.pathsep.join(map(str, (folder.with_name("forgetting"), folder / "src")))
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "COVERAGE", "PYTEST", "LEDGER"))}
    return subprocess.run(command, cwd=folder, env=environ | {"PYTHONPATH": paths}, capture_output=True, text=True)


def test_what_is_left_lints(fork):
    done = run(fork, str(ROOT / ".venv/bin/ruff"), "check", ".")
    assert done.returncode == 0, done.stdout


@pytest.mark.timeout(300)
def test_its_unit_tests_pass(fork):
    """All of them are collected; a fifth runs, another one each day, as all of them run in this suite already."""
    python = str(ROOT / ".venv/bin/python")
    assert run(fork, python, "-c", "import local_snowflake").returncode == 1
    collected = run(fork, python, "-m", "pytest", "-q", "--collect-only", "tests/unit")
    assert collected.returncode == 0, collected.stdout[-3000:]
    files = sorted(set(re.findall(r"^(tests/unit/\S+\.py)::", collected.stdout, re.MULTILINE)))
    assert len(files) > SHARES
    done = run(fork, python, "-m", "pytest", "-q", *files[DAY % SHARES :: SHARES])
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_help_says_what_is_gone(fork):
    assert f"{HOUSE} is deleted" in run(fork, "make", "help").stdout
    assert "is deleted" not in run(ROOT, "make", "help").stdout
    assert "nothing to test" in run(fork, "make", "localtest").stdout


def test_the_rehearsal_says_what_it_lacks(fork):
    done = run(fork, str(ROOT / ".venv/bin/python"), "-m", "environments.local.rehearsal", "--fast")
    assert done.returncode == 1
    assert "error: the local Snowflake is not installed\nnext: " in done.stdout
    assert "Traceback" not in done.stderr


def test_nothing_of_the_pipeline_or_the_deployer_names_it():
    named = [path for room in ("src", "dag", "deploy") for path in (ROOT / room).rglob("*.py")]
    assert [path for path in named if "local_snowflake" in path.read_text()] == []


def test_it_names_nothing_of_the_project():
    words = re.compile(r"ml_pipeline|late_delivery|\bML_(DEV|PROD)\b|from (deploy|dag|environments)\b")
    sources = (ROOT / HOUSE / "src").rglob("*.py")
    assert [path for path in sources if words.search(path.read_text())] == []
