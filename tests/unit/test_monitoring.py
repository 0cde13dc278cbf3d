"""The verdict of monitoring: what counts as drift, what as worse, and what says nothing."""

from dataclasses import replace

import pytest

from ml_pipeline import config
from ml_pipeline.config import Run
from ml_pipeline.monitoring import verdict
from ml_pipeline.monitors import Measure
from tests.small import settings
from tests.small.model import DEFINITION

RUN = Run(
    "R", "d", settings.SETTINGS.changed(monitoring={"max_drift": 0.25, "max_labelled_rmse": 30.0, "min_rows": 200})
)
MANY, NO_LABELS = 5_000, Measure(None, 0)


def judged(drift=None, rmse=NO_LABELS):
    return verdict({"AREA": Measure(0.01, MANY), **(drift or {})}, {"rmse": rmse}, RUN)


def test_what_has_not_moved_is_steady():
    assert judged() == {"verdict": "steady", "drifted": [], "reasons": []}


def test_a_feature_that_has_moved_too_far_has_drifted():
    found = judged({"AREA": Measure(0.4, MANY)})
    assert found == {
        "verdict": "drifted",
        "drifted": ["AREA"],
        "reasons": ["AREA has drifted by 0.4, over 0.25"],
    }


@pytest.mark.parametrize("name", DEFINITION.moving)
def test_what_grows_or_goes_with_the_calendar_has_not_drifted(name):
    assert judged({name: Measure(9.0, MANY)})["verdict"] == "steady"


def test_the_prediction_of_another_model_than_the_baselines_is_no_drift():
    assert judged({DEFINITION.kind.score: Measure(9.0, MANY)})["verdict"] == "steady"


def test_few_lines_say_nothing():
    assert judged({"AREA": Measure(9.0, 199)}, Measure(99.0, 199))["verdict"] == "steady"


def test_labels_that_belie_the_model_make_it_worse_than_drift_does():
    found = judged({"AREA": Measure(0.4, MANY)}, Measure(31.5, MANY))
    assert (found["verdict"], len(found["reasons"])) == ("worse", 2)
    assert found["reasons"][1] == "the rmse of 5000 labelled rows is 31.5, over 30.0"


@pytest.mark.parametrize(("rows", "expected"), [(300, "steady"), (MANY, "worse")])
def test_a_metric_is_too_bad_only_where_chance_does_not_explain_it(monkeypatch, rows, expected):
    metric = replace(DEFINITION.metrics["rmse"], chance=lambda rows: 600 / rows)
    declared = replace(DEFINITION, metrics={**DEFINITION.metrics, "rmse": metric})
    monkeypatch.setattr(config, "declared", lambda _package: declared)
    assert judged(rmse=Measure(31.0, rows))["verdict"] == expected
