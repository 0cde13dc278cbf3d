"""Workers: processes that run points, each with a local Snowflake of its own, as one of them uses one core only."""

from __future__ import annotations

import itertools
import math
import multiprocessing
import queue
import tempfile
import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tests.conftest import start, stop
from tests.faults import baseline, deliveries
from tests.faults.callers import Callers, load
from tests.faults.cases import Cases
from tests.faults.points import SCENARIOS, Point, Scenario
from tests.faults.rules import Request
from tests.faults.sweeps import Result, Sweeper

_DATABASE = "SWEEPS"
_PATIENCE = 5.0
_AT_ONCE = 8  # most of them wait


class TaskError(RuntimeError):
    """A task that could not be run: about what, and the traceback."""


class Workers:
    """So many processes; a context."""

    def __init__(self, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._tasks, self._answers = context.Queue(), context.Queue()
        self._processes = [context.Process(target=_work, args=(self._tasks, self._answers)) for _ in range(count)]

    def __enter__(self) -> Self:
        for process in self._processes:
            process.start()
        return self

    def __exit__(self, *_: object) -> None:
        for _ in range(len(self._processes) * _AT_ONCE):
            self._tasks.put(None)
        for process in self._processes:
            process.join(60)

    def plain(self) -> dict[Scenario, tuple[Request, ...]]:
        """The requests of each delivery to which nothing happens."""
        return dict(self._all([("plain", scenario) for scenario in SCENARIOS]))

    def run(self, points: Iterable[Point], seconds: float = math.inf) -> Iterator[Result]:
        """What came of points, in the order in which they ended. After so many seconds, no other is begun."""
        for _, result in self._all([("run", point) for point in points], time.monotonic() + seconds):
            yield result

    def kills_of_the_baseline(self) -> baseline.Kills:
        """What becomes of Snowflake's own deployer when it is killed at each request."""
        ((_, kills),) = self._all([("baseline", None)])
        return kills

    def _all(self, tasks: list[tuple[str, Any]], end: float = math.inf) -> Iterator[tuple[Any, Any]]:
        waiting = iter(tasks)
        under_way = 0
        for task in itertools.islice(waiting, len(self._processes) * _AT_ONCE):
            self._tasks.put(task)
            under_way += 1
        while under_way:
            about, answer = self._next()
            if isinstance(answer, TaskError):
                raise answer
            task = next(waiting, None) if time.monotonic() < end else None
            if task:
                self._tasks.put(task)
            under_way -= not task
            yield about, answer

    def _next(self) -> tuple[Any, Any]:
        while True:
            try:
                return self._answers.get(timeout=_PATIENCE)
            except queue.Empty:
                if any(process.exitcode for process in self._processes):
                    raise TaskError("a worker has ended: what it said is above") from None


def _work(tasks: Any, answers: Any) -> None:
    """In the worker: run tasks, several at once, until there are no more."""
    with account() as cases, tempfile.TemporaryDirectory() as dist:
        sweeper = Sweeper(cases, Path(dist))
        sweeper.whole  # noqa: B018 - before the threads want it
        threads = [threading.Thread(target=_serve, args=(cases, sweeper, tasks, answers)) for _ in range(_AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _serve(cases: Cases, sweeper: Sweeper, tasks: Any, answers: Any) -> None:
    does = {"plain": sweeper.plain, "run": sweeper.run, "baseline": lambda _: baseline.kills(cases)}
    while task := tasks.get():
        what, about = task
        try:
            answers.put((about, does[what](about)))
        except Exception:  # noqa: BLE001 - whatever it was, who asked is told
            answers.put((about, TaskError(f"{about}: {traceback.format_exc()}")))


@contextmanager
def account() -> Iterator[Cases]:
    """A local Snowflake that is set up for deliveries, and callers with all imports done."""
    load()
    with tempfile.TemporaryDirectory() as home, Callers() as callers:
        process, server = start(Path(home), "--scale", "0.001")
        try:
            deliveries.set_up(server, _DATABASE)
            with Cases(callers, server, _DATABASE) as cases:
                yield cases
        finally:
            stop(process)
