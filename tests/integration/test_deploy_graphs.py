"""A release of several graphs: delivered, changed, taken away and rolled back as one, on both backends."""

import json

import pytest
from snowflake.core.task import Cron
from snowflake.core.task.dagv1 import DAG, DAGTask

from dag import dag
from tests.integration import deploy_account as account

SCHEMA = "T_PROD.MAIN"
BACKENDS = ["classic", "task_graph"]


class Graphs:
    """A stand-in for dag/dag.py: a graph for each of these names, with one task of this text and a schedule."""

    def __init__(self):
        self.texts = {"TRAINING": "SELECT 1", "SCORING": "SELECT 2"}
        self.crons = {}

    def build(self, environment, digest):
        return [self._graph(environment, digest, name, text) for name, text in self.texts.items()]

    def _graph(self, environment, digest, name, text):
        place = environment.snowflake
        graph = DAG(
            name,
            schedule=Cron(self.crons.get(name, "0 0 1 1 *"), "UTC"),
            warehouse=place.warehouse,
            config={"release": digest},
        )
        DAGTask("WORK", text, dag=graph)
        DAGTask("REPORT", f"SELECT 3 /* {digest} */", dag=graph, is_finalizer=True)
        return graph


class Prod:
    """The command line on PROD, and what is there."""

    def __init__(self, admin, capsys, dist, digests, project):
        self.admin, self.capsys, self.dist, self.digests, self.project = admin, capsys, dist, digests, project

    def __call__(self, verb, *options, release=""):
        named = ("--dist", str(self.dist), "--release", self.digests[release]) if release else ()
        self.capsys.readouterr()
        code = account.main([verb, *options, "--env", "prod", *named, "--json"], self.project)
        printed = self.capsys.readouterr()
        return code, json.loads(printed.out), printed.err

    def done(self, verb, *options, release=""):
        code, values, said = self(verb, *options, release=release)
        assert code == 0, (values, said)
        return values

    @property
    def tasks(self):
        """The tasks by name, without their graphs' finalizers."""
        self.admin.execute(f"SHOW TASKS IN SCHEMA {SCHEMA}")
        names = [column.name for column in self.admin.description]
        rows = [dict(zip(names, row, strict=True)) for row in self.admin.fetchall()]
        return {row["name"]: row["definition"] for row in rows if not row["name"].endswith("REPORT")}

    @property
    def schedules(self):
        return {name: graph["schedule"]["on"] for name, graph in self.done("status")["graphs"].items()}


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    with pytest.MonkeyPatch.context() as patch:
        return folder, {name: account.build_release(folder, name, patch) for name in ("one", "two")}


@pytest.fixture
def graphs(monkeypatch):
    found = Graphs()
    monkeypatch.setattr(dag, "build", found.build)
    return found


@pytest.fixture
def prod(request, snowflake, dist, monkeypatch, capsys, tmp_path):
    key = account.new_key()
    with snowflake.connector(role="ACCOUNTADMIN") as connection:
        admin = connection.cursor()
        admin.execute("DROP DATABASE IF EXISTS T_PROD")
        account.bootstrap(snowflake, key, monkeypatch, "prod")
        admin.execute(f"GRANT CREATE TASK GRAPH ON SCHEMA {SCHEMA} TO ROLE T_PROD_ACCESS")
        account.as_service_user(key, monkeypatch)
        project = account.project(tmp_path, backend=request.param)
        yield Prod(admin, capsys, *dist, project)


