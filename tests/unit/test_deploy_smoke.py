"""A verdict looks at every task of the one run that carries the nonce."""

import io
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.graph.graph import CLASSIC, TASK_GRAPH, Graph, TaskSpec
from deploy.plan.deployed import Deployed
from deploy.records.lock import Held
from deploy.smoke import log as task_log
from deploy.smoke import polling, runs, smoke
from deploy.smoke import view as smoke_view
from deploy.smoke.polling import Poll
from deploy.smoke.runs import GraphRun, TaskRun
from deploy.smoke.verdict import Verdict, Verdicts, judge
from ml_pipeline import config

PROD = config.load("prod", Path(__file__).parents[2] / "tests/environments")
GRAPH = Graph.of(
    [
        TaskSpec("G", "select 1"),
        TaskSpec("G$GATE", "CALL gate()", ("G",)),
        TaskSpec("G$REGISTER", "CALL register()", ("G$GATE",), condition="gate = 'REGISTER'"),
        TaskSpec("G$REJECT", "CALL reject()", ("G$GATE",), condition="gate = 'REJECT'"),
        TaskSpec("G$SCORE", "CALL score()", ("G$REGISTER",)),
        TaskSpec(
            "G$TELL", "CALL tell()", ("G$SCORE", "G$REJECT"), condition="SYSTEM$PREDECESSORS_STATE('NONE_FAILED')"
        ),
        TaskSpec("G$REPORT", "CALL report()", finalizes="G"),
    ]
)
GREEN = dict.fromkeys(GRAPH.by_name, "SUCCEEDED") | {"G$REJECT": "SKIPPED"}


def run(**states):
    given = {f"G${key}" if key != "G" else key: state for key, state in states.items()}
    tasks = GREEN | given
    return GraphRun("g1", tuple(TaskRun(name, state) for name, state in tasks.items() if state))


def test_a_run_in_which_every_task_succeeded_passes():
    assert judge(GRAPH, run()) == ()


def test_the_quality_gate_may_go_either_way():
    assert judge(GRAPH, run(REGISTER="SKIPPED", REJECT="SUCCEEDED", SCORE="SKIPPED")) == ()
    assert judge(GRAPH, run(REGISTER="SKIPPED", REJECT="SUCCEEDED", SCORE=None)) == ()


def test_where_branches_join_again_a_task_is_due_whichever_was_taken():
    assert judge(GRAPH, run(TELL="SKIPPED")) == ("G$TELL SKIPPED",)
    assert judge(GRAPH, run(REGISTER="SKIPPED", SCORE=None, TELL="SKIPPED")) == ()


def test_a_failed_task_fails_the_run_with_its_error_and_query_id():
    failed = TaskRun("G$GATE", "FAILED", query_id="01b-7", error="100357: boom")
    assert judge(GRAPH, GraphRun("g1", (failed,))) == ("G$GATE FAILED: 100357: boom (query 01b-7)",)


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
    assert len(judge(GRAPH, run(SCORE=state))) == 1


def test_a_task_that_is_skipped_without_a_condition_fails_the_run():
    assert judge(GRAPH, run(SCORE="SKIPPED")) == ("G$SCORE SKIPPED",)


def test_a_task_that_never_ran_fails_the_run():
    assert judge(GRAPH, run(REPORT=None)) == ("G$REPORT never ran",)


def test_an_empty_history_fails_the_run():
    assert len(judge(GRAPH, GraphRun())) == len(GRAPH.tasks)


def test_a_condition_does_not_excuse_a_task_that_left_no_trace():
    assert "G$REGISTER never ran" in judge(GRAPH, run(REGISTER=None))


NOON = "2026-01-01T12:00:00.000+01:00"
TWO_SECONDS_LATER = "2026-01-01T11:00:02.000Z"


def row(name, state, group="1", attempt=1, **columns):
    known = {"error_code": None, "error_message": None, "query_id": None, "return_value": None}
    times = {"scheduled_time": NOON, "query_start_time": NOON, "completed_time": TWO_SECONDS_LATER}
    return (
        {"name": name, "state": state, "graph_run_group_id": group, "attempt_number": attempt} | known | times | columns
    )


def test_times_are_read_from_text_whatever_their_zone():
    found = GraphRun.newest([row("G", "SUCCEEDED")])
    assert found.by_name["G"].seconds == 2.0
    assert found.scheduled.isoformat() == "2026-01-01T12:00:00+01:00"


def test_of_two_runs_with_the_nonce_the_later_one_counts():
    earlier = row("G", "FAILED", group="2", scheduled_time="2026-01-01T12:00:00.000+02:00")
    found = GraphRun.newest([row("G", "SUCCEEDED"), earlier])
    assert (found.group, found.state) == ("1", "SUCCEEDED")


def test_without_rows_there_is_no_run():
    assert GraphRun.newest([]) == GraphRun()


def test_a_retried_task_counts_by_its_last_attempt():
    found = GraphRun.newest([row("G$A", "SUCCEEDED", attempt=2), row("G$A", "FAILED", attempt=1)])
    assert found.by_name["G$A"].attempt == 2
    assert not found.broken


