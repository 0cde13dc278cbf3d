"""A step as a function that a task's HANDLER names, and the only file that knows it is running in a task.

CONFIG comes in by TaskContext, and a return value goes out by it; the rest is in steps.
"""

import json
from functools import partial
from typing import Any, Protocol

from snowflake.snowpark import Session

from . import clock
from .config import Run
from .parameters import settle
from .steps import Function, Result, Step, execute, recorded

RETURN_VALUE_LIMIT = 10_000
"""Snowflake's, in bytes."""
_ELSEWHERE = "in STEP_RESULTS"


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
    value = _return_value(execute(session, run, step.name, recorded(session, run, step)))
    context.set_return_value(value)
    return value


def _return_value(result: Result) -> str:
    """Return the result as JSON, for people to read; of a branch, the plain name of the task that it chose.

    Of a result that is too large, the largest values are left out; STEP_RESULTS has them.
    """
    if "branch" in result:
        return str(result["branch"])
    shown = dict(result)
    for key in sorted(result, key=lambda key: len(_json(result[key])), reverse=True):
        if len(_json(shown)) <= RETURN_VALUE_LIMIT:
            break
        shown[key] = _ELSEWHERE
    value = _json(shown)
    return value if len(value) <= RETURN_VALUE_LIMIT else _json({"result": _ELSEWHERE})


def _json(value: Any) -> str:
    """Return ASCII, of which each character is a byte."""
    return json.dumps(value, separators=(",", ":"))
