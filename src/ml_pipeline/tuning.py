"""The choice of hyper-parameters: candidates judged on the last of the rows to train with, on several nodes if need be.

What is chosen depends on the rows and the settings alone, not on how many nodes looked for it.
https://docs.snowflake.com/en/developer-guide/snowflake-ml/ml-jobs/head-worker-execution
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .features import FEATURES, LABEL
from .model import TUNED, candidates, fit

if TYPE_CHECKING:
    import pandas as pd

    from .settings import Pipeline

LAST_SHARE = 0.2
"""Of the rows, in their order, that judge the candidates; they are later than those that a candidate is fitted on."""


def best(frame: pd.DataFrame, settings: Pipeline, *, on_nodes: bool) -> tuple[Pipeline, dict[str, Any]]:
    """Return the settings whose model says best what the last rows became, and what there is to tell of the choice.

    `frame` has the rows to train with in the order of their dates. Where `on_nodes`, each candidate is a task of the
    Ray cluster that a job with several instances has; of equally good candidates the first is taken.
    """
    tried = candidates(settings)
    if len(tried) == 1:
        return settings, {}
    losses = (_on_nodes if on_nodes else _here)(frame, tried)
    chosen = tried[losses.index(min(losses))]
    told = {name: getattr(chosen.model, name) for name in TUNED}
    return chosen, {"chosen": told, "log_losses": [round(loss, 6) for loss in losses]}


def loss(frame: pd.DataFrame, settings: Pipeline) -> float:
    """Return the log loss (nats) on the last rows of a model that was fitted on those before them."""
    from sklearn.metrics import log_loss

    cut = int(len(frame) * (1 - LAST_SHARE))
    earlier, later = frame.iloc[:cut], frame.iloc[cut:]
    said = fit(earlier, settings).predict_proba(later[list(FEATURES)])[:, 1]
    return float(log_loss(later[LABEL], said, labels=[0, 1]))


def _here(frame: pd.DataFrame, tried: Sequence[Pipeline]) -> list[float]:
    return [loss(frame, each) for each in tried]


def _on_nodes(frame: pd.DataFrame, tried: Sequence[Pipeline]) -> list[float]:
    # The runtime image's, and there alone.
    import ray

    shared = ray.put(frame)
    on_a_node = ray.remote(loss).options(scheduling_strategy="SPREAD")
    return ray.get([on_a_node.remote(shared, each) for each in tried])
