"""Smoke runs against the local Snowflake, followed with the real connector."""

import contextlib
import dataclasses
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.account.connection import Connection
from deploy.apply import statements as apply
from deploy.errors import DeployError, LockLostError
from deploy.graph.graph import CLASSIC, TASK_GRAPH, Graph, TaskSpec
from deploy.plan import plan
from deploy.plan.deployed import Deployed
from deploy.records import lock
from deploy.records.lock import Held, Lock
from deploy.smoke import polling, runs, smoke
from ml_pipeline import config
from tests.faults.proxy import Proxy
from tests.faults.rules import Fault, Rule, statements

PROD = config.load("prod", Path(__file__).parents[1] / "environments")


@dataclass
class Target:
    """A schema with a graph, and how to sign in to it."""

    snowflake: object
    environment: config.Environment

    def connect(self, **options):
        place = self.environment.snowflake
        named = {"database": place.database, "schema": place.schema, "warehouse": place.warehouse}
        return Connection(self.environment, lambda: self.snowflake.connector(**named, **options))

    def put(self, connection, *tasks, backend=CLASSIC, retries=0):
        """Make a chain of these statements, and return what is there then and the lock."""
        connection.rows(lock.table(self.environment))
        held = lock.acquire(connection, self.environment, Lock(), None)
        graph = Graph.of(_chain(tasks, retries))
        for batch in apply.batches(self.environment, plan.make(graph, (), backend)):
            held.run(batch)
        (root,) = (row for row in connection.rows("SHOW TASKS") if row["name"] == "SMALL")
        return held, Deployed(graph, root_id=root["id"], backend=backend)

    def groups(self, connection):
        """The graph runs there were, the first one first."""
        history = "TABLE(INFORMATION_SCHEMA.TASK_HISTORY()) WHERE database_name = CURRENT_DATABASE()"
        runs = f"SELECT TO_VARCHAR(graph_run_group_id) AS id, MIN(scheduled_time) AS began FROM {history} GROUP BY id"
        rows = connection.rows(f"{runs} ORDER BY began")
        return [row["id"] for row in rows]


def _chain(texts, retries):
    own = {"TASK_AUTO_RETRY_ATTEMPTS": retries} if retries else {}
    names = ["SMALL", *(f"SMALL${number}" for number in range(len(texts) - 1))]
    for number, (name, text) in enumerate(zip(names, texts, strict=True)):
        properties = {"WAREHOUSE": "COMPUTE_WH", **(own if number == 0 else {})}
        yield TaskSpec(name, text, tuple(names[number - 1 : number]), properties=tuple(sorted(properties.items())))


@pytest.fixture
def target(snowflake, database):
    place = PROD.snowflake.changed(database=database, schema="PUBLIC", warehouse="COMPUTE_WH")
    return Target(snowflake, PROD.changed(snowflake=place))


@pytest.fixture
def connection(target):
    with target.connect() as opened:
        yield opened


@contextlib.contextmanager
def faulty(target, rule):
    """A connection that goes wrong."""
    with Proxy(target.snowflake.port, rule) as proxy, target.connect(port=proxy.port) as opened:
        yield opened
        assert proxy.struck


def shown(_):
    pass


@pytest.mark.parametrize("backend", [CLASSIC, TASK_GRAPH])
def test_a_smoke_run_is_judged_by_its_own_tasks_and_no_other_runs(target, connection, backend):
    held, there = target.put(connection, "SELECT 1", "CALL SYSTEM$WAIT(1)", backend=backend)
    before = len(target.groups(connection))
    connection.rows(apply.execution(target.environment, backend, "SMALL", "{}"))
    verdict = smoke.execute(held, there, shown)
    assert verdict.passed, verdict.reasons
    assert set(verdict.run.by_name) == set(there.graph.by_name)
    _, ours = target.groups(connection)[before:]
    assert verdict.run.group == ours


def test_a_failed_task_is_told_with_its_query_its_error_and_where_its_log_would_be(target, connection):
    held, there = target.put(connection, "SELECT 1", "SELECT 1 / 0", "SELECT 2")
    verdict = smoke.execute(held, there, shown)
    (failed,) = verdict.run.broken
    assert verdict.reasons == (f"SMALL$0 FAILED: 100051: Division by zero (query {failed.query_id})",)
    assert failed.to_dict()["error"] == "100051: Division by zero"
    assert "SNOWFLAKE.TELEMETRY.EVENTS_VIEW cannot be read" in verdict.log[0]


