"""What must hold whatever went wrong: of the graph at any moment, and of everything once a command has ended well."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.faults.observing import Observation, Row

Deployed = tuple[Any, ...]


def shape(found: Observation) -> Deployed:
    """All that counts of the graph. What a TASK GRAPH holds together is on or off with it: its members' states are old.

    Its root must be off on its own, or it would run beside the graph.
    """
    tasks, started, *graphs = found.deployed
    return tasks, started & found.graphs.keys() if found.graphs else started, *graphs


@dataclass(frozen=True)
class Whole:
    """How a whole graph of each release looks, its schedule on: by digest, and by what holds it together."""

    graphs: Mapping[tuple[str, str], Deployed]

    def is_there(self, digest: str, found: Observation) -> bool:
        """Whether that is this release, whole, on either backend."""
        return any(known == digest and graph == shape(found) for (known, _), graph in self.graphs.items())

    def is_committed(self, digest: str, found: Observation) -> bool:
        """Whether the committed version is this release, whole."""
        return any(known == digest and graph[-1] == found.committed for (known, _), graph in self.graphs.items())


def at_any_moment(found: Observation, whole: Whole) -> Iterator[str]:
    """What is wrong though nobody promised to have ended: a schedule that runs something else than what passed."""
    used = in_use(found)
    if "started" in found.running.values() and not whole.is_committed(used, found):
        yield f"the schedule runs a committed version that is not release {used[:8]}"
    if any(found.tasks[name]["schedule"] for name in found.started) and not whole.is_there(used, found):
        yield f"the schedule runs a graph that is not release {used[:8]}"


def at_the_end(found: Observation, whole: Whole) -> Iterator[str]:
    """What is wrong when a command has ended well."""
    used = in_use(found)
    if used and not whole.is_there(used, found):
        yield f"the graph is not release {used[:8]}, which is recorded as the one in use, whole with its schedule on"
    if not used and (found.tasks or found.graphs):
        yield f"nothing is in use, but there are {sorted(found.tasks)}"
    yield from _lock(found.lock)
    yield from _history(found.history)


def in_use(found: Observation) -> str:
    """The digest of the last entry that passed."""
    passed = [row for row in found.history if row["verdict"] == "passed"]
    return max(passed, key=_order)["digest"] if passed else ""


def _order(row: Row) -> tuple[Any, ...]:
    return row["fence"], row["recorded_at"]


def _lock(lock: Row | None) -> Iterator[str]:
    if lock is None:
        return
    if lock["expires_at"] > datetime.datetime.now(datetime.UTC):
        yield "the lock is held"
    if lock["journal"]:
        yield "the journal is not empty"


def _history(rows: tuple[Row, ...]) -> Iterator[str]:
    keys = [(row["fence"], row["action"], row["verdict"], row["digest"]) for row in rows]
    yield from (f"recorded twice: {key}" for key in sorted({key for key in keys if keys.count(key) > 1}))
    for fence in {row["fence"] for row in rows}:
        passed = [row["digest"] for row in rows if row["fence"] == fence and row["verdict"] == "passed"]
        if len(passed) > 1:
            yield f"one delivery passed twice: {passed}"


def interrupted(between: Observation, after: Observation) -> Iterator[str]:
    """What is wrong with the record of a delivery that left its journal behind."""
    lock = between.lock
    if not (lock and lock["journal"]):
        return
    told = [row for row in after.history if row["verdict"] == "interrupted"]
    if not told:
        yield "the delivery that did not end is not recorded as interrupted"
