"""Sweeps: each fault at each request of each delivery, and what the deliverer and the next command make of it."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from deploy.deployed import CLASSIC, TASK_GRAPH
from tests.faults import deliveries, laws
from tests.faults.cases import Case, Cases, Outcome, Step
from tests.faults.deliveries import BAD, NEW, OLD, OLDER, Said, Version
from tests.faults.laws import Whole
from tests.faults.rules import FOREVER, Fault, Rule

KILLED = frozenset({Fault.KILL, Fault.KILL_AFTER, Fault.LATE})


@dataclass(frozen=True)
class Scenario:
    """A delivery: what is there before it, what it delivers, and from which backend to which."""

    name: str
    before: tuple[Version, ...]
    delivers: Version | None
    backend: str
    was: str

    @property
    def title(self) -> str:
        """For people."""
        return (
            f"{self.name}, {self.backend}" if self.was == self.backend else f"{self.name}, {self.was} to {self.backend}"
        )

    @property
    def fails(self) -> bool:
        """Whether the release does not pass its smoke run."""
        return self.delivers is BAD


def scenarios() -> tuple[Scenario, ...]:
    """All of them, on both backends and from one to the other."""
    kinds = {
        "first deploy": ((), NEW),
        "redeploy": ((OLDER, OLD), NEW),
        "rollback": ((OLDER, OLD), None),
        "failing release": ((OLDER, OLD), BAD),
    }
    both = (CLASSIC, TASK_GRAPH)
    stays = [Scenario(name, *what, backend, backend) for name, what in kinds.items() for backend in both]
    moves = [Scenario("move", *kinds["redeploy"], backend, was) for was, backend in (both, both[::-1])]
    return (*stays, *moves)


@dataclass(frozen=True)
class Trouble:
    """A fault, how often in a row, and whether the client's own retries meet it too."""

    fault: Fault
    times: int = 1
    retries: bool = False

    @property
    def title(self) -> str:
        """For people."""
        return self.fault.name + (" for long" if self.times > 1 else "") + (" and retries" if self.retries else "")

    @property
    def away(self) -> bool:
        """Whether Snowflake cannot be reached any more: nobody can end a delivery then."""
        return self.times == FOREVER

    def rule(self, at: int) -> Rule:
        """It, at this request."""
        return Rule(self.fault, at, self.times, self.retries)


TROUBLES = (
    Trouble(Fault.KILL),
    Trouble(Fault.KILL_AFTER),
    Trouble(Fault.LATE),
    Trouble(Fault.REFUSE),
    Trouble(Fault.REFUSE, FOREVER),
    Trouble(Fault.DROP),
    Trouble(Fault.DROP, retries=True),
    Trouble(Fault.UNAVAILABLE),
    Trouble(Fault.STALL),
    Trouble(Fault.STALL_REPLY),
    Trouble(Fault.EXPIRE),
    Trouble(Fault.EXPIRE_MASTER),
)


@dataclass(frozen=True)
class Point:
    """One case of a sweep."""

    scenario: Scenario
    trouble: Trouble
    at: int
    recovery: str


@dataclass(frozen=True)
class Result:
    """What came of a point: what was wrong, and whether a deliverer that lived on gave up."""

    point: Point
    wrong: tuple[str, ...]
    aborted: bool
    seconds: float
    struck: str = ""


RECOVERIES = ("again", "status", "rollback")


