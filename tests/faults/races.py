"""Two deploys of one schema at about the same time, from two processes that know nothing of each other."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from deploy.graph.graph import CLASSIC, TASK_GRAPH
from tests.faults import small_releases
from tests.faults.callers import Ended
from tests.faults.cases import Case, Cases, Site
from tests.faults.observing import Observation
from tests.faults.proxy import Proxy, Seen
from tests.faults.small_releases import Terms

ROUND_TRIP = 0.02
OFFSETS = 200
BACKENDS = (CLASSIC, TASK_GRAPH)
_AT_ONCE = 3
_EARLIER, _RIVALS = "earlier", ("ann", "ben")
# Whoever meets a live lock looks at it four times in a lease.
_LEASE = 8


@dataclass(frozen=True)
class Race:
    """Two deploys: who begins, how many seconds the other one is behind, and whether something is in use already."""

    backend: str
    first: str
    offset: float
    live: bool

    @property
    def second(self) -> str:
        """The other one."""
        return next(name for name in _RIVALS if name != self.first)


@dataclass(frozen=True)
class Finish:
    """What became of a race: how each deploy ended, when each had the lock, and what is there."""

    race: Race
    ended: dict[str, Ended]
    held: dict[str, tuple[float, float]]
    after: Observation
    mixed: tuple[str, ...]

    @property
    def winners(self) -> list[str]:
        """Those whose release was in use at some time."""
        return [name for name, ended in self.ended.items() if ended.well and "release" in ended.value]

    @property
    def losers(self) -> list[str]:
        """Those who were told that they came too late."""
        return [name for name, ended in self.ended.items() if ended.well and "error" in ended.value]


@dataclass(frozen=True)
class Row:
    """A sweep in figures: at how many points all was well, and what was wrong at the others."""

    what: str
    backend: str
    points: int
    broken: tuple[str, ...]


def races(cases: Cases, backends: Iterable[str] = BACKENDS, offsets: int = OFFSETS) -> list[Row]:
    """Race at so many offsets, spread over the length of a deploy, on each backend."""
    return [row(cases, backend, spread(backend, _length(cases, backend), offsets)) for backend in backends]


def row(cases: Cases, backend: str, chosen: Iterable[Race]) -> Row:
    """Run these races, several at a time."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        finishes = list(threads.map(partial(run, cases), chosen))
    broken = tuple(f"{finish.race}: {breach}" for finish in finishes for breach in breaches(finish))
    return Row("two deploys at once", backend, len(finishes), broken)


def _length(cases: Cases, backend: str) -> float:
    """How many seconds a deploy takes while as many others are under way as in a race."""
    case = Case(_step(_RIVALS[0], backend), prepare=small_releases.set_up, round_trip=ROUND_TRIP)
    return max(outcome.delivered.seconds for outcome in cases.sweep([case] * _AT_ONCE))


def spread(backend: str, length: float, offsets: int) -> list[Race]:
    """Races with offsets from none to the whole length; each of the two begins, with and without a release in use."""
    kinds = itertools.cycle(itertools.product(_RIVALS, (False, True)))
    steps = (length * number / max(1, offsets - 1) for number in range(offsets))
    return [Race(backend, first, offset, live) for offset, (first, live) in zip(steps, kinds, strict=False)]


def run(cases: Cases, race: Race) -> Finish:
    """Let two deploys race."""
    prepare = prepared(race.backend) if race.live else small_releases.set_up
    with cases.site(prepare) as site, Proxy(site.snowflake.port, round_trip=ROUND_TRIP) as one:
        with Proxy(site.snowflake.port, round_trip=ROUND_TRIP) as two:
            order, proxies = (race.first, race.second), (one, two)
            ended = _raced(cases, race, [site.behind(proxy) for proxy in proxies])
            held = {name: span for name, proxy in zip(order, proxies, strict=True) if (span := _held(proxy.counted))}
        return Finish(race, dict(zip(order, ended, strict=True)), held, cases.look(site), _mixed(cases, site))


def prepared(backend: str) -> Any:
    """What puts an earlier release there."""
    return partial(small_releases.set_up_with, name=_EARLIER, terms=Terms(backend))


