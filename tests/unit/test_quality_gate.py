"""The quality gate: what it accepts, what it rejects, and that it says why."""

from dataclasses import replace
from pathlib import Path

import pytest

from ml_pipeline.config import Run, load
from ml_pipeline.quality_gate import objections, quality_gate

SETTINGS = replace(
    load("local", Path(__file__).parents[2] / "environments").pipeline,
    min_auc=0.6, max_log_loss=0.65, max_calibration_error=0.05, max_auc_drop=0.01,
)  # fmt: skip
GOOD = {"auc": 0.68, "log_loss": 0.61, "calibration_error": 0.01}


def evaluation(in_use_auc=None, **changes):
    in_use = {"version": "V_1", "metrics": {**GOOD, "auc": in_use_auc}} if in_use_auc else None
    return {"metrics": {**GOOD, **changes}, "in_use": in_use}


def decision(found):
    return quality_gate(None, Run("R", "", SETTINGS), {"EVALUATE": found})


def test_a_good_first_model_is_registered():
    assert decision(evaluation()) == {"branch": "REGISTER", "reasons": []}


@pytest.mark.parametrize(
    ("metric", "value", "reason"),
    [
        ("auc", 0.59, "auc is 0.59, not at least 0.6"),
        ("log_loss", 0.66, "log_loss is 0.66, not at most 0.65"),
        ("calibration_error", 0.06, "calibration_error is 0.06, not at most 0.05"),
    ],
)
def test_every_threshold_rejects(metric, value, reason):
    assert decision(evaluation(**{metric: value})) == {"branch": "REJECT", "reasons": [reason]}


def test_a_model_on_the_threshold_passes():
    assert not objections(evaluation(auc=0.6, log_loss=0.65, calibration_error=0.05), SETTINGS)


def test_a_model_may_be_a_little_worse_than_the_version_in_use():
    assert not objections(evaluation(in_use_auc=0.69), SETTINGS)


def test_a_model_may_not_be_much_worse_than_the_version_in_use():
    assert objections(evaluation(in_use_auc=0.6901), SETTINGS) == ["auc is 0.68, not at least 0.6801, as V_1 is in use"]


def test_a_version_in_use_that_could_not_be_judged_is_no_bar():
    unjudged = {"version": "V_1", "metrics": None, "missing": ["COLOUR"]}
    assert not objections({"metrics": GOOD, "in_use": unjudged}, SETTINGS)


def test_every_objection_is_named():
    assert len(objections(evaluation(in_use_auc=0.7, auc=0.5, log_loss=1.0, calibration_error=1.0), SETTINGS)) == 4
