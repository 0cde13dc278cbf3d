"""The steps by name, and how one is carried out and recorded, whoever calls it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from snowflake.snowpark import Session

from . import (
    data,
    decision,
    evaluation,
    features,
    inference,
    monitoring,
    quality_gate,
    registration,
    reporting,
    serving,
    training,
)
from .config import Run
from .errors import PipelineError
from .tables import create, replace_rows

Result = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """A function of the session, the run and the results of the steps that it needs; its own result is JSON.

    What a step needs must be a direct predecessor of its task: Snowflake hands on no other return value.
    """

    function: Callable[[Session, Run, dict[str, Result]], Result]
    needs: tuple[str, ...] = ()


STEPS = {
    "INGEST": Step(data.ingest),
    "FEATURES": Step(features.build),
    "DECIDE": Step(decision.decide),
    "KEEP": Step(decision.keep),
    "TRAIN": Step(training.train),
    "EVALUATE": Step(evaluation.evaluate, needs=("TRAIN",)),
    "QUALITY_GATE": Step(quality_gate.quality_gate, needs=("EVALUATE",)),
    "REGISTER": Step(registration.register, needs=("EVALUATE",)),
    "REJECT": Step(registration.reject, needs=("EVALUATE",)),
    "SCORE": Step(inference.score),
    "MONITOR": Step(monitoring.monitor),
    "SERVE": Step(serving.serve),
    "REPORT": Step(reporting.report),
}


def execute(session: Session, run: Run, name: str, results: dict[str, Result]) -> Result:
    """Carry out the step `name` with what it needs of `results`, and record the outcome in STEP_RESULTS.

    What the step raises is recorded and raised again.
    """
    step = STEPS[name]
    started = time.monotonic()
    session.query_tag = run.query_tag(name)
    try:
        result = step.function(session, run, {need: results[need] for need in step.needs})
    except Exception as error:
        _record(session, run, name, {"error": f"{type(error).__name__}: {error}"}, started, succeeded=False)
        raise
    _record(session, run, name, result, started, succeeded=True)
    return result


def alone(session: Session, run: Run, name: str) -> Result:
    """Carry out one step by itself, with the last results that the steps which it needs have left in this schema.

    Raises PipelineError where there is none.
    """
    return execute(session, run, name, {need: _last(session, run, need, name) for need in STEPS[name].needs})


def _last(session: Session, run: Run, need: str, name: str) -> Result:
    table = create(session, run, "STEP_RESULTS")
    query = f"SELECT RESULT FROM {table} WHERE STEP = ? AND SUCCEEDED ORDER BY WRITTEN_AT DESC LIMIT 1"
    found = session.sql(query, [need]).collect()
    if not found:
        raise PipelineError(f"{name} needs a result of {need}, and {table} has none\nnext: run {need} first")
    return json.loads(found[0]["RESULT"])


def _record(session: Session, run: Run, name: str, result: Result, started: float, *, succeeded: bool) -> None:
    row = (name, succeeded, round(time.monotonic() - started, 3), json.dumps(result))
    replace_rows(session, run, "STEP_RESULTS", [row], STEP=name)