def test_a_run_is_going_on_while_a_task_is_waiting():
    found = GraphRun.newest([row("G", "SUCCEEDED"), row("G$A", "SCHEDULED", completed_time=None)])
    assert [task.name for task in found.active] == ["G$A"]
    assert found.state == "EXECUTING"
    assert found.by_name["G$A"].seconds is None


HELD = Held(None, PROD, "mine", 7)


def polled(graph=GRAPH, backend=CLASSIC):
    return smoke.block(HELD, Deployed(graph, root_id="42", backend=backend), smoke.Start(nonce="abc"), 5, Poll(5, 0.2))


def test_a_poll_asks_for_the_runs_with_the_nonce_in_this_schema():
    text = polled()
    assert "database_name = 'T_PROD' AND schema_name = 'MAIN'" in text
    assert "CONTAINS(config, 'abc')" in text
    assert "ROOT_TASK_ID => '42'" in text


def test_the_runs_of_a_task_graph_object_are_not_looked_for_by_a_root_that_they_do_not_have():
    assert "ROOT_TASK_ID" not in polled(backend=TASK_GRAPH)


def test_a_poll_renews_the_lease_between_its_looks():
    loop = polled().partition("FOR poll_look")[2]
    assert HELD.check in loop


def test_only_a_graph_with_retries_is_waited_for_after_it_failed():
    retried = Graph.of([TaskSpec("G", "select 1", properties=(("TASK_AUTO_RETRY_ATTEMPTS", 2),))])
    assert "attempt_number <= 2" in polled(retried)
    assert "quiet_seconds <" not in polled()


def test_a_poll_ends_although_count_if_is_null_where_nothing_is_counted():
    retried = polled(Graph.of([TaskSpec("G", "select 1", properties=(("TASK_AUTO_RETRY_ATTEMPTS", 2),))]))
    for text in (retried, polled()):
        assert text.count("COUNT_IF(") == text.count("COALESCE(COUNT_IF(") > 0


