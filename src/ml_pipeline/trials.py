"""Trials, for interactive work: other hyper-parameters on the compute pool, with the code that is here, nothing staged.

From a notebook, or a Python that has a session:

    run = Run.from_config(environment.graph_config("working-tree"), "mine")
    job = trials.start(session, run, learning_rate=0.05)
    job.status, job.get_logs(), job.result()
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import jobs, training, tuning
from .config import Run

if TYPE_CHECKING:
    from snowflake.ml.jobs import MLJob
    from snowflake.snowpark import Session


def start(session: Session, run: Run, **changes: Any) -> MLJob[dict[str, Any]]:
    """Fit a model with other hyper-parameters in an ML Job; return the job, whose result is that of `outcome`.

    It uses the features that the last run of the graph left, and the packages as they are installed here.
    """
    from snowflake.ml.jobs import remote

    import ml_pipeline

    packages = [ml_pipeline, importlib.import_module(run.settings.package)]
    stage = run.name(jobs.STAGE)

    @remote(run.compute_pool, stage_name=stage, session=session, imports=packages, **jobs.options(run))  # type: ignore[untyped-decorator]  # without types
    def trial(described: str) -> dict[str, Any]:
        from snowflake.snowpark.context import get_active_session

        from ml_pipeline.config import Run
        from ml_pipeline.trials import outcome

        return outcome(get_active_session(), Run.from_json(described))

    return trial(replace(run, settings=run.settings.changed(model=changes)).to_json())


def outcome(session: Session, run: Run) -> dict[str, Any]:
    """Return how well settings do on the last of the rows to train with: the metric, and the hyper-parameters."""
    frame, declared = training.rows_to_fit(session, run), run.definition
    return {**run.settings.model.to_dict(), tuning.chosen_by(declared): tuning.judged(frame, run.settings)}
