"""The handlers that the tasks call, and the only file that knows it is running in one.

CONFIG and predecessors' return values come in by TaskContext, and a return value goes out by it; the rest is in steps.
"""

import json

from snowflake.snowpark import Session

from .config import Run
from .errors import PipelineError
from .parameters import settle
from .steps import STEPS, Result, execute

RETURN_VALUE_LIMIT = 10_000
"""Snowflake's, in bytes."""


def ingest(session: Session) -> str:
    """Take a validated snapshot of the source."""
    return _task(session, "INGEST")


def features(session: Session) -> str:
    """Compute what is known about each line when it is ordered."""
    return _task(session, "FEATURES")


def decide(session: Session) -> str:
    """Choose the branch: train a model, or keep the one in use."""
    return _task(session, "DECIDE", returns="branch")


def keep(session: Session) -> str:
    """Say which model stays in use."""
    return _task(session, "KEEP")


def train(session: Session) -> str:
    """Fit a model on the past."""
    return _task(session, "TRAIN")


def evaluate(session: Session) -> str:
    """Judge it, and the version in use, on later lines."""
    return _task(session, "EVALUATE")


def quality_gate(session: Session) -> str:
    """Choose the branch: the return value is the name of the task to go on with."""
    return _task(session, "QUALITY_GATE", returns="branch")


def register(session: Session) -> str:
    """Make the model the version in use."""
    return _task(session, "REGISTER")


def reject(session: Session) -> str:
    """Keep the version in use."""
    return _task(session, "REJECT")


def score(session: Session) -> str:
    """Score the open lines."""
    return _task(session, "SCORE")


def monitor(session: Session) -> str:
    """Compare scored with learned, and said with come true."""
    return _task(session, "MONITOR")


def serve(session: Session) -> str:
    """Serve the version in use in real time, where the configuration asks for it."""
    return _task(session, "SERVE")


def report(session: Session) -> str:
    """Write the run's report."""
    return _task(session, "REPORT")


def _task(session: Session, name: str, returns: str = "") -> str:
    from snowflake.core.task.context import TaskContext

    settle(session)
    context = TaskContext(session)
    run = Run.from_config(context.get_task_graph_config() or {}, str(context.get_current_task_graph_run_group_id()))
    results = {need: json.loads(context.get_predecessor_return_value(need)) for need in STEPS[name].needs}
    value = _return_value(name, execute(session, run, name, results), returns)
    context.set_return_value(value)
    return value


def _return_value(name: str, result: Result, returns: str) -> str:
    value = result[returns] if returns else json.dumps(result, separators=(",", ":"))
    if len(value.encode()) > RETURN_VALUE_LIMIT:
        raise PipelineError(
            f"the result of {name} has {len(value.encode())} bytes; a task returns at most {RETURN_VALUE_LIMIT}\n"
            f"next: return less, and leave the rest in a table"
        )
    return value
