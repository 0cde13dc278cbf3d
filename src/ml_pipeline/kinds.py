"""Kinds of models: what one answers, and what the Registry, the prediction log and the model monitor call that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from snowflake.ml.model.model_signature import ModelSignature
    from snowflake.ml.model.task import Task
    from snowflake.snowpark import Column

    from .settings import Pipeline

CLASS = "PREDICTED"
"""The answer of a classifier's `predict`."""


class Kind(Protocol):
    """What the frame asks of a kind of model."""

    method: str
    """The method of a version that scores rows."""
    monitored: str
    """The method that a model monitor is told of: its answer is one column."""
    telling: float
    """A feature whose correlation with the label is above this tells the label, so it has leaked."""

    @property
    def score(self) -> str:
        """Return the name of the number that the model predicts."""

    @property
    def answers(self) -> tuple[str, ...]:
        """Return the names of what `method` answers."""

    def predict(self, model: Any, features: pd.DataFrame) -> np.ndarray:
        """Return a model's prediction for each row, as `score` of a version has it."""

    def task(self) -> Task:
        """Return what the Registry calls it."""

    def signatures(self, features: tuple[str, ...]) -> dict[str, ModelSignature]:
        """Return inputs and outputs of each method."""

    def columns(self, label: str) -> dict[str, str]:
        """Return predictions and label as columns of the log: name and type."""

    def logged(self, settings: Pipeline) -> list[Column]:
        """Return predictions as the log has them, from `score`."""

    def watched(self, label: str) -> dict[str, str]:
        """Return predictions and label with the types that a model monitor asks for."""

    def monitor(self, label: str) -> Mapping[str, list[str]]:
        """Return which columns are what, as the model monitor's configuration names them."""


@dataclass(frozen=True)
class BinaryClassification:
    """A model with `predict_proba`, for a label that is 0 or 1."""

    probabilities: tuple[str, str]
    """The names of its answers: the probability of 0, and of 1."""
    predicted: str
    """The log's column with 0 or 1."""

    method = "predict_proba"
    monitored = "predict"
    telling = 0.95

    @property
    def score(self) -> str:
        """Return the name of the probability of 1."""
        return self.probabilities[1]

    @property
    def answers(self) -> tuple[str, ...]:
        """Return both probabilities."""
        return self.probabilities

    def predict(self, model: Any, features: pd.DataFrame) -> np.ndarray:
        """Return the probability of 1 for each row."""
        probabilities: np.ndarray = model.predict_proba(features)
        return probabilities[:, 1]

    def task(self) -> Task:
        """Return what the Registry calls it."""
        from snowflake.ml.model.task import Task

        return Task.TABULAR_BINARY_CLASSIFICATION

    def signatures(self, features: tuple[str, ...]) -> dict[str, ModelSignature]:
        """Return those of `predict_proba` and `predict`."""
        return {
            self.method: _signature(features, dict.fromkeys(self.probabilities, "DOUBLE")),
            self.monitored: _signature(features, {CLASS: "INT64"}),
        }

    def columns(self, label: str) -> dict[str, str]:
        """Return the probability, the predicted class and the label."""
        return {self.score: "FLOAT", self.predicted: "NUMBER", label: "NUMBER"}

    def logged(self, settings: Pipeline) -> list[Column]:
        """Return the probability, and the class by `cut_off` of [pipeline.scoring]."""
        from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

        is_one = F.col(self.score) >= settings.scoring.cut_off
        return [F.col(self.score), F.iff(is_one, F.lit(1), F.lit(0)).alias(self.predicted)]

    def watched(self, label: str) -> dict[str, str]:
        """Return numbers with as many decimals as a probability has."""
        return {self.score: "NUMBER(18, 16)", self.predicted: "NUMBER(1, 0)", label: "NUMBER(1, 0)"}

    def monitor(self, label: str) -> Mapping[str, list[str]]:
        """Return score, class and actual class."""
        return {
            "prediction_score_columns": [self.score],
            "prediction_class_columns": [self.predicted],
            "actual_class_columns": [label],
        }


@dataclass(frozen=True)
class Regression:
    """A model with `predict`, for a label that is a number."""

    score: str
    """The name of its answer."""

    method = "predict"
    monitored = "predict"
    telling = 0.999

    @property
    def answers(self) -> tuple[str, ...]:
        """Return the one answer."""
        return (self.score,)

    def predict(self, model: Any, features: pd.DataFrame) -> np.ndarray:
        """Return the number that is predicted for each row."""
        import numpy as np

        return np.asarray(model.predict(features), dtype=float)

    def task(self) -> Task:
        """Return what the Registry calls it."""
        from snowflake.ml.model.task import Task

        return Task.TABULAR_REGRESSION

    def signatures(self, features: tuple[str, ...]) -> dict[str, ModelSignature]:
        """Return that of `predict`."""
        return {self.method: _signature(features, {self.score: "DOUBLE"})}

    def columns(self, label: str) -> dict[str, str]:
        """Return prediction and label."""
        return {self.score: "FLOAT", label: "FLOAT"}

    def logged(self, settings: Pipeline) -> list[Column]:  # noqa: ARG002 - every kind has it
        """Return the prediction."""
        from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

        return [F.col(self.score)]

    def watched(self, label: str) -> dict[str, str]:
        """Return both as decimal numbers."""
        return dict.fromkeys((self.score, label), "NUMBER(38, 10)")

    def monitor(self, label: str) -> Mapping[str, list[str]]:
        """Return score and actual score."""
        return {"prediction_score_columns": [self.score], "actual_score_columns": [label]}


def _signature(features: tuple[str, ...], outputs: Mapping[str, str]) -> ModelSignature:
    """Declare inputs and outputs; told from sample rows, they would depend on which rows these are."""
    from snowflake.ml.model.model_signature import DataType, FeatureSpec, ModelSignature

    return ModelSignature(
        inputs=[FeatureSpec(dtype=DataType.DOUBLE, name=name) for name in features],
        outputs=[FeatureSpec(dtype=DataType[kind], name=name) for name, kind in outputs.items()],
    )
