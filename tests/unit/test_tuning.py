"""The choice of hyper-parameters."""

import pytest
from tests.unit.test_training import SETTINGS, order_lines

from ml_pipeline import model, tuning
from ml_pipeline.values import MOST_CANDIDATES

QUICK = SETTINGS.changed(model={"max_iter": 5}, training={"candidates": 3})


@pytest.fixture(scope="module")
def frame():
    return order_lines(4_000, seed=1)


def test_the_settings_come_first_and_all_candidates_differ():
    tried = model.candidates(QUICK.changed(training={"candidates": MOST_CANDIDATES}))
    assert tried[0] == QUICK.changed(training={"candidates": MOST_CANDIDATES})
    assert len({(each.model.learning_rate, each.model.max_leaf_nodes) for each in tried}) == MOST_CANDIDATES


def test_a_single_candidate_is_not_judged():
    assert tuning.best(None, SETTINGS, on_nodes=False) == (SETTINGS, {})


def test_the_candidate_with_the_least_loss_on_the_last_rows_is_chosen(frame):
    chosen, told = tuning.best(frame, QUICK, on_nodes=False)
    losses = [tuning.loss(frame, each) for each in model.candidates(QUICK)]
    assert told["log_losses"] == [round(loss, 6) for loss in losses]
    assert chosen == model.candidates(QUICK)[losses.index(min(losses))]
    assert told["chosen"] == {
        "learning_rate": chosen.model.learning_rate,
        "max_leaf_nodes": chosen.model.max_leaf_nodes,
    }


def test_the_rows_that_judge_are_learned_from_by_no_candidate(frame):
    turned = frame.copy()
    turned.loc[int(len(frame) * 0.8) :, "LATE"] = 1 - turned["LATE"]
    assert tuning.loss(turned, QUICK) > tuning.loss(frame, QUICK)


def test_of_equally_good_candidates_the_first_is_chosen(frame, monkeypatch):
    monkeypatch.setattr(tuning, "loss", lambda *_: 0.5)
    assert tuning.best(frame, QUICK, on_nodes=False)[0] == QUICK
