"""The model: what it is fitted with, which hyper-parameters are tried, and how. Another kind of model is a change here.

Rows and settings in, a model out, and no Snowflake: tasks, ML Jobs, the nodes of a job and notebooks use it as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import PipelineError
from .features import FEATURES, LABEL, TRAIN

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier

    from .settings import Pipeline

PACKAGES = ("joblib", "numpy", "scikit-learn", "snowflake-ml-python")
"""What a model's file is made with: who reads the file needs the same versions."""
HYPERPARAMETERS = ("learning_rate", "max_iter", "max_leaf_nodes", "min_samples_leaf")
"""The settings that decide the model, beside its rows and the seed."""
TUNED = ("learning_rate", "max_leaf_nodes")
"""Those that a candidate changes."""

# How a candidate's learning rate and number of leaves differ from the settings'; the settings themselves come first.
# There are MOST_CANDIDATES of them.
_FACTORS = ((1, 1), (0.5, 1), (1, 2), (0.5, 2), (2, 1), (2, 0.5), (1, 0.5), (0.5, 0.5))


def candidates(settings: Pipeline) -> list[Pipeline]:
    """Return the settings with the hyper-parameters to try: `candidates` of [pipeline.training]."""
    return [
        settings.changed(
            model={
                "learning_rate": settings.model.learning_rate * rate,
                "max_leaf_nodes": max(2, round(settings.model.max_leaf_nodes * leaves)),
            }
        )
        for rate, leaves in _FACTORS[: settings.training.candidates]
    ]


def fit(frame: pd.DataFrame, settings: Pipeline) -> HistGradientBoostingClassifier:
    """Fit the model.

    `frame` has the columns LATE and FEATURES. Raises PipelineError when all its lines have the same outcome.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    if frame[LABEL].nunique() < 2:
        raise PipelineError(
            f"all {len(frame)} lines to train with have the same outcome, so there is nothing to learn\n"
            f"next: SELECT {LABEL}, COUNT(*) FROM FEATURES WHERE PART = '{TRAIN}' GROUP BY {LABEL}"
        )
    model = HistGradientBoostingClassifier(
        **{name: getattr(settings.model, name) for name in HYPERPARAMETERS},
        early_stopping=False,
        random_state=settings.training.seed,
    )
    model.fit(frame[list(FEATURES)], frame[LABEL].astype(int))
    # It keeps how many threads it was fitted with, which differs between machines and changes nothing it says.
    model._bin_mapper.n_threads = None
    return model
