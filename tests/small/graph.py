"""A graph of the frame's steps, for the frame's own tests: what dag/dag.py is in a project."""

from snowflake.core.task.dagv1 import DAG

from dag.pinned import ANY_WAY, Pinned
from ml_pipeline.config import Environment


def build(environment: Environment, digest: str) -> DAG:
    """Draw two branches that join again, a finalizer, and what the settings ask for."""
    graph = Pinned(environment, digest)

    ingest = graph.step("INGEST", "Takes a snapshot.")
    features = graph.step("FEATURES", "Computes features.")
    decide = graph.branch("DECIDE", "Says whether to train.")
    train = graph.step("TRAIN", "Fits a model.")
    keep = graph.step("KEEP", "Leaves the version in use where it is.")
    evaluate = graph.step("EVALUATE", "Judges it.")
    quality_gate = graph.branch("QUALITY_GATE", "Chooses whether it is registered.")
    register = graph.step("REGISTER", "Puts it in use.")
    reject = graph.step("REJECT", "Keeps the version in use.")
    score = graph.step("SCORE", "Scores the open rows.", condition=ANY_WAY)
    monitor = graph.step("MONITOR", "Checks drift.")
    graph.step("REPORT", "Writes the report.", is_finalizer=True)

    ingest >> features >> decide >> [train, keep]
    train >> evaluate >> quality_gate >> [register, reject]
    evaluate >> [register, reject]
    score << [register, reject, keep]
    score >> monitor
    if environment.graph.notebook:
        monitor >> graph.notebook("Executes a notebook.")
    return graph.dag()
