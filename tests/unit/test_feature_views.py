"""The version of a feature view: our own text decides it, whatever Snowpark makes of it."""

import inspect
from functools import partial

import pytest

from ml_pipeline import feature_views
from ml_pipeline.config import Run
from ml_pipeline.definition import EntityView
from tests.small.settings import SETTINGS


def query(rows, lag, who=""):
    return rows


VIEW = EntityView("CITY", "where it is", ("CITY",), {"N": "sales"}, partial(query, who="CITY"))


def version(*, smoke=False, **settings):
    return feature_views.version(Run("1", "d", SETTINGS.changed(**settings), smoke), VIEW)


def test_the_same_definition_has_the_same_version():
    assert version() == version(model={"alpha": 9.0}, registry={"model": "OTHER"})
    assert version(smoke=True) == version(smoke=True, data={"feature_refresh": "5 hours"})


@pytest.mark.parametrize("changed", [{"label_lag_days": 1}, {"feature_refresh": "5 hours"}])
def test_another_lag_or_refresh_is_another_version(changed):
    assert version(data=changed) != version()


def test_other_code_in_the_module_of_the_query_is_another_version(monkeypatch):
    before = version()
    real = inspect.getsource
    monkeypatch.setattr(inspect, "getsource", lambda of: real(of) + "#")
    assert version() != before


def test_it_asks_no_query():
    """Another Snowpark would write the same query otherwise, and every view would be made anew."""
    assert list(inspect.signature(feature_views.version).parameters) == ["run", "view"]
