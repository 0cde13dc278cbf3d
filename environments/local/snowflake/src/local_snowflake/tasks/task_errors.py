"""What ERROR_INTEGRATION of a root task sends for each task that failed in a run.

https://docs.snowflake.com/en/user-guide/tasks-errors
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import now
from ..kernel.errors import does_not_exist, invalid, unsupported
from ..kernel.names import Name
from ..kernel.tokens import Tokens
from ..notifications import sending
from ..notifications.integrations import QUEUE, WORD

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..kernel.session import Session
    from .history import GraphRun, TaskRun


def read(session: Session, key: str, written: str) -> str:
    """The integration that ERROR_INTEGRATION names: a queue that the session may use.

    Raises:
        SnowflakeError: 002003, 003001; 001008 for an e-mail or webhook integration; 000002 for SUCCESS_INTEGRATION.

    """
    name = Name("", "", Tokens(written).name()[-1])
    if session.account.catalogue.find(WORD, name) is None:
        raise does_not_exist("Integration", name)
    if key == "SUCCESS_INTEGRATION":
        raise unsupported("SUCCESS_INTEGRATION")
    if session.get(WORD, name, "USAGE").properties["type"] != QUEUE:
        raise invalid(f"Integration '{name}' is not a queue: {key} takes one with TYPE = QUEUE, DIRECTION = OUTBOUND.")
    return name.name


def send(account: Account, holder: Object, run: GraphRun, failed: Iterable[TaskRun]) -> None:
    """Tell of each failed task; nothing where the graph names no integration, or its owner may not use it now."""
    named = holder.properties.get("error_integration")
    integration = account.catalogue.find(WORD, Name("", "", named)) if named else None
    if integration is None or not integration.properties["enabled"]:
        return
    if not account.access.holds({holder.owner}, "USAGE", WORD, integration.name, integration.owner):
        return
    for task in failed:
        name = run.root.sibling(task.name)
        about = {"name": str(name), "graph_run_group_id": str(run.group), "attempt_number": run.attempt}
        sending.post(account, integration, json.dumps(_message(run, task, name)), "TASK", about)


def _message(run: GraphRun, task: TaskRun, name: Name) -> dict[str, Any]:
    return {
        "version": "1.0",
        "messageId": str(uuid.uuid4()),
        "messageType": "USER_TASK_FAILED",
        "timestamp": now().isoformat(),
        "accountName": "LOCAL",
        "taskName": str(name),
        "rootTaskName": str(run.root),
        "messages": [
            {
                "runId": str(run.run_id),
                "scheduledTime": str(task.scheduled),
                "queryStartTime": str(task.started),
                "completedTime": str(task.completed),
                "queryId": str(task.query_id),
                "errorCode": task.error_code,
                "errorMessage": task.error_message,
            }
        ],
    }
