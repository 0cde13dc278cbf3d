"""INFORMATION_SCHEMA.NOTIFICATION_HISTORY: what was sent, through which integration, and how that went.

https://docs.snowflake.com/en/sql-reference/functions/notification_history
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import now
from ..kernel.errors import invalid
from ..kernel.kinds import STAMP
from ..kernel.names import Name, fold
from ..kernel.result import SELECT, Result, rows
from .integrations import WORD

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.session import Session

SUCCESS, FAILURE = "SUCCESS", "FAILURE"
_COLLECTION = "notification"
_KEPT, _DEFAULT = timedelta(days=14), timedelta(hours=24)
_MOST_ROWS = 10_000
_COLUMNS = (
    ("CREATED", STAMP), ("PROCESSED", STAMP), "MESSAGE_SOURCE", "INTEGRATION_NAME", "STATUS", "ERROR_MESSAGE", "ID",
    ("ATTEMPT", "fixed"), ("MESSAGE_SOURCE_INFO", "object"),
)  # fmt: skip


def record(account: Account, integration: str, source: str, about: dict[str, Any], error: str | None = None) -> None:
    """Note a notification: sent, or why it could not be."""
    sent = now()
    kept = {
        "created": sent.isoformat(),
        "source": source,
        "integration": integration,
        "status": FAILURE if error else SUCCESS,
        "error": error,
        "about": about,
    }
    account.store.put(_COLLECTION, f"{sent.isoformat()} {uuid.uuid4()}", kept)


def history(session: Session, _positional: list[Any], named: dict[str, Any]) -> Result:
    """NOTIFICATION_HISTORY([START_TIME =>], [END_TIME =>], [INTEGRATION_NAME =>], [RESULT_LIMIT =>])."""
    for key in named.keys() - {"START_TIME", "END_TIME", "INTEGRATION_NAME", "RESULT_LIMIT"}:
        raise invalid(f"invalid argument name '{key}'", "001044", "42P13")
    limit = int(named.get("RESULT_LIMIT", 100))
    if not 1 <= limit <= _MOST_ROWS:
        raise invalid(f"RESULT_LIMIT {limit} is not from 1 to {_MOST_ROWS}")
    until = _moment(named.get("END_TIME")) or now()
    since = _moment(named.get("START_TIME")) or until - _DEFAULT
    if since < now() - _KEPT - timedelta(minutes=1):
        raise invalid("Cannot retrieve notifications from more than 14 days ago.")
    only = fold(named["INTEGRATION_NAME"]) if named.get("INTEGRATION_NAME") else ""
    found = [
        _row(key, kept)
        for key, kept in reversed(list(session.account.store.all(_COLLECTION)))
        if since <= datetime.fromisoformat(kept["created"]) <= until
        and only in {"", kept["integration"]}
        and _may_see(session, kept["integration"])
    ]
    return rows(_COLUMNS, found[:limit], SELECT)


def _may_see(session: Session, integration: str) -> bool:
    """ACCOUNTADMIN, the integration's owner, and who may use it."""
    thing = session.account.catalogue.find(WORD, Name("", "", integration))
    return session.role == "ACCOUNTADMIN" or (thing is not None and session.may("USAGE", thing))


def _row(key: str, kept: dict[str, Any]) -> dict[str, Any]:
    created = datetime.fromisoformat(kept["created"])
    return {
        "CREATED": created,
        "PROCESSED": created,
        "MESSAGE_SOURCE": kept["source"],
        "INTEGRATION_NAME": kept["integration"],
        "STATUS": kept["status"],
        "ERROR_MESSAGE": kept["error"],
        "ID": key.partition(" ")[2],
        "ATTEMPT": 1,
        "MESSAGE_SOURCE_INFO": json.dumps(kept["about"]),
    }


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


TABLE_FUNCTIONS = {"NOTIFICATION_HISTORY": history}
