"""Every command of the README, run as it stands there, in its order; only the server's address is the tests' own."""

import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

from deploy.verbs import cli
from environments.local.github.oidc import Issuer
from tests.faults.callers import Callers, load

ROOT = Path(__file__).parents[2]
# Commands that other tests run, or that run the tests.
ELSEWHERE = {
    "make rehearse": "test_rehearsal.py",
    "make test": "this run",
    "make local": "the server of these tests, started by the same module",
    "make bench": "test_bench.py",
    "make faults": "tests/faults, of which this run takes a sample",
}


def commands():
    """The lines after a `$` in the README's console blocks."""
    blocks = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def exported(command, snowflake):
    """What an `export` line sets, with the address of the tests' server."""
    values = dict(pair.split("=", 1) for pair in shlex.split(command)[1:])
    return {**values, **{key: value for key, value in snowflake.environ.items() if key in values}}


@pytest.fixture
def callers():
    """Processes in which the clients are imported already, as that takes most of a command's time."""
    load()
    with Callers() as origin:
        yield origin


@pytest.mark.timeout(300)
def test_every_command_of_the_readme_works(snowflake, callers, tmp_path):
    environ = {k: v for k, v in os.environ.items() if not k.startswith("SNOWFLAKE_")}
    ran = []
    for command in commands():
        if command in ELSEWHERE:
            continue
        if command.startswith("export "):
            environ |= exported(command, snowflake)
            continue
        answer = run(command, environ, snowflake, callers, tmp_path)
        assert answer.returncode == 0, f"{command}\n{answer.stdout[-1500:]}\n{answer.stderr[-1500:]}"
        ran.append(command)
    assert len(ran) >= 10


def run(command, environ, snowflake, callers, tmp_path):
    words = shlex.split(command.replace("8085", str(snowflake.port)))
    if words[0] == ".venv/bin/local-snowflake":
        return started(words, environ, tmp_path)
    if words[0] == ".venv/bin/python":
        ended = callers.run(as_python_does, words[1:], environ, limit=120)
        return subprocess.CompletedProcess(words, ended.value, ended.output, ended.error or "")
    if not (ROOT / words[0]).exists():
        pytest.skip(f"{words[0]} is not installed: make .venv-cli/.installed")
    return subprocess.run(words, cwd=ROOT, env=environ, capture_output=True, text=True)


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


def started(words, environ, tmp_path):
    """A command that serves until it is stopped: here, until its standard input ends."""
    home = words.index("--home") + 1
    options = [*words[1:home], str(tmp_path / "account"), *words[home + 1 :], "--until-stdin-closes"]
    words = [sys.executable, "-m", "local_snowflake", *options]
    done = subprocess.run(words, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert "Local Snowflake ready: http://127.0.0.1:" in done.stdout
    return done


def test_what_is_run_elsewhere_is_in_the_readme():
    assert set(ELSEWHERE) <= set(commands())


def steps():
    """The numbered steps of "Your own account", each with its block of commands."""
    section = re.search(r"## Your own account\n(.*?)\n## ", (ROOT / "README.md").read_text(), re.DOTALL)[1]
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
        for name in ("dev", "prod"):
            for key, value in issuer.variables(environment=name).items():
                monkeypatch.setenv(key, value)
            assert cli.main(["doctor", "--env", name]) == 0, capsys.readouterr().out
        undo(snowflake, "ML_DEV_CI", "ML_PROD_CI")


def undo(snowflake, *users):
    """Let other tests drop the databases."""
    with snowflake.connector(role="ACCOUNTADMIN") as connection:
        for user in users:
            for what in ("AUTHENTICATION POLICY", "WORKLOAD_IDENTITY", "NETWORK_POLICY"):
                connection.cursor().execute(f"ALTER USER {user} UNSET {what}")