class Clock:
    """A clock that only polls move."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def followed(length, query=0.0, round_trip=0.0, lease=60.0):
    """Follow a run of this length; return how many requests that took, and when its end was found."""
    clock = Clock()
    for number, poll in enumerate(polling.polls(3 * 3600, longest_pause=lease / 3, clock=clock), start=1):
        clock.now += round_trip
        end = clock.now + poll.patience
        for _ in range(poll.looks):
            clock.now += poll.pause
            ended = clock.now >= length
            clock.now += query
            if ended:
                return number, clock.now
            if clock.now >= end:
                break
    raise AssertionError("never found")


LENGTHS = (1, 3, 10, 30, 60, 100, 300, 599, 1000, 3600, 7200)


@pytest.mark.parametrize("length", LENGTHS)
def test_the_end_of_a_run_is_found_within_2_percent_or_two_tenths_of_a_second(length):
    assert followed(length)[1] <= length + max(0.2, 0.02 * length) + 1e-6


@pytest.mark.parametrize("length", [length for length in LENGTHS if length >= 60])
def test_the_end_is_found_within_5_percent_where_queries_are_slow_and_the_way_is_long(length):
    assert followed(length, query=1.0, round_trip=0.35)[1] <= 1.05 * length


@pytest.mark.parametrize("length", [length for length in LENGTHS if length <= 600])
@pytest.mark.parametrize(("query", "round_trip"), [(0, 0), (1, 0.35)])
def test_a_run_of_ten_minutes_needs_at_most_20_requests(length, query, round_trip):
    assert followed(length, query, round_trip)[0] <= 20


def test_a_longer_run_needs_a_request_a_minute():
    assert followed(7200)[0] <= 11 + 7200 / 60


def test_polls_end_with_the_time_that_there_is():
    clock = Clock()
    for poll in polling.polls(100, clock=clock):
        clock.now += poll.patience
    assert 100 <= clock.now <= 103


def test_no_pause_is_longer_than_a_third_of_the_lease():
    clock = Clock()
    for poll in polling.polls(7200, longest_pause=2, clock=clock):
        assert poll.pause <= 2
        clock.now += poll.patience


def test_a_run_that_cannot_be_told_counts_as_ours():
    text = runs.running_statement(PROD, ["G", "H"])
    graph = "COALESCE(TO_VARCHAR(GET(whole_row, 'GRAPH_NAME')), root_task_name)"
    assert text.endswith(f" WHERE {graph} IS NULL OR {graph} IN ('G', 'H')")
    place = PROD.snowflake
    here = f"database_name = '{place.database}' AND schema_name = '{place.schema}'"
    assert f"{here} AND state = 'EXECUTING'" in text


def test_without_a_graph_there_is_nothing_to_run():
    with pytest.raises(DeployError, match=f"no graph {PROD.graph.name}") as error:
        smoke.choose(PROD, ())
    assert error.value.remedy == "python -m deploy apply --env prod"


THERE = [Deployed(Graph.of([TaskSpec(name, "SELECT 1")])) for name in "GH"]


@pytest.mark.parametrize(("named", "chosen"), [((), ("G", "H")), (("H",), ("H",)), (("H", "G"), ("G", "H"))])
def test_all_graphs_run_or_those_that_are_named_in_the_order_of_the_release(named, chosen):
    assert smoke.choose(PROD, THERE, named) == chosen


def test_a_graph_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(DeployError, match="no graph K in") as error:
        smoke.choose(PROD, THERE, ["G", "K"])
    assert error.value.remedy == "name some of G, H, or none for all of them"


def test_away_from_a_terminal_each_change_is_one_line():
    out = io.StringIO()
    failed = TaskRun("G$A", "FAILED", attempt=2, seconds=1.25, query_id="01b-7", error="100357: boom")
    with smoke_view.showing(GRAPH, out) as show:
        show(GraphRun("g", (TaskRun("G$A", "EXECUTING"),)))
        show(GraphRun("g", (TaskRun("G$A", "EXECUTING"),)))
        show(GraphRun("g", (failed,)))
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("FAILED     G$A  1.2 s  attempt 2")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_every_task_has_a_row(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    out = Terminal()
    with smoke_view.showing(GRAPH, out) as show:
        show(run(SCORE="FAILED"))
    for name in GRAPH.by_name:
        assert name in out.getvalue()


def test_in_ci_there_are_plain_lines_whatever_the_stream_is(monkeypatch):
    monkeypatch.setenv("CI", "true")
    out = Terminal()
    with smoke_view.showing(GRAPH, out) as show:
        show(run(SCORE="FAILED"))
    assert "\x1b" not in out.getvalue()
    assert "FAILED" in out.getvalue()


def test_the_verdicts_on_several_graphs_add_up():
    good = Verdict((), GraphRun("1", (TaskRun("G", "SUCCEEDED"),)), 1.0, 2)
    bad = Verdict(("H FAILED",), GraphRun("2", (TaskRun("H", "FAILED"),)), 2.0, 3, ("a line",))
    verdicts = Verdicts().and_then("G", good).and_then("H", bad)
    assert Verdicts({"G": good}).passed
    assert (verdicts.passed, verdicts.reasons, verdicts.seconds) == (False, ("H FAILED",), 3.0)
    found = verdicts.to_dict()
    assert (found["runs"], found["polls"], found["log"]) == ({"G": "1", "H": "2"}, 5, ["a line"])
    assert list(found["tasks"]) == ["G", "H"]


def test_the_verdict_is_json():
    failed = TaskRun("G", "FAILED", attempt=2, seconds=1.5, query_id="01b-7", error="100357: boom")
    verdict = Verdict(("G FAILED",), GraphRun("1", (failed, TaskRun("G$A", "SKIPPED"))), 1.04, 3, ("a line",))
    assert Verdicts({"G": verdict}).to_dict() == {
        "runs": {"G": "1"},
        "passed": False,
        "reasons": ["G FAILED"],
        "seconds": 1.0,
        "polls": 3,
        "tasks": {
            "G": {
                "state": "FAILED",
                "started": None,
                "seconds": 1.5,
                "query_id": "01b-7",
                "attempt": 2,
                "error": "100357: boom",
            },
            "G$A": {"state": "SKIPPED", "started": None, "seconds": None, "query_id": "", "attempt": 1},
        },
        "log": ["a line"],
    }


def test_a_failed_task_is_told_with_its_whole_error_and_its_log():
    error = '100357: Traceback (most recent call last):\n  File "a.py"\nValueError: no'
    run = GraphRun("1", (TaskRun("G", "FAILED", query_id="01b-7", error=error),))
    told = Verdict(("G FAILED",), run, 1.0, log=("a line",)).failures
    assert told == (f"G FAILED, attempt 1, query 01b-7: {error}", "log:", "  a line")


def test_an_error_of_one_line_stands_in_the_reasons_alone():
    run = GraphRun("1", (TaskRun("G", "FAILED", query_id="01b-7", error="100051: Division by zero"),))
    assert Verdict(judge(GRAPH, run), run, 1.0).failures == ()
    assert judge(GRAPH, run) == ("G FAILED: 100051: Division by zero (query 01b-7)",)


def test_a_task_that_its_condition_skipped_has_no_error():
    reason = {"error_code": "0040003", "error_message": "Conditional expression for task evaluated to false"}
    assert TaskRun.from_row(row("G", "SKIPPED", **reason)).error == ""
    assert TaskRun.from_row(row("G", "FAILED", **reason)).error


def test_the_log_is_that_of_the_failed_queries():
    text = task_log.statement(["01b-7", "it's"])
    assert "RECORD_TYPE = 'LOG'" in text.upper()
    assert "IN ('01b-7', 'it''s')" in text


def test_where_no_task_ran_no_log_is_read():
    assert task_log.read(None, [TaskRun("G", "CANCELLED")]) == ()
