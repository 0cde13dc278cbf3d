"""A release of several graphs as one value: its parts, its plan, and which of a schema's graphs are its own."""

import dataclasses
import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from snowflake.core.task.dagv1 import DAG, DAGTask

from dag import dag as described
from dag.pinned import Pinned, together
from deploy import names
from deploy.apply import statements as apply
from deploy.delivery import preflight
from deploy.delivery.state import State
from deploy.errors import DeployError
from deploy.graph import rules
from deploy.graph.graph import CLASSIC, EMPTY, TASK_GRAPH, Graph, TaskSpec
from deploy.graph.render import render
from deploy.plan import deployed, plan
from deploy.plan import text as plan_text
from deploy.plan.deployed import Deployed, Other
from deploy.records.lock import Journal, Lock
from deploy.records.record import Entry
from deploy.records.snapshot import Snapshot
from ml_pipeline import config
from ml_pipeline.settings import Timeouts

ROOT = Path(__file__).parents[2]
OURS = ROOT / "tests/environments"
DEV = config.load("dev", OURS)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def graph(name, *tasks, release="one", finalizer="REPORT", **properties):
    """A graph of a root, tasks that follow it, and perhaps a finalizer."""
    wide = {"CONFIG": json.dumps({"release": release}), "SCHEDULE": "5 MINUTE", **properties}
    specs = [TaskSpec(name, "SELECT 0", properties=tuple(wide.items()))]
    specs += [TaskSpec(f"{name}${task}", f"SELECT '{release}'", (name,)) for task in tasks]
    specs += [TaskSpec(f"{name}${finalizer}", "SELECT 9", finalizes=name)] if finalizer else []
    return Graph.of(specs)


TRAINING, SCORING = graph("TRAINING", "FIT", "JUDGE"), graph("SCORING", "SCORE")
BOTH = Graph.joined([TRAINING, SCORING])


def there(*graphs, backend=CLASSIC):
    return [Deployed(each, frozenset(task.name for task in each.children), backend=backend) for each in graphs]


# ---- the value
def test_the_parts_of_several_graphs_are_the_graphs_in_their_order():
    assert BOTH.parts == (TRAINING, SCORING)
    assert Graph.joined([SCORING, TRAINING]).parts == (SCORING, TRAINING)
    assert TRAINING.parts == (TRAINING,)
    assert EMPTY.parts == ()


def test_several_graphs_are_read_back_as_they_were_recorded():
    assert Graph.from_text(BOTH.to_text()) == BOTH
    assert Graph.from_text(BOTH.to_text()).parts == (TRAINING, SCORING)


def test_a_record_that_only_says_which_task_is_the_finalizer_is_read():
    """As records did when a release had one graph."""
    tasks = json.loads(TRAINING.to_text())
    for task in tasks:
        task["finalizes"] = bool(task["finalizes"])
    assert Graph.from_text(json.dumps(tasks)) == TRAINING


def test_two_graphs_of_one_name_are_refused():
    with pytest.raises(DeployError, match="two tasks are called TRAINING"):
        Graph.joined([TRAINING, TRAINING])


@pytest.mark.parametrize("several", [False, True])
def test_what_dag_py_returns_is_rendered_one_graph_or_several(monkeypatch, several):
    def build(environment, digest, *_):
        dags = [DAG(name, config={"release": digest}) for name in ("G", "H")]
        for each in dags:
            DAGTask("A", "SELECT 1", dag=each)
        return dags if several else dags[0]

    monkeypatch.setattr(described, "build", build)
    assert [each.name for each in render(DEV, "d").parts] == ["G", "H"][: 1 + several]


def test_no_graph_at_all_is_refused(monkeypatch):
    monkeypatch.setattr(described, "build", lambda *_: [])
    with pytest.raises(DeployError, match="describes no graph"):
        render(DEV, "d")


PAGE = (ROOT / "docs/several-graphs.md").read_text(encoding="utf-8")
TWO = '[graphs.TRAINING]\ntimeout_minutes = 90\n[graphs.SCORING]\nschedule = "ON CHANGE OF A.B.C"\n'


