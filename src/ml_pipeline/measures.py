"""What a model is judged by: pure functions of labels and predictions, whose results are JSON.

A definition declares which of them, or functions of its own, it is judged by. A number that does not exist, as for a
model that answers NaN, is None: JSON has no other word for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Function = Callable[["np.ndarray", "np.ndarray"], float]
ROC_POINTS = 40
CALIBRATION_BINS = 10


@dataclass(frozen=True)
class Metric:
    """A number that says how good predictions are."""

    of: Function
    """A function of labels and predictions."""
    higher_is_better: bool = False
    monitored: str = ""
    """What the model monitor calls it, such as ROC_AUC or RMSE; empty: it has no such metric.

    https://docs.snowflake.com/en/sql-reference/functions/model_monitor_performance_metric"""
    chance: Callable[[int], float] = lambda _rows: 0.0
    """How much of a difference may be chance, with that many rows."""

    def is_worse(self, value: float, bound: float) -> bool:
        """Say whether the value is on the wrong side of the bound."""
        return value < bound if self.higher_is_better else value > bound


# Binary classification: the label is 0 or 1, the prediction is the probability of 1.


def auc(label: np.ndarray, probability: np.ndarray) -> float:
    """Return the area under the ROC curve: the chance that a 1 scores above a 0. A half where all labels are equal."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(label, probability)) if label.min() < label.max() else 0.5


def log_loss(label: np.ndarray, probability: np.ndarray) -> float:
    """Return the mean negative logarithm of the probability of what happened, in nats."""
    import numpy as np

    certain = np.finfo(float).eps
    return float(-np.log(np.clip(np.where(label == 1, probability, 1 - probability), certain, 1)).mean())


def calibration_error(label: np.ndarray, probability: np.ndarray) -> float:
    """Return the mean gap between predicted and actual shares over bins of probabilities, weighted by rows."""
    bins = calibration(label, probability)
    return float(sum(each["rows"] * abs(each["mean_label"] - each["mean_predicted"]) for each in bins) / len(label))


def bias(label: np.ndarray, predicted: np.ndarray) -> float:
    """Return how far the mean of the predictions is from that of the labels."""
    return float(abs(predicted.mean() - label.mean()))


def _chance_of_auc(rows: int) -> float:
    """Return twice the standard error of an AUC of that many rows, half of them 1.

    https://doi.org/10.1148/radiology.143.1.7063747 (Hanley and McNeil, 1982), where the classes do not differ.
    """
    return 2 / math.sqrt(3 * rows)


AUC = Metric(auc, higher_is_better=True, monitored="ROC_AUC", chance=_chance_of_auc)
LOG_LOSS = Metric(log_loss)
CALIBRATION_ERROR = Metric(calibration_error)
BIAS = Metric(bias)


def calibration(label: np.ndarray, probability: np.ndarray) -> list[dict[str, Any]]:
    """Return, for bins with equally many rows, the mean prediction and the share of the label."""
    import numpy as np

    groups = np.array_split(np.argsort(probability, kind="stable"), CALIBRATION_BINS)
    return [
        {
            "mean_predicted": rounded(probability[group].mean()),
            "mean_label": rounded(label[group].mean()),
            "rows": len(group),
        }
        for group in groups
        if len(group)
    ]


def roc(label: np.ndarray, probability: np.ndarray) -> list[list[float | None]]:
    """Return points [false positive rate, true positive rate] from (0, 0) to (1, 1)."""
    import numpy as np
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(label, probability)
    chosen = np.unique(np.linspace(0, len(false) - 1, ROC_POINTS).round().astype(int))
    return [[rounded(false[point]), rounded(true[point])] for point in chosen]


# Regression: label and prediction are numbers.


def rmse(label: np.ndarray, predicted: np.ndarray) -> float:
    """Return the root of the mean squared error."""
    return float(((label - predicted) ** 2).mean() ** 0.5)


def mae(label: np.ndarray, predicted: np.ndarray) -> float:
    """Return the mean absolute error."""
    return float(abs(label - predicted).mean())


def r2(label: np.ndarray, predicted: np.ndarray) -> float:
    """Return the share of the label's variance that the predictions explain; NaN where it has none."""
    variance = float(((label - label.mean()) ** 2).sum())
    return 1 - float(((label - predicted) ** 2).sum()) / variance if variance else math.nan


RMSE = Metric(rmse, monitored="RMSE")
MAE = Metric(mae, monitored="MAE")
R2 = Metric(r2, higher_is_better=True)


# All kinds.


def measured(metrics: Mapping[str, Metric], label: np.ndarray, predicted: np.ndarray) -> dict[str, float | None]:
    """Return every metric; None for all of them where a prediction is no number."""
    import numpy as np

    if not np.isfinite(predicted).all():
        return dict.fromkeys(metrics)
    return {name: rounded(metric.of(label, predicted)) for name, metric in metrics.items()}


def sliced(
    by: pd.Series,
    metrics: Mapping[str, Metric],
    label: np.ndarray,
    predicted: np.ndarray,
    in_use: np.ndarray | None = None,
) -> list[dict[str, Any]]:
    """Return, for each value of `by`, its rows, the means of label and prediction, and the metrics.

    The same of the version in use, where its predictions are given, is in "in_use".
    """
    found = []
    for value, rows in by.reset_index(drop=True).groupby(by.to_numpy()).groups.items():
        row = {"value": _plain(value), "rows": len(rows), "mean_label": rounded(label[rows].mean())}
        row |= _answered(metrics, label[rows], predicted[rows])
        found.append(row if in_use is None else {**row, "in_use": _answered(metrics, label[rows], in_use[rows])})
    return found


def _answered(metrics: Mapping[str, Metric], label: np.ndarray, predicted: np.ndarray) -> dict[str, float | None]:
    return {"mean_predicted": rounded(predicted.mean()), **measured(metrics, label, predicted)}


def _plain(value: Any) -> float:
    return int(value) if float(value).is_integer() else float(value)


def rounded(value: float) -> float | None:
    """Return four decimals; None for what is no number."""
    return round(float(value), 4) if math.isfinite(value) else None
