"""`make init`: whatever a team is called, the files are right afterwards, or none of them has changed."""

import json
import re
import shutil
import subprocess
import sys
import tomllib

import pytest

from deploy.errors import USAGE
from deploy.setup import naming
from deploy.verbs import cli
from ml_pipeline import config
from tests.conftest import ROOT
from tests.renaming import TEAMS, options

FILES = (".github", "environments", "pyproject.toml", "src")


@pytest.fixture
def project(tmp_path):
    """A copy of what `make init` reads and writes."""
    ignored = shutil.ignore_patterns("local", "__pycache__")
    for name in FILES:
        source = ROOT / name
        shutil.copytree(source, tmp_path / name, ignore=ignored) if source.is_dir() else shutil.copy(source, tmp_path)
    return tmp_path


def init(project, team):
    return cli.main(["init", *options(team)], project)


def texts(project):
    return {str(path.relative_to(project)): path.read_bytes() for path in project.rglob("*") if path.is_file()}


def without_values(text):
    """What stays as it is: comments, order and layout."""
    return re.sub(r'"[^"]*"', '""', text)


@pytest.mark.parametrize("team", TEAMS.values(), ids=TEAMS)
def test_every_environment_has_the_teams_names_and_its_comments(project, team):
    before = (project / "environments/base.toml").read_text()
    old = naming.Project(project).answers["prefix"]
    assert init(project, team) == 0
    folder = project / "environments"
    for name in config.environments(folder):
        found = config.load(name, folder)
        assert found.snowflake.database == f"{team['prefix']}_{name.upper()}"
        assert (found.graph.name, found.pipeline.registry.model) == (team["graph"], team["model"])
        assert found.governance.owner == team.get("owner", found.governance.owner)
        assert found.delivery.branch == team.get("branch", found.delivery.branch)
        named = {value for value in found.snowflake.to_dict().values() if value.startswith(f"{old}_")}
        assert all(value.startswith(f"{team['prefix']}_") for value in named)
    assert without_values((folder / "base.toml").read_text()) == without_values(before)
    assert naming.Project(project).answers | team == naming.Project(project).answers


def test_a_package_of_ones_own_is_named_in_the_settings_and_in_the_wheel(project):
    own = project / "src/own"
    assert init(project, {"package": "own"}) == USAGE
    own.mkdir()
    (own / "model.py").write_text("")
    assert init(project, {"package": "own"}) == 0
    folder = project / "environments"
    assert {config.load(name, folder).pipeline.package for name in config.environments(folder)} == {"own"}
    wheel = tomllib.loads((project / "pyproject.toml").read_text())["tool"]["uv"]["build-backend"]
    assert wheel["module-name"] == ["ml_pipeline", "own"]


@pytest.mark.parametrize("team", TEAMS.values(), ids=TEAMS)
def test_it_can_be_run_again_and_led_back(project, team):
    before, now = texts(project), naming.Project(project).answers
    assert init(project, team) == 0
    once = texts(project)
    assert init(project, team) == 0
    assert texts(project) == once
    assert init(project, now) == 0
    assert texts(project) == before


def test_nothing_but_names_is_written_and_packages_keep_theirs(project, capsys):
    assert init(project, TEAMS["digits"] | {"project": "Churn.", "code_owners": "@acme/a b@acme.com"}) == 0
    assert json.loads(json.dumps(capsys.readouterr().out)).startswith("wrote ")
    text = (project / "pyproject.toml").read_text()
    assert 'description = "Churn."' in text
    for key in ("name", "module-name"):
        (line,) = re.findall(rf"^{key} = .*$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
        assert line in text.splitlines()
    owned = [line.split() for line in (project / ".github/CODEOWNERS").read_text().splitlines() if line[:1] == "/"]
    assert owned
    assert all(line[1:] == ["@acme/a", "b@acme.com"] for line in owned)
    assert "branches: [release/1.x]" in (project / ".github/workflows/cd.yml").read_text()


WRONG = {
    "a small letter": ({"prefix": "acme"}, "an upper case Snowflake name"),
    "a quote": ({"owner": 'the "best"'}, "quotes"),
    "a quote in a prefix": ({"prefix": 'A"; DROP'}, "quotes"),
    "a brace": ({"prefix": "{ENVIRONMENT}"}, "braces"),
    "a reserved word": ({"graph": "ORDER"}, "a reserved word"),
    "a reserved prefix": ({"prefix": "TABLE"}, "a reserved word"),
    "nothing": ({"prefix": ""}, "an upper case Snowflake name"),
    "a model of 40": ({"model": "M" * 40}, "at most 39 characters"),
    "too long": ({"prefix": "P" * 250}, "at most 255 characters"),
    "an owner of a line": ({"owner": "a\nb"}, "control characters"),
    "an owner that is no label": ({"owner": "a;b"}, "letters, digits"),
    "no branch": ({"branch": "a b"}, "the name of a branch"),
    "no code owner": ({"code_owners": "somebody"}, "not @user"),
}


@pytest.mark.parametrize(("answer", "cause"), WRONG.values(), ids=WRONG)
def test_a_wrong_answer_changes_nothing(project, capsys, answer, cause):
    before = texts(project)
    assert init(project, {"cost_center": "other", **answer}) == 2
    printed = capsys.readouterr().err
    assert cause in printed
    assert "\nnext: " in printed
    assert texts(project) == before


def test_two_files_that_would_be_one_database_are_named(project, capsys):
    for name in ("eu-west", "eu_west"):
        (project / f"environments/{name}.toml").write_text("")
    before = texts(project)
    assert init(project, {"prefix": "ACME"}) == 2
    assert "ACME_EU_WEST: eu-west and eu_west" in capsys.readouterr().err
    assert texts(project) == before


def test_a_person_is_asked_for_each_answer_and_may_keep_it(project):
    asked = []

    def read(question):
        asked.append(question)
        return "ACME" if "prefix" in question else ""

    now = naming.Project(project).answers
    assert naming.ask(naming.Project(project), dict.fromkeys(naming.QUESTIONS), read) == now | {"prefix": "ACME"}
    assert len(asked) == len(naming.QUESTIONS)
    assert all(f"[{now[name]}]" in question for name, question in zip(naming.QUESTIONS, asked, strict=True))


def test_line_ends_of_windows_stay(project):
    path = project / "environments/base.toml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert init(project, TEAMS["short"]) == 0
    assert path.read_bytes().count(b"\r\n") == path.read_bytes().count(b"\n")


def test_the_files_that_are_written_pass_the_checks_of_workflows(project):
    assert init(project, TEAMS["digits"]) == 0
    (project / ".git").mkdir()
    done = subprocess.run(
        [shutil.which("actionlint", path=f"{sys.prefix}/bin") or "actionlint"],
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
