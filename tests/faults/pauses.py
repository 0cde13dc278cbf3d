"""A deploy that is stopped in the middle, as by the lid of a laptop, and goes on when somebody else has taken over."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.faults import small_releases
from tests.faults.callers import Ended
from tests.faults.cases import Case, Cases, Site
from tests.faults.observing import Observation
from tests.faults.proxy import Proxy
from tests.faults.races import BACKENDS, Row
from tests.faults.rules import Fault, Rule
from tests.faults.small_releases import Terms

FAULTS = (Fault.PAUSE, Fault.PAUSE_AFTER)
_AT_ONCE = 4
_LEASE = 2
_EARLIER, _LATE, _OTHER = "earlier", "ann", "ben"
_SIGN_IN, _READ = 1, 2


@dataclass(frozen=True)
class Pause:
    """A deploy is stopped at its request k, before Snowflake hears of it or when the work is done."""

    backend: str
    fault: Fault
    at: int

    @property
    def knows_nothing(self) -> bool:
        """Whether it is stopped before it has seen anything: it may go on as if it had begun later."""
        return self.at == _SIGN_IN or (self.at == _READ and self.fault is Fault.PAUSE)


@dataclass(frozen=True)
class Outcome:
    """What became of the late one and of the other, and what was there before the late one went on and after."""

    pause: Pause
    late: Ended
    other: Ended
    between: Observation
    after: Observation
    struck: bool


def pauses(cases: Cases, backends: Iterable[str] = BACKENDS) -> list[Row]:
    """Stop a redeploy at each of its requests, on each backend."""
    return [row(cases, backend, _every(cases, backend)) for backend in backends]


def row(cases: Cases, backend: str, chosen: Iterable[Pause]) -> Row:
    """Run these, several at a time."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        outcomes = list(threads.map(partial(run, cases), chosen))
    broken = tuple(f"{outcome.pause}: {breach}" for outcome in outcomes for breach in breaches(outcome))
    return Row("a paused holder", backend, len(outcomes), broken)


def _every(cases: Cases, backend: str) -> list[Pause]:
    plain = cases.run(Case(_step(_LATE, backend), prepare=_prepared(backend)))
    return [Pause(backend, fault, at) for at in range(1, len(plain.seen) + 1) for fault in FAULTS]


def run(cases: Cases, pause: Pause) -> Outcome:
    """Stop a deploy, let another one come to its end, then let the first go on."""
    with cases.site(_prepared(pause.backend)) as site:
        caller = cases.callers.new()
        with Proxy(site.snowflake.port, Rule(pause.fault, pause.at), caller=caller.pid) as proxy:
            with ThreadPoolExecutor(1) as thread:
                late = thread.submit(caller.run, _step(_LATE, pause.backend), site.behind(proxy))
                _await_stop(proxy, late)
                other = _meanwhile(cases, site, pause.backend)
                between = cases.look(site)
                proxy.release()
                proxy.signal(signal.SIGCONT)
            return Outcome(pause, late.result(), other, between, cases.look(site), bool(proxy.struck))


def _await_stop(proxy: Proxy, late: Future[Ended]) -> None:
    while not proxy.stopped.wait(0.01) and not late.done():
        pass


def _meanwhile(cases: Cases, site: Site, backend: str) -> Ended:
    return cases.callers.run(_step(_OTHER, backend), site)


def _prepared(backend: str) -> Any:
    return partial(small_releases.set_up_with, name=_EARLIER, terms=Terms(backend))


def _step(name: str, backend: str) -> Any:
    terms = Terms(backend, lease_seconds=_LEASE if name == _LATE else 60, run="1" if name == _LATE else "2", actor=name)
    return partial(small_releases.deliver, name=name, terms=terms)


# ---- what must be so
def breaches(outcome: Outcome) -> Iterator[str]:
    """Say what is wrong; nothing if all is as it must be."""
    if not outcome.struck:
        yield "nobody was stopped"
    for who, ended in {_LATE: outcome.late, _OTHER: outcome.other}.items():
        if not ended.well:
            yield f"{who} ended badly: {ended.error or ended}"
            return
    if "release" not in outcome.other.value:
        yield f"the other one did not deliver: {outcome.other.value}"
    passed = [row for row in outcome.after.history if row["verdict"] == "passed"]
    last = max(passed, key=lambda row: row["recorded_at"])["commit_id"]
    yield from small_releases.differences(outcome.after, last, outcome.pause.backend)
    yield from _late(outcome)


def _late(outcome: Outcome) -> Iterator[str]:
    """The late one changes nothing any more and says who took over, unless it was done, or had not begun."""
    value = outcome.late.value
    recorded = _LATE in {row["commit_id"] for row in outcome.after.history if row["verdict"] == "passed"}
    if "release" in value:
        done = _LATE in {row["commit_id"] for row in outcome.between.history if row["verdict"] == "passed"}
        if not recorded or not (done or outcome.pause.knows_nothing):
            yield f"it says that it delivered: {value['said']}"
        return
    if outcome.between != outcome.after:
        yield f"it changed something: {outcome.after}"
    if value["exit_code"] != 1 or not re.search(
        rf"by ADMIN \({_OTHER}\) in \S+/runs/2, since \d{{4}}-", value["error"]
    ):
        yield f"it does not say who took over: {value}"
    fenced = _LATE in {row["commit_id"] for row in outcome.after.history if row["verdict"] == "interrupted"}
    if fenced and outcome.pause.fault is Fault.PAUSE and value["kind"] != "LockLostError":
        yield f"it had the lock, and ends with {value['kind']}: {value['error']}"