@pytest.fixture
def configured(request, tmp_path):
    """DEV with two graphs in its configuration, or with what the test says."""
    folder = tmp_path / "environments"
    shutil.copytree(OURS, folder)
    tables = getattr(request, "param", TWO)
    path = folder / "base.toml"
    path.write_text(path.read_text().replace("[timeouts]\n", f"{tables}[timeouts]\nSCORE = 5\n"))
    return config.load("dev", folder)


def pinned(environment, digest, *_):
    training, scoring = (Pinned(environment, digest, name) for name in ("TRAINING", "SCORING"))
    training.step("TRAIN", "Fits a model.")
    scoring.step("SCORE", "Scores.")
    return together(training, scoring)


def test_each_graph_has_what_is_configured_for_it(monkeypatch, configured):
    monkeypatch.setattr(described, "build", pinned)
    training, scoring = render(configured, "d").parts
    assert (training.timeout_seconds, scoring.timeout_seconds) == (5400, 60 * configured.graph.timeout_minutes)
    assert (training.changes_of, scoring.changes_of) == ("", "A.B.C")
    assert scoring.by_name["SCORING$SCORE"].values["USER_TASK_TIMEOUT_MS"] == 300_000
    assert names.graphs(configured) == ("TRAINING", "SCORING")


def blocks(language):
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL))


@pytest.mark.parametrize("configured", [blocks("toml")], indirect=True)
def test_what_the_page_shows_is_two_graphs(monkeypatch, configured):
    names_there = {"Pinned": Pinned, "together": together}
    exec(blocks("python"), names_there)
    monkeypatch.setattr(described, "build", lambda environment, digest, *_: names_there["build"](environment, digest))
    training, scoring = render(configured, "d").parts
    assert [task.name for task in training.children] == ["TRAINING$INGEST", "TRAINING$TRAIN"]
    assert [(each.schedule, each.timeout_seconds, each.retries) for each in (training, scoring)] == [
        ("USING CRON 0 4 * * MON UTC", 60 * configured.graph.timeout_minutes, configured.graph.retries),
        ("USING CRON 0 * * * * UTC", 1200, 1),
    ]


def test_a_graph_that_is_configured_and_not_drawn_is_named(monkeypatch, configured):
    def one(environment, digest, *_):
        return Pinned(environment, digest, "TRAINING").dag()

    monkeypatch.setattr(described, "build", one)
    with pytest.raises(DeployError, match='no task "SCORE"'):
        render(configured, "d")
    with pytest.raises(DeployError, match="describes no graph SCORING, which is configured") as error:
        render(configured.model_copy(update={"timeouts": Timeouts()}), "d")
    assert "[graphs.SCORING]" in error.value.remedy


# ---- the rules
@pytest.mark.parametrize(
    ("graphs", "wrong"),
    [
        ((TRAINING, SCORING), []),
        ((TRAINING, graph("TRAINING2")), []),
        ((TRAINING, graph("TRAINING$MORE")), ["TRAINING$MORE has a name that only a task of the graph TRAINING can"]),
        (
            (TRAINING.on_change_of("A.B.C"), graph("TRAINING_ON_CHANGE")),
            ["TRAINING_ON_CHANGE is the name of the task that waits for A.B.C"],
        ),
        ((TRAINING, graph("H", SCHEDULE="USING CRON 99 * * * * UTC")), ["the minute 99 is not one of 0-59"]),
    ],
)
def test_what_is_wrong_with_one_of_several_graphs_is_named(graphs, wrong):
    found = rules.problems(Graph.joined(graphs), NOW)
    assert len(found) == len(wrong)
    assert all(part in line for part, line in zip(wrong, found, strict=True))


# ---- the plan
def test_a_plan_has_a_section_for_each_graph_and_then_for_those_that_go():
    old = graph("OLD", "A")
    proposal = plan.make(BOTH, there(TRAINING, old))
    assert [(section.name, section.empty) for section in proposal.sections] == [
        ("TRAINING", True),
        ("SCORING", False),
        ("OLD", False),
    ]
    assert [section.name for section in proposal.kept.sections] == ["TRAINING", "SCORING"]
    assert [section.name for section in proposal.gone.sections] == ["OLD"]
    assert proposal.graph == BOTH


