"""Evaluation: a new model and the version in use, judged on the same rows, which are later than those it learned from.

The result is recorded as a run of the experiment; the numbers are the definition's metrics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import candidate, experiments, measures, provenance, registry
from .features import TEST, rows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from snowflake.ml.model import ModelVersion
    from snowflake.snowpark import DataFrame, Session

    from .config import Run
    from .definition import Definition


def evaluate(session: Session, run: Run, inputs: dict[str, Any]) -> dict[str, Any]:
    """Judge the candidate, and the version in use, on the rows of the part TEST.

    The version in use has learned from such rows since it was judged, so the model that was judged for it stands for it
    here. Where this release no longer computes what that needs, the version in use is named without metrics.
    """
    declared, trained = run.definition, inputs["TRAIN"]
    path = trained["model"]
    held_out = rows(session, run, TEST)
    version = registry.version_in_use(session, run)
    twin = registry.judged(session, run, version) if version else None
    missing = _missing(run, version, twin, held_out) if version else []
    scored = registry.score(run, twin, held_out) if twin and not missing else held_out
    frame = scored.to_pandas()
    content = candidate.read(session, path)
    predicted = declared.kind.predict(candidate.unpickled(content), frame[list(declared.features)])
    result = {
        "model": path,
        "provenance": provenance.of(run, trained, content),
        **judged(declared, frame, predicted, version, missing),
    }
    experiments.begin(session, run, trained, result)
    return result


def _missing(run: Run, version: ModelVersion, twin: ModelVersion | None, rows: DataFrame) -> list[str]:
    if twin is None:
        return ["the model that was judged for it"]
    return registry.missing_inputs(run, version, rows)


def judged(
    declared: Definition, frame: pd.DataFrame, predicted: np.ndarray, version: ModelVersion | None, missing: list[str]
) -> dict[str, Any]:
    """Return metrics, slices and what there is to draw of the candidate's predictions, beside those of the version.

    `frame` holds features and label of each row, and, if nothing is missing, the prediction of the version in use.
    """
    label = frame[declared.label].to_numpy(dtype=float)
    compared = frame[declared.kind.score].to_numpy(dtype=float) if version and not missing else None
    about = {"rows": len(label), "label_mean": measures.rounded(label.mean())}
    in_use = None if compared is None else {**measures.measured(declared.metrics, label, compared), **about}
    return {
        "metrics": {**measures.measured(declared.metrics, label, predicted), **about},
        "in_use": {"version": version.version_name, "metrics": in_use, "missing": missing} if version else None,
        "slices": {
            name: measures.sliced(frame[feature] // width * width, declared.slice_metrics, label, predicted, compared)
            for name, (feature, width) in declared.slices.items()
        },
        "plots": plots(declared, label, predicted, compared),
    }


def plots(
    declared: Definition, label: np.ndarray, predicted: np.ndarray, in_use: np.ndarray | None = None
) -> dict[str, Any]:
    """Return what there is to draw, small enough for a task's return value; nothing of predictions that are NaN."""
    import numpy as np

    drawn = {
        name: declared.plots(label, values)
        for name, values in (("new", predicted), ("in_use", in_use))
        if values is not None and np.isfinite(values).all()
    }
    return {name: each for name, each in drawn.items() if each}
