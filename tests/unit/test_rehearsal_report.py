"""The rehearsal knows no pipeline: it shows what steps found, breaks whichever step there is, and seeds any source."""

import runpy
from datetime import UTC, datetime

import pytest

from deploy.graph.graph import Graph, TaskSpec
from environments.local.rehearsal import breaking, report, seed
from environments.local.rehearsal.checkout import Checkout
from environments.local.rehearsal.errors import RehearsalError
from environments.local.rehearsal.findings import EnvironmentRow, Findings
from environments.local.rehearsal.full_run import FullRun, TaskRun
from environments.local.rehearsal.story import Told

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CURVE = {"roc": [[0.0, 0.0], [1.0, 1.0]]}


def rendered(results):
    tasks = (TaskRun("ONLY", "SUCCEEDED", NOW, NOW, ""),)
    graph = Graph.of([TaskSpec("G", "select 1"), TaskSpec("G$ONLY", "select 2", predecessors=("G",))])
    row = EnvironmentRow("last", "first", "0" * 64, "none", "none yet")
    return report.render(Findings(1.0, Told(), FullRun(tasks, results, ""), (row,), graph))


@pytest.mark.parametrize(
    ("results", "pictures"),
    [
        ({}, 2),
        ({"COUNT": 7, "LIST": [1], "NONE": None}, 2),
        ({"FIT": {"metrics": {"rmse": 1.5}}}, 2),
        ({"FIT": {"metrics": {"rmse": 1.5}, "plots": {"new": {"residuals": [1]}}, "slices": {"a": [{"value": 1}]}}}, 2),
        ({"JUDGE": {"metrics": {"auc": 0.7}, "plots": {"new": CURVE}}}, 3),
        ({"WATCH": {"monitor": "M", "verdict": "steady", "drift": {"A": 0.1}, "max_drift": 0.2}}, 3),
    ],
)
def test_a_report_shows_what_the_steps_found_and_misses_nothing_else(results, pictures):
    assert rendered(results).count("<svg") == pictures


def test_a_report_has_every_metric_whatever_it_is_called():
    assert "<th>root error<td>1.5" in rendered({"ANY": {"metrics": {"root_error": 1.5}}})


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "src" / "own").mkdir(parents=True)
    return Checkout(tmp_path)


@pytest.mark.parametrize("code", ["def load(session):\n    return 1\n", "load = lambda session: 1\n"])
def test_a_broken_step_fails_when_it_runs_and_can_be_imported_before(checkout, code):
    path = checkout.folder / "src/own/steps.py"
    path.write_text(code)
    texts = ["select 1", "WITH step AS PROCEDURE () HANDLER = 'own.steps.load' CALL step()"]
    assert breaking.break_a_step(checkout, texts, "as it should") == "own.steps.load"
    step = runpy.run_path(str(path))["load"]
    with pytest.raises(RuntimeError, match="as it should"):
        step(None)


def test_a_graph_without_steps_of_python_is_named(checkout):
    with pytest.raises(RehearsalError, match="HANDLER"):
        breaking.break_a_step(checkout, ["select 1"], "never")


def test_without_sql_of_its_own_nothing_is_seeded(tmp_path):
    assert seed.run(None, tmp_path) == ""
