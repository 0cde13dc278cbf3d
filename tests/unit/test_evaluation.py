"""The numbers that a model is judged by, on outcomes made for the purpose."""

import json

import numpy as np
import pandas as pd
import pytest

from ml_pipeline.evaluation import judged
from ml_pipeline.measures import ROC_POINTS, calibration, metrics, roc, slices


@pytest.fixture
def honest():
    """Probabilities, and outcomes drawn with just these probabilities."""
    random = np.random.default_rng(0)
    said = random.random(20_000)
    return (random.random(20_000) < said).astype(int), said


def test_a_model_that_knows_everything_has_an_auc_of_one():
    found = metrics(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9]))
    assert (found["auc"], found["lines"], found["late_share"]) == (1.0, 4, 0.5)


def test_a_model_that_knows_nothing_has_an_auc_of_a_half_and_the_entropys_log_loss():
    late = np.array([0, 1] * 50)
    found = metrics(late, np.full(100, 0.5))
    assert found["auc"] == 0.5
    assert found["log_loss"] == pytest.approx(np.log(2), abs=1e-4)


def test_outcomes_that_are_all_alike_rank_nothing():
    assert metrics(np.ones(20, dtype=int), np.linspace(0.1, 0.9, 20))["auc"] == 0.5


def test_a_model_that_says_what_comes_true_is_calibrated(honest):
    assert metrics(*honest)["calibration_error"] < 0.02


def test_a_model_that_exaggerates_is_not(honest):
    late, said = honest
    assert metrics(late, (said > 0.5).astype(float))["calibration_error"] == pytest.approx(0.25, abs=0.02)


def test_calibration_bins_hold_equally_many_lines(honest):
    bins = calibration(*honest)
    assert [each["lines"] for each in bins] == [2_000] * 10
    assert [each["said"] for each in bins] == sorted(each["said"] for each in bins)


def test_few_lines_make_few_bins():
    assert sum(each["lines"] for each in calibration(np.array([1, 0]), np.array([0.5, 0.4]))) == 2


def test_the_roc_goes_from_corner_to_corner_and_never_back(honest):
    points = roc(*honest)
    assert (points[0], points[-1]) == ([0.0, 0.0], [1.0, 1.0])
    assert points == sorted(points)
    assert len(points) <= ROC_POINTS


def test_slices_compare_what_was_said_with_what_came():
    late, said = np.array([1, 0, 1]), np.array([0.5, 0.7, 0.9])
    assert slices(pd.Series([1, 1, 2]), late, said) == [
        {"value": 1, "lines": 2, "late": 0.5, "said": 0.6, "log_loss": 0.9486},
        {"value": 2, "lines": 1, "late": 1.0, "said": 0.9, "log_loss": 0.1054},
    ]


def test_slices_tell_of_both_models_on_the_same_lines():
    late, said, in_use = np.array([1, 0]), np.array([0.5, 0.5]), np.array([0.75, 0.25])
    found = slices(pd.Series([1, 1], index=[7, 9]), late, said, in_use)[0]
    assert (found["said"], found["log_loss"]) == (0.5, 0.6931)
    assert found["in_use"] == {"said": 0.5, "log_loss": 0.2877}


def test_certainty_that_is_wrong_costs_much_but_not_everything():
    assert slices(pd.Series([1]), np.array([1]), np.array([0.0]))[0]["log_loss"] == pytest.approx(36.04, abs=0.01)


def test_a_probability_that_is_no_number_gives_no_metric_and_breaks_nothing():
    late, said = np.array([1, 0, 1, 0]), np.array([0.5, np.nan, 0.9, 0.1])
    assert [metrics(late, said)[name] for name in ("auc", "log_loss", "calibration_error")] == [None, None, None]
    found = slices(pd.Series([1, 1, 2, 2]), late, said)
    assert [row["log_loss"] for row in found] == [None, 0.1054]
    json.dumps(found, allow_nan=False)


class Version:
    """A version in use."""

    version_name = "V_A_RUN_WITH_A_LONG_NAME"


def test_what_there_is_to_judge_and_to_draw_fits_into_a_return_value(honest):
    late, said = honest
    lines = np.arange(20_000)
    frame = pd.DataFrame({"PRIORITY": lines % 5 + 1.0, "PROMISED_DAYS": lines % 61 + 30.0, "ORDER_MONTH": lines % 12})
    found = judged(frame.assign(LATE=late, LATE_PROBABILITY=said), said, Version(), [])
    assert set(found["plots"]) == {"new", "in_use"}
    assert found["metrics"] == found["in_use"]["metrics"]
    assert len(json.dumps(found, separators=(",", ":"))) < 9_000


def test_a_version_in_use_that_answers_nonsense_is_named_without_metrics_and_not_drawn(honest):
    late, said = honest
    frame = pd.DataFrame({"PRIORITY": 1.0, "PROMISED_DAYS": 30.0, "ORDER_MONTH": 1.0, "LATE": late})
    found = judged(frame.assign(LATE_PROBABILITY=np.nan), said, Version(), [])
    assert found["in_use"]["metrics"]["auc"] is None
    assert set(found["plots"]) == {"new"}
