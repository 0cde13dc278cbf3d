"""The numbers of a model monitor, of arrays without nulls.

Snowflake does not document its bins: here a number falls into one of ten between the baseline's deciles, and a share
of nothing counts as one in ten thousand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernel.errors import invalid

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

_BINS = 10
_LEAST_SHARE = 1e-4


def shares(baseline: Array, values: Array) -> tuple[Array, Array]:
    """The share of each bin, or of each value of what is no number, in the baseline and in the values."""
    if baseline.dtype.kind == "f":
        edges = np.unique(np.quantile(baseline, np.linspace(0, 1, _BINS + 1)[1:-1]))
        counted = [
            np.bincount(np.searchsorted(edges, a, side="left"), minlength=len(edges) + 1) for a in (baseline, values)
        ]
    else:
        known = np.unique(np.concatenate([baseline, values]))
        counted = [np.bincount(np.searchsorted(known, a), minlength=len(known)) for a in (baseline, values)]
    before, now = (counts / counts.sum() for counts in counted)
    return before, now


def population_stability_index(baseline: Array, values: Array) -> float:
    """The sum over bins of (now - before) * ln(now / before)."""
    before, now = (np.maximum(share, _LEAST_SHARE) for share in shares(baseline, values))
    return float(((now - before) * np.log(now / before)).sum())


def jensen_shannon(baseline: Array, values: Array) -> float:
    """The distance, from 0 to 1: the root of the divergence in bits."""
    before, now = shares(baseline, values)
    middle = (before + now) / 2
    bits = [(p[p > 0] * np.log2(p[p > 0] / middle[p > 0])).sum() for p in (before, now)]
    return float(np.sqrt(max(sum(bits) / 2, 0)))


def difference_of_means(baseline: Array, values: Array) -> float:
    """The mean now less the mean before."""
    return float(values.mean() - baseline.mean())


def wasserstein(baseline: Array, values: Array) -> float:
    """The area between the two distribution functions, in the column's unit."""
    places = np.sort(np.concatenate([baseline, values]))
    below = [np.searchsorted(np.sort(a), places[:-1], side="right") / len(a) for a in (baseline, values)]
    return float((np.abs(below[0] - below[1]) * np.diff(places)).sum())


DRIFT: dict[str, Callable[[Array, Array], float]] = {
    "JENSEN_SHANNON": jensen_shannon,
    "DIFFERENCE_OF_MEANS": difference_of_means,
    "WASSERSTEIN": wasserstein,
    "POPULATION_STABILITY_INDEX": population_stability_index,
}
NUMERIC_ONLY = {"DIFFERENCE_OF_MEANS", "WASSERSTEIN"}


def roc_auc(actual: Array, score: Array) -> float | None:
    """The chance that a line of class 1 scores above one of class 0, ties counting half; None without both classes."""
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    ones = int((actual == 1).sum())
    others = len(actual) - ones
    if not ones or not others:
        return None
    return float((ranks[actual == 1].sum() - ones * (ones + 1) / 2) / (ones * others))


def accuracy(actual: Array, predicted: Array) -> float | None:
    """The share of lines whose class was said right."""
    return float((actual == predicted).mean())


def precision(actual: Array, predicted: Array) -> float | None:
    """Of the lines said to be of class 1, the share that is; None when there are none."""
    said = predicted == 1
    return float((actual[said] == 1).mean()) if said.any() else None


def recall(actual: Array, predicted: Array) -> float | None:
    """Of the lines of class 1, the share that was said to be; None when there are none."""
    return precision(predicted, actual)


def f1_score(actual: Array, predicted: Array) -> float | None:
    """The harmonic mean of precision and recall."""
    right = ((actual == 1) & (predicted == 1)).sum()
    said = (actual == 1).sum() + (predicted == 1).sum()
    return float(2 * right / said) if said else None


def mean_absolute_percentage_error(actual: Array, predicted: Array) -> float | None:
    """In units of the actual value, so 0.1 is ten per cent; None when an actual value is 0."""
    return float((np.abs(actual - predicted) / np.abs(actual)).mean()) if actual.all() else None


SCORED: dict[str, Callable[[Array, Array], float | None]] = {"ROC_AUC": roc_auc}
CLASSED: dict[str, Callable[[Array, Array], float | None]] = {
    "CLASSIFICATION_ACCURACY": accuracy,
    "PRECISION": precision,
    "RECALL": recall,
    "F1_SCORE": f1_score,
}
REGRESSION: dict[str, Callable[[Array, Array], float | None]] = {
    "RMSE": lambda actual, said: float(np.sqrt(((actual - said) ** 2).mean())),
    "MAE": lambda actual, said: float(np.abs(actual - said).mean()),
    "MAPE": mean_absolute_percentage_error,
    "MSE": lambda actual, said: float(((actual - said) ** 2).mean()),
}


def named(metrics: dict[str, Callable[..., Any]], name: Any) -> Callable[..., Any]:
    """The metric of that name.

    Raises:
        SnowflakeError: 001008, with the names that there are.

    """
    if str(name).upper() not in metrics:
        raise invalid(f"Invalid metric name '{name}'. Valid values: {', '.join(metrics)}")
    return metrics[str(name).upper()]
