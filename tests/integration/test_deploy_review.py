"""What a review sees is what is done: plans for PROD without its credentials, and held to when it is deployed."""

import json

import pytest

from dag import dag
from deploy.verbs import review
from tests.integration import deploy_account as account

PR = ("--env", "dev", "--ref", "refs/pull/7/merge")


@pytest.fixture(scope="module")
def key():
    return account.new_key()


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    with pytest.MonkeyPatch.context() as patch:
        return folder, {name: account.build_release(folder, name, patch) for name in ("one", "two")}


@pytest.fixture
def graph(monkeypatch):
    small = account.SmallGraph()
    monkeypatch.setattr(dag, "build", small.build)
    return small


@pytest.fixture
def deploy(snowflake, key, dist, graph, monkeypatch, capsys, tmp_path):
    """Fresh DEV and PROD, and the command line in a workflow's step, signed in as each environment's service user."""
    folder, digests = dist
    with snowflake.connector(role="ACCOUNTADMIN") as admin:
        for database in ("T_DEV", "T_PROD"):
            admin.cursor().execute(f"DROP DATABASE IF EXISTS {database}")
    account.bootstrap(snowflake, key, monkeypatch, "dev", "prod")
    account.as_service_user(key, monkeypatch)
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))

    def run(verb, *options, release=""):
        """Return the exit code, the step's outputs, and the JSON."""
        (tmp_path / "output").write_text("")
        named = ("--dist", str(folder), "--release", digests[release]) if release else ()
        capsys.readouterr()
        code = account.main([verb, *options, *named, "--json"])
        outputs = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
        return code, outputs, json.loads(capsys.readouterr().out)

    return run


def test_what_is_reviewed_is_what_is_deployed(deploy, graph, tmp_path):
    file, comment, summary = tmp_path / "snapshot.json", tmp_path / "comment.md", tmp_path / "summary"

    # Before anything was released, everything is new, in PROD too.
    code, reviewed, values = deploy("preview", "--env", "dev", "--ref", "refs/heads/main", release="one")
    assert code == 0
    assert set(reviewed) == {"own_plan", "next_plans", "verdict"}
    assert values["next"]["prod"]["added"][0]["name"] == "SMALL"
    assert deploy("release", "--env", "dev", "--plan", reviewed["own_plan"], release="one")[0] == 0
    code, released, _ = deploy("release", "--env", "prod", "--plan", reviewed["next_plans"], release="one")
    assert code == 0
    assert released["verdict"] == "passed"
    assert "### Smoke run of T_PROD.MAIN.SMALL: SUCCEEDED" in summary.read_text()

    assert deploy("snapshot", "--env", "prod", "--to", str(file))[0] == 0
    assert deploy("publish", "--env", "dev", str(file))[0] == 0
    assert deploy("publish", "--env", "dev", str(file))[0] == 0  # once more changes nothing

    # A pull request adds a task: its plan for PROD is the one that PROD itself would make.
    graph.tasks["C"] = "SELECT 3"
    code, reviewed, values = deploy("preview", *PR, "--comment", str(comment), release="two")
    assert code == 0
    assert set(reviewed) == {"own_plan", "main_plan", "next_plans", "verdict"}
    assert [task["name"] for task in values["next"]["prod"]["added"]] == ["SMALL$C"]
    assert json.loads(reviewed["next_plans"])["prod"] == deploy("plan", "--env", "prod", release="two")[2]["hash"]
    assert reviewed["main_plan"] == deploy("plan", "--env", "dev", release="two")[2]["hash"]
    text = comment.read_text()
    assert text.startswith(review.MARKER)
    assert "T_DEV.PR_7 (dev)" in text
    assert "T_PROD.MAIN (prod), as it was published: 20" in text
    for _ in range(2):  # a job that is run again finds its plan carried out
        assert deploy("release", *PR, "--plan", reviewed["own_plan"], release="two")[0] == 0

    # What was not reviewed is not done.
    graph.tasks["D"] = "SELECT 4"
    code, outputs, values = deploy("release", "--env", "prod", "--plan", reviewed["next_plans"], release="two")
    assert code == 1
    assert outputs == {}
    assert "are no longer plan" in values["error"]
    assert deploy("status", "--env", "prod")[2]["recorded"]["commit"] == "one"


def test_what_is_no_snapshot_is_refused(deploy, tmp_path):
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}")
    assert "not a snapshot" in deploy("publish", "--env", "dev", str(wrong))[2]["error"]
    assert "cannot read missing.json" in deploy("publish", "--env", "dev", str(tmp_path / "missing.json"))[2]["error"]
    assert deploy("publish", "--env", "prod", str(wrong))[0] == 2
