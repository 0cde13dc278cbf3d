"""A graph run for people: a live table on a terminal, elsewhere a line for each change, and Markdown in the end."""

import contextlib
import json
import os
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from deploy.graph.graph import Graph
from deploy.smoke.runs import BROKEN, SKIPPED, SUCCEEDED, GraphRun, TaskRun
from deploy.smoke.smoke import Show

if TYPE_CHECKING:
    from rich.table import Table

_COLOURS = {SUCCEEDED: "green", SKIPPED: "dim", "EXECUTING": "yellow"} | dict.fromkeys(BROKEN, "red")
_SIGNS = {SUCCEEDED: "✅", SKIPPED: "-"} | dict.fromkeys(BROKEN, "❌")
_LONGEST_ERROR = 500  # characters in a cell; the log has all of it


@contextlib.contextmanager
def showing(graph: Graph, stream: TextIO) -> Iterator[Show]:
    """Show a run of this graph while the context lasts."""
    # Some runners of workflows, such as act, have a terminal that nobody sees.
    if not stream.isatty() or os.environ.get("CI"):
        yield lines(stream)
        return
    from rich.console import Console
    from rich.live import Live

    with Live(table(graph, GraphRun()), console=Console(file=stream), auto_refresh=False) as live:
        yield lambda run: live.update(table(graph, run), refresh=True)


def lines(stream: TextIO) -> Show:
    """Print a line when a task's state changes."""
    seen: dict[str, tuple[int, str]] = {}
    start = time.monotonic()

    def show(run: GraphRun) -> None:
        for task in run.tasks:
            if seen.get(task.name) != (task.attempt, task.state):
                print(f"  {time.monotonic() - start:6.1f} s  {_line(task)}", file=stream, flush=True)
                seen[task.name] = (task.attempt, task.state)

    return show


def _line(task: TaskRun) -> str:
    parts = [f"{task.state:<10} {task.name}"]
    parts += [f"{task.seconds:.1f} s"] if task.seconds is not None else []
    parts += [f"attempt {task.attempt}"] if task.attempt > 1 else []
    return "  ".join(parts)


def table(graph: Graph, run: GraphRun) -> "Table":
    """Draw every task of the graph with its state in this run."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table("task", "state", "seconds", box=None)
    for spec in graph.tasks:
        task = run.by_name.get(spec.name, TaskRun(spec.name, "-"))
        seconds = f"{task.seconds:.1f}" if task.seconds is not None else ""
        drawn.add_row(task.name, Text(task.state, _COLOURS.get(task.state, "")), seconds)
    return drawn


def summary(graph: Graph, run: GraphRun, title: str) -> str:
    """Return what a smoke run did: every task of the graph, when each was at work, and what the model is worth."""
    parts = [f"### Smoke run of {title}: {run.state}", _tasks(graph, run), _gantt(graph, run), metrics(run)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _tasks(graph: Graph, run: GraphRun) -> str:
    rows = ["| | task | state | seconds | query |", "|---|---|---|---:|---|"]
    for spec in graph.tasks:
        task = run.by_name.get(spec.name, TaskRun(spec.name, "did not run"))
        seconds = "" if task.seconds is None else f"{task.seconds:.1f}"
        state = f"{task.state}: {task.cause[:_LONGEST_ERROR]}" if task.error else task.state
        cells = (_SIGNS.get(task.state, "…"), task.name, state, seconds, task.query_id)
        rows.append("| {} |".format(" | ".join(map(_cell, cells))))
    return "\n".join(rows)


def _cell(text: str) -> str:
    """Keep what a task says from ending its cell, or from being read as HTML."""
    return re.sub(r"\s+", " ", text).replace("|", "\\|").replace("<", "&lt;")


def _gantt(graph: Graph, run: GraphRun) -> str:
    """Return when each task was at work, as a Mermaid chart; nothing if none was."""
    begun = [(task.started, task.seconds, task) for task in run.tasks if task.started and task.seconds is not None]
    if not begun:
        return ""
    lines = ["```mermaid", "gantt", "  dateFormat x", "  axisFormat %M:%S"]
    first = min(started for started, *_ in begun)
    prefix = f"{graph.root.name}$" if graph.root else ""
    for started, seconds, task in sorted(begun, key=lambda each: (each[0], each[2].name)):
        start = round((started - first).total_seconds() * 1000)
        end = start + max(1, round(seconds * 1000))
        label = re.sub(r"[^\w .-]", "_", task.name.removeprefix(prefix))
        lines.append(f"  {label} :{'crit' if task.state in BROKEN else 'done'}, {start}, {end}")
    return "\n".join([*lines, "```"])


def metrics(run: GraphRun) -> str:
    """Return the metrics that tasks returned, as a table; nothing if none did."""
    rows = []
    for task in run.tasks:
        try:
            found = json.loads(task.returned)["metrics"].items()
        except (ValueError, TypeError, KeyError, AttributeError):  # it returned none
            continue
        rows += [
            f"| {_cell(task.name)} | {_cell(str(name))} | {value:.4g} |"
            for name, value in found
            if isinstance(value, int | float)
        ]
    return "\n".join(["| task | metric | value |", "|---|---|---:|", *rows]) if rows else ""
