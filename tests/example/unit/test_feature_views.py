"""The version of the feature views: what our own text says of them, whatever Snowpark makes of it."""

import inspect
from pathlib import Path

import pytest

from ml_pipeline import config, feature_views
from ml_pipeline.config import Run

DEV = config.load("dev", Path(__file__).parents[3] / "environments")


def version(*, smoke=False, **data):
    return feature_views.version(Run("1", "d", DEV.pipeline.changed(data=data), smoke))


def test_the_same_definition_has_the_same_version():
    other = DEV.pipeline.changed(model={"max_iter": 99}, registry={"model": "OTHER"})
    assert version() == feature_views.version(Run("1", "d", other))
    assert version(smoke=True) == version(smoke=True, feature_refresh="1 hour")


@pytest.mark.parametrize("changed", [{"label_lag_days": 1}, {"feature_refresh": "1 hour"}])
def test_another_lag_or_refresh_is_another_version(changed):
    assert version(**changed) != version()


@pytest.mark.parametrize("name", ["names", "history"])
def test_other_code_is_another_version(monkeypatch, name):
    before = version()
    real = inspect.getsource
    monkeypatch.setattr(inspect, "getsource", lambda of: real(of) + ("#" if of.__name__ == name else ""))
    assert version() != before


def test_it_asks_no_query():
    """Another Snowpark would write the same query otherwise, and every view would be made anew."""
    assert list(inspect.signature(feature_views.version).parameters) == ["run"]
