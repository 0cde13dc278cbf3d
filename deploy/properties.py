"""The properties of a task: their SQL names, where the DAG API keeps them, where SHOW TASKS shows them, their text.

SHOW TASKS does not show all of them, and SHOW PARAMETERS costs a request for each task. What is not shown is written
at the end of the task's comment, so one request reads a whole graph:

    Trains the model. [deploy {"USER_TASK_TIMEOUT_MS": 600000}]
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from deploy.graph import TaskSpec, Value
from deploy.sql_text import identifier, keyword, literal

_NOTE = re.compile(r"\s*\[deploy (\{.*\})\]$", re.DOTALL)
_SECONDS_A_MINUTE = 60


@dataclass(frozen=True)
class Property:
    """One property of CREATE TASK.

    `attribute` is its name in snowflake.core's DAG and DAGTask; `column` its name in SHOW TASKS, if it is there.
    """

    name: str
    attribute: str
    column: str = ""
    normal: Callable[[Any], Value] = lambda value: value
    text: Callable[[Any], str] = literal


def schedule(value: Any) -> str:
    """Return a schedule in one spelling: `USING CRON <fields> <zone>` or `<n> MINUTE` (or SECOND)."""
    if isinstance(value, timedelta):
        return _interval(int(value.total_seconds()))
    if not isinstance(value, str):
        return f"USING CRON {' '.join(value.expr.split())} {value.timezone}"
    words = value.split()
    if words[:2] == ["USING", "CRON"]:
        return " ".join(words)
    return _interval(int(words[0]) * {"S": 1, "M": _SECONDS_A_MINUTE, "H": 3600}[words[1][0].upper()])


def _interval(seconds: int) -> str:
    whole = seconds % _SECONDS_A_MINUTE == 0
    return f"{seconds // _SECONDS_A_MINUTE} MINUTE" if whole else f"{seconds} SECOND"


def config(value: str | Mapping[str, Any]) -> str:
    """Return a graph's CONFIG in one spelling: JSON with its keys in order."""
    return json.dumps(json.loads(value) if isinstance(value, str) else value, sort_keys=True)


def definition(text: str) -> str:
    """Return a task's text without what Snowflake may trim: outer white space, a last semicolon, carriage returns."""
    return text.replace("\r\n", "\n").strip().rstrip(";").rstrip()


def condition(text: str) -> str:
    """Return a WHEN condition with its white space outside of string constants folded."""
    parts = re.split(r"('(?:[^'\\]|''|\\.)*')", text)
    return "".join(part if index % 2 else re.sub(r"\s+", " ", part) for index, part in enumerate(parts)).strip()


def _name(value: Any) -> str:
    return str(value).strip('"')


def _plain(value: Any) -> str:
    return str(getattr(value, "value", value))


PROPERTIES = (
    Property("WAREHOUSE", "warehouse", "warehouse", _name, identifier),
    Property("USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE", "user_task_managed_initial_warehouse_size"),
    Property("SCHEDULE", "schedule", "schedule", schedule),
    Property("CONFIG", "config", "config", config),
    Property("OVERLAP_POLICY", "overlap_policy", normal=_plain, text=keyword),
    Property("USER_TASK_TIMEOUT_MS", "user_task_timeout_ms"),
    Property("SUSPEND_TASK_AFTER_NUM_FAILURES", "suspend_task_after_num_failures"),
    Property("ERROR_INTEGRATION", "error_integration", "error_integration", _name, identifier),
    Property("SUCCESS_INTEGRATION", "success_integration", normal=_name, text=identifier),
    Property("TASK_AUTO_RETRY_ATTEMPTS", "task_auto_retry_attempts"),
    Property("TARGET_COMPLETION_INTERVAL", "target_completion_interval", normal=schedule),
    Property("SERVERLESS_TASK_MIN_STATEMENT_SIZE", "serverless_task_min_statement_size"),
    Property("SERVERLESS_TASK_MAX_STATEMENT_SIZE", "serverless_task_max_statement_size"),
)
_BY_NAME = {known.name: known for known in PROPERTIES}


def collect(read: Callable[[Property], Any]) -> tuple[tuple[str, Value], ...]:
    """Return the properties that `read` has a value for, normalised, in the order of the table above."""
    values = ((known, read(known)) for known in PROPERTIES)
    return tuple((known.name, known.normal(value)) for known, value in values if not _absent(value))


def _absent(value: Any) -> bool:
    # Cron compares itself with nothing but Cron, so `value in (...)` will not do.
    return value is None or (isinstance(value, str) and value in ("", "null"))


def clauses(task: TaskSpec) -> list[str]:
    """Return the properties as clauses of CREATE TASK; the comment, with what SHOW TASKS leaves out, is the last."""
    values = dict(task.properties)
    shown = [f"{name} = {_BY_NAME[name].text(value)}" for name, value in values.items() if name in _BY_NAME]
    hidden = {name: value for name, value in values.items() if name in _BY_NAME and not _BY_NAME[name].column}
    comment = str(values.get("COMMENT", ""))
    return [*shown, f"COMMENT = {literal(_with_note(comment, hidden))}"] if comment or hidden else shown


def _with_note(comment: str, hidden: Mapping[str, Value]) -> str:
    return f"{comment} [deploy {json.dumps(hidden, sort_keys=True)}]".strip() if hidden else comment


def read_comment(text: str | None) -> tuple[str, dict[str, Value]]:
    """Return a comment as SHOW TASKS returns it: what a person wrote, and the properties that were noted behind it."""
    note = _NOTE.search(text or "")
    return (text[: note.start()], json.loads(note.group(1))) if note and text else (text or "", {})
