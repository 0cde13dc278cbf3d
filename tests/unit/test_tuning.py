"""The choice of hyper-parameters."""

import numpy as np
import pandas as pd
import pytest

from ml_pipeline import tuning
from tests.small import settings
from tests.small.model import candidates

TWO = settings.SETTINGS.changed(training={"candidates": 2})


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(1)
    made = pd.DataFrame({"AREA": random.uniform(50, 150, 500), "ROOMS": random.integers(1, 6, 500)})
    return made.assign(PRICE=3 * made["AREA"] + 20 * made["ROOMS"] + random.normal(0, 5, 500))


def test_a_single_candidate_is_not_judged():
    assert tuning.best(None, settings.SETTINGS, on_nodes=False) == (settings.SETTINGS, {})


def test_the_candidate_with_the_best_metric_on_the_last_rows_is_chosen(frame):
    chosen, choice = tuning.best(frame, TWO, on_nodes=False)
    values = [tuning.judged(frame, each) for each in candidates(TWO)]
    assert choice["candidates"] == {"rmse": [round(value, 6) for value in values]}
    assert chosen == candidates(TWO)[values.index(min(values))]
    assert choice["chosen"] == chosen.model.to_dict()


def test_the_rows_that_judge_are_learned_from_by_no_candidate(frame):
    turned = frame.copy()
    turned.loc[int(len(frame) * 0.8) :, "PRICE"] = -turned["PRICE"]
    assert tuning.judged(turned, TWO) > tuning.judged(frame, TWO)


def test_of_equally_good_candidates_the_first_is_chosen(frame, monkeypatch):
    monkeypatch.setattr(tuning, "judged", lambda *_: 0.5)
    assert tuning.best(frame, TWO, on_nodes=False)[0] == TWO
