"""The numbers that a model is judged by, on outcomes made for the purpose."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml_pipeline.evaluation import judged
from ml_pipeline.measures import (
    BIAS,
    LOG_LOSS,
    ROC_POINTS,
    auc,
    calibration,
    calibration_error,
    log_loss,
    measured,
    roc,
    sliced,
)
from tests.small.model import DEFINITION


@pytest.fixture
def honest():
    """Probabilities, and outcomes drawn with just these probabilities."""
    random = np.random.default_rng(0)
    said = random.random(20_000)
    return (random.random(20_000) < said).astype(int), said


def test_a_model_that_knows_everything_has_an_auc_of_one():
    assert auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9])) == 1.0


def test_a_model_that_knows_nothing_has_an_auc_of_a_half_and_the_entropys_log_loss():
    label, probability = np.array([0, 1] * 50), np.full(100, 0.5)
    assert auc(label, probability) == 0.5
    assert log_loss(label, probability) == pytest.approx(np.log(2), abs=1e-4)


def test_labels_that_are_all_alike_rank_nothing():
    assert auc(np.ones(20, dtype=int), np.linspace(0.1, 0.9, 20)) == 0.5


def test_a_model_whose_predictions_come_true_is_calibrated(honest):
    assert calibration_error(*honest) < 0.02


def test_a_model_that_exaggerates_is_not(honest):
    label, probability = honest
    assert calibration_error(label, (probability > 0.5).astype(float)) == pytest.approx(0.25, abs=0.02)


def test_calibration_bins_hold_equally_many_rows(honest):
    bins = calibration(*honest)
    assert [each["rows"] for each in bins] == [2_000] * 10
    assert [each["mean_predicted"] for each in bins] == sorted(each["mean_predicted"] for each in bins)


def test_few_rows_make_few_bins():
    assert sum(each["rows"] for each in calibration(np.array([1, 0]), np.array([0.5, 0.4]))) == 2


def test_the_roc_goes_from_corner_to_corner_and_never_back(honest):
    points = roc(*honest)
    assert (points[0], points[-1]) == ([0.0, 0.0], [1.0, 1.0])
    assert points == sorted(points)
    assert len(points) <= ROC_POINTS


SLICED = {"log_loss": LOG_LOSS}


def test_slices_compare_predictions_with_labels():
    label, predicted = np.array([1, 0, 1]), np.array([0.5, 0.7, 0.9])
    assert sliced(pd.Series([1, 1, 2]), SLICED, label, predicted) == [
        {"value": 1, "rows": 2, "mean_label": 0.5, "mean_predicted": 0.6, "log_loss": 0.9486},
        {"value": 2, "rows": 1, "mean_label": 1.0, "mean_predicted": 0.9, "log_loss": 0.1054},
    ]


def test_slices_tell_of_both_models_on_the_same_rows():
    label, predicted, in_use = np.array([1, 0]), np.array([0.5, 0.5]), np.array([0.75, 0.25])
    found = sliced(pd.Series([1, 1], index=[7, 9]), SLICED, label, predicted, in_use)[0]
    assert (found["mean_predicted"], found["log_loss"]) == (0.5, 0.6931)
    assert found["in_use"] == {"mean_predicted": 0.5, "log_loss": 0.2877}


def test_a_slice_may_be_narrower_than_one():
    assert sliced(pd.Series([0.5]), {"bias": BIAS}, np.array([1]), np.array([3.0]))[0] == {
        "value": 0.5, "rows": 1, "mean_label": 1.0, "mean_predicted": 3.0, "bias": 2.0,
    }  # fmt: skip


def test_certainty_that_is_wrong_costs_much_but_not_everything():
    assert log_loss(np.array([1]), np.array([0.0])) == pytest.approx(36.04, abs=0.01)


def test_a_prediction_that_is_no_number_gives_no_metric_and_breaks_nothing():
    label, predicted = np.array([1, 0, 1, 0]), np.array([0.5, np.nan, 0.9, 0.1])
    assert measured(DEFINITION.metrics, label, predicted) == {"r2": None, "rmse": None}
    found = sliced(pd.Series([1, 1, 2, 2]), SLICED, label, predicted)
    assert [row["log_loss"] for row in found] == [None, 0.1054]
    json.dumps(found, allow_nan=False)


def test_the_metrics_of_a_regression_are_those_of_the_formulas():
    label, predicted = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.0])
    assert measured(DEFINITION.metrics, label, predicted) == {"r2": -1.0, "rmse": 1.1547}
    assert measured(DEFINITION.metrics, np.ones(2), np.ones(2)) == {"r2": None, "rmse": 0.0}


class Version:
    """A version in use."""

    version_name = "V_A_RUN_WITH_A_LONG_NAME"


def houses(**columns):
    return pd.DataFrame({"AREA": 100.0, "ROOMS": np.arange(1_000) % 7, **columns})


def test_what_there_is_to_judge_and_to_draw_fits_into_a_return_value():
    price = np.linspace(1, 9, 1_000)
    found = judged(DEFINITION, houses(PRICE=price, PREDICTED_PRICE=price + 1), price + 1, Version(), [])
    assert set(found["plots"]) == {"new", "in_use"}
    assert found["metrics"].items() >= found["in_use"]["metrics"].items()
    assert (found["metrics"]["rmse"], found["metrics"]["rows"], found["metrics"]["label_mean"]) == (1.0, 1_000, 5.0)
    assert len(json.dumps(found, separators=(",", ":"))) < 9_000


def test_a_version_in_use_that_answers_nonsense_is_named_without_metrics_and_not_drawn():
    price = np.linspace(1, 9, 1_000)
    found = judged(DEFINITION, houses(PRICE=price, PREDICTED_PRICE=np.nan), price, Version(), [])
    assert found["in_use"]["metrics"] == {"r2": None, "rmse": None, "rows": 1_000, "label_mean": 5.0}
    assert set(found["plots"]) == {"new"}


def test_a_definition_without_plots_draws_nothing():
    price = np.linspace(1, 9, 1_000)
    plain = replace(DEFINITION, plots=lambda *_: {})
    assert judged(plain, houses(PRICE=price), price, None, [])["plots"] == {}
