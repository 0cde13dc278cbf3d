"""How a run ended, told from what its steps recorded."""

import pytest

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
        (recorded(*DONE, "REJECT"), "failed"),
        (recorded("INGEST", "SCORE", "MONITOR"), "failed"),
        (recorded(*DONE, failed=["REGISTER"]), "failed"),
        (recorded(*DONE, failed=["REJECT"]), "failed"),
        (recorded(*DONE, "REGISTER", "SCORE"), "failed"),
        (recorded(), "failed"),
    ],
)
def test_only_a_run_that_came_to_its_last_step_by_a_branch_has_not_failed(steps, verdict):
    assert outcome(steps) == verdict
