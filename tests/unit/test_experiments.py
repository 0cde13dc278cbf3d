"""What is recorded of a training run: what it was given, and numbers only."""

from ml_pipeline import experiments, provenance, registration
from ml_pipeline.config import Run
from tests.small.settings import SETTINGS

RUN = Run("R1", "d1", SETTINGS, commit="c1")
EVALUATION = {
    "provenance": {"release": "d1", "commit": "c1", "dataset": "D", "seed": 7, "alpha": 0.1},
    "metrics": {"r2": 0.67, "rmse": None, "rows": 9},
    "in_use": {"version": "V_0", "metrics": {"r2": 0.66, "rmse": None}, "missing": []},
    "slices": {},
}


def test_a_metric_that_is_no_number_is_not_recorded():
    assert experiments.numbers(EVALUATION) == {"r2": 0.67, "rows": 9, "in_use_r2": 0.66}
    assert experiments.numbers({**EVALUATION, "in_use": None}) == {"r2": 0.67, "rows": 9}


def test_a_run_was_given_its_rows_its_settings_and_what_it_was_compared_with():
    given = experiments.parameters(RUN, EVALUATION)
    assert (given["dataset"], given["commit"], given["alpha"], given["compared_with"]) == ("D", "c1", 0.1, "V_0")
    assert experiments.parameters(RUN, {**EVALUATION, "in_use": None})["compared_with"] == ""


def test_a_version_tells_whether_it_passed_even_if_it_should_not_be_there():
    """Copying relies on it: what did not pass says so."""
    told = registration.facts(RUN, EVALUATION, EVALUATION["provenance"])
    assert told["quality_gate"] == {"passed": False, "checks": 4, "compared_with": "V_0"}
    assert told["provenance"] == EVALUATION["provenance"]


def test_a_model_comes_from_the_settings_but_for_what_the_training_chose():
    assert provenance.hyperparameters(RUN.settings, {}) == SETTINGS.model.to_dict()
    assert provenance.hyperparameters(RUN.settings, {"chosen": {"alpha": 0.05}})["alpha"] == 0.05
