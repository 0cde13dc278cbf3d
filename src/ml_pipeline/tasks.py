"""A step as a function that a task's HANDLER names, and the only file that knows it is running in a task.

CONFIG and predecessors' return values come in by TaskContext, and a return value goes out by it; the rest is in steps.
"""

import json
from functools import partial
from typing import Protocol

from snowflake.snowpark import Session

from . import clock
from .config import Run
from .errors import PipelineError
from .parameters import settle
from .steps import Function, Result, Step, execute

RETURN_VALUE_LIMIT = 10_000
"""Snowflake's, in bytes."""


class Handler(Protocol):
    """A function that a task calls, with its step."""

    step: Step

    def __call__(self, session: Session) -> str:
        """Carry out the step with what the task is given, and return its return value."""


def step(function: Function, needs: tuple[str, ...] = ()) -> Handler:
    """Return the handler of a step, whose task has the function's name in upper case.

    `needs` names the tasks whose results the function is given.
    """
    found = Step(function.__name__.upper(), function, needs)

    def handler(session: Session) -> str:
        return _task(session, found)

    handler.__name__ = handler.__qualname__ = function.__name__
    handler.__doc__ = function.__doc__
    handler.step = found  # type: ignore[attr-defined]
    return handler  # type: ignore[return-value]


def _task(session: Session, step: Step) -> str:
    from snowflake.core.task.context import TaskContext

    settle(session)
    context = TaskContext(session)
    run = Run.from_config(
        context.get_task_graph_config() or {},
        str(context.get_current_task_graph_run_group_id()),
        partial(clock.scheduled, session),
    )
    results = {need: json.loads(context.get_predecessor_return_value(need)) for need in step.needs}
    value = _return_value(step.name, execute(session, run, step.name, results))
    context.set_return_value(value)
    return value


def _return_value(name: str, result: Result) -> str:
    """Return the result as JSON; of a branch, the plain name of the task that it chose."""
    value = str(result["branch"]) if "branch" in result else json.dumps(result, separators=(",", ":"))
    if len(value.encode()) > RETURN_VALUE_LIMIT:
        raise PipelineError(
            f"the result of {name} has {len(value.encode())} bytes; a task returns at most {RETURN_VALUE_LIMIT}\n"
            f"next: return less, and leave the rest in a table"
        )
    return value
