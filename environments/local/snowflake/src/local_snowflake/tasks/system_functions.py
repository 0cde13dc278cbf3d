"""The SYSTEM$ functions of tasks: what a running task reads and says, and what is done to whole graphs.

https://docs.snowflake.com/en/sql-reference/functions-system
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..kernel.errors import SnowflakeError, invalid
from ..kernel.tokens import Tokens
from . import config
from .alteration import resume_dependents
from .scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..kernel.names import Name
    from ..kernel.session import Session
    from .work import Work


def _work(session: Session, function: str) -> Work:
    """What the session's task runs.

    Raises:
        SnowflakeError: when the session is not a task's.

    """
    if session.task is None:
        text = f"Function {function} must be called from within a task"
        raise SnowflakeError(text, "091018", "22000")
    return session.task


def _set_return_value(session: Session, arguments: list[Any]) -> str | None:
    work = _work(session, "SYSTEM$SET_RETURN_VALUE")
    (value,) = arguments
    work.set_return_value(str(value))
    return None


def _predecessor_return_value(session: Session, arguments: list[Any]) -> str | None:
    work = _work(session, "SYSTEM$GET_PREDECESSOR_RETURN_VALUE")
    return work.predecessor_value(str(arguments[0]) if arguments else None)


def _current_task_name(session: Session, _: list[Any]) -> str:
    return str(_work(session, "SYSTEM$CURRENT_USER_TASK_NAME").name)


def _graph_config(session: Session, arguments: list[Any]) -> str | None:
    found = _work(session, "SYSTEM$GET_TASK_GRAPH_CONFIG").run.config
    if found is None or not arguments:
        return found
    return config.at(config.parse(found), str(arguments[0]))


def _runtime_info(session: Session, arguments: list[Any]) -> str | None:
    work = _work(session, "SYSTEM$TASK_RUNTIME_INFO")
    wanted = str(arguments[0]).upper()
    if wanted not in _RUNTIME:
        raise invalid(f"Invalid argument '{arguments[0]}' for function SYSTEM$TASK_RUNTIME_INFO")
    return _RUNTIME[wanted](work)


_RUNTIME: dict[str, Callable[[Work], str | None]] = {
    "CURRENT_TASK_NAME": lambda work: str(work.name),
    "CURRENT_ROOT_TASK_NAME": lambda work: str(work.version.root),
    "CURRENT_ROOT_TASK_UUID": lambda work: work.version.root_task.id,
    "CURRENT_TASK_GRAPH_RUN_GROUP_ID": lambda work: str(work.run.group),
    "CURRENT_TASK_GRAPH_ORIGINAL_SCHEDULED_TIMESTAMP": lambda work: work.run.original_time,
    "LAST_SUCCESSFUL_TASK_GRAPH_RUN_GROUP_ID": lambda work: _last_success(work, 0),
    "LAST_SUCCESSFUL_TASK_GRAPH_ORIGINAL_SCHEDULED_TIMESTAMP": lambda work: _last_success(work, 1),
}


def _last_success(work: Work, part: int) -> str | None:
    return str(work.run.last_success[part]) if work.run.last_success else None


def _dependents_enable(session: Session, arguments: list[Any]) -> str:
    with session.account[Scheduler].shape:
        count = resume_dependents(session, _name(session, arguments))
    return f"Successfully enabled {count} tasks."


def _cancel_ongoing(session: Session, arguments: list[Any]) -> str:
    name = _name(session, arguments)
    session.get("TASK", name, "OPERATE")
    count = session.account[Scheduler].runs.cancel(name)
    return f"Cancelled {count} ongoing executions of task {name}."


def _name(session: Session, arguments: list[Any]) -> Name:
    (written,) = arguments
    return session.qualify(Tokens(str(written)).name())


FUNCTIONS = {
    "SYSTEM$SET_RETURN_VALUE": _set_return_value,
    "SYSTEM$GET_PREDECESSOR_RETURN_VALUE": _predecessor_return_value,
    "SYSTEM$CURRENT_USER_TASK_NAME": _current_task_name,
    "SYSTEM$GET_TASK_GRAPH_CONFIG": _graph_config,
    "SYSTEM$TASK_RUNTIME_INFO": _runtime_info,
    "SYSTEM$TASK_DEPENDENTS_ENABLE": _dependents_enable,
    "SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS": _cancel_ongoing,
}
