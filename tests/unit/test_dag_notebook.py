"""`make notebook`: what is wrong is said before Jupyter starts, and Jupyter is given what the command was."""

import json
from pathlib import Path

import pytest

from dag import notebook

NOTEBOOKS = Path(__file__).parents[2] / notebook.FOLDER


@pytest.fixture
def started(monkeypatch):
    """Start Jupyter, as far as the process: its command and its environment variables."""
    found = []
    monkeypatch.setattr(notebook.subprocess, "call", lambda command, **options: found.append((command, options)) or 0)
    return found


@pytest.fixture
def signed_in(monkeypatch):
    for name, value in {"ACCOUNT": "org-account", "USER": "ANNA", "PASSWORD": "x"}.items():
        monkeypatch.setenv(f"SNOWFLAKE_{name}", value)


def test_jupyter_has_what_the_command_was_given_and_the_repository_to_import(started, signed_in):
    assert notebook.main(["--env", "dev", "--schema-of", "anna", "--smoke", "--", "--no-browser"]) == 0
    ((command, options),) = started
    assert command[1:] == ["-m", "jupyterlab", "--no-browser", notebook.FOLDER]
    variables = options["env"]
    assert json.loads(variables[notebook.CHOSEN]) == {"env": "dev", "schema_of": "anna", "smoke": True}
    assert str(notebook.ROOT) in variables["PYTHONPATH"]
    assert variables["OMP_WAIT_POLICY"] == "PASSIVE"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--env", "dev"], "--schema-of me"),
        (["--env", "nowhere"], "no environment"),
        (["--env", "dev", "--schema-of", "a b"], "not the name of a person"),
    ],
)
def test_what_is_wrong_is_said_before_jupyter_starts(started, signed_in, capsys, arguments, said):
    assert notebook.main(arguments) == 1
    assert said in capsys.readouterr().err
    assert not started


def test_without_a_sign_in_jupyter_is_not_started(started, capsys, monkeypatch):
    monkeypatch.setenv("SNOWFLAKE_CONNECTIONS", "")
    assert notebook.main(["--env", "dev", "--schema-of", "anna"]) == 1
    assert "SNOWFLAKE_ACCOUNT is not set" in capsys.readouterr().err
    assert not started


def test_every_notebook_takes_what_the_command_was_given():
    for path in NOTEBOOKS.glob("*.ipynb"):
        assert f'"{notebook.CHOSEN}" in os.environ' in path.read_text().replace('\\"', '"')