def _step(name: str, backend: str) -> Any:
    terms = Terms(backend, lease_seconds=_LEASE, run=_run_of(name), actor=name)
    return partial(small_releases.deliver, name=name, terms=terms)


def _run_of(name: str) -> str:
    return str(_RIVALS.index(name) + 1)


def _raced(cases: Cases, race: Race, sites: Sequence[Site]) -> list[Ended]:
    callers = [cases.callers.new(), cases.callers.new()]

    def started(number: int) -> Ended:
        time.sleep(race.offset * number)
        name = (race.first, race.second)[number]
        return callers[number].run(_step(name, race.backend), sites[number])

    with ThreadPoolExecutor(len(sites)) as threads:
        return list(threads.map(started, range(len(sites))))


def _held(seen: Sequence[Seen]) -> tuple[float, float] | None:
    """When somebody had the lock: from the first request behind a fence to the end of the last."""
    fenced = [each for each in seen if "DEPLOY_LOCK_LOST" in each.request.words]
    if not fenced:
        return None
    return fenced[0].at, fenced[-1].at + (fenced[-1].seconds or 0)


def _mixed(cases: Cases, site: Site) -> tuple[str, ...]:
    """The graph runs whose tasks did not all return one digest."""
    history = f"TABLE({site.database}.INFORMATION_SCHEMA.TASK_HISTORY(RESULT_LIMIT => 10000))"
    rows = cases.rows(
        f"SELECT TO_VARCHAR(graph_run_group_id), LISTAGG(DISTINCT return_value, ', ') FROM {history} "
        f"WHERE schema_name = '{site.schema}' GROUP BY 1 HAVING COUNT(DISTINCT return_value) <> 1"
    )
    return tuple(f"run {group}: {digests}" for group, digests in rows)


# ---- what must be so
def breaches(finish: Finish) -> Iterator[str]:
    """Say what is wrong; nothing if all is as it must be."""
    for name, ended in finish.ended.items():
        if not ended.well:
            yield f"{name} ended badly: {ended.error or ended}"
    yield from finish.mixed
    yield from _untold(finish)
    yield from _record(finish)
    yield from _end(finish)


def _untold(finish: Finish) -> Iterator[str]:
    """The loser is told who was first, since when and from which run, and has changed nothing."""
    for name in finish.losers:
        rival, answer = next(other for other in _RIVALS if other != name), finish.ended[name].value
        told = (
            rf"by ADMIN \({rival}\) in https://github.com/o/r/actions/runs/{_run_of(rival)}, since \d{{4}}-\d\d-\d\d "
        )
        if not re.search(told, answer["error"]):
            yield f"{name} is not told by whom it lost: {answer['error']}"
        if answer["exit_code"] != 1 or "python -m deploy status" not in answer["next"]:
            yield f"{name} ended with {answer}"
        if name in finish.held:
            yield f"{name} had the lock, and lost"


def _record(finish: Finish) -> Iterator[str]:
    """Each winner is recorded once, with a fence of its own, and no loser; one had the lock after the other."""
    history = finish.after.history
    recorded = [row["commit_id"] for row in history if row["commit_id"] != _EARLIER]
    if sorted(recorded) != sorted(finish.winners) or any(row["verdict"] != "passed" for row in history):
        yield f"won: {finish.winners}, recorded: {[(row['commit_id'], row['verdict']) for row in history]}"
    fences = [row["fence"] for row in sorted(history, key=lambda row: row["recorded_at"])]
    if fences != sorted(set(fences)):
        yield f"the fences are {fences}"
    if len(finish.held) == len(_RIVALS):
        first, second = sorted(finish.held.values())
        if second[0] < first[1]:
            yield f"both had the lock: {finish.held}"


def _end(finish: Finish) -> Iterator[str]:
    """What is recorded last is there, whole and with its schedule on, and nobody has the lock."""
    if not finish.winners:
        yield f"nobody won: {[ended.value for ended in finish.ended.values()]}"
        return
    last = max(finish.after.history, key=lambda row: row["recorded_at"])["commit_id"]
    yield from small_releases.differences(finish.after, last, finish.race.backend)
