"""The quality gate: what it accepts, what it rejects, and that it says why."""

from pathlib import Path

import pytest

from ml_pipeline.config import Run, load
from ml_pipeline.quality_gate import objections, quality_gate

SETTINGS = load("local", Path(__file__).parents[2] / "environments").pipeline.changed(
    quality_gate={
        "min_auc": 0.6,
        "max_auc": 0.75,
        "max_log_loss": 0.65,
        "max_calibration_error": 0.05,
        "max_auc_drop": 0.01,
        "min_slice_rows": 500,
        "max_slice_log_loss_rise": 0.02,
        "max_slice_calibration_error": 0.08,
    }
)
GOOD = {"auc": 0.68, "log_loss": 0.61, "calibration_error": 0.01}


FINE = {"value": 1, "lines": 500, "late": 0.6, "said": 0.61, "log_loss": 0.62}


def evaluation(in_use_auc=None, slices=(), **changes):
    in_use = {"version": "V_1", "metrics": {**GOOD, "auc": in_use_auc}} if in_use_auc else None
    return {"metrics": {**GOOD, **changes}, "in_use": in_use, "slices": {"priority": list(slices)}}


def decision(found):
    return quality_gate(None, Run("R", "", SETTINGS), {"EVALUATE": found})


def test_a_good_first_model_is_registered():
    found = decision(evaluation())
    assert (found["branch"], found["reasons"]) == ("REGISTER", [])


def test_every_check_is_told_whether_it_passed_or_not():
    found = decision(evaluation(auc=0.5, slices=[FINE]))
    assert found["checks"] == [
        {"passed": False, "check": "auc is 0.5, not at least 0.6"},
        {"passed": True, "check": "auc is 0.5, at most 0.75, which no model can reach without its label"},
        {"passed": True, "check": "log_loss is 0.61, at most 0.65"},
        {"passed": True, "check": "calibration_error is 0.01, at most 0.05"},
        {"passed": True, "check": "calibration_error of priority 1 is 0.01, at most 0.08"},
    ]


@pytest.mark.parametrize(
    ("metric", "value", "reason"),
    [
        ("auc", 0.59, "auc is 0.59, not at least 0.6"),
        ("auc", 0.93, "auc is 0.93, not at most 0.75, which no model can reach without its label"),
        ("auc", None, "auc is not a number"),
        ("log_loss", 0.66, "log_loss is 0.66, not at most 0.65"),
        ("calibration_error", 0.06, "calibration_error is 0.06, not at most 0.05"),
    ],
)
def test_every_threshold_rejects(metric, value, reason):
    found = decision(evaluation(**{metric: value}))
    assert (found["branch"], set(found["reasons"])) == ("REJECT", {reason})


def test_a_model_on_the_threshold_passes():
    assert not objections(evaluation(auc=0.6, log_loss=0.65, calibration_error=0.05), SETTINGS)


def test_a_model_may_be_a_little_worse_than_the_version_in_use():
    assert not objections(evaluation(in_use_auc=0.69), SETTINGS)


def test_a_model_may_not_be_much_worse_than_the_version_in_use():
    assert objections(evaluation(in_use_auc=0.6901), SETTINGS) == ["auc is 0.68, not at least 0.6801, as V_1 is in use"]


def test_a_version_in_use_that_could_not_be_judged_is_no_bar():
    unjudged = {"version": "V_1", "metrics": None, "missing": ["COLOUR"]}
    assert not objections({**evaluation(), "in_use": unjudged}, SETTINGS)


def test_a_version_in_use_that_answers_nonsense_is_no_bar():
    assert not objections({**evaluation(), "in_use": {"version": "V_1", "metrics": {"auc": None}}}, SETTINGS)


def test_every_objection_is_named():
    assert len(objections(evaluation(in_use_auc=0.7, auc=0.5, log_loss=1.0, calibration_error=1.0), SETTINGS)) == 4


def of_slice(**changes):
    return objections(evaluation(slices=[{**FINE, **changes}]), SETTINGS)


def test_a_slice_may_not_be_much_worse_than_it_is_with_the_version_in_use():
    assert not of_slice(in_use={"said": 0.6, "log_loss": 0.6})
    assert of_slice(in_use={"said": 0.6, "log_loss": 0.5999}) == [
        "log_loss of priority 1 is 0.62, not at most 0.6199, as the version in use has 0.5999"
    ]


def test_a_slice_must_be_calibrated_on_its_own():
    assert not of_slice(said=0.68)
    assert of_slice(said=0.681) == ["calibration_error of priority 1 is 0.081, not at most 0.08"]


def test_a_slice_with_few_lines_is_not_judged():
    assert not of_slice(lines=499, said=0.9, in_use={"said": 0.6, "log_loss": 0.1})


def test_a_slice_without_an_answer_is_objected_to():
    assert of_slice(said=None, log_loss=None, in_use={"said": 0.6, "log_loss": 0.6}) == [
        "calibration_error of priority 1 is not a number",
        "log_loss of priority 1 is not a number",
    ]


def test_a_good_model_that_fails_one_slice_is_rejected():
    """What a mean hides: as good as ever on the whole, and worse for those that the change was not made for."""
    worse = {**FINE, "value": 5, "log_loss": 0.7, "in_use": {"said": 0.6, "log_loss": 0.6}}
    assert decision(evaluation(in_use_auc=0.68, slices=[FINE, worse]))["branch"] == "REJECT"
