"""How a run ended, told from what its steps recorded."""

import pytest

from ml_pipeline.notifying import news
from ml_pipeline.reporting import outcome

DONE = ["INGEST", "FEATURES", "TRAIN", "EVALUATE", "QUALITY_GATE"]


def recorded(*names, failed=()):
    return {name: {"succeeded": name not in failed, "result": {}} for name in [*names, *failed]}


@pytest.mark.parametrize(
    ("steps", "verdict"),
    [
        (recorded(*DONE, "REGISTER", "SCORE", "MONITOR"), "registered"),
        (recorded(*DONE, "REJECT", "SCORE", "MONITOR"), "rejected"),
        (recorded("INGEST", "FEATURES", "DECIDE", "KEEP", "SCORE", "MONITOR"), "kept"),
        (recorded("INGEST", "SCORE", "MONITOR"), "succeeded"),
        (recorded(*DONE, failed=["REGISTER"]), "failed"),
        (recorded(*DONE, failed=["REJECT"]), "failed"),
        (recorded(*DONE, "REGISTER", "SCORE", "MONITOR", failed=["SERVE"]), "failed"),
        (recorded(*DONE, "REGISTER", "SCORE", "MONITOR", failed=["NOTEBOOK"]), "failed"),
        (recorded(), "failed"),
    ],
)
def test_a_run_ended_by_its_branch_unless_a_task_of_it_failed(steps, verdict):
    assert outcome(steps) == verdict


def test_a_run_that_went_well_is_no_news():
    assert news("kept", recorded("INGEST", "KEEP", "SCORE", "MONITOR")) == []


def test_what_failed_and_what_was_observed_is_news_each_once():
    steps = recorded("DECIDE", failed=["SCORE"])
    steps["DECIDE"]["result"] = {"observed": ["PRICE has drifted"]}
    steps["SCORE"]["result"] = {"error": "PipelineError: no version\nnext: SHOW VERSIONS"}
    assert news("failed", steps) == ["SCORE failed: PipelineError: no version", "PRICE has drifted"]
    steps["MONITOR"] = {"succeeded": True, "result": {"reasons": ["PRICE has drifted"]}}
    assert news("failed", steps)[1:] == ["PRICE has drifted"]


@pytest.mark.parametrize(
    ("steps", "told"),
    [(recorded("INGEST", "FEATURES"), "it ended after FEATURES"), (recorded(), "no step has recorded anything")],
)
def test_a_run_that_ended_without_a_word_is_news_too(steps, told):
    assert news("failed", steps) == [told]
