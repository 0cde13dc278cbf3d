"""Two deploys of one schema: at the same time, or one after the other had been stopped in the middle.

A sample, another one each day; `make faults` runs all of them.
"""

import dataclasses
import random

import pytest

from deploy.graph.graph import CLASSIC
from tests.conftest import DAY
from tests.faults import pauses, races, small_releases
from tests.faults.cases import Cases
from tests.faults.pauses import Pause
from tests.faults.races import Race

chosen = random.Random(DAY)
SECONDS = 1.5  # as long as a deploy takes, about


@pytest.mark.parametrize("backend", races.BACKENDS)
def test_of_two_deploys_at_once_one_wins_and_the_other_is_told_by_whom_it_lost(cases: Cases, backend: str) -> None:
    offset = round(chosen.uniform(0, SECONDS), 3)
    found = races.row(cases, backend, [Race(backend, "ben", offset, live=chosen.choice((False, True)))])
    assert (found.points, found.broken) == (1, ())


def test_a_deploy_that_was_stopped_and_taken_over_changes_nothing_any_more(cases: Cases) -> None:
    backend = chosen.choice(races.BACKENDS)
    found = pauses.row(cases, backend, [Pause(backend, chosen.choice(pauses.FAULTS), at=chosen.randint(3, 13))])
    assert (found.points, found.broken) == (1, ())


def test_what_is_judged_is_whether_every_task_is_of_the_release(cases: Cases) -> None:
    with cases.site(races.prepared(CLASSIC)) as site:
        found = cases.look(site)
    assert list(small_releases.differences(found, "earlier", CLASSIC)) == []
    one = "SMALL$FIRST"
    mixed = found.tasks | {one: found.tasks[one] | {"definition": "SELECT 1"}}
    assert len(list(small_releases.differences(dataclasses.replace(found, tasks=mixed), "earlier", CLASSIC))) == 1
    asleep = dataclasses.replace(found, started=found.started - {one})
    assert len(list(small_releases.differences(asleep, "earlier", CLASSIC))) == 1
