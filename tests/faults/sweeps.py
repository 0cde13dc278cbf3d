"""Sweeps: points of trouble run and judged: what the deliverer and the next command make of it."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.graph.graph import CLASSIC, TASK_GRAPH
from tests.faults import deliveries, laws
from tests.faults.cases import Case, Cases, Outcome, Step
from tests.faults.deliveries import NEW, OLD, OLDER, Said, Version
from tests.faults.laws import Whole
from tests.faults.points import Point, Scenario
from tests.faults.rules import Fault, Request

# A deliverer that nobody answers waits for the smoke run as long as the graph may take, and then to cancel it.
_LIMIT = 240.0
# Who signs in twice has lost an answer, as can happen on a busy machine: that is not how many requests it takes.
_SIGN_IN, _TRIES = "/session/v1/login-request", 5


@dataclass(frozen=True)
class Result:
    """What came of a point.

    Attributes:
        wrong: the laws that were broken; empty if all came right.
        aborted: whether a deliverer that lived on gave up.
        said: with which words.
        seconds: how long it was at it.

    """

    point: Point
    wrong: tuple[str, ...]
    aborted: bool
    said: str
    seconds: float


class Sweeper:
    """Runs points in schemas of one database, which `deliveries.set_up` has prepared."""

    def __init__(self, cases: Cases, dist: Path) -> None:
        self._cases, self._dist = cases, dist
        self._cases.rows(f"USE ROLE {deliveries.ROLE}")
        deliveries.write(dist)

    @functools.cached_property
    def whole(self) -> Whole:
        """How each release looks when it comes into an empty schema, on each backend."""
        wanted = list(itertools.product((OLDER, OLD, NEW), (CLASSIC, TASK_GRAPH)))
        found = self._cases.sweep(Case(_nothing, prepare=self._prepared((version,), on)) for version, on in wanted)
        looks = [laws.shape(outcome.before) for outcome in found]
        return Whole({(version.digest, on): look for (version, on), look in zip(wanted, looks, strict=True)})

    def plain(self, scenario: Scenario) -> tuple[Request, ...]:
        """Return the requests of a delivery to which nothing happens. Raises RuntimeError if it does not end well."""
        for _ in range(_TRIES):
            outcome = self._cases.run(self._case(scenario))
            wrong = [*laws.at_the_end(outcome.after, self.whole)]
            if wrong or not _as_without(scenario, outcome):
                raise RuntimeError(f"{scenario.title}, undisturbed: {wrong or outcome.delivered}")
            if sum(seen.request.path == _SIGN_IN for seen in outcome.seen) == 1:
                return tuple(seen.request for seen in outcome.seen)
        raise RuntimeError(f"{scenario.title}: this machine is so busy that answers come late without any fault")

    def run(self, point: Point) -> Result:
        """Run one point and judge it."""
        case = self._case(point.scenario)
        # What arrives when all has been put right may take the lock for a dead man: somebody has to take it from him.
        finish = self._status(point.scenario) if point.trouble.fault is Fault.LATE else None
        steps = {"recover": self._recovery(point), "finish": finish}
        outcome = self._cases.run(dataclasses.replace(case, rule=point.rule, **steps))
        said = outcome.delivered.value
        return Result(
            point,
            tuple(judged(point, outcome, self.whole)),
            not point.trouble.kills and not _as_without(point.scenario, outcome),
            said.error if isinstance(said, Said) else "",
            outcome.delivered.seconds,
        )

    def _case(self, scenario: Scenario) -> Case:
        return Case(self._delivery(scenario), prepare=self._prepared(scenario.before, scenario.was), limit=_LIMIT)

    def _prepared(self, versions: tuple[Version, ...], backend: str) -> Step:
        return partial(deliveries.prepare, versions=versions, backend=backend, dist=self._dist)

    def _delivery(self, scenario: Scenario) -> Step:
        if scenario.delivers is None:
            return partial(deliveries.rollback, backend=scenario.backend)
        return partial(deliveries.release, version=scenario.delivers, backend=scenario.backend, dist=self._dist)

    def _recovery(self, point: Point) -> Step:
        if point.recovery == "again":
            return self._delivery(point.scenario)
        if point.recovery == "rollback":
            return partial(deliveries.rollback, backend=point.scenario.backend)
        return self._status(point.scenario)

    def _status(self, scenario: Scenario) -> Step:
        return partial(deliveries.status, backend=scenario.backend)


def _nothing(_: object) -> None:
    """Deliver nothing: what was prepared is looked at."""


def judged(point: Point, outcome: Outcome, whole: Whole) -> Iterator[str]:
    """Say what is wrong with what came of a point."""
    if not outcome.struck:
        yield "nothing happened to it: it made too few requests"
    yield from _end(point, outcome)
    yield from (f"before the next command: {law}" for law in laws.at_any_moment(outcome.between, whole))
    if _as_without(point.scenario, outcome):
        yield from (f"though it said that all is well: {law}" for law in laws.at_the_end(outcome.between, whole))
    said = outcome.recovered.value if outcome.recovered else None
    if not isinstance(said, Said) or said.exit_code not in _allowed(point):
        yield f"the next command did not end well: {outcome.recovered}"
    yield from laws.interrupted(outcome.between, outcome.after)
    yield from laws.at_the_end(outcome.after, whole)


def _end(point: Point, outcome: Outcome) -> Iterator[str]:
    """Say what is wrong with how the deliverer ended: killed, or with an exit code and a word on what to do next."""
    said = outcome.delivered.value
    if point.trouble.kills:
        if not outcome.delivered.killed:
            yield f"it was not killed: {outcome.delivered}"
    elif not isinstance(said, Said):
        yield f"it ended without a word: {outcome.delivered}"
    elif said.exit_code and "\nnext: " not in said.error:
        yield f"it does not say what to do next: {said.error}"


def _allowed(point: Point) -> set[int]:
    return {1} if point.scenario.fails and point.recovery == "again" else {0}


def _as_without(scenario: Scenario, outcome: Outcome) -> bool:
    """Whether it ended as it does when nothing happens to it."""
    said = outcome.delivered.value
    if not isinstance(said, Said):
        return False
    return said.exit_code == 1 and "Division by zero" in said.error if scenario.fails else said.exit_code == 0
