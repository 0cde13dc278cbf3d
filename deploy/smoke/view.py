"""A graph run on a terminal as a live table, elsewhere as a line for each change."""

import contextlib
import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from deploy.graph.graph import Graph
from deploy.smoke.runs import BROKEN, SKIPPED, SUCCEEDED, GraphRun, TaskRun
from deploy.smoke.smoke import Show

if TYPE_CHECKING:
    from rich.table import Table

_COLOURS = {SUCCEEDED: "green", SKIPPED: "dim", "EXECUTING": "yellow"} | dict.fromkeys(BROKEN, "red")
_WAITING = "-"


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
    if task.seconds is not None:
        parts.append(f"{task.seconds:.1f} s")
    if task.attempt > 1:
        parts.append(f"attempt {task.attempt}")
    query = [f"(query {task.query_id})"] if task.query_id else []
    return "  ".join([*parts, task.cause, *query] if task.error else parts)


def table(graph: Graph, run: GraphRun) -> "Table":
    """Draw every task of the graph with its state in this run."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table("task", "state", "seconds", "error", box=None)
    for spec in graph.tasks:
        task = run.by_name.get(spec.name, TaskRun(spec.name, _WAITING))
        seconds = f"{task.seconds:.1f}" if task.seconds is not None else ""
        drawn.add_row(task.name, Text(task.state, _COLOURS.get(task.state, "")), seconds, Text(task.cause))
    return drawn
