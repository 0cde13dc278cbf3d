"""What failed tasks logged, where the account's event table can be read.

A task's error comes with its run, traceback included. What its code logged or printed is only in the event table, if
the account collects it (LOG_LEVEL, by default off), if this role may read it, and some seconds later.
https://docs.snowflake.com/en/developer-guide/logging-tracing/logging-accessing-messages
"""

from collections.abc import Sequence

from deploy.account.connection import Connection
from deploy.account.gathering import Unread
from deploy.account.sql import literal
from deploy.errors import DeployError
from deploy.smoke.runs import TaskRun

_VIEW = "SNOWFLAKE.TELEMETRY.EVENTS_VIEW"
_READER = "the application role SNOWFLAKE.EVENTS_VIEWER may read it"
_MOST_LINES = 200
_DAYS = 1  # back, so that not the whole table is searched
_SECONDS = 60


def read(connection: Connection, failed: Sequence[TaskRun]) -> tuple[str, ...]:
    """Return what these tasks logged, or why that is not known; nothing if none of them ran."""
    ran = {task.query_id: task.name for task in failed if task.query_id}
    if not ran:
        return ()
    try:
        with connection.step("read the log", _SECONDS):
            found = connection.gather(log=statement(list(ran)))["log"]
    except DeployError as error:
        return (f"{_VIEW} was not read: {error.cause}",)
    if isinstance(found, Unread):
        return (f"{_VIEW} cannot be read ({_READER}): {' '.join(found.message.split())}",)
    lines = [
        f"{row['logged_at']} {ran.get(row['query_id'], '')} {row['severity'] or ''}: {row['line']}" for row in found
    ]
    return tuple(lines) or (f"{_VIEW} has no lines of these tasks, or not yet",)


def statement(query_ids: Sequence[str]) -> str:
    """Read the lines that these queries logged, the oldest first."""
    query_id = "TO_VARCHAR(GET(resource_attributes, 'snow.query.id'))"
    return f"""SELECT {query_id} AS query_id, TO_VARCHAR(timestamp, 'HH24:MI:SS.FF3') AS logged_at,
  TO_VARCHAR(GET(record, 'severity_text')) AS severity, TO_VARCHAR(value) AS line
FROM {_VIEW}
WHERE record_type = 'LOG' AND timestamp >= DATEADD('day', -{_DAYS}, SYSDATE())
  AND {query_id} IN ({", ".join(map(literal, query_ids))})
ORDER BY timestamp LIMIT {_MOST_LINES}"""