@pytest.mark.parametrize("prod", BACKENDS, indirect=True)
def test_several_graphs_are_one_release(prod, graphs):
    # Both are planned, smoke tested in the order of dag.py, recorded as one, and on.
    planned = prod.done("plan", release="one")
    assert list(planned["graphs"]) == ["TRAINING", "SCORING"]
    released = prod.done("release", "--plan", planned["hash"], release="one")
    assert list(released["smoke"]["runs"]) == ["TRAINING", "SCORING"]
    assert prod.schedules == {"TRAINING": True, "SCORING": True}
    assert prod("plan", "--detailed-exitcode", release="one")[0] == 0
    assert prod("plan", "--drift", "--detailed-exitcode")[0] == 0

    # What changes of one is planned for that one, and only that one has to pass.
    graphs.crons["SCORING"] = "0 0 2 1 *"
    code, planned, _ = prod("plan", "--detailed-exitcode", release="one")
    assert (code, list(planned["changed"]), list(planned["changed"]["SCORING"])) == (2, ["SCORING"], ["SCHEDULE"])
    assert list(prod.done("release", release="one")["smoke"]["runs"]) == ["SCORING"]
    assert prod.schedules == {"TRAINING": True, "SCORING": True}

    # One is run by its name, and all without one.
    assert list(prod.done("run", "SCORING")["runs"]) == ["SCORING"]
    assert list(prod.done("smoke")["runs"]) == ["TRAINING", "SCORING"]
    assert "no graph NEITHER in" in prod("run", "NEITHER")[1]["error"]

    # One that is renamed, with another release, stays until the new one has passed: here it does not.
    del graphs.crons["SCORING"]
    graphs.texts = {"TRAINING": "SELECT 1", "SERVING": "SELECT 1 / 0"}
    code, answer, _ = prod("release", release="two")
    assert code == 1
    assert "SERVING$WORK FAILED" in answer["error"]
    assert prod.tasks.keys() == {"TRAINING", "TRAINING$WORK", "SCORING", "SCORING$WORK"}
    assert prod.schedules == {"TRAINING": True, "SCORING": True}
    assert prod.done("status")["release"] == prod.digests["one"]

    # Now it passes, and the old one goes.
    graphs.texts["SERVING"] = "SELECT 4"
    planned = prod.done("plan", release="two")
    assert list(planned["graphs"]) == ["TRAINING", "SERVING", "SCORING"]
    assert {"SCORING", "SCORING$WORK"} < set(planned["removed"])
    prod.done("release", "--plan", planned["hash"], release="two")
    assert prod.tasks.keys() == {"TRAINING", "TRAINING$WORK", "SERVING", "SERVING$WORK"}
    assert prod.schedules == {"TRAINING": True, "SERVING": True}

    # A rollback brings back all of them as they were.
    rolled_back = prod.done("rollback")
    assert list(rolled_back["smoke"]["runs"]) == ["TRAINING", "SCORING"]
    assert prod.tasks.keys() == {"TRAINING", "TRAINING$WORK", "SCORING", "SCORING$WORK"}
    assert prod.schedules == {"TRAINING": True, "SCORING": True}
    assert prod("plan", "--drift", "--detailed-exitcode")[0] == 0

    # With one graph fewer, a release is the other one.
    graphs.texts = {"TRAINING": "SELECT 5"}
    prod.done("release", release="two")
    assert prod.tasks.keys() == {"TRAINING", "TRAINING$WORK"}


@pytest.mark.parametrize("prod", ["classic"], indirect=True)
def test_the_second_graph_is_not_run_when_the_first_has_failed(prod, graphs):
    graphs.texts = {"TRAINING": "SELECT 1 / 0", "SCORING": "SELECT 2"}
    code, answer, said = prod("release", release="one")
    assert code == 1
    assert "TRAINING$WORK FAILED" in answer["error"]
    assert "SCORING" not in "".join(line for line in said.splitlines() if line.startswith("smoke run of"))
    assert prod.schedules == {"TRAINING": False, "SCORING": False}

    # What a first release has left behind is ours, under whatever name the next one comes.
    graphs.texts = {"LEARNING": "SELECT 1"}
    prod.done("release", release="two")
    assert prod.tasks.keys() == {"LEARNING", "LEARNING$WORK"}


@pytest.mark.parametrize("prod", ["classic"], indirect=True)
def test_another_repositorys_graphs_are_not_taken_away(prod, graphs, monkeypatch):
    for variable, value in {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_RUN_ID": "1"}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/one")
    prod.done("release", release="one")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/two")
    graphs.texts = {"OTHER": "SELECT 1"}
    code, answer, _ = prod("release", release="two")
    assert code == 1
    assert "is of https://github.com/acme/one" in answer["error"]
    assert prod.schedules == {"TRAINING": True, "SCORING": True}