def test_what_changes_in_one_graph_is_planned_for_that_one():
    changed = graph("SCORING", "SCORE", SCHEDULE="7 MINUTE")
    proposal = plan.make(Graph.joined([TRAINING, changed]), there(TRAINING, SCORING))
    assert [change.name for change in proposal.changed] == ["SCORING"]
    assert (proposal.added, proposal.removed) == ((), ())


def test_every_schedule_is_off_before_the_first_change():
    changed = graph("SCORING", "SCORE", SCHEDULE="7 MINUTE")
    proposal = plan.make(Graph.joined([TRAINING, changed]), there(TRAINING, SCORING, graph("OLD")))
    lines = apply.statements(DEV, proposal)
    first = next(at for at, line in enumerate(lines) if not line.startswith("ALTER TASK IF EXISTS"))
    for name in ("TRAINING", "SCORING", "OLD"):
        assert any(line.endswith(f'"{name}" SUSPEND') for line in lines[:first])


@pytest.mark.parametrize("backend", [CLASSIC, TASK_GRAPH])
def test_a_graph_that_goes_stays_until_it_is_dropped_on_the_backend_that_holds_it(backend):
    proposal = plan.make(BOTH, there(TRAINING, SCORING, graph("OLD", "A"), backend=backend), CLASSIC)
    kept, whole = (apply.statements(DEV, proposal, dropping=dropping) for dropping in (False, True))
    assert not any('."OLD' in line and line.startswith("DROP") for line in kept)
    dropped = [line for line in whole if '."OLD' in line and line.startswith("DROP")]
    kinds = {line.split()[1:3][1] if "TASK GRAPH" in line else "TASK" for line in dropped}
    assert kinds == ({"TASK"} if backend == CLASSIC else {"TASK", "GRAPH"})
    assert all("IF EXISTS" in line for line in apply.statements(DEV, proposal.gone))


def test_what_is_left_of_a_plan_is_asked_of_its_own_graphs_alone():
    foreign = graph("FOREIGN")
    proposal = plan.make(BOTH, there(TRAINING))
    assert [section.name for section in plan.again(proposal, there(TRAINING, foreign)).sections] == [
        "TRAINING",
        "SCORING",
    ]


def test_of_one_graph_a_plan_reads_as_ever_and_of_several_each_has_its_heading():
    one = plan.make(TRAINING, ())
    assert not plan_text.text(one).startswith("graph ")
    both = plan_text.text(plan.make(BOTH, there(SCORING, graph("OLD", "A"))))
    assert [line for line in both.splitlines() if line.startswith(("graph", "all", "no", "the"))] == [
        "graph TRAINING",
        "graph SCORING",
        "no changes: the deployed graph is the release's",
        "graph OLD",
        "the release no longer has this graph: it goes when the release has passed",
        "all graphs: 4 to add, 0 to change, 3 to remove",
    ]
    drawn = plan_text.markdown(plan.make(BOTH, ()), "DEV")
    assert drawn.count("```mermaid") == 2
    assert "#### TRAINING" in drawn
    assert "####" not in plan_text.markdown(one, "DEV")


@pytest.mark.parametrize(
    ("current", "journal", "there_now", "tried"),
    [
        (None, "", (), ("TRAINING", "SCORING")),
        (BOTH, "", (TRAINING, SCORING), ("TRAINING", "SCORING")),  # nothing changes: somebody wants to see them run
        (Graph.joined([TRAINING, graph("SCORING")]), "", (TRAINING, graph("SCORING")), ("SCORING",)),
        (BOTH, "", (TRAINING, graph("SCORING")), ("SCORING",)),  # changed by hand
        (Graph.joined([TRAINING, graph("SCORING")]), "", (TRAINING, SCORING), ("SCORING",)),  # applied, never tried
        (TRAINING, "left", (TRAINING, SCORING), ("TRAINING", "SCORING")),  # a delivery did not end
    ],
)
def test_a_smoke_run_is_due_of_every_graph_but_those_that_the_release_in_use_has_just_so(
    current, journal, there_now, tried
):
    entry = Entry("release", "c", "one", "p", current, "passed") if current else None
    left = Journal("release", "one", "c", "p", BOTH) if journal else None
    seen = State(tuple(there(*there_now)), Lock(journal=left), entry, [], [], {}, prepared=True, has_task_graphs=False)
    assert seen.untried(plan.make(BOTH, seen.deployed)) == tried


