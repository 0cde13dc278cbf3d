"""Training: the features before the held-out time in, a model out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import candidate
from .errors import PipelineError
from .features import FEATURES, LABEL, TRAIN, rows

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier
    from snowflake.snowpark import Session

    from .config import Pipeline, Run


def train(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Fit a model on the lines of the part TRAIN and leave it on a stage for the steps that follow."""
    frame = rows(session, run, TRAIN).select(LABEL, *FEATURES).to_pandas()
    model = fit(frame, run.settings)
    return {
        "model": candidate.save(session, run, model),
        "lines": len(frame),
        "late_share": round(float(frame[LABEL].mean()), 4),
        "trees": int(model.n_iter_),
    }


def fit(frame: pd.DataFrame, settings: Pipeline) -> HistGradientBoostingClassifier:
    """Fit the model: rows and settings in, model out, and no Snowflake, so that it can run in an ML Job as it is.

    `frame` has the columns LATE and FEATURES. Raises PipelineError when all its lines have the same outcome.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    if frame[LABEL].nunique() < 2:
        raise PipelineError(
            f"all {len(frame)} lines to train with have the same outcome, so there is nothing to learn\n"
            f"next: SELECT {LABEL}, COUNT(*) FROM FEATURES WHERE PART = '{TRAIN}' GROUP BY {LABEL}"
        )
    model = HistGradientBoostingClassifier(
        learning_rate=settings.learning_rate,
        max_iter=settings.max_iter,
        max_leaf_nodes=settings.max_leaf_nodes,
        min_samples_leaf=settings.min_samples_leaf,
        early_stopping=False,
        random_state=settings.seed,
    )
    return model.fit(frame[list(FEATURES)], frame[LABEL].astype(int))
