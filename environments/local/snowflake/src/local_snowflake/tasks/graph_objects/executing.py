"""EXECUTE TASK GRAPH: https://docs.snowflake.com/en/sql-reference/sql/execute-task-graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...kernel.catalogue import now
from ...kernel.errors import unsupported
from ...kernel.result import Result, status
from ..executing import merged, read_how
from ..scheduler import EXECUTE_TASK, Scheduler
from .alteration import check_owner, committed_version
from .spec import WORD, clock_task

if TYPE_CHECKING:
    from ...kernel.names import Name
    from ...kernel.session import Session
    from ...kernel.tokens import Tokens


def execute(session: Session, tokens: Tokens) -> Result:
    """EXECUTE TASK GRAPH <name> [USING CONFIG = <json> | RETRY LAST | RETRY GRAPH RUN GROUP '<id>']: does not wait."""
    name = session.qualify(tokens.name())
    if tokens.looking_at("AWAIT"):
        raise unsupported(f"EXECUTE TASK GRAPH ... {tokens.rest[:100]}")
    how = read_how(tokens)
    with session.account[Scheduler].shape:
        if how.retry:
            return _retry(session, name, how.group)
        return _run_now(session, name, how.config)


def _run_now(session: Session, name: Name, over: str | None) -> Result:
    """Start a run of the committed version, whether or not the graph is resumed."""
    thing, scheduler = session.get(WORD, name, "OPERATE"), session.account[Scheduler]
    version = committed_version(session, thing)
    check_owner(session, version)
    following = scheduler.next_run(clock_task(thing, version.root_task))
    config = merged(version.root_task.config, over)
    scheduler.runs.start(scheduler.runs.request(version, now(), EXECUTE_TASK, config, following), queue=True)
    return status(f"Task graph {name.name} is scheduled to run immediately.")


def _retry(session: Session, name: Name, group: str | None) -> Result:
    thing = session.get(WORD, name, "OPERATE")
    check_owner(session, committed_version(session, thing))
    session.account[Scheduler].runs.retry(thing.id, f"task graph {name.name}", group)
    return status(f"Task graph {name.name} is scheduled to run immediately.")
