"""EXECUTE TASK: https://docs.snowflake.com/en/sql-reference/sql/execute-task."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..catalogue import now
from ..errors import invalid, unsupported
from ..result import Result, status
from . import config
from .scheduler import EXECUTE_TASK
from .spec import Task
from .work import check_privileges

if TYPE_CHECKING:
    from ..names import Name
    from ..session import Session
    from ..tokens import Tokens


def execute(session: Session, tokens: Tokens) -> Result:
    """EXECUTE TASK <name> [USING CONFIG = <json> | RETRY LAST]; it does not wait for the run."""
    name = session.qualify(tokens.name())
    if tokens.accept("RETRY", "LAST"):
        tokens.end()
        return retry_last(session, name)
    over = None
    if tokens.accept("USING", "CONFIG"):
        tokens.expect("=")
        over = tokens.value()
    elif not tokens.done:
        raise unsupported(f"EXECUTE TASK ... {tokens.rest[:100]}")
    tokens.end()
    return run_now(session, name, over)


def run_now(session: Session, name: Name, over: str | None = None) -> Result:
    """Start a run of a root task's graph, whether or not it is resumed; suspended children are left out.

    Args:
        session: needs OPERATE on the task.
        name: the root task.
        over: JSON to merge into the graph's CONFIG for this run.

    Raises:
        SnowflakeError: when it is no root task, or its owner may not run it.

    """
    task = _root(session, name)
    with session.account.scheduler.shape:
        runs = session.account.scheduler.runs
        version = runs.commit(name)
        following = session.account.scheduler.next_run(task)
        request = runs.request(version, now(), EXECUTE_TASK, _merged(task.config, over), following)
        runs.start(request, queue=True)
    return status(f"Task {name.name} is scheduled to run immediately.")


def retry_last(session: Session, name: Name) -> Result:
    """Run the last failed or cancelled run of a graph again, from the tasks that did not succeed.

    Raises:
        SnowflakeError: when there is nothing to retry.

    """
    _root(session, name)
    with session.account.scheduler.shape:
        session.account.scheduler.runs.retry_last(name)
    return status(f"Task {name.name} is scheduled to run immediately.")


def _root(session: Session, name: Name) -> Task:
    task = Task.of(session.get("TASK", name, "OPERATE"))
    if not task.is_root:
        raise invalid(f"Cannot execute task {name}: only a root task or a standalone task can be executed.")
    check_privileges(session.account, task)
    return task


def _merged(own: str | None, over: str | None) -> str | None:
    if over is None:
        return own
    return json.dumps(config.merge(config.parse(own or "{}"), config.parse(over)))
