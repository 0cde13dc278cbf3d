"""What a model is judged by: pure functions of outcomes and probabilities, whose numbers are JSON.

A number that cannot be had (a model that answers NaN) is None: JSON has no other word for it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ROC_POINTS = 40
CALIBRATION_BINS = 10

SLICES = {"priority": ("PRIORITY", 1), "promised_days": ("PROMISED_DAYS", 10), "order_month": ("ORDER_MONTH", 1)}
"""By which features lines fall into slices, and how wide a slice of each is."""

NO_METRICS: dict[str, float | None] = {"auc": None, "log_loss": None, "calibration_error": None}


def metrics(late: np.ndarray, probability: np.ndarray) -> dict[str, float | None]:
    """Return AUC, log loss (nats), calibration error (mean gap of shares, weighted by lines), and what they rest on."""
    import numpy as np
    from sklearn.metrics import log_loss, roc_auc_score

    rests_on = {"late_share": rounded(late.mean()), "lines": len(late)}
    if not np.isfinite(probability).all():
        return {**NO_METRICS, **rests_on}
    bins = calibration(late, probability)
    return {
        "auc": rounded(roc_auc_score(late, probability)) if late.min() < late.max() else 0.5,
        "log_loss": rounded(log_loss(late, probability, labels=[0, 1])),
        "calibration_error": rounded(
            sum(each["lines"] * abs(each["late"] - each["said"]) for each in bins) / len(late)
        ),
        **rests_on,
    }


def calibration(late: np.ndarray, probability: np.ndarray) -> list[dict[str, Any]]:
    """Return, for bins with equally many lines, what the model said on average and the share that was late."""
    import numpy as np

    groups = np.array_split(np.argsort(probability, kind="stable"), CALIBRATION_BINS)
    return [
        {"said": rounded(probability[group].mean()), "late": rounded(late[group].mean()), "lines": len(group)}
        for group in groups
        if len(group)
    ]


def roc(late: np.ndarray, probability: np.ndarray) -> list[list[float | None]]:
    """Return points [false positive rate, true positive rate] from (0, 0) to (1, 1)."""
    import numpy as np
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(late, probability)
    chosen = np.unique(np.linspace(0, len(false) - 1, ROC_POINTS).round().astype(int))
    return [[rounded(false[point]), rounded(true[point])] for point in chosen]


def all_slices(
    frame: pd.DataFrame, late: np.ndarray, probability: np.ndarray, in_use: np.ndarray | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Return `slices` by each of SLICES, whose features are columns of `frame`."""
    return {
        name: slices(frame[feature] // width * width, late, probability, in_use)
        for name, (feature, width) in SLICES.items()
    }


def slices(
    by: pd.Series, late: np.ndarray, probability: np.ndarray, in_use: np.ndarray | None = None
) -> list[dict[str, Any]]:
    """Return, for each value of `by`, its lines, the share that was late, and what was said: share and log loss (nats).

    The same is said of the version in use where its probabilities are given, under "in_use".
    """
    found = []
    for value, lines in by.reset_index(drop=True).groupby(by.to_numpy()).groups.items():
        row = {"value": int(value), "lines": len(lines), "late": rounded(late[lines].mean())}
        row |= _said(late[lines], probability[lines])
        found.append(row if in_use is None else {**row, "in_use": _said(late[lines], in_use[lines])})
    return found


def _said(late: np.ndarray, probability: np.ndarray) -> dict[str, float | None]:
    import numpy as np

    certain = np.finfo(float).eps
    likely = np.clip(np.where(late, probability, 1 - probability), certain, 1)
    return {"said": rounded(probability.mean()), "log_loss": rounded(-np.log(likely).mean())}


def rounded(value: float) -> float | None:
    """Return four decimals; None for what is no number."""
    return round(float(value), 4) if math.isfinite(value) else None
