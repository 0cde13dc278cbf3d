"""TASK_HISTORY, CURRENT_TASK_GRAPHS, COMPLETE_TASK_GRAPHS and TASK_DEPENDENTS of INFORMATION_SCHEMA.

https://docs.snowflake.com/en/sql-reference/functions/task_history
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import now
from ..kernel.errors import invalid
from ..kernel.kinds import STAMP, ColumnSpec
from ..kernel.registry import kinds
from ..kernel.result import SELECT, Result, rows
from ..kernel.tokens import Tokens
from . import graph
from .history import KEPT
from .progress import CANCELLED, ENDED, EXECUTING, FAILURES, SCHEDULED
from .reports import Reports
from .rules import schema_tasks
from .system_functions import FUNCTIONS as FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..kernel.session import Session

_MOST_ROWS = 10_000
_RECENT = timedelta(minutes=60)
_ERRORS = FAILURES | {CANCELLED}

_TASK_COLUMNS: tuple[ColumnSpec, ...] = (
    "QUERY_ID",
    "NAME",
    "DATABASE_NAME",
    "SCHEMA_NAME",
    "QUERY_TEXT",
    "CONDITION_TEXT",
    "STATE",
    "ERROR_CODE",
    "ERROR_MESSAGE",
    ("SCHEDULED_TIME", STAMP),
    ("QUERY_START_TIME", STAMP),
    ("NEXT_SCHEDULED_TIME", STAMP),
    ("COMPLETED_TIME", STAMP),
    "ROOT_TASK_ID",
    ("GRAPH_VERSION", "fixed"),
    ("RUN_ID", "fixed"),
    "RETURN_VALUE",
    "SCHEDULED_FROM",
    ("ATTEMPT_NUMBER", "fixed"),
    "CONFIG",
    "QUERY_HASH",
    ("QUERY_HASH_VERSION", "fixed"),
    "QUERY_PARAMETERIZED_HASH",
    ("QUERY_PARAMETERIZED_HASH_VERSION", "fixed"),
    "GRAPH_RUN_GROUP_ID",
    "BACKFILL_INFO",
    ("SPCS_JOB_ID", "fixed"),
    "GRAPH_NAME",
)
_GRAPH_COLUMNS: tuple[ColumnSpec, ...] = (
    "ROOT_TASK_NAME",
    "DATABASE_NAME",
    "SCHEMA_NAME",
    "STATE",
    "SCHEDULED_FROM",
    "FIRST_ERROR_TASK_NAME",
    ("FIRST_ERROR_CODE", "fixed"),
    "FIRST_ERROR_MESSAGE",
    ("SCHEDULED_TIME", STAMP),
    ("QUERY_START_TIME", STAMP),
    ("NEXT_SCHEDULED_TIME", STAMP),
    ("COMPLETED_TIME", STAMP),
    "ROOT_TASK_ID",
    ("GRAPH_VERSION", "fixed"),
    ("RUN_ID", "fixed"),
    ("ATTEMPT_NUMBER", "fixed"),
    "CONFIG",
    "GRAPH_RUN_GROUP_ID",
    "BACKFILL_INFO",
    "GRAPH_NAME",
)


def _task_history(session: Session, positional: list[Any], named: dict[str, Any]) -> Result:
    given = _given(
        "TASK_HISTORY",
        positional,
        named,
        "SCHEDULED_TIME_RANGE_START",
        "SCHEDULED_TIME_RANGE_END",
        "RESULT_LIMIT",
        "TASK_NAME",
        "ERROR_ONLY",
        "ROOT_TASK_ID",
        "GRAPH_NAME",
    )
    start, end = _moment(given["SCHEDULED_TIME_RANGE_START"]), _moment(given["SCHEDULED_TIME_RANGE_END"])
    if start and start < now() - KEPT - timedelta(minutes=1):
        raise invalid("Cannot retrieve data from more than 7 days ago.")
    found = [
        row
        for row in Reports(session).task_runs()
        if (start is None or row["SCHEDULED_TIME"] >= start)
        and (end is None or row["SCHEDULED_TIME"] <= end)
        and _named(row["NAME"], given["TASK_NAME"])
        and (not given["ERROR_ONLY"] or row["STATE"] in _ERRORS)
        and given["ROOT_TASK_ID"] in {None, row["ROOT_TASK_ID"]}
        and _named(row["GRAPH_NAME"], given["GRAPH_NAME"])
    ]
    return _newest(_TASK_COLUMNS, found, "SCHEDULED_TIME", given["RESULT_LIMIT"], default=100)


def _current_task_graphs(session: Session, positional: list[Any], named: dict[str, Any]) -> Result:
    given = _given("CURRENT_TASK_GRAPHS", positional, named, "RESULT_LIMIT", "ROOT_TASK_NAME", "GRAPH_NAME")
    found = [
        row
        for row in Reports(session).graph_runs()
        if row["STATE"] in {EXECUTING, SCHEDULED}
        and _named(row["ROOT_TASK_NAME"], given["ROOT_TASK_NAME"])
        and _named(row["GRAPH_NAME"], given["GRAPH_NAME"])
    ]
    columns = tuple(column for column in _GRAPH_COLUMNS if column[0] != "COMPLETED_TIME")
    return _newest(columns, found, "SCHEDULED_TIME", given["RESULT_LIMIT"])


_COMPLETE_ARGUMENTS = ("RESULT_LIMIT", "ROOT_TASK_NAME", "ERROR_ONLY", "GRAPH_NAME")


def _complete_task_graphs(session: Session, positional: list[Any], named: dict[str, Any]) -> Result:
    given = _given("COMPLETE_TASK_GRAPHS", positional, named, *_COMPLETE_ARGUMENTS)
    found = [
        row
        for row in Reports(session).graph_runs()
        if row["STATE"] in ENDED
        and row["COMPLETED_TIME"] >= now() - _RECENT
        and _named(row["ROOT_TASK_NAME"], given["ROOT_TASK_NAME"])
        and _named(row["GRAPH_NAME"], given["GRAPH_NAME"])
        and (not given["ERROR_ONLY"] or row["STATE"] in _ERRORS)
    ]
    return _newest(_GRAPH_COLUMNS, found, "COMPLETED_TIME", given["RESULT_LIMIT"])


def _task_dependents(session: Session, positional: list[Any], named: dict[str, Any]) -> Result:
    given = _given("TASK_DEPENDENTS", positional, named, "TASK_NAME", "RECURSIVE")
    if given["TASK_NAME"] is None:
        raise invalid("Missing argument TASK_NAME of function TASK_DEPENDENTS.")
    name = session.qualify(Tokens(str(given["TASK_NAME"])).name())
    session.get("TASK", name)
    recursive = given["RECURSIVE"] is not False
    members = graph.below(schema_tasks(session, name), name.name, recursive=recursive)
    kind = kinds()["TASK"]
    things = [session.account.catalogue.get("TASK", name.sibling(member)) for member in members]
    listed = [{key.upper(): value for key, value in kind.row(session, thing).items()} for thing in things]
    return rows([_upper(column) for column in kind.columns], listed, SELECT)


def _upper(column: ColumnSpec) -> ColumnSpec:
    return column.upper() if isinstance(column, str) else (column[0].upper(), column[1])


# ---- arguments and rows
def _given(function: str, positional: list[Any], named: dict[str, Any], *known: str) -> dict[str, Any]:
    """The arguments by name; those that were not given are None.

    Raises:
        SnowflakeError: for an argument that the function does not have.

    """
    given = dict(zip(known, positional, strict=False)) | named
    unknown = [name for name in given if name not in known]
    if unknown or len(positional) > len(known):
        raise invalid(f"Invalid argument {', '.join(unknown) or positional[-1]} for function {function}.", "001015")
    return {name: given.get(name) for name in known}


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _named(name: str | None, wanted: str | None) -> bool:
    return wanted is None or (name is not None and name.upper() == str(wanted).upper())


def _newest(
    columns: Iterable[ColumnSpec], found: list[dict[str, Any]], by: str, limit: Any, default: int = 1000
) -> Result:
    most = default if limit is None else int(limit)
    if not 1 <= most <= _MOST_ROWS:
        raise invalid(f"Invalid value [{limit}] for RESULT_LIMIT: 1 to {_MOST_ROWS}.")
    # Of rows with the same time, the one that came later is the newer one.
    newest = sorted(found, key=lambda row: row[by])[::-1]
    return rows(columns, newest[:most], SELECT)


TABLE_FUNCTIONS = {
    "TASK_HISTORY": _task_history,
    "CURRENT_TASK_GRAPHS": _current_task_graphs,
    "COMPLETE_TASK_GRAPHS": _complete_task_graphs,
    "TASK_DEPENDENTS": _task_dependents,
}
