"""What goes wrong with a delivery is made whole by the next command: a sample of what `make faults` sweeps.

It is another one each day and in each workflow run; SWEEP_SEED=<what a failure says> takes the same one again.
"""

import dataclasses
import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.faults import deliveries, laws, points
from tests.faults.callers import Callers
from tests.faults.cases import Cases
from tests.faults.deliveries import OLD
from tests.faults.points import SCENARIOS, TROUBLES
from tests.faults.rules import Request
from tests.faults.sweeps import Sweeper

SEED = os.environ.get("SWEEP_SEED") or os.environ.get("GITHUB_RUN_ID") or datetime.now(UTC).date().isoformat()
_DATABASE = "SWEEPS"


@pytest.fixture(scope="module")
def sweeper(snowflake: Any, callers: Callers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sweeper]:
    deliveries.set_up(snowflake, _DATABASE)
    with Cases(callers, snowflake, _DATABASE) as cases:
        yield Sweeper(cases, Path(tmp_path_factory.mktemp("dist")))


@pytest.mark.timeout(300)
def test_whatever_goes_wrong_the_next_command_makes_it_whole(sweeper: Sweeper) -> None:
    print(f"SWEEP_SEED={SEED}")
    chance = random.Random(SEED)
    chosen = points.one_of_each_kind(chance)
    assert sweeper.whole.graphs
    with ThreadPoolExecutor(6) as threads:
        plain = dict(zip(chosen, threads.map(sweeper.plain, chosen), strict=True))
        results = list(threads.map(sweeper.run, points.sample(plain, chance)))
    assert {str(result.point): result.wrong for result in results if result.wrong} == {}, f"SWEEP_SEED={SEED}"


def test_a_graph_that_is_mixed_asleep_or_not_recorded_is_seen(sweeper: Sweeper) -> None:
    look = laws.shape
    whole = sweeper.whole
    tasks, started, *graphs = whole.graphs[OLD.digest, "classic"]
    entry = {"verdict": "passed", "digest": OLD.digest, "fence": 1, "recorded_at": 1, "action": "release"}
    found = laws.Observation(tasks, started, *graphs, history=(entry,))
    assert look(found) == (tasks, started, *graphs)
    assert [*laws.at_the_end(found, whole), *laws.at_any_moment(found, whole)] == []
    changed = tasks | {"G$B": tasks["G$B"] | {"definition": "SELECT 1"}}
    for broken in (
        dataclasses.replace(found, tasks=changed),
        dataclasses.replace(found, started=started - {"G$B"}),
        dataclasses.replace(found, history=()),
    ):
        assert len(list(laws.at_the_end(broken, whole))) == 1
        assert len(list(laws.at_any_moment(broken, whole))) == 1
    half_asleep = dataclasses.replace(found, started=started - {"G"})  # of its two graphs
    assert len(list(laws.at_any_moment(half_asleep, whole))) == 1
    asleep = dataclasses.replace(found, started=started - {"G", OLD.second})
    assert list(laws.at_any_moment(asleep, whole)) == []
    assert len(list(laws.at_the_end(asleep, whole))) == 1


def test_the_record_and_the_lock_are_judged_too(sweeper: Sweeper) -> None:
    entry = {"verdict": "failed", "digest": OLD.digest, "fence": 1, "recorded_at": 1, "action": "release"}
    held = {"expires_at": datetime.max.replace(tzinfo=UTC), "journal": "{}"}
    found = laws.Observation({}, frozenset(), lock=held, history=(entry, entry))
    assert len(list(laws.at_the_end(found, sweeper.whole))) == 3
    assert len(list(laws.interrupted(found, found))) == 1


def test_a_sample_has_each_kind_of_delivery_and_some_days_have_each_fault() -> None:
    request = Request("POST", "/queries/v1/query-request", words="DEPLOY_LOCK_LOST")
    met = set()
    for seed in range(20):
        chance = random.Random(seed)
        chosen = points.one_of_each_kind(chance)
        found = points.sample(dict.fromkeys(chosen, (request, request)), chance)
        assert len({point.trouble for point in found}) == len(found)
        met |= {point.trouble for point in found}
        assert {point.scenario.name for point in found} == {each.name for each in SCENARIOS}
    assert met == set(TROUBLES)
