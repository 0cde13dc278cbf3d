"""The numbers that a model is judged by, on outcomes made for the purpose."""

import json

import numpy as np
import pandas as pd
import pytest

from ml_pipeline.evaluation import ROC_POINTS, calibration, metrics, plots, roc, slices


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
        {"value": 1, "said": 0.6, "late": 0.5, "lines": 2},
        {"value": 2, "said": 0.9, "late": 1.0, "lines": 1},
    ]


def test_what_there_is_to_draw_fits_into_a_return_value(honest):
    late, said = honest
    frame = pd.DataFrame({"PRIORITY": np.arange(20_000) % 5 + 1, "PROMISED_DAYS": np.arange(20_000) % 61 + 30.0})
    assert len(json.dumps(plots(frame, late, said))) < 5_000
