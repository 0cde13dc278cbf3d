"""A task's properties: their SQL names, where the DAG API keeps them, where SHOW TASKS shows them, their statements.

SHOW TASKS does not show all of them, and SHOW PARAMETERS costs a request for each task. What is not shown is written
at the end of the task's comment, so one request reads a whole graph:

    Trains the model. [deploy {"USER_TASK_TIMEOUT_MS": 600000}]
"""

import itertools
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from deploy import names
from deploy.account.sql import identifier, keyword, literal
from deploy.graph.graph import TaskSpec, Value
from ml_pipeline.config import Environment
from ml_pipeline.parameters import OF_TASKS

_NOTE = re.compile(r"\s*\[deploy (\{.*\})\]$", re.DOTALL)
_SECONDS_A_MINUTE = 60


@dataclass(frozen=True)
class Property:
    """One property of CREATE TASK.

    `attribute` is its name in snowflake.core's DAG and DAGTask; `column` its name in SHOW TASKS, if it is there. One
    that is `graph_wide` only a root has: a TASK GRAPH object says it for its root, and SHOW TASK GRAPHS shows it. A
    `parameter` is shown by SHOW PARAMETERS, at the cost of one statement for each task. One that is `altered` has no
    place in CREATE OR ALTER TASK, but in ALTER TASK.
    """

    name: str
    attribute: str
    column: str = ""
    graph_wide: bool = False
    parameter: bool = False
    altered: bool = False
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


def _every(value: Any) -> str:
    """Return a schedule as a constant, an interval with the unit as the documentation writes it: '90 MINUTES'."""
    return literal(f"{value}S" if re.fullmatch(r"\d+ (MINUTE|SECOND)", str(value)) else value)


def _name(value: Any) -> str:
    return str(value).strip('"')


def _plain(value: Any) -> str:
    return str(getattr(value, "value", value))


def _typed_as(default: Value) -> Callable[[Any], Value]:
    """Return how to read what SHOW PARAMETERS shows of a parameter such as this."""
    return (lambda value: str(value).lower() == "true") if isinstance(default, bool) else type(default)


PROPERTIES = (
    Property("WAREHOUSE", "warehouse", "warehouse", normal=_name, text=identifier),
    Property("USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE", "user_task_managed_initial_warehouse_size", parameter=True),
    Property("SCHEDULE", "schedule", "schedule", graph_wide=True, normal=schedule, text=_every),
    Property("CONFIG", "config", "config", graph_wide=True, normal=config),
    Property("OVERLAP_POLICY", "overlap_policy", graph_wide=True, normal=_plain, text=keyword),
    Property("USER_TASK_TIMEOUT_MS", "user_task_timeout_ms", parameter=True, normal=int),
    *(Property(name, "", parameter=True, normal=_typed_as(value)) for name, value in OF_TASKS.items()),
    Property(
        "SUSPEND_TASK_AFTER_NUM_FAILURES",
        "suspend_task_after_num_failures",
        parameter=True,
        graph_wide=True,
        normal=int,
    ),
    Property("ERROR_INTEGRATION", "error_integration", "error_integration", normal=_name, text=identifier),
    Property("SUCCESS_INTEGRATION", "success_integration", normal=_name, text=identifier),
    Property("TASK_AUTO_RETRY_ATTEMPTS", "task_auto_retry_attempts", parameter=True, graph_wide=True, normal=int),
    Property("TARGET_COMPLETION_INTERVAL", "target_completion_interval", altered=True, normal=schedule, text=_every),
    Property("SERVERLESS_TASK_MIN_STATEMENT_SIZE", "serverless_task_min_statement_size", parameter=True, altered=True),
    Property("SERVERLESS_TASK_MAX_STATEMENT_SIZE", "serverless_task_max_statement_size", parameter=True, altered=True),
)
"""In the order of CREATE OR ALTER TASK, where the comment and FINALIZE stand before TASK_AUTO_RETRY_ATTEMPTS.

https://docs.snowflake.com/en/sql-reference/sql/create-task
"""
GRAPH_WIDE = frozenset(known.name for known in PROPERTIES if known.graph_wide)
# What Snowflake takes for a root that does not say it, and what a TASK GRAPH object shows then. It is written out, so
# that it reads the same however it came there, and an account's own defaults change nothing.
_ROOT_DEFAULTS: dict[str, Value] = {
    "OVERLAP_POLICY": "NO_OVERLAP",
    "SUSPEND_TASK_AFTER_NUM_FAILURES": 10,
    "TASK_AUTO_RETRY_ATTEMPTS": 0,
}
# What a task's session would have of its account otherwise: likewise.
_DEFAULTS: dict[str, Value] = dict(OF_TASKS)
_LAST = "TASK_AUTO_RETRY_ATTEMPTS"  # of CREATE OR ALTER TASK's properties, behind the comment
_BY_NAME = {known.name: known for known in PROPERTIES}


