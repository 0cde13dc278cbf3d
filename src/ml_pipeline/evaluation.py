"""Evaluation: a new model and the version in use, judged on the same lines, which are later than those it learned from.

What it comes to is recorded as a run of the experiment; the numbers are pure functions in measures.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import candidate, experiments, measures, provenance, registry
from .features import FEATURES, LABEL, TEST, rows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from snowflake.ml.model import ModelVersion
    from snowflake.snowpark import Session

    from .config import Run


def evaluate(session: Session, run: Run, inputs: dict[str, Any]) -> dict[str, Any]:
    """Judge the candidate, and the version in use, on the lines of the part TEST.

    Where this release no longer computes what the version in use needs, that version is named without metrics.
    """
    trained = inputs["TRAIN"]
    path = trained["model"]
    lines = rows(session, run, TEST)
    version = registry.version_in_use(session, run)
    missing = registry.missing_inputs(version, lines) if version else []
    frame = (registry.score(version, lines) if version and not missing else lines).to_pandas()
    content = candidate.read(session, path)
    probability = candidate.unpickled(content).predict_proba(frame[list(FEATURES)])[:, 1]
    result = {
        "model": path,
        "provenance": provenance.of(run, trained, content),
        **judged(frame, probability, version, missing),
    }
    experiments.begin(session, run, trained, result)
    return result


def judged(
    frame: pd.DataFrame, probability: np.ndarray, version: ModelVersion | None, missing: list[str]
) -> dict[str, Any]:
    """Return metrics, slices and what there is to draw of the candidate's probabilities, beside those of the version.

    `frame` holds features and label of each line, and, if nothing is missing, what the version in use says of it.
    """
    late = frame[LABEL].to_numpy(dtype=int)
    compared = frame[registry.PROBABILITIES[1]].to_numpy(dtype=float) if version and not missing else None
    in_use = None if compared is None else measures.metrics(late, compared)
    return {
        "metrics": measures.metrics(late, probability),
        "in_use": {"version": version.version_name, "metrics": in_use, "missing": missing} if version else None,
        "slices": measures.all_slices(frame, late, probability, compared),
        "plots": plots(late, probability, compared),
    }


def plots(late: np.ndarray, probability: np.ndarray, in_use: np.ndarray | None = None) -> dict[str, Any]:
    """Return what there is to draw, small enough for a task's return value; nothing of probabilities that are NaN."""
    import numpy as np

    return {
        name: {"roc": measures.roc(late, said), "calibration": measures.calibration(late, said)}
        for name, said in (("new", probability), ("in_use", in_use))
        if said is not None and np.isfinite(said).all()
    }
