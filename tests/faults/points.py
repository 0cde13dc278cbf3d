"""Which faults at which requests of which deliveries: all of them but those that show what another one shows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from deploy.graph.graph import CLASSIC, TASK_GRAPH
from tests.faults.deliveries import BAD, NEW, OLD, OLDER, Version
from tests.faults.rules import FOREVER, Fault, Request, Rule, ordinary, statements

KILLED = frozenset({Fault.KILL, Fault.KILL_AFTER, Fault.LATE})
_EXPIRED = frozenset({Fault.EXPIRE, Fault.EXPIRE_MASTER})
# What happens once Snowflake has done its part: at a request that changes nothing, it is what happens before as well.
_AFTER = frozenset({Fault.KILL_AFTER, Fault.LATE, Fault.DROP, Fault.STALL_REPLY})
RECOVERIES = ("again", "status", "rollback")


@dataclass(frozen=True)
class Scenario:
    """A delivery: what is there before it, what it delivers (a rollback: nothing), and on which backend.

    `was` is the backend that holds the graph before.
    """

    name: str
    before: tuple[Version, ...]
    delivers: Version | None
    backend: str
    was: str

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.name} to {self.backend}" if self.was != self.backend else f"{self.name}, {self.backend}"

    @property
    def fails(self) -> bool:
        """Whether the release does not pass its smoke run."""
        return self.delivers == BAD

    @property
    def recoveries(self) -> tuple[str, ...]:
        """The commands that may follow: there has to be something to roll back to."""
        return RECOVERIES if self.before else RECOVERIES[:2]


_KINDS = {
    "first deploy": ((), NEW),
    "redeploy": ((OLDER, OLD), NEW),
    "rollback": ((OLDER, OLD, NEW), None),  # so that there is something to go back to after it, too
    "failing release": ((OLDER, OLD), BAD),
    "move": ((OLDER, OLD), NEW),
}
SCENARIOS = tuple(
    Scenario(name, *what, backend, other if name == "move" else backend)
    for name, what in _KINDS.items()
    for backend, other in ((CLASSIC, TASK_GRAPH), (TASK_GRAPH, CLASSIC))
)


@dataclass(frozen=True)
class Trouble:
    """A fault, at how many requests in a row, and whether the client's own retries meet it too."""

    fault: Fault
    times: int = 1
    retries: bool = False

    @property
    def title(self) -> str:
        """For people."""
        return self.fault.name + (", for long" if self.away else "") + (", and retries" if self.retries else "")

    @property
    def away(self) -> bool:
        """Whether Snowflake cannot be reached any more: nobody can end a delivery then."""
        return self.times == FOREVER

    @property
    def kills(self) -> bool:
        """Whether the deliverer does not live on."""
        return self.fault in KILLED

    def may_meet(self, request: Request) -> bool:
        """Whether it shows something at such a request that no other trouble shows."""
        if self.fault in _EXPIRED:
            return request.path.startswith("/queries/")
        return changes(request) or self.fault not in _AFTER or (self.fault is Fault.DROP and not self.retries)

    def rule(self, at: int, selects: Callable[[Request], bool]) -> Rule:
        """It, at this request of those that are selected; if it is for long, at all that follow."""
        if self.away:
            return Rule(self.fault, 1, FOREVER, selects=_since(at, selects))
        return Rule(self.fault, at, self.times, self.retries, selects)


def _since(at: int, selects: Callable[[Request], bool]) -> Callable[[Request], bool]:
    """Select every request from this one of those that are selected."""
    left = at

    def begun(request: Request) -> bool:
        nonlocal left
        left -= left > 0 and selects(request)
        return left == 0 and ordinary(request)

    return begun


def polls(request: Request) -> bool:
    """Whether it follows the smoke run: of those that do, the first stands for all."""
    return request.poll


def steps(request: Request) -> bool:
    """Whether it is one of those of which every delivery of a kind has the same number."""
    return ordinary(request) and not request.poll


TROUBLES = (
    Trouble(Fault.REFUSE, FOREVER),  # the longest first
    Trouble(Fault.KILL),
    Trouble(Fault.KILL_AFTER),
    Trouble(Fault.LATE),
    Trouble(Fault.REFUSE),
    Trouble(Fault.DROP),
    Trouble(Fault.DROP, retries=True),
    Trouble(Fault.UNAVAILABLE),
    Trouble(Fault.STALL),
    Trouble(Fault.STALL_REPLY),
    Trouble(Fault.EXPIRE),
    Trouble(Fault.EXPIRE_MASTER),
)


def changes(request: Request) -> bool:
    """Whether it may change anything, as all do but those that are known to read or to sign in."""
    if not statements(request):
        return request.method == "PUT"
    return "DECLARE part_0" not in request.words and not request.words.startswith(("LIST ", "GET ", "PUT ", "SELECT "))


@dataclass(frozen=True)
class Point:
    """A trouble at one request of a delivery, and the command that follows.

    `at` counts the requests that are no polls; 0 is the first poll.
    """

    scenario: Scenario
    trouble: Trouble
    at: int
    recovery: str

    def __str__(self) -> str:
        where = f"request {self.at}" if self.at else "a poll"
        return f"{self.scenario.title}: {self.trouble.title} at {where}, then {self.recovery}"

    @property
    def rule(self) -> Rule:
        """What goes wrong at which of the requests."""
        return self.trouble.rule(self.at, steps) if self.at else self.trouble.rule(1, polls)


def points(
    scenario: Scenario, requests: Sequence[Request], troubles: Iterable[Trouble] = TROUBLES, *, every: bool = False
) -> Iterator[Point]:
    """Every trouble at every request of a delivery; the commands that follow take turns.

    Requests that change nothing are asked again by the same lines in every delivery, so the redeploys stand for the
    others there, unless it is `every` one that is wanted. Kills come everywhere.
    """
    for number, trouble in enumerate(troubles):
        for at, request in _numbered(requests).items():
            shown = every or changes(request) or trouble.fault is Fault.KILL or scenario.name == "redeploy"
            if shown and trouble.may_meet(request):
                yield Point(scenario, trouble, at, scenario.recoveries[(at + number) % len(scenario.recoveries)])


def _numbered(requests: Sequence[Request]) -> dict[int, Request]:
    """The requests that are no polls from 1, and a poll at 0, if there is one."""
    waiting = [request for request in requests if polls(request)][:1]
    return dict(enumerate(waiting)) | dict(enumerate(filter(steps, requests), start=1))


def sample(plain: Mapping[Scenario, Sequence[Request]], chance: random.Random) -> list[Point]:
    """A point of each of these deliveries, each with another trouble."""
    return [
        chance.choice(list(points(scenario, plain[scenario], [trouble], every=True)))
        for scenario, trouble in zip(plain, chance.sample(TROUBLES, len(plain)), strict=True)
    ]


def one_of_each_kind(chance: random.Random) -> list[Scenario]:
    """A first deploy, a redeploy and so on, each on one of the backends."""
    return [chance.choice([each for each in SCENARIOS if each.name == name]) for name in _KINDS]
