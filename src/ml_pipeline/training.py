"""Training: a model that later rows judge, and, once it has passed, the same model fitted on all labelled rows.

The judged model has learned nothing of the last `test_days` and what came after. Those are the rows that a drift is in,
so the model that is registered learns from them as well: with the same hyper-parameters and seed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import candidate, datasets, jobs, tuning
from .datasets import EARLIER, LABELLED
from .features import TRAIN, rows
from .payload import TRAINING_JOB

if TYPE_CHECKING:
    import pandas as pd
    from snowflake.ml.dataset import Dataset
    from snowflake.snowpark import Session

    from .config import Run

REFIT = "REFIT"


def train(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Fit a model on the rows of the part TRAIN and leave it on a stage for the steps that follow.

    Where the run says so, that is the work of an ML Job; its result is the same.
    """
    if run.trains_in_job:
        return jobs.run_entrypoint(session, run, TRAIN, TRAINING_JOB)
    return train_here(session, run)


def train_here(session: Session, run: Run, *, on_nodes: bool = False) -> dict[str, Any]:
    """Train in this process: a task, an ML Job, a notebook, or dag/run_pipeline.py.

    The rows come in one order, the model's file depends on nothing else but the settings: same data, same bytes.
    Where `on_nodes`, the process is the first of a job with several instances, and lets all of them work.
    """
    dataset = datasets.training_set(session, run, EARLIER)
    frame = datasets.read(dataset, run)
    settings, choice = tuning.best(frame, run.settings, on_nodes=on_nodes)
    model = run.definition.fit(frame, settings)
    datasets.drop_oldest(session, run)
    path = candidate.save(session, run, model)
    return {**choice, "model": path, **_learned(run, frame, dataset, EARLIER.version(run))}


def refit(session: Session, run: Run, hyperparameters: dict[str, Any]) -> dict[str, Any]:
    """Fit the model with these hyper-parameters on all labelled rows; where training is an ML Job, this is one, too."""
    once = run.settings.changed(model=hyperparameters, training={"candidates": 1, "instances": 1})
    run = replace(run, settings=once)
    if run.trains_in_job:
        return jobs.run_entrypoint(session, run, REFIT, TRAINING_JOB)
    return refit_here(session, run)


def refit_here(session: Session, run: Run) -> dict[str, Any]:
    """Fit it in this process, which is all that it needs: there is nothing left to choose."""
    dataset = datasets.training_set(session, run, LABELLED)
    frame = datasets.read(dataset, run)
    path = candidate.save(session, run, run.definition.fit(frame, run.settings), "refit")
    return {"model": path, **_learned(run, frame, dataset, LABELLED.version(run))}


def in_job(session: Session, run: Run, step: str) -> dict[str, Any]:
    """Do what an ML Job was submitted for."""
    if step == REFIT:
        return refit_here(session, run)
    return train_here(session, run, on_nodes=run.settings.training.instances > 1)


def _learned(run: Run, frame: pd.DataFrame, dataset: Dataset, version: str) -> dict[str, Any]:
    return {
        "rows": len(frame),
        "label_mean": round(float(frame[run.definition.label].mean()), 4),
        "dataset": dataset.fully_qualified_name.replace('"', ""),
        "dataset_version": version,
    }


def rows_to_fit(session: Session, run: Run) -> pd.DataFrame:
    """Return label and features of the rows to train with now, in the order of their dates."""
    known = rows(session, run, TRAIN).sort(*datasets.row_order(run))
    return known.select(run.definition.label, *run.definition.features).to_pandas()