def collect(read: Callable[[Property], Any], *, root: bool = False) -> tuple[tuple[str, Value], ...]:
    """Return the properties that `read` has a value for, normalised, in the order of the table above.

    A task has the session parameters that it needs, and a root all of those that have a default.
    """
    defaults = _DEFAULTS | _ROOT_DEFAULTS if root else _DEFAULTS
    found = []
    for known in PROPERTIES:
        value = read(known)
        # Cron compares itself with nothing but Cron, so `value in (...)` will not do.
        if value is None or (isinstance(value, str) and value in ("", "null")):
            value = defaults.get(known.name)
        if value is not None:
            found.append((known.name, known.normal(value)))
    return tuple(found)


def create_or_alter(environment: Environment, task: TaskSpec, *, without: Collection[str] = ()) -> str:
    """Make a task what its specification says, whether it is there or not, as far as one statement can.

    `without` names what the task does not say itself, because the graph's own object says it: properties, FINALIZE
    and WHEN.
    """
    after = ", ".join(names.named(environment, name) for name in task.predecessors)
    finalized = names.named(environment, task.finalizes) if task.finalizes and "FINALIZE" not in without else ""
    said = [
        *clauses(task, finalized, without),
        *([f"AFTER {after}"] if after else []),
        *([f"WHEN {task.condition}"] if task.condition and "WHEN" not in without else []),
    ]
    head = f"CREATE OR ALTER TASK {names.named(environment, task.name)}"
    return "\n  ".join([head, *said]) + f"\nAS\n{task.definition}"


def statements(
    environment: Environment, task: TaskSpec, old: TaskSpec | None, *, without: Collection[str] = ()
) -> list[str]:
    """Make a task, which is `old` now, what its specification says, in as many statements as that takes: usually one.

    What CREATE OR ALTER TASK has no place for, ALTER TASK sets, and takes back where only the old task has it.
    """
    name, given = names.named(environment, task.name), _altered(task)
    gone = [each for each in (_altered(old) if old else {}) if each not in given]
    return [
        *([f"ALTER TASK {name} UNSET " + ", ".join(gone)] if gone else []),
        create_or_alter(environment, task, without=without),
        *([" ".join((f"ALTER TASK {name} SET", *itertools.starmap(_clause, given.items())))] if given else []),
    ]


def drops(environment: Environment, tasks: Collection[TaskSpec]) -> list[str]:
    """Drop tasks, successors first."""
    return [f"DROP TASK IF EXISTS {names.named(environment, task.name)}" for task in reversed(list(tasks))]


def clauses(task: TaskSpec, finalized: str = "", without: Collection[str] = ()) -> list[str]:
    """Return the properties as clauses of CREATE OR ALTER TASK, in its order, those in `without` left out.

    The comment notes what SHOW TASKS leaves out. `finalized` is the quoted name of the root that the task finalizes.
    """
    values = {name: value for name, value in task.properties if name in _BY_NAME and name not in without}
    hidden = {
        name: value for name, value in values.items() if not _BY_NAME[name].column and _DEFAULTS.get(name) != value
    }
    comment = "" if "COMMENT" in without else str(task.values.get("COMMENT", ""))
    if hidden:
        comment = f"{comment} [deploy {json.dumps(hidden, sort_keys=True)}]".strip()
    found = []
    said = (name for name in values if name != _LAST and not _BY_NAME[name].altered)
    for is_list, group in itertools.groupby(said, key=OF_TASKS.__contains__):
        texts = [_clause(name, values[name]) for name in group]
        found += [", ".join(texts)] if is_list else texts  # session parameters are a list, and one clause
    return [
        *found,
        *([f"COMMENT = {literal(comment)}"] if comment else []),
        *([f"FINALIZE = {finalized}"] if finalized else []),
        *([_clause(_LAST, values[_LAST])] if _LAST in values else []),
    ]


def _clause(name: str, value: Value) -> str:
    return f"{name} = {_BY_NAME[name].text(value)}"


def _altered(task: TaskSpec) -> dict[str, Value]:
    return {name: value for name, value in task.properties if name in _BY_NAME and _BY_NAME[name].altered}


def session_clause() -> str:
    """Return the session parameters of a task that is no part of the graph."""
    return ", ".join(f"{name} = {literal(value)}" for name, value in OF_TASKS.items())


def graph_clauses(root: TaskSpec) -> list[str]:
    """Return a root's properties as clauses of CREATE TASK GRAPH, which shows all that it is told."""
    values = root.values
    shown = [_clause(name, value) for name, value in values.items() if name in GRAPH_WIDE]
    return [*shown, *([f"COMMENT = {literal(values['COMMENT'])}"] if "COMMENT" in values else [])]


def read_comment(text: str | None) -> tuple[str, dict[str, Value]]:
    """Return a comment as SHOW TASKS returns it: what a person wrote, and the properties that were noted behind it."""
    note = _NOTE.search(text or "")
    return (text[: note.start()], json.loads(note.group(1))) if note and text else (text or "", {})
