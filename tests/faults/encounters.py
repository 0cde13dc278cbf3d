"""What no single fault shows: deploys that meet, holders that pause, steps that stall, grants and secrets.

Each encounter has a local Snowflake of its own in a process of its own.
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from deploy.graph.graph import CLASSIC, TASK_GRAPH
from tests.conftest import start, stop
from tests.faults import baseline, canaries, commands, pauses, races, revocations, stalls
from tests.faults.callers import Callers, load
from tests.faults.cases import Cases
from tests.faults.commands import Account
from tests.faults.races import Row


def rows(processes: int) -> Iterator[list[Row]]:
    """Run all, so many at a time: the rows of each as soon as it has ended."""
    with multiprocessing.get_context("spawn").Pool(processes, maxtasksperchild=1) as pool:
        yield from pool.imap_unordered(encounter, ENCOUNTERS, chunksize=1)


def encounter(name: str) -> list[Row]:
    """Run one."""
    load()
    return ENCOUNTERS[name]()


def _met(play: Callable[[Cases], list[Row]]) -> list[Row]:
    with baseline.account() as cases:
        return play(cases)


def _races(cases: Cases, backend: str) -> list[Row]:
    return races.races(cases, [backend], races.OFFSETS // len(races.BACKENDS))


def _commands() -> list[Row]:
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder, Callers() as callers:
        process, server = start(Path(home), "--scale", "0.001", "--http-issuers")
        try:
            with commands.opened(server, callers, Path(folder), *canaries.RELEASES) as account:
                return _told(account)
        finally:
            stop(process)


def _told(account: Account) -> list[Row]:
    return [revocations.revocations(account), *canaries.canaries(account)]


# The longest first.
ENCOUNTERS: dict[str, Callable[[], list[Row]]] = {
    "two deploys at once, classic": partial(_met, partial(_races, backend=CLASSIC)),
    "two deploys at once, task_graph": partial(_met, partial(_races, backend=TASK_GRAPH)),
    "a paused holder": partial(_met, pauses.pauses),
    "a stall": partial(_met, stalls.stalls),
    "a missing grant, a secret": _commands,
}
