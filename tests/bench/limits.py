"""What a deploy promises, held against the cells that were measured."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.bench.deploys import DAG_OPERATION, EVERY, FRESH, ONE, OURS, UNCHANGED, UPLOAD, UPLOAD_AGAIN, Cell

# The size at which we are held against DAGOperation.
_TASKS, _ROUND_TRIP, _FACTOR = 100, 50, 50
_TASKS_A_REQUEST = 250


@dataclass(frozen=True)
class Promise:
    """Something promised, what was found, and whether it holds."""

    text: str
    found: str
    holds: bool


def most_requests(what: str, tasks: int) -> int:
    """How many requests, after the sign-in, a deploy of ours may take."""
    return {UNCHANGED: 3, ONE: 5, FRESH: 5 + math.ceil(tasks / _TASKS_A_REQUEST)}[what]


def promises(cells: Sequence[Cell]) -> Iterator[Promise]:
    """Return those that the measured cells can tell."""
    ours = [cell for cell in cells if cell.deployer in OURS]
    for what, text in (
        (UNCHANGED, "redeploy unchanged: at most 3 requests"),
        (ONE, "one task changed: at most 5 requests"),
        (FRESH, "fresh: at most 5 requests, and one more for each 250 tasks"),
    ):
        yield _requests(text, what, [cell for cell in ours if cell.what == what])
    files = [cell.files for cell in ours if cell.what == UPLOAD]
    yield Promise("tasks share the wheel: it and its manifest are uploaded once", _shown(files), set(files) == {2})
    again = [cell.file_bytes for cell in ours if cell.what == UPLOAD_AGAIN]
    yield Promise("an unchanged payload uploads 0 bytes", _shown(again), not any(again))
    yield from _faster(cells)


def _requests(text: str, what: str, cells: Sequence[Cell]) -> Promise:
    holds = all(cell.requests <= most_requests(what, cell.tasks) for cell in cells)
    found = {cell.tasks: max(c.requests for c in cells if c.tasks == cell.tasks) for cell in cells}
    return Promise(text, ", ".join(f"{n} at {tasks} tasks" for tasks, n in found.items()), holds)


def _shown(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, sorted(set(numbers))))


def _faster(cells: Sequence[Cell]) -> Iterator[Promise]:
    """Sign-in and sign-out are in neither figure."""
    here = {c.deployer: c for c in cells if (c.tasks, c.round_trip, c.what) == (_TASKS, _ROUND_TRIP, EVERY)}
    if DAG_OPERATION not in here:
        return
    for deployer in OURS:
        factor = here[DAG_OPERATION].seconds / here[deployer].seconds
        text = f"{deployer}: redeploy of {_TASKS} tasks at {_ROUND_TRIP} ms {_FACTOR} times faster than DAGOperation"
        yield Promise(text, f"{factor:.0f} times", factor >= _FACTOR)
