"""Every command of the README and of docs/, run as it stands there; the address and the folder are the tests' own."""

import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

from deploy.verbs import cli
from environments.local.github.oidc import Issuer
from ml_pipeline.config import load as load_environment
from tests.faults.callers import Callers, load

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# The page whose server the commands of the others need, as it says.
FIRST = ROOT / "docs" / "local-snowflake.md"
# Commands that other tests run, or that run the tests.
ELSEWHERE = {
    "make rehearse": "test_rehearsal.py",
    "make test": "this run",
    "make bench": "test_bench.py",
    "make faults": "tests/faults, of which this run takes a sample",
}
HOME, PORT = ".local/account", "8085"


def commands(page: Path) -> list[str]:
    """The lines after a `$` in the console blocks of a page."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


class Terminal:
    """A newcomer's terminal: what it exports, and the server that its `make local` has started."""

    def __init__(self, callers: Callers, home: Path) -> None:
        self._callers = callers
        self._home = home
        self._environ = {k: v for k, v in os.environ.items() if not k.startswith(("SNOWFLAKE_", "OMP_"))}
        self._server: subprocess.Popen[str] | None = None
        self._port = PORT

    def run(self, command: str) -> None:
        """Run a command, with the home and the port that the tests have in place of the document's."""
        command = command.replace(HOME, str(self._home)).replace(PORT, self._port)
        if command == "make local":
            self._port = self._serve()
        elif command.startswith("export "):
            self._export(command)
        else:
            done = self._done(shlex.split(command))
            assert done.returncode == 0, f"{command}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"

    def close(self) -> None:
        """Stop the server."""
        if self._server:
            self._server.communicate()

    def _serve(self) -> str:
        """Start the server as the Makefile says, at a free port."""
        options = f"--home {self._home} --port 0 --until-stdin-closes"
        self._server = subprocess.Popen(
            ["make", "--silent", "local", f"ARGS={options}"],
            cwd=ROOT, env=self._environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        ready = self._server.stdout.readline()
        return re.search(r"ready: http://127\.0\.0\.1:(\d+)", ready)[1]

    def _export(self, command: str) -> None:
        shown = subprocess.run(
            ["bash", "-c", f"{command}; env -0"], env=self._environ, check=True, capture_output=True, text=True
        )
        self._environ = dict(pair.split("=", 1) for pair in shown.stdout.split("\0") if "=" in pair)

    def _done(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        if words[0] == ".venv/bin/python":
            ended = self._callers.run(as_python_does, words[1:], self._environ, limit=120)
            return subprocess.CompletedProcess(words, ended.value, ended.output, ended.error or "")
        if words[0] == ".venv/bin/local-snowflake":
            home = words.index("--home") + 1
            words = [*words[:home], f"{words[home]}-other", *words[home + 1 :], "--until-stdin-closes"]
        if not (ROOT / words[0]).exists():
            pytest.skip(f"{words[0]} is not installed: make .venv-cli/.installed")
        return subprocess.run(
            words, cwd=ROOT, env=self._environ, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Commands of Python run in processes that have the clients imported: that takes most of a command's time."""
    load()
    with Callers() as callers:
        terminal = Terminal(callers, tmp_path / "account")
        yield terminal
        terminal.close()


@pytest.mark.timeout(300)
def test_every_command_of_the_documents_works(terminal):
    ran = 0
    for page in [FIRST, *(page for page in PAGES if page != FIRST)]:
        for command in commands(page):
            if command not in ELSEWHERE:
                terminal.run(command)
                ran += 1
    assert ran >= 10


def as_python_does(words, environ):
    """In a process of its own: be `python <words>`, and return the exit code."""
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(ROOT)
    # OpenMP's threads do not survive a fork: where the tests have trained before, training would wait for them forever.
    threadpool_limits(1)
    module = words[0] == "-m"
    sys.argv = words[module:]
    ending, os._exit = os._exit, sys.exit  # a command that ends at once has to tell its exit code here
    try:
        if module:
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        else:
            sys.path.insert(0, str(ROOT / Path(sys.argv[0]).parent))
            runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        return end.code or 0
    finally:
        os._exit = ending
    return 0


def test_what_is_run_elsewhere_is_in_the_documents():
    assert set(ELSEWHERE) <= {command for page in PAGES for command in commands(page)}


def steps():
    """The numbered steps of "Six steps to PROD", each with its block of commands."""
    section = re.search(r"## Six steps to PROD\n(.*?)\n## ", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    return re.findall(r"^\d\. .*?```sh\n(.*?)```", section, re.DOTALL | re.MULTILINE)


def test_there_are_at_most_six_steps_to_prod_each_one_command():
    found = steps()
    assert 0 < len(found) <= 6
    assert all(len(step.strip().splitlines()) == 1 for step in found)
    assert not [step for step in found if re.search(r"secret|PRIVATE_KEY", step)]


def test_the_steps_to_prod_work_as_far_as_they_need_no_github(snowflake, monkeypatch, capsys):
    """Those of `deploy`, as they stand there: `gh` is answered for, and the issuer is the tests' own."""
    with Issuer() as issuer:
        for key, value in snowflake.environ.items():
            monkeypatch.setenv(key, value)
        ours = [step.strip() for step in steps() if " -m deploy " in step]
        assert [shlex.split(step)[3] for step in ours] == ["github", "bootstrap", "bootstrap"]
        for step in ours:
            words = shlex.split(re.sub(r'"\$\(gh api .*?\)"', issuer.repository.subject_prefix, step))[3:]
            words += ["--print"] if words[0] == "github" else ["--issuer", issuer.address]
            assert cli.main(words) == 0, step
        for key in ("SNOWFLAKE_USER", "SNOWFLAKE_PASSWORD"):
            monkeypatch.delenv(key)
        monkeypatch.setenv("SNOWFLAKE_AUTHENTICATOR", "workload_identity")
        names = ("dev", "prod")
        for name in names:
            for key, value in issuer.variables(environment=name).items():
                monkeypatch.setenv(key, value)
            assert cli.main(["doctor", "--env", name]) == 0, capsys.readouterr().out
        undo(snowflake, *(load_environment(name, ROOT / "environments").snowflake.service_user for name in names))


def undo(snowflake, *users):
    """Let other tests drop the databases."""
    with snowflake.connector(role="ACCOUNTADMIN") as connection:
        for user in users:
            for what in ("AUTHENTICATION POLICY", "WORKLOAD_IDENTITY", "NETWORK_POLICY"):
                connection.cursor().execute(f"ALTER USER {user} UNSET {what}")
