"""Cases: a delivery that goes wrong at request k, what it leaves, and what the next command makes of it.

A case's steps are functions of a Site that can be pickled (of a module, with functools.partial for more arguments).
Each runs in a process of its own, in a schema of the case's own. A sweep is a list of cases, run several at a time:

    with Callers() as callers, Cases(callers, snowflake, database) as cases:
        plain = Case(prepare=deploy_old, deliver=deploy_new)
        count = len(cases.run(plain).seen)
        killed = (replace(plain, recover=deploy_new, rule=Rule(Fault.KILL, k)) for k in range(1, count + 1))
        for outcome in cases.sweep(killed):
            assert outcome.after.deployed == ...
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Self

from tests.conftest import LocalSnowflake
from tests.faults.callers import Callers, Ended
from tests.faults.observing import Observation, observe
from tests.faults.proxy import Proxy, Seen
from tests.faults.rules import Rule

_AT_ONCE = 6
_TRIES = 3  # to prepare a case


@dataclass(frozen=True)
class Site:
    """Where a step plays: Snowflake's address, or the proxy's before it, and the case's schema."""

    snowflake: LocalSnowflake
    database: str
    schema: str

    @property
    def parameters(self) -> dict[str, Any]:
        """The connector's keyword arguments, as the administrator."""
        return {**self.snowflake.parameters, "database": self.database, "schema": self.schema}

    def behind(self, proxy: Proxy) -> Site:
        """The same schema, reached through the proxy."""
        return replace(self, snowflake=replace(self.snowflake, port=proxy.port))


Step = Callable[[Site], Any]


@dataclass(frozen=True)
class Case:
    """A delivery, and what goes wrong with it.

    Attributes:
        deliver: what the fault meets.
        rule: the fault and the request; None for none.
        prepare: what is there before, if anything.
        recover: the command that follows, through a proxy that only counts.
        finish: one more, when what was held back has arrived.
        round_trip: seconds that each request of `deliver` takes longer.
        limit: seconds that a step may take.

    """

    deliver: Step
    rule: Rule | None = None
    prepare: Step | None = None
    recover: Step | None = None
    finish: Step | None = None
    round_trip: float = 0.0
    limit: float = 60.0


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Attributes:
        before, between, after: the schema when it was prepared, when the delivery had ended, and at the end: after the
            recovery, after what was held back has arrived, and after the last command, if there is one.
        seen: the requests of the delivery that count.
        recovery: those of the recovery.

    """

    case: Case
    before: Observation
    delivered: Ended
    between: Observation
    recovered: Ended | None
    after: Observation
    seen: tuple[Seen, ...]
    recovery: tuple[Seen, ...]

    @property
    def struck(self) -> tuple[Seen, ...]:
        """The requests that went wrong; empty if the delivery made too few."""
        return tuple(seen for seen in self.seen if seen.fault)


class Cases:
    """Runs cases against one local Snowflake, each in a schema of one database; a context."""

    def __init__(self, callers: Callers, snowflake: LocalSnowflake, database: str) -> None:
        self.callers, self._site = callers, Site(snowflake, database, "")
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        self._administrator = self._site.snowflake.connector(database=self._site.database)
        return self

    def __exit__(self, *_: object) -> None:
        self._administrator.close()

    def sweep(self, cases: Iterable[Case], at_once: int = _AT_ONCE) -> list[Outcome]:
        """Run cases, several at a time; their outcomes in the order of the cases."""
        with ThreadPoolExecutor(at_once) as threads:
            return list(threads.map(self.run, cases))

    def run(self, case: Case) -> Outcome:
        """Run one case. Raises RuntimeError when it could not even be prepared."""
        with self.site(case.prepare, case.limit) as site:
            return self._played(case, site)

    @contextlib.contextmanager
    def site(self, prepare: Step | None = None, limit: float = 60) -> Iterator[Site]:
        """A schema of its own, as this step leaves it. Raises RuntimeError if the step does not end well."""
        site = self._prepared(prepare, limit)
        try:
            yield site
        finally:
            self._administrator.cursor().execute(f"DROP SCHEMA {site.schema}")

    def _prepared(self, prepare: Step | None, limit: float) -> Site:
        """A new schema, prepared. On a busy machine that may take another try, which says nothing of what is tested."""
        for _ in range(_TRIES):
            site = replace(self._site, schema=f"CASE_{next(self._numbers)}")
            self._administrator.cursor().execute(f"CREATE SCHEMA {site.schema}")
            prepared = self.callers.run(prepare, site, limit=limit) if prepare else Ended()
            if prepared.well:
                return site
            self._administrator.cursor().execute(f"DROP SCHEMA {site.schema}")
        raise RuntimeError(f"the case could not be prepared: {prepared}")

    def _played(self, case: Case, site: Site) -> Outcome:
        before, caller = self.look(site), self.callers.new()
        with Proxy(site.snowflake.port, case.rule, case.round_trip, caller.pid) as proxy:
            delivered = caller.run(case.deliver, site.behind(proxy), limit=case.limit)
            between = self.look(site)
            recovered, recovery = self._recovery(case, site)
            proxy.release()
            for seen in proxy.struck:
                seen.ended.wait(case.limit)
        if case.finish:
            self.callers.run(case.finish, site, limit=case.limit)
        after = self.look(site)
        return Outcome(case, before, delivered, between, recovered, after, tuple(proxy.counted), recovery)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the administrator is answered."""
        return self._administrator.cursor().execute(sql).fetchall()

    def _recovery(self, case: Case, site: Site) -> tuple[Ended | None, tuple[Seen, ...]]:
        if not case.recover:
            return None, ()
        with Proxy(site.snowflake.port) as proxy:
            recovered = self.callers.run(case.recover, site.behind(proxy), limit=case.limit)
        return recovered, tuple(proxy.counted)

    def look(self, site: Site) -> Observation:
        """What is there now."""
        return observe(self._administrator, site.database, site.schema)
