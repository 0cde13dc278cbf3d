"""What ran before: RESULT_SCAN and INFORMATION_SCHEMA.QUERY_HISTORY."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..kernel.errors import SnowflakeError, invalid
from ..kernel.kinds import STAMP, ColumnSpec
from ..kernel.result import SELECT, Result, rows

if TYPE_CHECKING:
    from ..kernel.executions import Execution
    from ..kernel.session import Session


def _result_scan(session: Session, positional: list[Any], _: dict[str, Any]) -> Result:
    """RESULT_SCAN(query id): what an earlier query answered.

    Raises:
        SnowflakeError: 000709 for an unknown query, which that of another user is.

    """
    query_id = positional[0] if positional else None
    if query_id is None:
        raise invalid("RESULT_SCAN needs a query id")
    found = session.account.results.of(str(query_id), session.result_owners)
    if found is None:
        raise SnowflakeError(f"Statement {query_id} not found", "000709", "02000")
    return found


_HISTORY: tuple[ColumnSpec, ...] = (
    "QUERY_ID",
    "QUERY_TEXT",
    "DATABASE_NAME",
    "SCHEMA_NAME",
    "SESSION_ID",
    "USER_NAME",
    "ROLE_NAME",
    "WAREHOUSE_NAME",
    "QUERY_TAG",
    "EXECUTION_STATUS",
    "ERROR_CODE",
    "ERROR_MESSAGE",
    ("START_TIME", STAMP),
    ("END_TIME", STAMP),
    ("TOTAL_ELAPSED_TIME", "fixed"),
    ("ROWS_PRODUCED", "fixed"),
)
_DEFAULT_LIMIT, _LARGEST_LIMIT = 100, 10_000


def _query_history(session: Session, positional: list[Any], named: dict[str, Any]) -> Result:
    """QUERY_HISTORY(RESULT_LIMIT => n, END_TIME_RANGE_START => t): the user's own queries, newest first."""
    unknown = named.keys() - {"RESULT_LIMIT", "END_TIME_RANGE_START", "END_TIME_RANGE_END", "SESSION_ID"}
    if positional or unknown:
        raise invalid(f"Invalid argument for QUERY_HISTORY: {', '.join(sorted(unknown)) or positional[0]}")
    given = str(named.get("RESULT_LIMIT", _DEFAULT_LIMIT))
    limit = int(given) if re.fullmatch(r"[0-9]{1,9}", given) else 0
    if not 0 < limit <= _LARGEST_LIMIT:
        raise invalid(f"RESULT_LIMIT must be between 1 and {_LARGEST_LIMIT}")
    mine = [e for e in reversed(session.account.executions.all()) if e.session.user == session.user]
    wanted = [e for e in mine if _in_range(e, named)]
    return rows(_HISTORY, [_past(e) for e in wanted[:limit]], SELECT)


def _in_range(execution: Execution, named: dict[str, Any]) -> bool:
    after, before = named.get("END_TIME_RANGE_START"), named.get("END_TIME_RANGE_END")
    session = named.get("SESSION_ID")
    ended = execution.ended
    return (
        (after is None or ended is None or ended >= after)
        and (before is None or (ended is not None and ended <= before))
        and (session is None or str(execution.session.id) == str(session))
    )


def _past(execution: Execution) -> dict[str, Any]:
    session, error = execution.session, execution.error
    result = session.account.results.find(execution.query_id)
    seconds = (execution.ended - execution.started).total_seconds() if execution.ended else 0
    return {
        "QUERY_ID": execution.query_id,
        "QUERY_TEXT": execution.text,
        "SESSION_ID": session.id,
        "USER_NAME": session.user,
        **execution.context,
        "EXECUTION_STATUS": execution.status,
        "ERROR_CODE": error.code if error else None,
        "ERROR_MESSAGE": error.message if error else None,
        "START_TIME": execution.started,
        "END_TIME": execution.ended,
        "TOTAL_ELAPSED_TIME": int(seconds * 1000),
        "ROWS_PRODUCED": result.rows.num_rows if result else None,
    }


TABLE_FUNCTIONS = {
    "RESULT_SCAN": _result_scan,
    "QUERY_HISTORY": _query_history,
    "QUERY_HISTORY_BY_USER": _query_history,
    "QUERY_HISTORY_BY_SESSION": _query_history,
}