def test_a_failed_run_is_followed_into_its_automatic_retry(target, connection):
    held, there = target.put(connection, "SELECT 1", "SELECT 1 / 0", retries=1)
    verdict = smoke.execute(held, there, shown)
    assert {task.attempt for task in verdict.run.broken} == {2}


@pytest.mark.parametrize("backend", [CLASSIC, TASK_GRAPH])
def test_a_retry_goes_on_from_the_task_that_failed_and_is_judged_as_a_whole(target, connection, backend):
    held, there = target.put(connection, "SELECT 1", "SELECT 2", "SELECT * FROM LATER", "SELECT 3", backend=backend)
    failed = smoke.execute(held, there, shown)
    assert [task.name for task in failed.run.broken] == ["SMALL$1"]
    connection.rows("CREATE TABLE LATER (A INT)")
    again = smoke.execute(held, there, shown, smoke.Start(failed=failed.run))
    assert again.passed, again.reasons
    assert again.run.group == failed.run.group
    assert {task.name: task.attempt for task in again.run.tasks} == {
        "SMALL": 1,
        "SMALL$0": 1,
        "SMALL$1": 2,
        "SMALL$2": 2,
    }


def test_a_run_that_does_not_end_in_time_is_cancelled_and_what_is_unfinished_is_named(target, connection, monkeypatch):
    monkeypatch.setattr(Graph, "timeout_seconds", 1)  # sooner than Snowflake ends it by itself
    held, there = target.put(connection, "SELECT 1", "CALL SYSTEM$WAIT(60)")
    verdict = smoke.execute(held, there, shown)
    assert verdict.reasons[0].endswith("cancelled: SMALL$0 EXECUTING")
    assert verdict.run.by_name["SMALL$0"].state == "CANCELLED"


def test_without_the_lock_nothing_is_started(target, connection):
    held, there = target.put(connection, "SELECT 1")
    with pytest.raises(LockLostError):
        smoke.execute(Held(connection, target.environment, held.token, held.number - 1), there, shown)
    assert target.groups(connection) == []


def test_a_poll_that_waits_longer_than_the_lease_keeps_the_lock(target, connection):
    deploy = target.environment.deploy.changed(lease_seconds=2)
    target.environment = target.environment.changed(deploy=deploy)
    held, there = target.put(connection, "CALL SYSTEM$WAIT(4)")
    free, over = [], threading.Event()

    def look():
        with target.connect() as other:
            while not over.wait(0.2):
                free.append(not lock.read(other, target.environment).live)

    watching = threading.Thread(target=look)
    watching.start()
    verdict = smoke.execute(held, there, shown)
    over.set()
    watching.join()
    assert verdict.passed
    assert free
    assert not any(free)


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        (Rule(Fault.DROP, at=1, retries=True, selects=statements), "the start's reply"),
        (Rule(Fault.REFUSE, at=1, retries=True, selects=statements), "the start"),
        (Rule(Fault.DROP, at=2, retries=True, selects=statements), "a poll's reply"),
    ],
)
def test_what_is_lost_on_the_way_does_not_fail_the_run_nor_start_it_twice(target, connection, monkeypatch, rule, what):
    monkeypatch.setattr(smoke, "_START_SECONDS", 0)
    monkeypatch.setattr(smoke, "_REQUEST_SECONDS", 6)
    monkeypatch.setattr(polling, "_REPLY_SECONDS", 6)
    held, there = target.put(connection, "SELECT 1")
    before = len(target.groups(connection))
    with faulty(target, rule) as bad:
        verdict = smoke.execute(dataclasses.replace(held, connection=bad), there, shown)
    assert verdict.passed, what
    assert len(target.groups(connection)) == before + 1


def test_a_run_under_way_is_named_and_waited_for(target, connection):
    target.put(connection, "CALL SYSTEM$WAIT(2)")
    connection.rows(apply.execution(target.environment, CLASSIC, "SMALL", '{"day": 1}'))
    named = r"did not end in time: run [0-9a-f]{8}-"
    with connection.step("wait for the run", 1.5), pytest.raises(DeployError, match=named):
        runs.wait_until_idle(connection, target.environment, ["SMALL"], shown)
    (row,) = connection.gather(running=runs.running_statement(target.environment, ["SMALL"]))["running"]
    assert row["state"] == "EXECUTING"
    assert row["config"] == '{"day": 1}'
    with connection.step("wait for the run"):
        runs.wait_until_idle(connection, target.environment, ["SMALL"], shown)
    assert connection.gather(running=runs.running_statement(target.environment, ["SMALL"]))["running"] == []
