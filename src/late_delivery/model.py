"""The model, and all that is declared of it: another model is a change here and in [pipeline.model] of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ml_pipeline import measures
from ml_pipeline.definition import Definition
from ml_pipeline.errors import PipelineError
from ml_pipeline.kinds import BinaryClassification

from . import data, entities, features

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier

    from ml_pipeline.settings import Pipeline

# How a candidate's learning rate and number of leaves differ from the settings'; the settings themselves come first.
# There are MOST_CANDIDATES of them.
_FACTORS = ((1, 1), (0.5, 1), (1, 2), (0.5, 2), (2, 1), (2, 0.5), (1, 0.5), (0.5, 0.5))


def candidates(settings: Pipeline) -> list[Pipeline]:
    """Return the settings with the hyper-parameters to try: as many as [pipeline.training] asks for."""
    model = settings.model
    return [
        settings.changed(
            model={
                "learning_rate": model.learning_rate * rate,
                "max_leaf_nodes": max(2, round(model.max_leaf_nodes * leaves)),
            }
        )
        for rate, leaves in _FACTORS[: settings.training.candidates]
    ]


def fit(frame: pd.DataFrame, settings: Pipeline) -> HistGradientBoostingClassifier:
    """Fit the model.

    `frame` has the label and the features. Raises PipelineError when all its rows have the same label.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    label, inputs = DEFINITION.label, list(DEFINITION.features)
    if frame[label].nunique() < 2:
        raise PipelineError(
            f"all {len(frame)} lines to train with have the same outcome, so there is nothing to learn\n"
            f"next: SELECT {label}, COUNT(*) FROM FEATURES WHERE PART = 'TRAIN' GROUP BY {label}"
        )
    model = HistGradientBoostingClassifier(
        **settings.model.to_dict(), early_stopping=False, random_state=settings.training.seed
    )
    model.fit(frame[inputs], frame[label].astype(int))
    # It keeps how many threads it was fitted with, which differs between machines and changes no prediction.
    model._bin_mapper.n_threads = None
    return model


def plots(label: np.ndarray, probability: np.ndarray) -> dict[str, Any]:
    """Return the ROC curve and the calibration."""
    return {"roc": measures.roc(label, probability), "calibration": measures.calibration(label, probability)}


DEFINITION = Definition(
    # the data
    table=data.ORDER_LINES,
    source=data.order_lines,
    sample=data.of_some_customers,
    columns=data.COLUMNS,
    keys=data.KEYS,
    time=data.ORDERED,
    expectations=data.expectations,
    # label and features
    prepare=features.prepare,
    label=features.LABEL,
    features=(*features.OWN, *(name for view in entities.VIEWS for name in view.features)),
    views=entities.VIEWS,
    moving=("CUSTOMER_LINES", "SUPPLIER_LINES", "ORDER_MONTH"),
    # the model
    purpose="Will an order line be delivered late?",
    kind=BinaryClassification(("ON_TIME_PROBABILITY", features.PROBABILITY), predicted=features.PREDICTED),
    fit=fit,
    candidates=candidates,
    packages=("scikit-learn",),
    # its quality
    metrics={
        "auc": measures.AUC,
        "log_loss": measures.LOG_LOSS,
        "calibration_error": measures.CALIBRATION_ERROR,
    },
    chosen_by="log_loss",
    slices={"priority": ("PRIORITY", 1), "promised_days": ("PROMISED_DAYS", 10), "order_month": ("ORDER_MONTH", 1)},
    slice_metrics={"calibration_error": measures.BIAS, "log_loss": measures.LOG_LOSS},
    segments={"PRIORITY_CLASS": features.priority_class},
    plots=plots,
)
