"""The declaration: what a pipeline is about, as the frame's steps read it.

A package of src/ declares one, DEFINITION in its module `model`; the setting `package` of [pipeline] names the package.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .values import ConfigError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from snowflake.snowpark import Column, DataFrame, Session

    from .expectations import Expectation
    from .kinds import Kind
    from .measures import Metric
    from .settings import Pipeline

NUMBER, TEXT, DATE, TIMESTAMP, BOOLEAN = "NUMBER", "VARCHAR", "DATE", "TIMESTAMP_NTZ", "BOOLEAN"
"""What the columns of a table may be."""

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class EntityView:
    """Features of an entity, such as a customer: each row holds from the day on which it became known.

    A row of the data sees the last row of its entity that was known on its own day: the Feature Store joins them.
    """

    entity: str
    description: str
    keys: tuple[str, ...]
    """The columns that name one of them, in the data and in the view."""
    features: Mapping[str, str]
    """What the view has of it, each with its description."""
    query: Callable[[DataFrame, int], DataFrame]
    """Turns the data, and the days until a label is known, into keys, day and features. The view is made anew when
    something in this function's module changes, so let it use no other module of the package."""
    known_on: str = "KNOWN_ON"
    """The column with the day from which on a row is known."""


@dataclass(frozen=True)
class Definition:
    """What is predicted, from which data, and how: all that the frame does not know."""

    # The data
    table: str
    """The table that INGEST keeps the data in: rows that have passed data validation, and no others."""
    source: Callable[[Session, Pipeline], DataFrame]
    """Reads the data, one row for each thing to predict."""
    columns: Mapping[str, str]
    """What `source` returns: NUMBER, TEXT, DATE, TIMESTAMP or BOOLEAN."""
    keys: tuple[str, ...]
    """The columns that name a row."""
    time: str
    """The column, a date or a timestamp, that says when a row came to be. The model learns from earlier rows than those
    that judge it, and what is known of a row is what was known by then. Data without one takes the day of its load."""

    # What is known of a row, and what is to be known
    prepare: Callable[[DataFrame], DataFrame]
    """Turns the data into keys, time, keys of entities, label, and the features that are computed of the row alone. A
    label that is not known yet is null."""
    label: str
    features: tuple[str, ...]
    """The model's inputs: numbers."""

    # The model
    kind: Kind
    """What it answers: kinds.BinaryClassification or kinds.Regression."""
    purpose: str
    """The question that it answers, for people who find it in the Registry."""
    fit: Callable[[pd.DataFrame, Pipeline], Any]
    """Fits a model to features and label, with hyper-parameters and seed of the settings."""
    metrics: Mapping[str, Metric]
    """What it is judged by. Their thresholds are settings, by their names: see thresholds.py."""
    packages: tuple[str, ...]
    """The distributions that it is made with, such as scikit-learn, beside joblib, numpy and snowflake-ml-python."""

    # What may be left out
    sample: Callable[[DataFrame, Pipeline], DataFrame] = lambda rows, _settings: rows
    """Takes a part of the rows of `source` where the settings ask for one, as for a smoke run. A part that is chosen by
    an entity, such as a customer, leaves each of them its whole history. Fresh data is checked on all rows."""
    expectations: Callable[[Pipeline], tuple[Expectation, ...]] = lambda _settings: ()
    """What the data must be like, beside what always holds: unique keys, a time in every row, finite numbers, and fresh
    data."""
    views: tuple[EntityView, ...] = ()
    """Features of entities; without any, no Feature Store is used."""
    moving: tuple[str, ...] = ()
    """Features that grow, or follow the calendar, in any data: their drift is shown, and is no reason to retrain."""
    candidates: Callable[[Pipeline], list[Pipeline]] = lambda settings: [settings]
    """Settings with the hyper-parameters to try; `chosen_by` chooses among them."""
    chosen_by: str = ""
    """The metric that chooses; without one, the first."""
    slices: Mapping[str, tuple[str, float]] = field(default_factory=lambda: _NONE)
    """Parts of the rows that are judged on their own: by which feature, and how wide each is."""
    slice_metrics: Mapping[str, Metric] = field(default_factory=lambda: _NONE)
    """What slices are judged by."""
    segments: Mapping[str, Callable[[], Column]] = field(default_factory=lambda: _NONE)
    """Columns of text, computed of features, for which the model monitor gives its metrics, too."""
    plots: Callable[[np.ndarray, np.ndarray], dict[str, Any]] = lambda _label, _predicted: {}
    """What there is to draw of labels and predictions: small, as a task returns at most 10 kB."""

    def __post_init__(self) -> None:
        """Raise ConfigError for names that do not fit together."""
        missing = [name for name in (*self.keys, self.time) if name not in self.columns]
        if missing:
            raise ConfigError(f"the definition's columns lack {', '.join(missing)}: keys and time are columns")
        if self.chosen_by and self.chosen_by not in self.metrics:
            raise ConfigError(f"chosen_by is {self.chosen_by}, but the metrics are {', '.join(self.metrics)}")
        other = [name for name, (feature, _width) in self.slices.items() if feature not in self.features]
        if other:
            raise ConfigError(f"slices by what is no feature: {', '.join(other)}")


def declared(package: str) -> Definition:
    """Return the declaration of a package. Raises ConfigError where there is none."""
    found = getattr(module(package, "model"), "DEFINITION", None)
    if not isinstance(found, Definition):
        raise ConfigError(f'"package" in [pipeline] is {package}, but src/{package}/model.py has no DEFINITION')
    return found


def module(package: str, name: str) -> Any:
    """Return a module of the package. Raises ConfigError where it is missing."""
    try:
        return importlib.import_module(f"{package}.{name}")
    except ModuleNotFoundError as error:
        if error.name not in (package, f"{package}.{name}"):
            raise
        raise ConfigError(f'"package" in [pipeline] is {package}, but there is no src/{package}/{name}.py') from error
