"""A deploy to which, from some request on, nobody answers any more: it ends at its step's deadline and says which."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from tests.faults import small_releases
from tests.faults.cases import Case, Cases, Outcome
from tests.faults.races import BACKENDS, Row, prepared
from tests.faults.rules import FOREVER, Fault, Request, Rule
from tests.faults.small_releases import Terms

SECONDS, LATER = 3, 2


def reading(request: Request) -> bool:
    """What reads the state, or the graph."""
    return "DECLARE part_0" in request.words


def fenced(request: Request) -> bool:
    """What is done with the lock in hand."""
    return "DEPLOY_LOCK_LOST" in request.words


STEPS: Mapping[str, Callable[[Request], bool]] = {
    "sign in": lambda request: request.path == "/session/v1/login-request",
    "read": reading,
    "lock": lambda request: "MERGE INTO" in request.words or "LET written" in request.words,
    "upload": lambda request: request.method == "PUT",
    "apply": fenced,
}


def stalls(cases: Cases, backends: Iterable[str] = BACKENDS) -> list[Row]:
    """Stall each step of a redeploy, on each backend."""
    return [row(cases, backend, STEPS) for backend in backends]


def row(cases: Cases, backend: str, steps: Iterable[str]) -> Row:
    """Stall these steps for good."""
    names = list(steps)
    deliver = partial(small_releases.deliver, name="new", terms=Terms(backend, deadline_seconds=SECONDS))
    rules = (Rule(Fault.STALL, at=1, times=FOREVER, selects=_from(STEPS[name])) for name in names)
    outcomes = cases.sweep(Case(deliver, rule, prepare=prepared(backend)) for rule in rules)
    told = zip(names, outcomes, strict=True)
    broken = tuple(f"{name}: {breach}" for name, outcome in told for breach in _breaches(name, outcome))
    return Row("a stall", backend, len(names), broken)


def _from(first: Callable[[Request], bool]) -> Callable[[Request], bool]:
    """Select a request and all that follow."""
    begun: list[Request] = []

    def selects(request: Request) -> bool:
        begun.extend([request] if first(request) else [])
        return bool(begun)

    return selects


def _breaches(name: str, outcome: Outcome) -> Iterator[str]:
    answer = outcome.delivered.value
    if not outcome.struck or not answer or "error" not in answer:
        yield f"it did not fail: {outcome.delivered}"
        return
    if f"{name}: no answer within {SECONDS} seconds" not in answer["error"] + answer["said"]:
        yield f"it says {answer['error']}"
    ended = answer["failed_at"] or outcome.delivered.seconds
    if ended - outcome.struck[0].at > SECONDS + LATER:
        yield f"it ended after {ended - outcome.struck[0].at:.1f} seconds"
