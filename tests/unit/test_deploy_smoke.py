"""A verdict looks at every task of the one run that carries the nonce."""

import datetime
import io
from pathlib import Path

import pytest

from deploy import smoke, smoke_view
from deploy.errors import DeployError
from deploy.graph import EMPTY, Graph, TaskSpec
from deploy.runs import GraphRun, TaskRun
from ml_pipeline import config

PROD = config.load("prod", Path(__file__).parents[2] / "environments")
GRAPH = Graph.of(
    [
        TaskSpec("G", "select 1"),
        TaskSpec("G$GATE", "CALL gate()", ("G",)),
        TaskSpec("G$REGISTER", "CALL register()", ("G$GATE",), condition="gate = 'REGISTER'"),
        TaskSpec("G$REJECT", "CALL reject()", ("G$GATE",), condition="gate = 'REJECT'"),
        TaskSpec("G$SCORE", "CALL score()", ("G$REGISTER",)),
        TaskSpec("G$REPORT", "CALL report()", finalizes=True),
    ]
)
GREEN = dict.fromkeys(GRAPH.by_name, "SUCCEEDED") | {"G$REJECT": "SKIPPED"}


def run(**states):
    given = {f"G${key}" if key != "G" else key: state for key, state in states.items()}
    tasks = GREEN | given
    return GraphRun("g1", tuple(TaskRun(name, state) for name, state in tasks.items() if state))


def test_a_run_in_which_every_task_succeeded_passes():
    assert smoke.judge(GRAPH, run()) == ()


def test_the_quality_gate_may_go_either_way():
    assert smoke.judge(GRAPH, run(REGISTER="SKIPPED", REJECT="SUCCEEDED", SCORE="SKIPPED")) == ()
    assert smoke.judge(GRAPH, run(REGISTER="SKIPPED", REJECT="SUCCEEDED", SCORE=None)) == ()


def test_a_failed_task_fails_the_run_with_its_error_and_query_id():
    failed = TaskRun("G$GATE", "FAILED", query_id="01b-7", error="100357: boom")
    assert smoke.judge(GRAPH, GraphRun("g1", (failed,))) == ("G$GATE FAILED: 100357: boom (query 01b-7)",)


def test_of_a_traceback_the_verdict_says_what_was_raised():
    error = """100357: Python Interpreter Error:
Traceback (most recent call last):
  File "tasks.py", line 35, in evaluate
    raise ValueError("no lines
")
ValueError: no lines
 in function STEP with handler ml_pipeline.tasks.evaluate"""
    cause = TaskRun("G", "FAILED", error=error).cause
    assert cause.startswith("100357: Python Interpreter Error: ")
    assert cause.endswith("ValueError: no lines in function STEP with handler ml_pipeline.tasks.evaluate")
    assert "File" not in cause


@pytest.mark.parametrize("state", ["FAILED", "FAILED_AND_AUTO_SUSPENDED", "CANCELLED"])
def test_every_way_to_break_fails_the_run(state):
    assert len(smoke.judge(GRAPH, run(SCORE=state))) == 1


def test_a_task_that_is_skipped_without_a_condition_fails_the_run():
    assert smoke.judge(GRAPH, run(SCORE="SKIPPED")) == ("G$SCORE SKIPPED",)


def test_a_task_that_never_ran_fails_the_run():
    assert smoke.judge(GRAPH, run(REPORT=None)) == ("G$REPORT never ran",)


def test_an_empty_history_fails_the_run():
    assert len(smoke.judge(GRAPH, GraphRun())) == len(GRAPH.tasks)


def test_a_condition_does_not_excuse_a_task_that_left_no_trace():
    assert "G$REGISTER never ran" in smoke.judge(GRAPH, run(REGISTER=None))


NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)


def row(name, state, group="g1", attempt=1, seconds=2, **columns):
    end = NOON + datetime.timedelta(seconds=seconds)
    known = {"error_code": None, "error_message": None, "query_id": None, "return_value": None, "config": None}
    times = {"scheduled_time": NOON, "query_start_time": NOON, "completed_time": end}
    return {
        "name": name,
        "state": state,
        "graph_run_group_id": group,
        "attempt_number": attempt,
        **known,
        **times,
    } | columns


def test_another_runs_rows_do_not_count():
    found = GraphRun.from_rows("g1", [row("G", "FAILED", group="g2"), row("G", "SUCCEEDED")])
    assert found.state == "SUCCEEDED"


def test_a_retried_task_counts_by_its_last_attempt():
    rows = [row("G$A", "SUCCEEDED", attempt=2), row("G$A", "FAILED", attempt=1)]
    found = GraphRun.from_rows("g1", rows)
    assert found.by_name["G$A"].attempt == 2
    assert not found.broken


def test_a_run_is_going_on_while_a_task_is_waiting():
    found = GraphRun.from_rows("g1", [row("G", "SUCCEEDED"), row("G$A", "SCHEDULED", completed_time=None)])
    assert found.active
    assert found.state == "EXECUTING"
    assert found.by_name["G$A"].seconds is None


def with_retries(count):
    return Graph.of([TaskSpec("G", "select 1", properties=(("TASK_AUTO_RETRY_ATTEMPTS", count),))])


def test_a_failure_that_may_be_retried_is_not_final_until_the_graph_is_quiet():
    fresh = GraphRun("g", (TaskRun("G", "FAILED", attempt=1),), completed=datetime.datetime.now(datetime.UTC))
    assert smoke.may_retry(with_retries(1), fresh)
    old = GraphRun("g", fresh.tasks, completed=NOON)
    assert not smoke.may_retry(with_retries(1), old)
    last = GraphRun("g", (TaskRun("G", "FAILED", attempt=2),), completed=fresh.completed)
    assert not smoke.may_retry(with_retries(1), last)
    assert not smoke.may_retry(with_retries(0), fresh)


def test_the_smoke_run_chooses_its_settings_and_carries_its_nonce():
    sql = smoke.execution(PROD, "abc")
    assert sql.startswith('EXECUTE TASK "ML_PROD"."MAIN"."LATE_DELIVERY" USING CONFIG = ')
    assert '"smoke": true' in sql
    assert '"nonce": "abc"' in sql


def test_without_a_graph_there_is_nothing_to_run():
    with pytest.raises(DeployError, match="no graph LATE_DELIVERY") as error:
        smoke.require_graph(EMPTY, PROD)
    assert error.value.remedy == "python -m deploy apply --env prod"


def test_away_from_a_terminal_each_change_is_one_line():
    out = io.StringIO()
    failed = TaskRun("G$A", "FAILED", attempt=2, seconds=1.25, error="100357: boom")
    with smoke_view.showing(GRAPH, out) as show:
        show(GraphRun("g", (TaskRun("G$A", "EXECUTING"),)))
        show(GraphRun("g", (TaskRun("G$A", "EXECUTING"),)))
        show(GraphRun("g", (failed,)))
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("FAILED     G$A  1.2 s  attempt 2  100357: boom")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_every_task_has_a_row():
    out = Terminal()
    with smoke_view.showing(GRAPH, out) as show:
        show(run(SCORE="FAILED"))
    for name in GRAPH.by_name:
        assert name in out.getvalue()


def test_the_verdict_is_json():
    verdict = smoke.Verdict(("G FAILED",), run(), 1.0)
    assert not verdict.passed
    assert verdict.to_dict()["tasks"]["G"] == {"state": "SUCCEEDED", "seconds": None}
