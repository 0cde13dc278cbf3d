"""A task and a graph run as the REST API's JSON, in both directions."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..kernel.errors import unsupported
from ..kernel.names import Name, qualify, shown
from ..kernel.parameters.table import can_set
from ..kernel.tokens import Tokens
from . import condition, options, reading, schedule
from .spec import DEFAULTS, Task

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.session import Session

_MINUTES, _CRON = "MINUTES_TYPE", "CRON_TYPE"
_SECONDS = 60
# Fields whose option has the same name and a plain value.
_PLAIN = (
    "warehouse",
    "comment",
    "overlap_policy",
    "error_integration",
    "success_integration",
    "task_auto_retry_attempts",
    "user_task_managed_initial_warehouse_size",
    "serverless_task_min_statement_size",
    "serverless_task_max_statement_size",
    "user_task_timeout_ms",
    "suspend_task_after_num_failures",
    "allow_overlapping_execution",
)


def read(session: Session, name: Name, body: dict[str, Any]) -> reading.Draft:
    """The task that a request describes.

    Raises:
        SnowflakeError: for a value that the task cannot have.

    """
    if body.get("execute_as_user"):
        raise unsupported("EXECUTE AS USER of a task")
    given = {key.upper(): str(body[key]) for key in _PLAIN if body.get(key) is not None}
    given |= {key.upper(): str(value) for key, value in (body.get("session_parameters") or {}).items()}
    if body.get("schedule"):
        given["SCHEDULE"] = _schedule_text(body["schedule"])
    if body.get("target_completion_interval"):
        given["TARGET_COMPLETION_INTERVAL"] = _schedule_text(body["target_completion_interval"])
    if body.get("config"):
        given["CONFIG"] = json.dumps(body["config"])
    if body.get("finalize"):
        given["FINALIZE"] = _full(name, body["finalize"]).sql
    changes = options.changes(session, given)
    properties = changes.over({"parameters": {}})
    properties["after"] = [reading.sibling(name, _full(name, p)) for p in body.get("predecessors") or ()]
    if body.get("condition"):
        properties["condition"] = condition.parse(body["condition"]).text
    complete = reading.complete(name, properties, reading.body(session, body["definition"]))
    return reading.Draft(complete, changes.comment or "")


def _full(name: Name, written: str) -> Name:
    """A task's name as a request writes it, which means the request's own schema unless it says another."""
    return qualify(Tokens(written).name(), name.database, name.schema)


def _schedule_text(given: dict[str, Any]) -> str:
    if given.get("schedule_type") == _CRON:
        return f"USING CRON {given['cron_expr']} {given['timezone']}"
    seconds = given.get("seconds") or 0
    return f"{given['minutes'] * _SECONDS + seconds} SECONDS" if seconds else f"{given['minutes']} MINUTES"


def write(session: Session, thing: Object) -> dict[str, Any]:
    """A task as the API returns it; what is not set is left out."""
    # Imported late: the kind's module stands on this package's others.
    from .kind import relations

    task, properties = Task.of(thing), thing.properties
    parameters = {key.lower(): value for key, value in task.parameters.items() if key in DEFAULTS}
    found = {
        "name": shown(thing.name.name),
        "warehouse": shown(task.warehouse) if task.warehouse else None,
        "schedule": _schedule(task.schedule),
        "comment": thing.comment or None,
        "finalize": str(thing.name.sibling(task.finalizes)) if task.finalizes else None,
        "config": json.loads(task.config) if task.config else None,
        "session_parameters": {k: v for k, v in task.parameters.items() if can_set("SESSION", k)} or None,
        "definition": task.definition,
        "predecessors": [str(thing.name.sibling(p)) for p in task.after],
        "task_relations": json.dumps(relations(session, thing)),
        "target_completion_interval": _duration(properties["target_completion_interval"]),
        "condition": task.condition,
        "overlap_policy": task.overlap_policy if task.is_root else None,
        "created_on": thing.created,
        "id": thing.id,
        "owner": thing.owner,
        "owner_role_type": "ROLE",
        "state": task.state,
        "last_committed_on": properties.get("last_committed_on"),
        "last_suspended_on": properties.get("last_suspended_on"),
        "database_name": thing.name.database,
        "schema_name": thing.name.schema,
    }
    return {key: value for key, value in {**parameters, **found}.items() if value is not None}


def _schedule(text: str | None) -> dict[str, Any] | None:
    if text is None or not text.upper().startswith("USING CRON"):
        return _duration(text)
    *_, zone = fields = text.split()
    return {"schedule_type": _CRON, "cron_expr": " ".join(fields[2:-1]), "timezone": zone}


def _duration(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    minutes, seconds = divmod(int(schedule.duration(text).total_seconds()), _SECONDS)
    return {"schedule_type": _MINUTES, "minutes": minutes, "seconds": seconds}


def graph_run(row: dict[str, Any]) -> dict[str, Any]:
    """A row of CURRENT_TASK_GRAPHS or COMPLETE_TASK_GRAPHS as the API returns it."""
    found = {key.lower(): _plain(value) for key, value in row.items() if key not in _NOT_IN_REST}
    # The client insists on a next time; a graph without a schedule has none, and repeats the one it had.
    found["next_scheduled_time"] = found["next_scheduled_time"] or found["scheduled_time"]
    return {key: value for key, value in found.items() if value is not None}


_NOT_IN_REST = {"SCHEDULED_FROM", "ATTEMPT_NUMBER", "CONFIG", "GRAPH_RUN_GROUP_ID"}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
