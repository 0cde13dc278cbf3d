"""Deploys of graphs of several sizes over several distances: ours, on both backends, and Snowflake's own in turns.

Snowflake's own deployer, `DAGOperation.deploy`, asks once or more for each task, so its large graphs take minutes: they
are measured with --all only. What was not measured is named; nothing is extrapolated.
"""

import argparse
import importlib
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench import delivering
from tests.bench.delivering import Version
from tests.conftest import start, stop
from tests.faults.callers import Callers
from tests.faults.cases import Cases, Site, Step
from tests.faults.proxy import Proxy, Seen

CLASSIC, TASK_GRAPH, DAG_OPERATION = "ours, classic", "ours, task_graph", "DAGOperation"
OURS = {CLASSIC: "classic", TASK_GRAPH: "task_graph"}
UPLOAD, UPLOAD_AGAIN = "upload", "upload again"
FRESH, UNCHANGED, ONE, EVERY = "fresh", "unchanged", "one task changed", "every task changed"

_DATABASE = "BENCH"
# What the steps import when they need it; each step's process is forked with it.
_IMPORTED = ("snowflake.connector", "snowflake.core.task.dagv1", "jinja2", "deploy.verbs.deliver", "dag.connection")
# From here on DAGOperation takes minutes: tasks times seconds of round trip, or tasks alone.
_LONG_WAY, _LONG = 10.0, 1000
_SHORT, _MOST_RUNS = 100, 3
_LIMIT_SECONDS = 7200


@dataclass(frozen=True)
class Cell:
    """One deployer, one graph, one distance, one kind of deploy.

    Attributes:
        round_trip: milliseconds that each request takes longer.
        requests: after the sign-in.
        seconds: from the answer to the sign-in to the last answer, the median of `runs`.
        whole_seconds: with the graph's description before, and sign-in and sign-out.
        cpu_seconds: of the deployer's own process.
        files, file_bytes: that were uploaded.

    """

    deployer: str
    tasks: int
    round_trip: int
    what: str
    requests: int
    seconds: float
    whole_seconds: float
    cpu_seconds: float
    files: int
    file_bytes: int
    runs: int = 1


@dataclass(frozen=True)
class Size:
    """How many tasks, and how far away, in milliseconds."""

    tasks: int
    round_trip: int

    def __str__(self) -> str:
        return f"{self.tasks} tasks at {self.round_trip} ms"

    @property
    def long_for_dag_operation(self) -> bool:
        """Whether DAGOperation is measured only when all is."""
        return self.tasks >= _LONG or self.tasks * self.round_trip / 1000 > _LONG_WAY


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return the cells, and the names of those that were not measured."""
    sizes = [Size(tasks, trip) for tasks in options.tasks for trip in options.round_trips]
    skipped = [] if options.all else [size for size in sizes if size.long_for_dag_operation]
    with _account() as cases:
        cells = [cell for size in sizes for cell in _size(cases, size, options.runs, own=size not in skipped)]
    return {"cells": [asdict(cell) for cell in cells], "not_measured": [f"{DAG_OPERATION}, {s}" for s in skipped]}


@contextmanager
def _account() -> Iterator[Cases]:
    for name in _IMPORTED:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as home, Callers() as callers:
        process, server = start(Path(home), "--scale", "0.001")
        try:
            with server.connector() as connection:
                connection.cursor().execute(f"CREATE DATABASE {_DATABASE}")
            with Cases(callers, server, _DATABASE) as cases:
                yield cases
        finally:
            stop(process)


def _size(cases: Cases, size: Size, runs: int, *, own: bool) -> list[Cell]:
    """Measure a size: several times, unless it is large; DAGOperation then once only."""
    runs = min(runs, _MOST_RUNS) if size.tasks <= _SHORT else 1
    found: dict[tuple[str, str], list[Cell]] = {}
    for run in range(runs):
        with_own = own and (run == 0 or not size.tasks * size.round_trip)
        for cell in _in_turns(cases, size, own=with_own):
            found.setdefault((cell.deployer, cell.what), []).append(cell)
    return [_median(cells) for cells in found.values()]


def _in_turns(cases: Cases, size: Size, *, own: bool) -> Iterator[Cell]:
    """One kind of deploy after the other, each by all deployers in turns, in schemas of their own."""
    deployers = [*OURS, *([DAG_OPERATION] if own else [])]
    with ExitStack() as stack:
        sites = {}
        for deployer in deployers:
            prepare = partial(delivering.set_up, backend=OURS.get(deployer, "classic"))
            sites[deployer] = stack.enter_context(cases.site(prepare, _LIMIT_SECONDS))
        steps = {deployer: schedule(deployer, size.tasks) for deployer in deployers}
        for what in steps[CLASSIC]:
            for deployer in deployers:
                if what in steps[deployer]:
                    yield played(cases, sites[deployer], steps[deployer][what], (deployer, size, what))


def schedule(deployer: str, tasks: int) -> dict[str, Step]:
    """The deploys of one schema, in order."""
    one, two = Version(tasks, "one"), Version(tasks, "two")
    if deployer == DAG_OPERATION:
        deploy = partial(partial, delivering.snowflakes_own)
        return {FRESH: deploy(version=one), EVERY: deploy(version=two)}
    put = partial(partial, delivering.upload, backend=OURS[deployer])
    deploy = partial(partial, delivering.apply, backend=OURS[deployer])
    return {
        UPLOAD: put(version=one),
        UPLOAD_AGAIN: put(version=one),
        FRESH: deploy(version=one),
        UNCHANGED: deploy(version=one),
        ONE: deploy(version=Version(tasks, "one", edited=True)),
        "upload of another": put(version=two),
        EVERY: deploy(version=two),
    }


def played(cases: Cases, site: Site, step: Step, named: tuple[str, Size, str]) -> Cell:
    deployer, size, what = named
    with Proxy(site.snowflake.port, round_trip=size.round_trip / 1000) as proxy:
        ended = cases.callers.run(step, site.behind(proxy), limit=_LIMIT_SECONDS)
    if not ended.well:
        raise RuntimeError(f"{deployer}, {size}, {what}: {ended}")
    files = [seen for seen in proxy.counted if _carries_a_file(seen)]
    signed_in, *requests = proxy.counted
    return Cell(
        deployer,
        size.tasks,
        size.round_trip,
        what,
        requests=len(requests),
        seconds=max(map(_end, requests)) - _end(signed_in),
        whole_seconds=ended.seconds,
        cpu_seconds=ended.value,
        files=len(files),
        file_bytes=sum(seen.request.length for seen in files),
    )


def _end(seen: Seen) -> float:
    seen.ended.wait()
    return seen.at + (seen.seconds or 0)


def _carries_a_file(seen: Seen) -> bool:
    return seen.request.method == "PUT" and seen.request.path.startswith("/files/")


def _median(cells: list[Cell]) -> Cell:
    """The cells of several runs as one; of numbers of requests that differ, the largest."""
    most = max(cells, key=lambda cell: cell.requests)
    figures = ("seconds", "whole_seconds", "cpu_seconds")
    medians = {name: round(statistics.median(getattr(cell, name) for cell in cells), 3) for name in figures}
    return replace(most, runs=len(cells), **medians)
