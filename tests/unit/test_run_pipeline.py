"""Running the graph in one process: the order, the branch, and what is shown."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from snowflake.core.task.dagv1 import DAG, DAGTask

from dag import own_schema
from dag.display import Lines, Progress, summary
from dag.run_pipeline import _is_skipped, _reported, choose, having, main, new_run, order, run_step
from ml_pipeline.config import load
from ml_pipeline.errors import PipelineError
from ml_pipeline.values import ConfigError
from tests.small.graph import build

ROOT = Path(__file__).parents[2]
LOCAL = load("local", ROOT / "tests/environments")


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
    first, second = (new_run(LOCAL, None, smoke=False) for _ in range(2))
    assert first.settings == LOCAL.pipeline
    assert first.id != second.id
    assert new_run(LOCAL, None, smoke=True).settings == LOCAL.smoke
    assert first.release == "working-tree"


def test_what_is_not_staged_trains_in_the_process():
    assert LOCAL.pipeline.training.job
    assert not new_run(LOCAL, None, smoke=False).trains_in_job


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


def test_what_has_no_result_shows_none():
    assert summary(None) == ""


GRAPHS = [DAG("TRAINING"), DAG("SCORING")]


@pytest.mark.parametrize(("name", "chosen"), [("", GRAPHS), ("SCORING", GRAPHS[1:])])
def test_all_graphs_run_or_the_one_that_is_named(name, chosen):
    assert choose(GRAPHS, name) == chosen


def test_a_graph_that_is_not_there_is_an_error_with_the_nearest_name():
    with pytest.raises(ConfigError, match=r'no graph "SCORNG".*did you mean "SCORING".*TRAINING, SCORING'):
        choose(GRAPHS, "SCORNG")


def test_a_step_alone_is_one_of_the_first_graph_that_has_it():
    first, second = DAG("TRAINING"), DAG("SCORING")
    DAGTask("SCORE", "SELECT 1", dag=second)
    assert having([first, second], "SCORE") is second
    assert having([first, second], "NO_STEP") is first


def test_plain_lines_are_printed_as_the_steps_go_on(capsys):
    report = Lines()
    report("INGEST", "running", 0, None)
    report("INGEST", "succeeded", 1.25, {"lines": 7})
    assert capsys.readouterr().out.splitlines() == ["INGEST       running", "INGEST       succeeded 1.25 s lines 7"]


def test_a_breakpoint_takes_the_table_away_until_the_next_step(monkeypatch):
    stopped = []
    with Progress(console=Console(file=io.StringIO(), force_terminal=True)) as report:
        monkeypatch.setattr(report, "_hook", lambda: stopped.append(report._live.is_started))
        report("INGEST", "running", 0, None)
        breakpoint()  # noqa: T100
        assert stopped == [False]
        report("INGEST", "succeeded", 1, None)
        assert report._live.is_started


def test_a_failed_step_is_reported_without_its_message_which_the_command_ends_with():
    told = []

    def fail():
        raise PipelineError("boom")

    with pytest.raises(PipelineError, match="boom"):
        _reported("INGEST", lambda *report: told.append(report[1::2]), fail)
    assert told == [("running", None), ("failed", None)]


def test_a_step_that_the_graph_does_not_have_is_an_error_with_the_nearest_name(graph):
    with pytest.raises(PipelineError, match="the graph has no step 'FEATURE'; did you mean FEATURES\\?\\nnext: pass"):
        run_step(None, new_run(LOCAL, None, smoke=True), graph, "FEATURE", print)


# A schema of one's own.

DEV = load("dev", ROOT / "environments")


def test_nobody_works_in_the_schema_of_main(capsys):
    assert main(["--env", "dev"]) == 1
    said = capsys.readouterr().err
    assert f"{DEV.snowflake.schema} of dev is for what was merged" in said
    assert "next: python dag/run_pipeline.py --env dev --schema-of me" in said


def test_a_person_has_a_schema_and_the_role_for_developers():
    own = own_schema.moved(DEV, "Anna.Smith")
    assert own.snowflake.schema == "OF_ANNA_SMITH"
    assert own.snowflake.role == f"{DEV.snowflake.database}_DEVELOPER"
    assert not own.graph.schedule
    made = own_schema.creation(own, DEV.snowflake.schema)
    assert f'"{DEV.snowflake.schema}"."ML_PIPELINE_TEMPORARY" = \'OF_ANNA_SMITH\'' in made


def test_me_is_who_commits_here(tmp_path):
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "config", "user.email", "anna+git@example.com"], cwd=tmp_path, check=True)
    assert own_schema.who("me", tmp_path) == "anna"
    assert own_schema.who("ben", tmp_path) == "ben"


@pytest.mark.parametrize("person", ["", "-x", "a b", 'a"b', "a'b", "ä", "x" * 61])
def test_what_is_no_plain_name_is_no_person(person, capsys):
    assert main(["--env", "dev", f"--schema-of={person}"]) == 1
    assert "not the name of a person" in capsys.readouterr().err


def test_people_have_schemas_in_dev_only(capsys):
    assert main(["--env", "local", "--schema-of", "anna"]) == 1
    assert "where pull requests have them, not in local" in capsys.readouterr().err