def test_two_graphs_that_wait_for_one_table_have_a_stream_each():
    both = Graph.joined(each.on_change_of("SHOP.PUBLIC.ORDERS") for each in (TRAINING, SCORING))
    lines = apply.statements(DEV, plan.make(both, ()))
    streams = [line.split('"')[5] for line in lines if line.startswith("CREATE STREAM")]
    assert streams == [f"{name}$CHANGES$SHOP$PUBLIC$ORDERS" for name in ("TRAINING", "SCORING")]


# ---- what is there
def row(name, release="", **columns):
    values = {"config": json.dumps({"release": release}) if release else None, "owner": "THEM"}
    return {"name": name, "state": "started"} | values | columns


def test_graphs_are_ours_by_the_releases_that_they_carry():
    found = {"tasks": [row("G", "a" * 64), row("H", "b" * 64), row("PLAIN"), row("G$A")], "graphs": []}
    assert deployed.carrying(found, ["a" * 64]) == ("G",)
    assert deployed.others(found, ["G"]) == (Other("H", "THEM"),)
    assert deployed.others({**found, "graphs": [row("K", "c")]}, ["G", "H"]) == (Other("K", "THEM", TASK_GRAPH),)


def test_a_task_belongs_to_the_graph_with_the_longest_fitting_name():
    assert deployed._graph_of("A$B$C", ["A", "A$B"]) == "A$B"
    assert deployed._graph_of("A_ON_CHANGE", ["A", "B"]) == "A"
    assert deployed._graph_of("AB", ["A"]) == ""


def test_graphs_that_nobody_knows_are_named_with_their_owner_and_the_statement():
    with pytest.raises(DeployError, match=r"K \(owner: THEM\) in .* would keep running beside TRAINING, SCORING") as e:
        preflight.check_alone(DEV, BOTH, [Other("K", "THEM", TASK_GRAPH)])
    place = DEV.snowflake
    name = f'"{place.database}"."{place.schema}"."K"'
    assert e.value.remedy.endswith(f"ALTER TASK GRAPH {name} SUSPEND; DROP TASK GRAPH {name};")
    preflight.check_alone(DEV, BOTH, [])


@pytest.mark.parametrize(
    ("theirs", "ours", "refused"),
    [("o/one", "o/two", True), ("o/one", "o/one", False), ("", "o/two", False), ("o/one", "", False)],
)
def test_another_repositorys_graphs_do_not_go(monkeypatch, theirs, ours, refused):
    def run(repository):
        return f"https://github.com/{repository}/actions/runs/7" if repository else ""

    current = Entry("release", "c", "d", "p", SCORING, "passed", run_url=run(theirs))
    monkeypatch.setattr("deploy.job.run_url", lambda: run(ours))
    replaced, added = (plan.make(TRAINING, graphs) for graphs in (there(SCORING), ()))
    preflight.check_repository(DEV, added, current)
    if not refused:
        preflight.check_repository(DEV, replaced, current)
        return
    with pytest.raises(DeployError, match=r"is of \S+/o/one: \S+/o/two would take its graph away \(SCORING"):
        preflight.check_repository(DEV, replaced, current)


# ---- the snapshot
def test_a_snapshot_has_all_graphs():
    taken = Snapshot("prod", tuple(there(TRAINING, SCORING)), CLASSIC)
    assert Snapshot.from_text(taken.to_text()) == taken
    assert taken.plan(BOTH, DEV).empty


def test_a_snapshot_of_before_several_graphs_is_read():
    (each,) = json.loads(Snapshot("prod", tuple(there(TRAINING)), CLASSIC).to_text())["graphs"]
    read = Snapshot.from_text(json.dumps({"environment": "prod", "backend": CLASSIC, **each}))
    assert read.deployed == tuple(dataclasses.replace(graph) for graph in there(TRAINING))
