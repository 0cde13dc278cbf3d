"""What a verb tells the workflow that runs it: outputs, summaries, and comments of a size that GitHub takes."""

import datetime

import pytest

from deploy import job
from deploy.graph.graph import Graph, TaskSpec
from deploy.smoke import view
from deploy.smoke.runs import GraphRun, TaskRun
from deploy.verbs import review
from ml_pipeline import config
from tests.conftest import ROOT

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)


@pytest.fixture
def files(tmp_path):
    return {"GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}


def test_outside_of_a_workflow_nothing_is_written():
    job.output({"release": "abc"}, {})
    job.summarize("text", {})


def test_outputs_add_up(files, tmp_path):
    job.output({"release": "abc"}, files)
    job.output({"verdict": "passed", "url": ""}, files)
    assert (tmp_path / "output").read_text() == "release=abc\nverdict=passed\nurl=\n"


def test_an_output_cannot_set_another_one(files, tmp_path):
    with pytest.raises(ValueError, match="several lines"):
        job.output({"url": "x\nverdict=passed"}, files)
    assert not (tmp_path / "output").exists()


def test_a_failure_is_in_the_summary_with_the_next_command(files, tmp_path):
    job.error("it broke\n````\n<b>", "python -m deploy status", files)
    text = (tmp_path / "summary").read_text()
    assert "it broke" in text
    assert "python -m deploy status" in text
    assert text.count("````") == 4


def test_a_text_that_is_cut_leaves_nothing_open():
    text = "<details><summary>x</summary>\n\n```diff\n" + "+ line\n" * 100 + "```\n\n</details>"
    short = job.cut(text, 300)
    assert len(short) <= 300
    assert short.count("```") == 2
    assert "</details>" in short
    assert job.cut(text, 10_000) == text


@pytest.mark.parametrize("tasks", [1, 1000])
def test_a_comment_begins_with_its_marker_and_is_never_longer_than_github_takes(tasks):
    from deploy.plan import plan

    children = (TaskSpec(f"G${number}", "SELECT 1", ("G",)) for number in range(1, tasks))
    graph = Graph((TaskSpec("G", "SELECT 1"), *children))
    made = plan.make(graph, ())
    own, following = {"own": ("ML_DEV.PR_7", made)}, {"prod": ("ML_PROD.MAIN", made)}
    comment = review.Preview("0" * 64, own, following).comment
    assert comment.startswith(review.MARKER)
    assert len(comment) <= review.LONGEST_COMMENT


def spec(name, **options):
    return TaskSpec(name, "SELECT 1", **options)


def test_a_smoke_run_is_a_table_a_chart_and_metrics():
    graph = Graph((spec("G"), spec("G$TRAIN", predecessors=("G",)), spec("G$LAST", predecessors=("G$TRAIN",))))
    run = GraphRun(
        "1",
        (
            TaskRun("G", "SUCCEEDED", seconds=0.0, started=NOON),
            TaskRun(
                "G$TRAIN",
                "FAILED",
                seconds=2.0,
                query_id="q1",
                error="100132: a | b\nsecond <line>",
                started=NOON + datetime.timedelta(seconds=1),
                returned='{"metrics": {"auc": 0.6789123, "plot": [1]}}',
            ),
        ),
    )
    text = view.summary(graph, run, "ML_DEV.PR_7")
    assert text.startswith("### Smoke run of ML_DEV.PR_7: FAILED\n")
    assert "| ❌ | G$TRAIN | FAILED: 100132: a \\| b second &lt;line> | 2.0 | q1 |" in text
    assert "| … | G$LAST | did not run |  |  |" in text
    assert "  TRAIN :crit, 1000, 3000" in text
    assert "| G$TRAIN | auc | 0.6789 |" in text
    assert "plot" not in text


@pytest.mark.parametrize("returned", ["", "no JSON", "[1]", '{"metrics": 3}'])
def test_without_metrics_there_is_no_table_of_them(returned):
    assert view.metrics(GraphRun("1", (TaskRun("G", "SUCCEEDED", returned=returned),))) == ""


def test_without_a_run_the_summary_says_so():
    text = view.summary(Graph((spec("G"),)), GraphRun(), "ML_DEV.MAIN")
    assert "| … | G | did not run |" in text
    assert "gantt" not in text


def test_the_graph_has_an_address_where_the_account_is_given_in_full():
    dev = config.load("dev", ROOT / "tests/environments")
    url = job.graph_url(dev, "G", {"SNOWFLAKE_ACCOUNT": "acme-ml"})
    assert url.startswith("https://app.snowflake.com/acme/ml/#/data/databases/T_DEV/schemas/MAIN/task/G/graph")
    assert job.graph_url(dev, "G", {"SNOWFLAKE_ACCOUNT": "xy12345"}) == ""
    assert job.graph_url(dev, "G", {}) == ""
