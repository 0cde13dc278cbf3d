"""What refreshed dynamic tables, for seven days: INFORMATION_SCHEMA.DYNAMIC_TABLE_REFRESH_HISTORY.

https://docs.snowflake.com/en/sql-reference/functions/dynamic_table_refresh_history
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import now
from ..kernel.kinds import STAMP
from ..kernel.names import Name
from ..kernel.result import SELECT, Result, rows
from ..kernel.tokens import Tokens

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..kernel.session import Session

WORD = "DYNAMIC TABLE"
SUCCEEDED, FAILED = "SUCCEEDED", "FAILED"
CREATION, MANUAL, SCHEDULED = "CREATION", "MANUAL", "SCHEDULED"
_KEPT = timedelta(days=7)
_COLLECTION = "refresh"
_COLUMNS = (
    *("NAME", "SCHEMA_NAME", "DATABASE_NAME", "STATE", "STATE_CODE", "STATE_MESSAGE", "QUERY_ID"),
    *((name, STAMP) for name in ("DATA_TIMESTAMP", "REFRESH_START_TIME", "REFRESH_END_TIME", "COMPLETION_TARGET")),
    *("QUALIFIED_NAME", "STATISTICS", "REFRESH_ACTION", "REFRESH_TRIGGER", ("TARGET_LAG_SEC", "fixed"), "WAREHOUSE"),
)


@dataclass(frozen=True)
class Refresh:
    """One refresh of a dynamic table, by its id; times are UTC, ISO."""

    table: str
    started: str
    ended: str
    state: str
    message: str
    trigger: str
    lag: float | None
    warehouse: str


def keep(account: Account, refresh: Refresh) -> None:
    """Write a refresh down, and forget those that are older than seven days."""
    oldest = (now() - _KEPT).isoformat()
    account.store.remove_many(_COLLECTION, [k for k, body in account.store.all(_COLLECTION) if body["ended"] < oldest])
    account.store.put(_COLLECTION, f"{refresh.started} {uuid.uuid4().hex}", asdict(refresh))


def forget(account: Account, thing: Object) -> None:
    """Forget the refreshes of a table that is dropped or replaced."""
    gone = [key for key, body in account.store.all(_COLLECTION) if body["table"] == thing.id]
    account.store.remove_many(_COLLECTION, gone)


def _history(session: Session, positional: list[Any], named: dict[str, Any]) -> Result:
    """DYNAMIC_TABLE_REFRESH_HISTORY: the newest first, of the tables that the role may monitor."""
    seen = {o.id: o for o in session.account.catalogue.of(WORD) if session.may("MONITOR", o)}
    found = [Refresh(**body) for _, body in session.account.store.all(_COLLECTION)]
    chosen = [r for r in reversed(found) if r.table in seen and _admitted(session, seen[r.table], r, named)]
    limit = int(named.get("RESULT_LIMIT", 100))
    return rows(_COLUMNS, [_row(seen[r.table], r) for r in chosen[:limit]], SELECT)


def _admitted(session: Session, thing: Object, refresh: Refresh, named: dict[str, Any]) -> bool:
    wanted = named.get("NAME")
    name = session.qualify(Tokens(wanted.upper()).name()) if wanted else None
    moment = _time(refresh.started)
    start, end = _bound(named.get("DATA_TIMESTAMP_START")), _bound(named.get("DATA_TIMESTAMP_END"))
    return (
        (name is None or _folded(thing.name) == name)
        and str(thing.name).upper().startswith(str(named.get("NAME_PREFIX", "")).upper())
        and (not named.get("ERROR_ONLY") or refresh.state == FAILED)
        and (start is None or moment >= start)
        and (end is None or moment <= end)
    )


def _folded(name: Name) -> Name:
    return Name(name.database.upper(), name.schema.upper(), name.name.upper())


def _bound(value: Any) -> datetime | None:
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else _time(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _row(thing: Object, refresh: Refresh) -> dict[str, Any]:
    started = _time(refresh.started)
    return {
        "NAME": thing.name.name,
        "SCHEMA_NAME": thing.name.schema,
        "DATABASE_NAME": thing.name.database,
        "STATE": refresh.state,
        "STATE_CODE": "SUCCESS" if refresh.state == SUCCEEDED else "ERROR",
        "STATE_MESSAGE": refresh.message or None,
        "DATA_TIMESTAMP": started,
        "REFRESH_START_TIME": started,
        "REFRESH_END_TIME": _time(refresh.ended),
        "QUALIFIED_NAME": str(thing.name),
        "REFRESH_ACTION": _action(thing, refresh),
        "REFRESH_TRIGGER": refresh.trigger,
        "TARGET_LAG_SEC": None if refresh.lag is None else int(refresh.lag),
        "WAREHOUSE": refresh.warehouse,
    }


def _action(thing: Object, refresh: Refresh) -> str:
    """What such a refresh is called on an account; here all rows are computed anew, whichever it is."""
    incremental = thing.properties["refresh_mode"] == "INCREMENTAL" and refresh.trigger != CREATION
    return "INCREMENTAL" if incremental else "FULL"


TABLE_FUNCTIONS = {"DYNAMIC_TABLE_REFRESH_HISTORY": _history}