@dataclass
class Sweeper:
    """Runs points against one local Snowflake."""

    cases: Cases
    dist: Path
    _whole: Whole | None = field(default=None)

    @property
    def whole(self) -> Whole:
        """How each release looks when it is put into an empty schema, on each backend."""
        if self._whole is None:
            wanted = list(itertools.product((OLDER, OLD, NEW), (CLASSIC, TASK_GRAPH)))
            cases = [Case(_nothing, prepare=self._prepared((version,), backend)) for version, backend in wanted]
            found = self.cases.sweep(cases)
            self._whole = Whole(
                {
                    (version.digest, backend): laws.shape(outcome.before)
                    for (version, backend), outcome in zip(wanted, found, strict=True)
                }
            )
        return self._whole

    def plain(self, scenario: Scenario) -> Outcome:
        """The scenario without a fault."""
        return self.cases.run(self._case(scenario))

    def run(self, point: Point) -> Result:
        """Run one point and judge it."""
        case = dataclasses.replace(
            self._case(point.scenario),
            rule=point.trouble.rule(point.at),
            recover=self._recovery(point.scenario, point.recovery),
        )
        outcome = self.cases.run(case)
        return Result(
            point,
            tuple(judged(point, outcome, self.whole)),
            point.trouble.fault not in KILLED and not _as_without(point, outcome),
            outcome.delivered.seconds,
            "; ".join(
                f"{s.number} {s.request.method} {s.request.path} {s.request.words[:60]}" for s in outcome.struck[:1]
            ),
        )

    def _case(self, scenario: Scenario) -> Case:
        prepare = self._prepared(scenario.before, scenario.was)
        return Case(self._delivery(scenario), prepare=prepare)

    def _prepared(self, versions: tuple[Version, ...], backend: str) -> Step:
        return partial(deliveries.prepare, versions=versions, backend=backend, dist=self.dist)

    def _delivery(self, scenario: Scenario) -> Step:
        if scenario.delivers is None:
            return partial(deliveries.rollback, backend=scenario.backend)
        return partial(deliveries.release, version=scenario.delivers, backend=scenario.backend, dist=self.dist)

    def _recovery(self, scenario: Scenario, name: str) -> Step:
        if name == "again":
            return self._delivery(scenario)
        return partial(getattr(deliveries, name), backend=scenario.backend)


def _nothing(_: object) -> None:
    """Deliver nothing: what was prepared is looked at."""


def judged(point: Point, outcome: Outcome, whole: Whole) -> Iterator[str]:
    """What is wrong with what came of a point."""
    if not outcome.struck:
        yield "nothing went wrong: the delivery made too few requests"
    if point.trouble.fault in KILLED and not outcome.delivered.killed:
        yield f"was not killed: {outcome.delivered}"
    if point.trouble.fault not in KILLED:
        yield from _said(point, outcome)
    yield from (f"between: {law}" for law in laws.at_any_moment(outcome.between, whole))
    if outcome.recovered:
        said = outcome.recovered.value
        if not isinstance(said, Said) or said.exit_code not in _allowed(point):
            yield f"the next command did not end well: {outcome.recovered}"
        yield from laws.interrupted(outcome.between, outcome.after)
    yield from laws.at_the_end(outcome.after, whole)


def _allowed(point: Point) -> set[int]:
    return {0, 1} if point.scenario.fails and point.recovery == "again" else {0}


def _said(point: Point, outcome: Outcome) -> Iterator[str]:
    """A deliverer that lives on ends, and says how."""
    said = outcome.delivered.value
    if not isinstance(said, Said):
        yield f"ended without a word: {outcome.delivered}"
    elif said.exit_code and "\nnext: python -m deploy" not in said.error:
        yield f"does not say what to type next: {said.error}"


def _as_without(point: Point, outcome: Outcome) -> bool:
    said = outcome.delivered.value
    if not isinstance(said, Said):
        return False
    return (
        said.exit_code == 1 and "division by zero" in said.error.lower()
        if point.scenario.fails
        else said.exit_code == 0
    )


def points(scenario: Scenario, trouble: Trouble, requests: int) -> list[Point]:
    """A point at each request; the commands that follow take turns."""
    recoveries = RECOVERIES if scenario.before else RECOVERIES[:2]
    return [Point(scenario, trouble, at, recoveries[at % len(recoveries)]) for at in range(1, requests + 1)]
