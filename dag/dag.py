"""The task graph, written once: deploying it, running it in one process and watching its smoke run all read it here.

`python dag/dag.py --env dev` delivers it, by way of `python -m deploy release --env dev`.
"""

import subprocess
import sys
from pathlib import Path

if __name__ == "__main__":  # the options are the deploy's own
    deliver = [sys.executable, "-m", "deploy", "release", *sys.argv[1:]]
    sys.exit(subprocess.call(deliver, cwd=Path(__file__).parents[1]))

from snowflake.core.task.dagv1 import DAG

from dag.pinned import ANY_WAY, Pinned
from ml_pipeline.config import Environment


def build(environment: Environment, digest: str) -> DAG:
    """Describe the graph of one environment, every task pinned to the release that `digest` names.

    A task runs the step of its name, which steps.py lists in the package that the settings name. A branch starts the
    task that it returns the name of. The finalizer runs whatever happened before it.
    """
    graph = Pinned(environment, digest)

    ingest = graph.step("INGEST", "Takes a validated snapshot of the source.")
    features = graph.step("FEATURES", "Computes what is known of each row on its day.")
    decide = graph.branch("DECIDE", "Says whether to train, and why.")
    train = graph.step("TRAIN", "Fits a model on the past.")
    keep = graph.step("KEEP", "Leaves the version in use where it is.")
    evaluate = graph.step("EVALUATE", "Judges it, and the version in use, on later rows.")
    quality_gate = graph.branch("QUALITY_GATE", "Chooses whether the model is registered.")
    register = graph.step("REGISTER", "Makes the model the version in use.")
    reject = graph.step("REJECT", "Keeps the version in use, and says why.")
    score = graph.step("SCORE", "Scores the open rows.", condition=ANY_WAY)
    monitor = graph.step("MONITOR", "Checks drift, and predictions against outcomes.")
    graph.step("REPORT", "Writes the run's report.", is_finalizer=True)

    ingest >> features >> decide >> [train, keep]
    train >> evaluate >> quality_gate >> [register, reject]
    # A branch's return value is a task's name, so what comes after it takes the evaluation from its source.
    evaluate >> [register, reject]
    score << [register, reject, keep]
    score >> monitor
    if environment.pipeline.service.pool:
        score >> graph.step("SERVE", "Serves the version in use in real time.")
    if environment.graph.notebook:
        monitor >> graph.notebook("Executes a notebook of the release on what the run left.")
    return graph.dag()
