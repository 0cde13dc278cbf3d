"""The choice of hyper-parameters: candidates judged on the last of the rows to train with, on several nodes if need be.

What is chosen depends on the rows and the settings alone, not on how many nodes looked for it.
https://docs.snowflake.com/en/developer-guide/snowflake-ml/ml-jobs/head-worker-execution
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import definition

if TYPE_CHECKING:
    import pandas as pd

    from .definition import Definition
    from .settings import Pipeline

LAST_SHARE = 0.2
"""Of the rows, in their order, that judge the candidates; they are later than those that a candidate is fitted on."""


def best(frame: pd.DataFrame, settings: Pipeline, *, on_nodes: bool) -> tuple[Pipeline, dict[str, Any]]:
    """Return the settings whose model predicts the last rows best, and the result's part about the choice.

    `frame` has the rows to train with in the order of their dates. Where `on_nodes`, each candidate is a task of the
    Ray cluster that a job with several instances has; of equally good candidates the first is taken.
    """
    declared = definition.declared(settings.package)
    tried = declared.candidates(settings)
    if len(tried) == 1:
        return tried[0], {}
    name = chosen_by(declared)
    values = (_on_nodes if on_nodes else _here)(frame, tried)
    pick = max if declared.metrics[name].higher_is_better else min
    chosen = tried[values.index(pick(values))]
    return chosen, {"chosen": chosen.model.to_dict(), "candidates": {name: [round(value, 6) for value in values]}}


def chosen_by(declared: Definition) -> str:
    """Return the metric that chooses among candidates."""
    return declared.chosen_by or next(iter(declared.metrics))


def judged(frame: pd.DataFrame, settings: Pipeline) -> float:
    """Return that metric on the last rows, of a model that was fitted on those before them."""
    declared = definition.declared(settings.package)
    cut = int(len(frame) * (1 - LAST_SHARE))
    earlier, later = frame.iloc[:cut], frame.iloc[cut:]
    predicted = declared.kind.predict(declared.fit(earlier, settings), later[list(declared.features)])
    label = later[declared.label].to_numpy(dtype=float)
    return declared.metrics[chosen_by(declared)].of(label, predicted)


def _here(frame: pd.DataFrame, tried: Sequence[Pipeline]) -> list[float]:
    return [judged(frame, each) for each in tried]


def _on_nodes(frame: pd.DataFrame, tried: Sequence[Pipeline]) -> list[float]:
    # The runtime image's, and there alone.
    import ray

    shared = ray.put(frame)
    on_a_node = ray.remote(judged).options(scheduling_strategy="SPREAD")
    found: list[float] = ray.get([on_a_node.remote(shared, each) for each in tried])
    return found
