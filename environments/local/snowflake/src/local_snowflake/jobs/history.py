"""SNOWFLAKE.SPCS.GET_JOB_HISTORY: the jobs of the last days, dropped ones too.

https://docs.snowflake.com/en/sql-reference/functions/get_job_history
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import Object, now
from ..kernel.errors import invalid
from ..kernel.kinds import STAMP
from ..kernel.names import Name
from ..kernel.result import SELECT, Result, rows
from .states import is_model_service

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.session import Session

_COLUMNS = (
    "QUERY_ID", ("ID", "fixed"), "NAME", "DATABASE_NAME", "SCHEMA_NAME", ("CREATED_TIME", STAMP),
    ("COMPLETED_TIME", STAMP), ("DELETED_TIME", STAMP), "STATUS", "MESSAGE", ("INSTANCE_STATUSES", "object"),
    "COMPUTE_POOL_NAME", "OWNER", "OWNER_ROLE_TYPE", ("PARAMETERS", "object"), ("MANAGING_OBJECT", "object"),
)  # fmt: skip
_KEPT, _MOST_ROWS = timedelta(days=30), 10_000
_DROPPED = "dropped job"  # the store's collection


def keep(account: Account, gone: Object) -> None:
    """Remember a job that was dropped; forget those that are too old to be asked for."""
    old = [key for key, body in account.store.all(_DROPPED) if body["deleted"] < (now() - _KEPT).isoformat()]
    account.store.remove_many(_DROPPED, old)
    body = {**vars(gone), "name": vars(gone.name), "deleted": now().isoformat()}
    account.store.put(_DROPPED, gone.id, body)


def _history(session: Session, positional: list[Any], named: dict[str, Any]) -> Result:
    """GET_JOB_HISTORY([CREATED_TIME_START, CREATED_TIME_END, RESULT_LIMIT]): what the role owns, newest first."""
    if positional or (unknown := named.keys() - {"CREATED_TIME_START", "CREATED_TIME_END", "RESULT_LIMIT"}):
        wrong = ", ".join(sorted(unknown)) if not positional else "arguments without names"
        raise invalid(f"invalid argument for GET_JOB_HISTORY: {wrong}", "001044")
    limit = int(named.get("RESULT_LIMIT") or 100)
    if not 1 <= limit <= _MOST_ROWS:
        raise invalid(f"RESULT_LIMIT must be between 1 and {_MOST_ROWS}, not {limit}")
    start = _moment(named.get("CREATED_TIME_START")) or now() - _KEPT
    end = _moment(named.get("CREATED_TIME_END")) or now()
    own = session.account.access.effective([session.role])
    found = [row for row in _rows(session.account) if row["OWNER"] in own and start <= row["CREATED_TIME"] <= end]
    found.sort(key=lambda row: row["CREATED_TIME"], reverse=True)
    return rows(_COLUMNS, found[:limit], SELECT)


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=now().tzinfo)


def _rows(account: Account) -> list[dict[str, Any]]:
    dropped = [dict(body) for _, body in account.store.all(_DROPPED)]
    gone = [(datetime.fromisoformat(body.pop("deleted")), Object(**body)) for body in dropped]
    there = [_row(job, None) for job in account.catalogue.of("SERVICE") if not is_model_service(job)]
    return there + [_row(job, deleted) for deleted, job in gone]


def _row(job: Object, deleted: datetime | None) -> dict[str, Any]:
    given = job.properties
    name = job.name if isinstance(job.name, Name) else Name(**job.name)
    instances = {str(i): instance["status"] for i, instance in enumerate(given["instances"])}
    return {
        "QUERY_ID": given["query_id"],
        "ID": int(job.id[:8], 16),
        "NAME": name.name,
        "DATABASE_NAME": name.database,
        "SCHEMA_NAME": name.schema,
        "CREATED_TIME": job.created_on,
        "COMPLETED_TIME": datetime.fromisoformat(given["completed"]) if given["completed"] else None,
        "DELETED_TIME": deleted,
        "STATUS": given["status"],
        "MESSAGE": given["message"],
        "INSTANCE_STATUSES": json.dumps(instances),
        "COMPUTE_POOL_NAME": given["compute_pool"],
        "OWNER": job.owner,
        "OWNER_ROLE_TYPE": "ROLE",
        "PARAMETERS": json.dumps({"REPLICAS": given["target_instances"], "ASYNC": given["is_async"]}),
        "MANAGING_OBJECT": None,
    }


TABLE_FUNCTIONS = {"GET_JOB_HISTORY": _history}
FEATURE = "COMPUTE POOL"
