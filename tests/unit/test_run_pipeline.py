"""Running the graph in one process: the order, the branch, and what is shown."""

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from snowflake.core.task.dagv1 import DAG

from dag.dag import build
from dag.display import Progress, summary
from dag.run_pipeline import _is_skipped, choose, main, new_run, order
from ml_pipeline.config import load
from ml_pipeline.values import ConfigError

ROOT = Path(__file__).parents[2]
LOCAL = load("local", ROOT / "environments")


@pytest.fixture(scope="module")
def graph():
    return build(LOCAL, "d")


def test_every_task_comes_after_its_predecessors_and_the_finalizer_is_not_among_them(graph):
    names = order(graph)
    assert sorted([*names, "REPORT"]) == sorted(task.name for task in graph.tasks)
    for task in graph.tasks:
        assert all(names.index(each.name) < names.index(task.name) for each in task.predecessors)


def test_the_branch_that_was_not_chosen_is_skipped_with_all_that_follows(graph):
    results = {"DECIDE": {"branch": "KEEP"}}
    assert _is_skipped(graph, "TRAIN", results)
    assert _is_skipped(graph, "EVALUATE", results)
    assert not _is_skipped(graph, "KEEP", results)


def test_where_branches_join_again_one_way_is_enough(graph):
    results = {"EVALUATE": {}, "QUALITY_GATE": {"branch": "REJECT"}}
    assert _is_skipped(graph, "REGISTER", results)
    assert not _is_skipped(graph, "REJECT", results)
    assert _is_skipped(graph, "SCORE", results)
    assert not _is_skipped(graph, "SCORE", {**results, "REJECT": {}})


def test_a_run_has_the_settings_of_its_environment_and_a_name_of_its_own():
    first, second = (new_run(LOCAL, smoke=False) for _ in range(2))
    assert first.settings == LOCAL.pipeline
    assert first.id != second.id
    assert new_run(LOCAL, smoke=True).settings == LOCAL.smoke
    assert first.release == "working-tree"


def test_what_is_not_staged_trains_in_the_process():
    assert LOCAL.pipeline.training.job
    assert not new_run(LOCAL, smoke=False).trains_in_job


def test_an_unknown_environment_is_an_error_with_the_nearest_name(capsys):
    assert main(["--env", "lokal"]) == 1
    assert 'no environment "lokal" in environments/; did you mean "local"?' in capsys.readouterr().err


def test_without_credentials_it_says_which_are_missing(capsys, monkeypatch):
    monkeypatch.delenv("SNOWFLAKE_ACCOUNT", raising=False)
    assert main(["--env", "local"]) == 1
    assert "error: SNOWFLAKE_ACCOUNT is not set" in capsys.readouterr().err


def test_it_runs_as_a_script():
    answer = subprocess.run(
        [sys.executable, "dag/run_pipeline.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--smoke" in answer.stdout


def test_every_step_fills_in_one_line():
    console = Console(record=True, width=100, force_terminal=False)
    with Progress(console=console) as report:
        report("INGEST", "running", 0, None)
        report("INGEST", "succeeded", 1.25, {"lines": 7, "metrics": {"auc": 0.68, "lines": 9}, "parts": {}})
        report("REJECT", "skipped", 0, None)
    lines = [line.rstrip() for line in console.export_text().splitlines() if line.strip()]
    assert lines[1:] == ["INGEST  succeeded  1.25     auc 0.68, lines 7", "REJECT  skipped"]


def test_an_error_is_shown_as_it_is():
    assert summary("boom") == "boom"
    assert summary(None) == ""


GRAPHS = [DAG("TRAINING"), DAG("SCORING")]


@pytest.mark.parametrize(("name", "chosen"), [("", GRAPHS), ("SCORING", GRAPHS[1:])])
def test_all_graphs_run_or_the_one_that_is_named(name, chosen):
    assert choose(GRAPHS, name) == chosen


def test_a_graph_that_is_not_there_is_an_error_with_the_nearest_name():
    with pytest.raises(ConfigError, match=r'no graph "SCORNG".*did you mean "SCORING".*TRAINING, SCORING'):
        choose(GRAPHS, "SCORNG")
