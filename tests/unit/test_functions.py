"""The population stability index and the bins that it rests on."""

import numpy as np
import pandas as pd
import pytest

from ml_pipeline.handlers import BINS, DistributionShift, stability

RANDOM = np.random.default_rng(7)


def test_the_same_values_have_not_moved():
    values = RANDOM.normal(size=10_000)
    bins = stability(values, values)
    assert len(bins) == BINS
    assert bins["PSI"].sum() == 0
    assert bins["BASELINE_SHARE"].to_numpy() == pytest.approx(0.1)


def test_the_index_is_that_of_the_formula():
    bins = stability(np.array([0.0] * 6 + [1.0] * 4), np.array([0.0] * 2 + [1.0] * 8))
    expected = (0.2 - 0.6) * np.log(0.2 / 0.6) + (0.8 - 0.4) * np.log(0.8 / 0.4)
    assert bins["PSI"].sum() == pytest.approx(expected)


def test_it_grows_with_the_distance():
    values = RANDOM.normal(size=10_000)
    moved = [stability(values, values + by)["PSI"].sum() for by in (0, 0.1, 0.5, 2)]
    assert moved == sorted(moved)
    assert moved[1] < 0.1
    assert moved[2] > 0.2


def test_an_empty_bin_leaves_it_finite():
    assert np.isfinite(stability(np.arange(100.0), np.full(100, 1e9))["PSI"]).all()


@pytest.mark.parametrize("empty", [0, 1])
def test_a_side_without_rows_has_no_shares(empty):
    sides = [np.arange(10.0), np.arange(10.0)]
    sides[empty] = np.array([])
    bins = stability(*sides)
    assert bins[("BASELINE_SHARE", "CURRENT_SHARE")[empty]].sum() == 0
    assert np.isfinite(bins["PSI"]).all()


def test_equal_values_share_a_bin_and_a_value_on_a_bound_lies_below_it():
    bins = stability(np.array([1.0] * 9 + [2.0]), np.array([1.0, 2.0]))
    assert bins["UPPER"].iloc[0] == 1
    assert np.isnan(bins["UPPER"].iloc[-1])
    assert bins["CURRENT_SHARE"].iloc[0] == 0.5


def test_it_is_marked_as_vectorised():
    assert DistributionShift.end_partition._sf_vectorized_input is pd.DataFrame
