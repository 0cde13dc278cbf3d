"""Evaluation: a new model and the version in use, judged on the same lines, which are later than those it learned from.

The numbers are pure functions of outcomes and probabilities; one step fetches the lines and calls them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import candidate, registry
from .features import FEATURES, LABEL, TEST, rows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from snowflake.ml.model import ModelVersion
    from snowflake.snowpark import Session

    from .config import Run

ROC_POINTS = 40
CALIBRATION_BINS = 10


def evaluate(session: Session, run: Run, inputs: dict[str, Any]) -> dict[str, Any]:
    """Judge the candidate, and the version in use, on the lines of the part TEST.

    Where this release no longer computes what the version in use needs, that version is named without metrics.
    """
    path = inputs["TRAIN"]["model"]
    lines = rows(session, run, TEST)
    version = registry.version_in_use(session, run)
    missing = registry.missing_inputs(version, lines) if version else []
    frame = (registry.score(version, lines) if version and not missing else lines).to_pandas()
    late = frame[LABEL].to_numpy(dtype=int)
    probability = candidate.load(session, path).predict_proba(frame[list(FEATURES)])[:, 1]
    return {
        "model": path,
        "metrics": metrics(late, probability),
        "in_use": _in_use(version, missing, frame, late) if version else None,
        "plots": plots(frame, late, probability),
    }


def _in_use(version: ModelVersion, missing: list[str], frame: pd.DataFrame, late: np.ndarray) -> dict[str, Any]:
    judged = None if missing else metrics(late, frame[registry.PROBABILITIES[1]].to_numpy())
    return {"version": version.version_name, "metrics": judged, "missing": missing}


def metrics(late: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Return AUC, log loss (nats), calibration error (mean gap of shares, weighted by lines), and what they rest on."""
    from sklearn.metrics import log_loss, roc_auc_score

    bins = calibration(late, probability)
    return {
        "auc": _round(roc_auc_score(late, probability)) if late.min() < late.max() else 0.5,
        "log_loss": _round(log_loss(late, probability, labels=[0, 1])),
        "calibration_error": _round(sum(each["lines"] * abs(each["late"] - each["said"]) for each in bins) / len(late)),
        "late_share": _round(late.mean()),
        "lines": len(late),
    }


def calibration(late: np.ndarray, probability: np.ndarray) -> list[dict[str, float]]:
    """Return, for bins with equally many lines, what the model said on average and the share that was late."""
    import numpy as np

    groups = np.array_split(np.argsort(probability, kind="stable"), CALIBRATION_BINS)
    return [
        {"said": _round(probability[group].mean()), "late": _round(late[group].mean()), "lines": len(group)}
        for group in groups
        if len(group)
    ]


def plots(frame: pd.DataFrame, late: np.ndarray, probability: np.ndarray) -> dict[str, Any]:
    """Return what there is to draw, small enough for a task's return value: ROC, calibration, and some slices."""
    return {
        "roc": roc(late, probability),
        "calibration": calibration(late, probability),
        "slices": {
            "priority": slices(frame["PRIORITY"].astype(int), late, probability),
            "promised_days": slices((frame["PROMISED_DAYS"] // 10 * 10).astype(int), late, probability),
        },
    }


def roc(late: np.ndarray, probability: np.ndarray) -> list[list[float]]:
    """Return points [false positive rate, true positive rate] from (0, 0) to (1, 1)."""
    import numpy as np
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(late, probability)
    chosen = np.unique(np.linspace(0, len(false) - 1, ROC_POINTS).round().astype(int))
    return [[_round(false[point]), _round(true[point])] for point in chosen]


def slices(by: pd.Series, late: np.ndarray, probability: np.ndarray) -> list[dict[str, float]]:
    """Return, for each value of `by`, what the model said on average and the share that was late."""
    import pandas as pd

    frame = pd.DataFrame({"value": by.to_numpy(), "said": probability, "late": late})
    means = frame.groupby("value").agg(said=("said", "mean"), late=("late", "mean"), lines=("late", "size"))
    return [
        {"value": int(value), "said": _round(row.said), "late": _round(row.late), "lines": int(row.lines)}
        for value, row in means.iterrows()
    ]


def _round(value: float) -> float:
    return round(float(value), 4)
