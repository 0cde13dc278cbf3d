"""Training: the features before the held-out time in, a model out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import candidate, datasets, jobs, tuning
from .features import TRAIN, rows
from .payload import TRAINING_JOB

if TYPE_CHECKING:
    import pandas as pd
    from snowflake.snowpark import Session

    from .config import Run


def train(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Fit a model on the rows of the part TRAIN and leave it on a stage for the steps that follow.

    Where the run says so, that is the work of an ML Job; its result is the same.
    """
    if run.trains_in_job:
        return jobs.run_entrypoint(session, run, "TRAIN", TRAINING_JOB)
    return train_here(session, run)


def train_here(session: Session, run: Run, *, on_nodes: bool = False) -> dict[str, Any]:
    """Train in this process: a task, an ML Job, a notebook, or dag/run_pipeline.py.

    The rows come in one order, the model's file depends on nothing else but the settings: same data, same bytes.
    Where `on_nodes`, the process is the first of a job with several instances, and lets all of them work.
    """
    declared = run.definition
    dataset = datasets.training_set(session, run)
    frame = datasets.read(dataset, run)
    settings, choice = tuning.best(frame, run.settings, on_nodes=on_nodes)
    model = declared.fit(frame, settings)
    datasets.drop_oldest(session, run)
    return {
        **choice,
        "model": candidate.save(session, run, model),
        "rows": len(frame),
        "label_mean": round(float(frame[declared.label].mean()), 4),
        "dataset": dataset.fully_qualified_name.replace('"', ""),
        "dataset_version": run.id,
    }


def rows_to_fit(session: Session, run: Run) -> pd.DataFrame:
    """Return label and features of the rows to train with now, in the order of their dates."""
    known = rows(session, run, TRAIN).sort(*datasets.row_order(run))
    return known.select(run.definition.label, *run.definition.features).to_pandas()
