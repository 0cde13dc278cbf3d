"""The steps by name, and how one is carried out and recorded, whoever calls it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F  # noqa: N812 (as Snowpark's documentation writes it)

from . import definition
from .config import Run
from .errors import PipelineError
from .tables import replace_rows, rows_of, rows_of_all
from .values import ConfigError, nearest

_RESULTS = "STEP_RESULTS"

Result = dict[str, Any]
Function = Callable[[Session, Run, dict[str, Result]], Result]


@dataclass(frozen=True)
class Step:
    """A function of the session, the run and the results of the steps that it needs; its own result is JSON.

    What a step needs must be a predecessor of its task, and is read from STEP_RESULTS: a return value has room for
    10 kB only. A result with "branch" chooses the task to go on with.
    """

    name: str
    function: Function
    needs: tuple[str, ...] = ()


def steps_of(package: str) -> dict[str, Step]:
    """Return the steps that a package lists in its module `steps`, by the names of their tasks.

    Raises ConfigError for a step that is listed by another name than its function's.
    """
    listed = vars(definition.module(package, "steps")).items()
    found = {name: each.step for name, each in listed if isinstance(getattr(each, "step", None), Step)}
    for name, step in found.items():
        if name.upper() != step.name:
            raise ConfigError(
                f"src/{package}/steps.py: {name} is the step of a function {step.name.lower()}(); a step has its "
                f"function's name\nnext: write {step.name.lower()} = step(...) there, or rename the function"
            )
    return {step.name: step for step in found.values()}


def step_of(package: str, name: str) -> Step:
    """Return the step of a task. Raises ConfigError where the package lists none of that name."""
    known = steps_of(package)
    if name not in known:
        raise ConfigError(f"src/{package}/steps.py has no step {name}{nearest(name, [*known])}")
    return known[name]


def execute(session: Session, run: Run, name: str, results: dict[str, Result]) -> Result:
    """Carry out the step `name` with what it needs of `results`, and record the outcome in STEP_RESULTS.

    What the step raises is recorded and raised again.
    """
    step = step_of(run.settings.package, name)
    started = time.monotonic()
    session.query_tag = run.query_tag(name)
    try:
        result = step.function(session, run, {need: results[need] for need in step.needs})
    except BaseException as error:  # a run that somebody interrupts has failed, too
        _record(session, run, name, {"error": f"{type(error).__name__}: {error}"}, started, succeeded=False)
        raise
    _record(session, run, name, result, started, succeeded=True)
    return result


def alone(session: Session, run: Run, name: str) -> Result:
    """Carry out one step by itself, with the last results that the steps which it needs have left in this schema.

    Raises PipelineError where there is none.
    """
    needs = step_of(run.settings.package, name).needs
    return execute(session, run, name, {need: _last(session, run, need, name) for need in needs})


def _last(session: Session, run: Run, need: str, name: str) -> Result:
    return _read(rows_of_all(session, run, _RESULTS), run, need, name)


def recorded(session: Session, run: Run, step: Step) -> dict[str, Result]:
    """Return what the steps that this one needs have recorded in this run."""
    return {need: _read(rows_of(session, run, _RESULTS), run, need, step.name) for need in step.needs}


def _read(rows: DataFrame, run: Run, need: str, name: str) -> Result:
    succeeded = rows.filter((F.col("STEP") == need) & F.col("SUCCEEDED"))
    found = succeeded.sort(F.col("WRITTEN_AT").desc()).select("RESULT").limit(1).collect()
    if not found:
        where = run.name(_RESULTS)
        raise PipelineError(f"{name} needs a result of {need}, and {where} has none\nnext: run {need} first")
    result: Result = json.loads(found[0]["RESULT"])
    return result


def _record(session: Session, run: Run, name: str, result: Result, started: float, *, succeeded: bool) -> None:
    row = (name, succeeded, round(time.monotonic() - started, 3), json.dumps(result))
    replace_rows(session, run, _RESULTS, [row], STEP=name)
