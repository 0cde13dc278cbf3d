"""What is recorded of a training run: what it was given, and numbers only."""

from pathlib import Path

from ml_pipeline import experiments, provenance, registration
from ml_pipeline.config import Run, load

RUN = Run("R1", "d1", load("local", Path(__file__).parents[2] / "environments").pipeline, commit="c1")
EVALUATION = {
    "provenance": {"release": "d1", "commit": "c1", "dataset": "D", "seed": 7, "max_iter": 60},
    "metrics": {"auc": 0.67, "log_loss": None, "calibration_error": 0.01},
    "in_use": {"version": "V_0", "metrics": {"auc": 0.66, "log_loss": None}, "missing": []},
    "slices": {},
}


def test_a_metric_that_is_no_number_is_not_recorded():
    assert experiments.numbers(EVALUATION) == {"auc": 0.67, "calibration_error": 0.01, "in_use_auc": 0.66}
    assert experiments.numbers({**EVALUATION, "in_use": None}) == {"auc": 0.67, "calibration_error": 0.01}


def test_a_run_was_given_its_rows_its_settings_and_what_it_was_compared_with():
    given = experiments.parameters(RUN, EVALUATION)
    assert (given["dataset"], given["commit"], given["max_iter"], given["compared_with"]) == ("D", "c1", 60, "V_0")
    assert experiments.parameters(RUN, {**EVALUATION, "in_use": None})["compared_with"] == ""


def test_a_version_tells_whether_it_passed_even_if_it_should_not_be_there():
    """Copying relies on it: what did not pass says so."""
    told = registration.facts(RUN, EVALUATION)
    assert told["quality_gate"] == {"passed": False, "checks": 5, "compared_with": "V_0"}
    assert told["provenance"] == EVALUATION["provenance"]


def test_a_model_comes_from_the_settings_but_for_what_the_training_chose():
    assert provenance.hyperparameters(RUN.settings, {})["learning_rate"] == RUN.settings.model.learning_rate
    found = provenance.hyperparameters(RUN.settings, {"chosen": {"learning_rate": 0.05, "max_leaf_nodes": 30}})
    assert (found["learning_rate"], found["max_leaf_nodes"]) == (0.05, 30)
    assert found["max_iter"] == RUN.settings.model.max_iter
