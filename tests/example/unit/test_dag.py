"""The example's graph, as dag/dag.py draws it."""

import pytest

from dag.dag import build
from dag.pinned import ANY_WAY
from ml_pipeline.config import load
from tests.conftest import ROOT

PROD = load("prod", ROOT / "environments").changed(pipeline={"service": {"pool": "POOL"}})


@pytest.fixture(scope="module")
def graph():
    return build(PROD, "d1g35t")


def names(tasks):
    return sorted(task.name for task in tasks)


def test_without_a_pool_for_it_no_task_serves(graph):
    assert graph.get_task("SERVE")
    none = PROD.changed(pipeline={"service": {"pool": ""}})
    assert set(names(graph.tasks)) - set(names(build(none, "d").tasks)) == {"SERVE"}


def test_whichever_branch_was_taken_the_version_in_use_scores(graph):
    score = graph.get_task("SCORE")
    assert names(score.predecessors) == ["KEEP", "REGISTER", "REJECT"]
    assert score.condition == ANY_WAY
