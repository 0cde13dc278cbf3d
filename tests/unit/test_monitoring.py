"""The verdict of monitoring: what counts as drift, what as worse, and what says nothing."""

from pathlib import Path

import pytest

from ml_pipeline.config import load
from ml_pipeline.monitoring import MOVING, verdict
from ml_pipeline.monitors import Measure

SETTINGS = load("local", Path(__file__).parents[2] / "environments").pipeline.changed(
    monitoring={"max_drift": 0.25, "min_labelled_auc": 0.64, "min_rows": 200}
)
MANY, NO_LABELS = 5_000, Measure(None, 0)


def judged(drift=None, auc=NO_LABELS):
    return verdict({"PRICE": Measure(0.01, MANY), **(drift or {})}, auc, SETTINGS)


def test_what_has_not_moved_is_steady():
    assert judged() == {"verdict": "steady", "drifted": [], "reasons": []}


def test_a_feature_that_has_moved_too_far_has_drifted():
    found = judged({"QUANTITY": Measure(0.4, MANY)})
    assert found == {
        "verdict": "drifted",
        "drifted": ["QUANTITY"],
        "reasons": ["QUANTITY has drifted by 0.4, over 0.25"],
    }


@pytest.mark.parametrize("name", MOVING)
def test_what_grows_or_goes_with_the_calendar_has_not_drifted(name):
    assert judged({name: Measure(9.0, MANY)})["verdict"] == "steady"


def test_few_lines_say_nothing():
    assert judged({"QUANTITY": Measure(9.0, 199)}, Measure(0.4, 199))["verdict"] == "steady"


def test_labels_that_belie_the_model_make_it_worse_than_drift_does():
    found = judged({"QUANTITY": Measure(0.4, MANY)}, Measure(0.6, MANY))
    assert (found["verdict"], len(found["reasons"])) == ("worse", 2)
    assert found["reasons"][1] == "the AUC of 5000 labelled lines is 0.6, under 0.64"


@pytest.mark.parametrize(("lines", "expected"), [(300, "steady"), (MANY, "worse")])
def test_an_auc_is_too_low_only_where_chance_does_not_explain_it(lines, expected):
    assert judged(auc=Measure(0.61, lines))["verdict"] == expected
