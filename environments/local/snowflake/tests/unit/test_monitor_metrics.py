"""The numbers of model monitors, held against the libraries that define them, and the windows they are taken over."""

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.monitors import metrics, windows

NUMBERS = arrays(float, st.integers(2, 60), elements=st.integers(-5, 5).map(float))
LABELS = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=50)


@given(NUMBERS, NUMBERS)
def test_the_wasserstein_distance_is_scipys(one, other):
    assert metrics.wasserstein(one, other) == pytest.approx(stats.wasserstein_distance(one, other), abs=1e-9)


@pytest.mark.parametrize("name", ["POPULATION_STABILITY_INDEX", "JENSEN_SHANNON", "WASSERSTEIN", "DIFFERENCE_OF_MEANS"])
@given(values=NUMBERS)
def test_nothing_drifts_from_itself(name, values):
    assert metrics.DRIFT[name](values, values) == pytest.approx(0, abs=1e-9)


@given(NUMBERS, NUMBERS)
def test_drift_in_shares_has_no_direction_and_no_sign(one, other):
    assert metrics.population_stability_index(one, other) >= 0
    assert 0 <= metrics.jensen_shannon(one, other) <= 1 + 1e-9


def test_the_jensen_shannon_distance_of_what_has_nothing_in_common_is_one():
    assert metrics.jensen_shannon(np.array(["a"]), np.array(["b"])) == pytest.approx(1)


def test_the_population_stability_index_is_the_textbooks():
    before, now = np.array(["a"] * 50 + ["b"] * 50), np.array(["a"] * 80 + ["b"] * 20)
    expected = (0.8 - 0.5) * np.log(0.8 / 0.5) + (0.2 - 0.5) * np.log(0.2 / 0.5)
    assert metrics.population_stability_index(before, now) == pytest.approx(expected)


@given(LABELS)
def test_performance_is_scikit_learns(pairs):
    actual, score = (np.array(each, dtype=float) for each in zip(*pairs, strict=True))
    said = (score > 2).astype(float)
    assert metrics.accuracy(actual, said) == pytest.approx((actual == said).mean())
    for computed, expected in (
        (metrics.precision, precision_score),
        (metrics.recall, recall_score),
        (metrics.f1_score, f1_score),
    ):
        assert (computed(actual, said) or 0) == pytest.approx(expected(actual, said, zero_division=0))
    auc = metrics.roc_auc(actual, score)
    if len(set(actual)) == 2:
        assert auc == pytest.approx(roc_auc_score(actual, score))
    else:
        assert auc is None


def starts(granularity, *days, since="2024-01-03", until="2025-06-01"):
    rows = pa.table({"AT": pa.array([datetime.fromisoformat(day) for day in days], pa.timestamp("us"))})
    span = windows.span(granularity, since, until, 1)
    return [(start.isoformat()[:10], len(part)) for start, part in windows.split(rows, "AT", span)]


def test_windows_are_days_weeks_from_monday_and_months_from_the_first():
    days = ("2024-01-03T05:00", "2024-01-07", "2024-01-08", "2024-02-29", "2025-03-01")
    assert starts("1 DAY", *days)[0] == ("2024-01-03", 1)
    assert starts("1 WEEK", *days)[:2] == [("2024-01-01", 2), ("2024-01-08", 1)]
    assert starts("1 MONTH", *days) == [("2024-01-01", 3), ("2024-02-01", 1), ("2025-03-01", 1)]
    assert starts("1 QUARTER", *days) == [("2024-01-01", 4), ("2025-01-01", 1)]
    assert starts("1 YEAR", *days) == [("2024-01-01", 4), ("2025-01-01", 1)]
    assert starts("ALL", *days) == [("2024-01-03", 5)]
    assert starts(None, *days) == starts("1 DAY", *days)


def test_a_range_includes_its_start_and_not_its_end():
    assert starts("ALL", "2024-01-02", "2024-01-03", "2024-01-04", until="2024-01-04") == [("2024-01-03", 1)]
    assert starts("ALL", "2023-01-01") == []


@pytest.mark.parametrize("granularity", ["DAY", "1 HOUR", "0 DAY", "sometimes"])
def test_what_is_no_granularity_is_refused(granularity):
    with pytest.raises(SnowflakeError, match="Invalid granularity"):
        windows.span(granularity, None, None, 1)


def test_nothing_is_finer_than_what_the_monitor_aggregates():
    with pytest.raises(SnowflakeError, match="finer than the monitor's AGGREGATION_WINDOW of 7 days"):
        windows.span("1 DAY", None, None, 7)
