"""The command line: quick to answer, and every error is a cause and the next command to type."""

import importlib
import json
import subprocess
import sys
from importlib import metadata

import pytest

from deploy.errors import DeployError
from deploy.setup import bootstrap, github
from deploy.verbs import cli, table
from deploy.verbs.table import VERBS, Target
from ml_pipeline import config
from tests.conftest import ROOT, TESTS, main, module

# `snowflake` itself is an empty namespace that the interpreter makes when it starts.
HEAVY = ("snowflake.", "rich", "jinja2", "pandas", "build", "ml_pipeline")


def on(*targets):
    return [verb.name for verb in VERBS.values() if verb.target in targets]


@pytest.mark.parametrize("verb", VERBS)
def test_what_a_verb_runs_is_there_and_says_what_it_does(verb):
    module = importlib.import_module(f"deploy.verbs.{VERBS[verb].runs}")
    assert getattr(module, verb).__doc__


def test_what_can_be_left_out_is_what_the_set_up_knows():
    def choices(verb):
        return {flag: settings.get("choices") for ((flag, *_), settings), *_ in VERBS[verb].all_options}["--without"]

    assert choices("bootstrap") == tuple(bootstrap.POLICIES)
    assert choices("github") == github.OPTIONAL


def test_verbs_that_get_no_data_frames_run_no_dag():
    assert {name for name, verb in VERBS.items() if verb.renders} == {"apply", "doctor", "plan", "preview", "release"}


def test_help_imports_nothing_heavy():
    code = "import sys; from deploy.verbs import cli; cli.main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert not [name for name in done.stderr.split() if name.startswith(HEAVY)]
    for verb in VERBS:
        assert verb in done.stdout


def test_it_runs_as_a_module():
    command = module("deploy", measured=True)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "the following arguments are required: <verb>" in done.stderr


@pytest.mark.parametrize("verb", on(Target.ENVIRONMENT, Target.SCHEMA))
def test_an_unknown_environment_names_the_nearest_one(verb, capsys):
    assert main([verb, "--env", "prodd"]) == 2
    error = capsys.readouterr().err
    assert 'no environment "prodd" in environments/; did you mean "prod"?' in error
    assert "\nnext: " in error


@pytest.mark.parametrize("verb", on(Target.SCHEMA))
def test_pull_requests_go_to_the_first_environment_only(verb, capsys):
    assert main([verb, "--env", "prod", "--pr", "7"]) == 2
    printed = capsys.readouterr().err
    assert "pull requests are only in the first environment of the chain of deliveries, not in prod" in printed
    assert "\nnext: python -m deploy chain" in printed


def test_a_pull_request_has_a_number_above_zero(capsys):
    assert main(["status", "--env", "dev", "--pr", "0"]) == 2
    assert "not the number of a pull request: 0" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["upload", "plan", "apply", "release"])
def test_without_a_build_nothing_is_signed_in_to(verb, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("SNOWFLAKE_ACCOUNT", raising=False)
    assert main([verb, "--env", "dev", "--dist", str(tmp_path)]) == 1
    assert capsys.readouterr().err.endswith("next: python -m deploy build\n")


@pytest.mark.parametrize("verb", ["upload", "plan", "apply", "release"])
def test_a_bad_digest_is_refused(verb, tmp_path, capsys):
    assert main([verb, "--env", "dev", "--dist", str(tmp_path), "--release", "latest!"]) == 1
    assert "not a release: 'latest!'" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["smoke", "rollback", "status", "teardown"])
