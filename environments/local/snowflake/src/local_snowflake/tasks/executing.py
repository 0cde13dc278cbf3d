"""EXECUTE TASK: https://docs.snowflake.com/en/sql-reference/sql/execute-task."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..kernel.catalogue import now
from ..kernel.errors import invalid, unsupported
from ..kernel.result import Result, status
from . import config
from .graph_objects.membership import refuse_own_life
from .scheduler import EXECUTE_TASK, Scheduler
from .spec import Task
from .work import check_privileges

if TYPE_CHECKING:
    from ..kernel.names import Name
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens


def execute(session: Session, tokens: Tokens) -> Result:
    """EXECUTE TASK <name> [USING CONFIG = <json> | RETRY ...]; it does not wait for the run."""
    name = session.qualify(tokens.name())
    how = read_how(tokens)
    return retry(session, name, how.group) if how.retry else run_now(session, name, how.config)


@dataclass(frozen=True)
class How:
    """What EXECUTE does: a new run, with JSON to merge into the CONFIG, or a retry (of one graph run group)."""

    config: str | None = None
    retry: bool = False
    group: str | None = None


def read_how(tokens: Tokens) -> How:
    """`USING CONFIG = <json>`, `RETRY LAST`, `RETRY GRAPH RUN GROUP '<id>'` or nothing, up to the end.

    Raises:
        SnowflakeError: 000002 for anything else.

    """
    how = How()
    if tokens.accept("USING", "CONFIG"):
        tokens.expect("=")
        how = How(tokens.value())
    elif tokens.accept("RETRY", "LAST"):
        how = How(retry=True)
    elif tokens.accept("RETRY", "GRAPH", "RUN", "GROUP"):
        how = How(retry=True, group=_group(tokens.value()))
    elif not tokens.done:
        raise unsupported(f"EXECUTE {tokens.rest[:100]}")
    tokens.end()
    return how


def _group(written: str) -> str:
    try:
        return str(uuid.UUID(written))
    except ValueError as error:
        raise invalid(f"Invalid graph run group id '{written}'.") from error


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
    with session.account[Scheduler].shape:
        runs = session.account[Scheduler].runs
        version = runs.commit(name)
        following = session.account[Scheduler].next_run(task)
        request = runs.request(version, now(), EXECUTE_TASK, merged(task.config, over), following)
        runs.start(request, queue=True)
    return status(f"Task {name.name} is scheduled to run immediately.")


def retry(session: Session, name: Name, group: str | None = None) -> Result:
    """Run a failed or cancelled run of a graph again, the last one or a group's, from the tasks that did not succeed.

    Raises:
        SnowflakeError: when there is nothing to retry.

    """
    root = _root(session, name)
    with session.account[Scheduler].shape:
        session.account[Scheduler].runs.retry(root.id, f"graph with root task {name.name}", group)
    return status(f"Task {name.name} is scheduled to run immediately.")


def _root(session: Session, name: Name) -> Task:
    task = Task.of(session.get("TASK", name, "OPERATE"))
    if not task.is_root:
        raise invalid(f"Cannot execute task {name}: only a root task or a standalone task can be executed.")
    refuse_own_life(session, name, "EXECUTE")
    check_privileges(session.account, task)
    return task


def merged(own: str | None, over: str | None) -> str | None:
    """A graph's CONFIG with what one run gives over it."""
    if over is None:
        return own
    return json.dumps(config.merge(config.parse(own or "{}"), config.parse(over)))
