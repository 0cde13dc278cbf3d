"""The quality gate: what it accepts, what it rejects, and that it says why."""

import pytest

from ml_pipeline import thresholds
from ml_pipeline.config import Run
from ml_pipeline.quality_gate import objections, quality_gate
from ml_pipeline.values import ConfigError
from tests.small import settings

SETTINGS = settings.SETTINGS.changed(
    quality_gate={
        "min_r2": 0.6,
        "max_r2": 0.75,
        "max_rmse": 0.65,
        "max_r2_drop": 0.01,
        "min_slice_rows": 500,
        "max_slice_rmse_rise": 0.02,
        "max_slice_bias": 0.08,
    }
)
RUN = Run("R", "", SETTINGS)
GOOD = {"r2": 0.68, "rmse": 0.61}


FINE = {"value": 1, "rows": 500, "mean_label": 0.6, "mean_predicted": 0.61, "bias": 0.01, "rmse": 0.62}


def evaluation(in_use_r2=None, slices=(), **changes):
    in_use = {"version": "V_1", "metrics": {**GOOD, "r2": in_use_r2}} if in_use_r2 else None
    return {"metrics": {**GOOD, **changes}, "in_use": in_use, "slices": {"rooms": list(slices)}}


def decision(found):
    return quality_gate(None, RUN, {"EVALUATE": found})


def test_a_good_first_model_is_registered():
    found = decision(evaluation())
    assert (found["branch"], found["reasons"]) == ("REGISTER", [])


def test_every_check_is_told_whether_it_passed_or_not():
    found = decision(evaluation(r2=0.5, slices=[FINE]))
    assert found["checks"] == [
        {"passed": False, "check": "r2 is 0.5, not at least 0.6"},
        {"passed": True, "check": "r2 is 0.5, at most 0.75, which no model can reach without its label"},
        {"passed": True, "check": "rmse is 0.61, at most 0.65"},
        {"passed": True, "check": "bias of rooms 1 is 0.01, at most 0.08"},
    ]


@pytest.mark.parametrize(
    ("metric", "value", "reason"),
    [
        ("r2", 0.59, "r2 is 0.59, not at least 0.6"),
        ("r2", 0.93, "r2 is 0.93, not at most 0.75, which no model can reach without its label"),
        ("r2", None, "r2 is not a number"),
        ("rmse", 0.66, "rmse is 0.66, not at most 0.65"),
    ],
)
def test_every_threshold_rejects(metric, value, reason):
    found = decision(evaluation(**{metric: value}))
    assert (found["branch"], set(found["reasons"])) == ("REJECT", {reason})


def test_a_model_on_the_threshold_passes():
    assert not objections(evaluation(r2=0.6, rmse=0.65), RUN)


def test_a_model_may_be_a_little_worse_than_the_version_in_use():
    assert not objections(evaluation(in_use_r2=0.69), RUN)


def test_a_model_may_not_be_much_worse_than_the_version_in_use():
    assert objections(evaluation(in_use_r2=0.6901), RUN) == [
        "r2 is 0.68, not at least 0.6801, because V_1, which is in use, has 0.6901"
    ]


def test_a_version_in_use_that_could_not_be_judged_is_no_bar():
    unjudged = {"version": "V_1", "metrics": None, "missing": ["COLOUR"]}
    assert not objections({**evaluation(), "in_use": unjudged}, RUN)


def test_a_version_in_use_that_answers_nonsense_is_no_bar():
    assert not objections({**evaluation(), "in_use": {"version": "V_1", "metrics": {"r2": None}}}, RUN)


def test_every_objection_is_named():
    assert len(objections(evaluation(in_use_r2=0.7, r2=0.5, rmse=1.0), RUN)) == 3


def of_slice(**changes):
    return objections(evaluation(in_use_r2=0.68, slices=[{**FINE, **changes}]), RUN)


def test_a_slice_may_not_be_much_worse_than_it_is_with_the_version_in_use():
    assert not of_slice(in_use={"mean_predicted": 0.6, "rmse": 0.6})
    assert of_slice(in_use={"mean_predicted": 0.6, "rmse": 0.5999}) == [
        "rmse of rooms 1 is 0.62, not at most 0.6199, because V_1, which is in use, has 0.5999"
    ]


def test_a_slice_has_bounds_of_its_own():
    assert not of_slice(bias=0.08)
    assert of_slice(bias=0.081) == ["bias of rooms 1 is 0.081, not at most 0.08"]


def test_a_slice_with_few_rows_is_not_judged():
    assert not of_slice(rows=499, bias=0.9, in_use={"mean_predicted": 0.6, "rmse": 0.1})


def test_a_slice_without_an_answer_is_objected_to():
    assert of_slice(bias=None, rmse=None, in_use={"mean_predicted": 0.6, "rmse": 0.6}) == [
        "bias of rooms 1 is not a number",
        "rmse of rooms 1 is not a number",
    ]


def test_a_good_model_that_fails_one_slice_is_rejected():
    """What a mean hides: as good as ever on the whole, and worse for those that the change was not made for."""
    worse = {**FINE, "value": 5, "rmse": 0.7, "in_use": {"mean_predicted": 0.6, "rmse": 0.6}}
    assert decision(evaluation(in_use_r2=0.68, slices=[FINE, worse]))["branch"] == "REJECT"


@pytest.mark.parametrize(
    ("table", "key", "nearest"),
    [
        ("quality_gate", "max_rsme", 'did you mean "max_rmse"'),
        ("quality_gate", "max_rmse_drop", "max_rmse_rise"),
        ("quality_gate", "max_slice_r2", "bounds no metric"),
        ("monitoring", "min_labelled_r2", "bounds no metric"),
    ],
)
def test_a_threshold_of_no_metric_is_refused_with_the_nearest_one(table, key, nearest):
    own = getattr(SETTINGS, table)
    wrong = SETTINGS.model_copy(update={table: type(own)(**own.model_dump(), **{key: 1.0})})
    with pytest.raises(
        ConfigError, match=rf'"{key}" in \[pipeline.{table}\] bounds no metric of the definition'
    ) as raised:
        thresholds.check(RUN.definition, wrong)
    assert nearest in str(raised.value)