def test_without_an_account_the_variable_to_set_is_named(verb, monkeypatch, capsys):
    monkeypatch.delenv("SNOWFLAKE_ACCOUNT", raising=False)
    assert main([verb, "--env", "dev", "--pr", "7"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: SNOWFLAKE_ACCOUNT is not set\n")
    assert "\nnext: export SNOWFLAKE_ACCOUNT=" in said


def test_without_a_credential_the_variables_are_named(monkeypatch, capsys):
    monkeypatch.setenv("SNOWFLAKE_ACCOUNT", "local")
    assert main(["status", "--env", "dev"]) == 1
    said = capsys.readouterr().err
    assert "SNOWFLAKE_PRIVATE_KEY" in said
    assert "\nnext: export SNOWFLAKE_PRIVATE_KEY_FILE=" in said


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_main_is_never_torn_down(environment, capsys):
    assert main(["teardown", "--env", environment]) == 2
    assert "never torn down" in capsys.readouterr().err


def test_a_broken_environment_file_is_named(tmp_path, capsys):
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments/base.toml").write_text("")
    (tmp_path / "environments/dev.toml").write_text("[snowflake")
    assert main(["status", "--env", "dev"], tmp_path) == 2
    assert "environments/dev.toml: not TOML" in capsys.readouterr().err


def test_errors_are_json_when_json_is_asked_for(capsys):
    assert main(["status", "--env", "nowhere", "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) == {"error", "next"}


def test_bootstrap_can_be_printed_without_an_account(monkeypatch, capsys):
    monkeypatch.delenv("SNOWFLAKE_ACCOUNT", raising=False)
    assert main(["bootstrap", "--env", "prod", "--print"]) == 0
    database = config.load("prod", TESTS / "environments").snowflake.database
    assert f"CREATE DATABASE IF NOT EXISTS {database}" in capsys.readouterr().out


def test_a_public_key_that_is_not_there_is_named(tmp_path, capsys):
    assert main(["bootstrap", "--env", "dev", "--public-key", str(tmp_path / "key.pub")]) == 1
    assert "key.pub: No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "following"),
    [
        (["build"], "python -m deploy build"),
        (["release", "--env", "dev"], "python -m deploy status --env dev"),
        (["release", "--env", "dev", "--pr", "7"], "python -m deploy status --env dev --pr 7"),
    ],
)
def test_an_interrupted_verb_says_how_to_look(argv, following, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(table, "run", interrupt)
    assert main(argv) == 130
    assert capsys.readouterr().err == f"error: interrupted\nnext: {following}\n"


@pytest.mark.parametrize("kind", [ModuleNotFoundError, metadata.PackageNotFoundError])
def test_a_package_that_is_not_installed_ends_a_command_with_the_next_one(monkeypatch, capsys, kind):
    def lacking(*_):
        raise kind("lightgbm", name="lightgbm") if kind is ModuleNotFoundError else kind("lightgbm")

    monkeypatch.setattr(table, "run", lacking)
    assert main(["build"]) == 1
    assert capsys.readouterr().err == "error: the package lightgbm is not installed here\nnext: make .venv/.installed\n"


def test_build_prints_the_digest_that_names_the_release(tmp_path, monkeypatch, capsys):
    def no_git(*_):
        raise DeployError("git knows no commit here", "git init")

    monkeypatch.setattr("deploy.release.sources.commit", lambda _: "c0ffee")
    monkeypatch.setattr("deploy.release.sources.read", lambda _: {"src/own/__init__.py": b""})
    assert main(["build", "--dist", str(tmp_path), "--json"], ROOT) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["commit"] == "c0ffee"
    assert (tmp_path / answer["release"] / "manifest.json").is_file()
    monkeypatch.setattr("deploy.release.sources.commit", no_git)
    assert main(["build", "--dist", str(tmp_path)], ROOT) == 1


def test_a_named_connection_is_the_connectors_own_variable_for_the_command(monkeypatch, capsys):
    monkeypatch.setenv("SNOWFLAKE_DEFAULT_CONNECTION_NAME", "other")
    monkeypatch.setenv("SNOWFLAKE_CONNECTIONS", "[work]\naccount = 'not an account'")
    assert main(["status", "--env", "dev", "--connection", "work"]) == 1
    assert "account of the connection work: 'not an account' is neither" in capsys.readouterr().err


@pytest.mark.parametrize("verb", on(Target.ENVIRONMENT, Target.SCHEMA))
def test_every_verb_that_connects_takes_a_named_connection(verb):
    assert "connection" in vars(cli.parser().parse_args([verb, "--env", "dev"]))


@pytest.mark.parametrize("options", [["--retrain"], ["--as-of", "2026-01-31"]])
def test_a_retry_takes_no_settings_of_its_own(options, capsys):
    assert main(["run", "--env", "dev", "--retry", *options]) == 2
    assert "next: python -m deploy run --env dev --retry" in capsys.readouterr().err


def test_what_is_no_day_is_refused_before_anything_is_signed_in_to(capsys):
    assert main(["run", "--env", "dev", "--as-of", "yesterday"]) == 2
    assert "--as-of" in capsys.readouterr().err


KEYS = {"UTF-16": "-----BEGIN PUBLIC KEY-----".encode("utf-16"), "DER": b"\x30\x82\x01\x22\xff", "binary": b"\xff\x00"}


@pytest.mark.parametrize("content", KEYS.values(), ids=KEYS)
def test_a_public_key_that_is_no_pem_file_is_an_error(tmp_path, capsys, content):
    (tmp_path / "key.pub").write_bytes(content)
    assert main(["bootstrap", "--env", "dev", "--print", "--public-key", str(tmp_path / "key.pub")]) == 1
    assert "key.pub is " in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"\xff\xfe{\x00}\x00", b"\x30\x82", b"[]", b""])
def test_a_snapshot_that_is_none_is_an_error(tmp_path, capsys, content):
    (tmp_path / "snapshot.json").write_bytes(content)
    assert main(["publish", "--env", "dev", str(tmp_path / "snapshot.json")]) == 1
    assert "\nnext: python -m deploy snapshot --env prod --to snapshot.json" in capsys.readouterr().err


def test_the_account_of_the_repository_may_be_given_by_its_address(capsys):
    address = "https://org-account.snowflakecomputing.com"
    assert main(["github", "--print", "--repository", "acme/ml", "--account", address]) == 0
    assert "--body org-account" in capsys.readouterr().out
    assert main(["github", "--print", "--repository", "acme/ml", "--account", "https://example.com"]) == 2
