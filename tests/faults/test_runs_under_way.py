"""A deploy while a run of the graph is under way: that run keeps its release to its end, whatever the deploy does."""

import contextlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import pytest

from deploy.delivery.delivery import PROCEED, REFUSE, WAIT
from deploy.graph.graph import TASK_GRAPH
from tests.conftest import DAY
from tests.faults import races, small_releases
from tests.faults.callers import Ended
from tests.faults.cases import Cases, Site
from tests.faults.small_releases import ROOT, Terms

PATIENT = 60
today = random.Random(DAY)


@dataclass
class Scene:
    """A schema with a release in use, and a run of it that has begun."""

    cases: Cases
    site: Site
    backend: str
    run: str

    def deliver(self, when_running: str, seconds: int = PATIENT) -> Ended:
        """Deliver another release."""
        terms = Terms(self.backend, when_running=when_running, deadline_seconds=seconds)
        ended = self.cases.callers.run(small_releases.deliver, self.site, "new", terms)
        assert ended.well, ended.error
        return ended

    def await_end(self) -> None:
        """Wait for the end of the run."""
        where = f"TABLE({self.site.database}.INFORMATION_SCHEMA.CURRENT_TASK_GRAPHS())"
        while self.cases.rows(f"SELECT 1 FROM {where} WHERE TO_VARCHAR(graph_run_group_id) = '{self.run}'"):
            time.sleep(0.1)

    def returned(self) -> dict[str, str]:
        """What the tasks of the run returned."""
        rows = self.history("name, return_value", f"TO_VARCHAR(graph_run_group_id) = '{self.run}'")
        return {name.removeprefix(ROOT).lstrip("$"): value for name, value in rows}

    @property
    def ended(self) -> datetime:
        """When the run's last task had ended."""
        ours = f"TO_VARCHAR(graph_run_group_id) = '{self.run}'"
        return self.history("MAX(completed_time)", ours)[0][0]

    @property
    def changed(self) -> datetime:
        """When the deploy made its new task."""
        where = f"{self.site.database}.{self.site.schema}"
        return self.cases.rows(f"SHOW TASKS LIKE '%ONLY_NEW' IN SCHEMA {where}")[0][0]

    def history(self, columns: str, condition: str) -> list[tuple[object, ...]]:
        where = f"TABLE({self.site.database}.INFORMATION_SCHEMA.TASK_HISTORY(RESULT_LIMIT => 10000))"
        return self.cases.rows(
            f"SELECT {columns} FROM {where} WHERE schema_name = '{self.site.schema}' AND {condition}"
        )


@contextlib.contextmanager
def under_way(cases: Cases, backend: str, seconds: float) -> Iterator[Scene]:
    """A run of a release whose first task takes so many seconds."""
    prepare = partial(small_releases.set_up_with, name="old", terms=Terms(backend, seconds=seconds))
    with cases.site(prepare) as site:
        word = "TASK GRAPH" if backend == TASK_GRAPH else "TASK"
        cases.rows(f"EXECUTE {word} {site.schema}.{ROOT}")
        where = f"TABLE({site.database}.INFORMATION_SCHEMA.CURRENT_TASK_GRAPHS()) WHERE schema_name = '{site.schema}'"
        sql = f"SELECT TO_VARCHAR(graph_run_group_id) FROM {where} AND state = 'EXECUTING'"
        while not (found := cases.rows(sql)):
            time.sleep(0.05)
        yield Scene(cases, site, backend, found[0][0])


OLD = dict.fromkeys(("", "FIRST", "ONLY_OLD", "LAST", "REPORT"), small_releases.digest("old"))


@pytest.mark.parametrize("backend", races.BACKENDS)
def test_every_task_of_the_run_is_of_the_old_release_though_a_deploy_goes_on_beside_it(
    cases: Cases, backend: str
) -> None:
    with under_way(cases, backend, seconds=5) as scene:
        assert scene.deliver(PROCEED).value["release"] == small_releases.digest("new")
        scene.await_end()
        assert scene.changed < scene.ended
        assert scene.returned() == OLD
        assert list(small_releases.differences(cases.look(scene.site), "new", backend)) == []


def test_a_deploy_that_waits_changes_nothing_before_the_end_of_the_run(cases: Cases) -> None:
    with under_way(cases, today.choice(races.BACKENDS), seconds=2) as scene:
        assert f"a run of the graph is under way, run {scene.run}" in scene.deliver(WAIT).value["said"]
        assert scene.returned() == OLD
        assert scene.changed > scene.ended


def test_a_deploy_that_refuses_or_has_waited_for_too_long_names_the_run_and_has_changed_nothing(cases: Cases) -> None:
    with under_way(cases, today.choice(races.BACKENDS), seconds=60) as scene:
        before = cases.look(scene.site)
        refused, late = scene.deliver(REFUSE).value, scene.deliver(WAIT, seconds=2).value
        assert f"a run of the graph is under way: run {scene.run}, since" in refused["error"]
        assert (refused["exit_code"], refused["next"]) == (1, "python -m deploy status --env dev")
        assert f"a run of the graph did not end in time: run {scene.run}, since" in late["error"]
        assert (late["exit_code"], late["next"].endswith("--when-running proceed")) == (1, True)
        assert cases.look(scene.site) == before
        cases.rows(f"SELECT SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS('{scene.site.schema}.{ROOT}')")
