"""Training, against the limit that the specification of TPC-H sets."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from late_delivery.model import DEFINITION, candidates, fit
from ml_pipeline.config import load
from ml_pipeline.errors import PipelineError
from ml_pipeline.values import MOST_CANDIDATES
from tests.example.late_delivery import best_auc, late_probability

FEATURES = DEFINITION.features
SETTINGS = load("local", Path(__file__).parents[3] / "environments").pipeline


def order_lines(count, seed):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({name: random.random(count) for name in FEATURES})
    frame["PROMISED_DAYS"] = random.integers(30, 91, count)
    days_taken = random.integers(1, 122, count) + random.integers(1, 31, count)
    return frame.assign(LATE=(days_taken > frame["PROMISED_DAYS"]).astype(int))


def test_the_specification_makes_63_percent_late():
    assert late_probability().mean() == pytest.approx(0.632, abs=0.001)
    assert best_auc() == pytest.approx(0.6806, abs=0.0001)


def test_the_model_comes_within_a_hundredth_of_the_best_possible():
    model = fit(order_lines(60_000, seed=1), SETTINGS)
    unseen = order_lines(40_000, seed=2)
    auc = roc_auc_score(unseen["LATE"], model.predict_proba(unseen[list(FEATURES)])[:, 1])
    assert auc == pytest.approx(best_auc(), abs=0.01)


def test_the_seed_decides_the_model():
    frame, settings = order_lines(2_000, seed=1), SETTINGS.changed(model={"max_iter": 5})
    first, second = (fit(frame, settings).predict_proba(frame[list(FEATURES)]) for _ in range(2))
    assert (first == second).all()


def test_the_model_does_not_depend_on_how_many_threads_fit_it():
    frame, settings = order_lines(20_000, seed=1), SETTINGS.changed(model={"max_iter": 5})
    models = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            models.append(pickle.dumps(fit(frame, settings)))
    assert models[0] == models[1]


def test_a_history_that_nobody_has_yet_is_no_obstacle():
    frame = order_lines(2_000, seed=1).assign(CUSTOMER_LINES=0.0, CUSTOMER_LATE_SHARE=0.5)
    assert fit(frame, SETTINGS.changed(model={"max_iter": 5})).predict_proba(frame[list(FEATURES)]).shape == (2_000, 2)


def test_lines_that_all_end_alike_teach_nothing():
    with pytest.raises(PipelineError, match="all 10 lines to train with have the same outcome"):
        fit(order_lines(10, seed=1).assign(LATE=1), SETTINGS)


def test_fitting_needs_nothing_of_snowflake_but_the_configuration():
    """It is what an ML Job will run."""
    code = (
        "import sys, inspect, late_delivery.model as m;"
        "print(sorted(inspect.signature(m.fit).parameters), 'sklearn' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "['frame', 'settings'] False"


def test_the_settings_come_first_and_all_candidates_differ():
    most = SETTINGS.changed(training={"candidates": MOST_CANDIDATES})
    tried = candidates(most)
    assert tried[0] == most
    assert len({(each.model.learning_rate, each.model.max_leaf_nodes) for each in tried}) == MOST_CANDIDATES
