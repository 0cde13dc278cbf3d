"""A graph run as Markdown for the summary of a workflow: a table, a Gantt chart, and the model's metrics."""

import datetime
import json
import re
from collections.abc import Iterator
from typing import Any

from deploy.graph.graph import Graph
from deploy.smoke.runs import BROKEN, SUCCEEDED, GraphRun, TaskRun

_SIGNS = {SUCCEEDED: "✅", "SKIPPED": "-"} | dict.fromkeys(BROKEN, "❌")
_LONGEST_ERROR = 500  # characters in a cell; the log has all of it


def smoke(graph: Graph, run: GraphRun, title: str) -> str:
    """Return what a smoke run did: every task of the graph, when each was at work, and what the model is worth."""
    parts = [f"### Smoke run of {title}: {run.state}", table(graph, run), gantt(graph, run), metrics(run)]
    return "\n\n".join(part for part in parts if part) + "\n"


def table(graph: Graph, run: GraphRun) -> str:
    """Return a row for each task of the graph."""
    rows = [_row(run.by_name.get(task.name, TaskRun(task.name, "did not run"))) for task in graph.tasks]
    return "\n".join(["| | task | state | seconds | query |", "|---|---|---|---:|---|", *rows])


def _row(task: TaskRun) -> str:
    seconds = "" if task.seconds is None else f"{task.seconds:.1f}"
    state = f"{task.state}: {task.cause[:_LONGEST_ERROR]}" if task.error else task.state
    cells = (_SIGNS.get(task.state, "…"), task.name, state, seconds, task.query_id)
    return "| {} |".format(" | ".join(map(_cell, cells)))


def _cell(text: str) -> str:
    """Keep what a task says from ending its cell, or from being read as HTML."""
    return re.sub(r"\s+", " ", text).replace("|", "\\|").replace("<", "&lt;")


def gantt(graph: Graph, run: GraphRun) -> str:
    """Return when each task was at work, as a Mermaid chart; nothing if none was."""
    begun = [task for task in run.tasks if task.started and task.seconds is not None]
    if not begun:
        return ""
    first = min(task.started for task in begun)
    lines = [_bar(task, first, graph) for task in sorted(begun, key=lambda task: (task.started, task.name))]
    return "\n".join(["```mermaid", "gantt", "  dateFormat x", "  axisFormat %M:%S", *lines, "```"])


def _bar(task: TaskRun, first: datetime.datetime, graph: Graph) -> str:
    start = round((task.started - first).total_seconds() * 1000)
    end = start + max(1, round(task.seconds * 1000))
    prefix = f"{graph.root.name}$" if graph.root else ""
    label = re.sub(r"[^\w .-]", "_", task.name.removeprefix(prefix))
    return f"  {label} :{'crit' if task.state in BROKEN else 'done'}, {start}, {end}"


def metrics(run: GraphRun) -> str:
    """Return the metrics that tasks returned, as a table; nothing if none did."""
    rows = [row for task in run.tasks for row in _metrics(task)]
    return "\n".join(["| task | metric | value |", "|---|---|---:|", *rows]) if rows else ""


def _metrics(task: TaskRun) -> Iterator[str]:
    found = _returned(task).get("metrics")
    for name, value in found.items() if isinstance(found, dict) else ():
        if isinstance(value, int | float):
            yield f"| {_cell(task.name)} | {_cell(str(name))} | {value:.4g} |"


def _returned(task: TaskRun) -> dict[str, Any]:
    try:
        value = json.loads(task.returned)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
