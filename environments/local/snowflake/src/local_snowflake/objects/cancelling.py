"""SYSTEM$CANCEL_QUERY and its like: what users run themselves they may stop, and what others run with a privilege.

https://docs.snowflake.com/en/sql-reference/functions/system_cancel_query
https://docs.snowflake.com/en/sql-reference/functions/system_cancel_all_queries
https://docs.snowflake.com/en/sql-reference/functions/system_abort_session
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..kernel.access import OWNERSHIP
from ..kernel.errors import insufficient_privileges, invalid
from ..kernel.names import Name

if TYPE_CHECKING:
    from ..kernel.executions import Execution
    from ..kernel.session import Session

_ADMINISTRATOR = "ACCOUNTADMIN"


def may_operate(session: Session, execution: Execution) -> bool:
    """Whether the session may stop a query.

    It is the user's own, or the role has OWNERSHIP on the user, OPERATE on its warehouse (on its task, when a task runs
    it), or is ACCOUNTADMIN.
    """
    other = execution.session
    if other.task:
        privileges = {"TASK": (other.task.name, "OPERATE")}
    elif other.user == session.user:
        return True
    else:
        privileges = {"USER": (Name("", "", other.user), OWNERSHIP), "WAREHOUSE": (_warehouse(execution), "OPERATE")}
    found = ((session.account.catalogue.find(kind, name), asked) for kind, (name, asked) in privileges.items())
    return _administers(session) or any(thing is not None and session.may(asked, thing) for thing, asked in found)


def _warehouse(execution: Execution) -> Name:
    return Name("", "", execution.context["WAREHOUSE_NAME"] or "")


def _administers(session: Session) -> bool:
    return _ADMINISTRATOR in session.account.access.effective(session.roles)


def _cancel_query(session: Session, arguments: list[Any]) -> str:
    execution = session.account.executions.find(str(arguments[0]))
    if execution is None or execution.finished.done():
        return f"Identified SQL statement is not currently executing: {arguments[0]}"
    if not may_operate(session, execution):
        raise insufficient_privileges("QUERY", arguments[0])
    execution.cancel()
    return f"query [{arguments[0]}] terminated."


def _cancel_all(session: Session, arguments: list[Any]) -> str:
    running = [e for other in _opened(session, arguments[0]) for e in session.account.executions.of(other)]
    for execution in (others := [e for e in running if e.session is not session]):
        if not may_operate(session, execution):
            raise insufficient_privileges("SESSION", arguments[0])
    for execution in others:
        execution.cancel()
    return f"{len(others)} cancelled."


def _abort_session(session: Session, arguments: list[Any]) -> str:
    account, found = session.account, _opened(session, arguments[0])
    for other in found:
        user = account.catalogue.find("USER", Name("", "", other.user))
        owned = user is not None and session.may(OWNERSHIP, user)
        if not (other.user == session.user or owned or _administers(session)):
            raise insufficient_privileges("SESSION", arguments[0])
    for other in found:
        account.abort(other, session)
    return f"session [{arguments[0]}] terminated." if found else f"session [{arguments[0]}] not found."


def _opened(session: Session, number: Any) -> list[Session]:
    if not re.fullmatch(r"[0-9]{1,18}", str(number)):
        raise invalid(f"invalid value [{number}] for a session's id")
    return [other for other in session.account.opened() if other.id == int(number)]


FUNCTIONS = {
    "SYSTEM$ABORT_SESSION": _abort_session,
    "SYSTEM$CANCEL_ALL_QUERIES": _cancel_all,
    "SYSTEM$CANCEL_QUERY": _cancel_query,
}
