"""Schedules that fire, in an account of the test's own with a clock that the test sets; and what a restart keeps."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local_snowflake import opening, statements
from local_snowflake.kernel.account import ADMINISTRATOR, Account
from local_snowflake.kernel.names import Name
from local_snowflake.kernel.session import Session
from local_snowflake.tasks import scheduler as clock
from local_snowflake.tasks.scheduler import Scheduler

MORNING = datetime(2030, 1, 1, 8, 59, 30, tzinfo=UTC)
_PATIENCE = 30
_ACTS = ("COMMIT", "RESUME")
_HISTORY = "FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY())"


class Ticking:
    """An account whose schedules read a clock that only moves when it is told to."""

    def __init__(self, account: Account, patch: pytest.MonkeyPatch) -> None:
        self.account, self.moment = account, MORNING
        patch.setattr(clock, "now", lambda: self.moment)
        for module in ("alteration", "graph_objects.alteration"):
            patch.setattr(f"local_snowflake.tasks.{module}.now", lambda: self.moment)
        account[Scheduler].begin()
        self.session: Session = account.open_session(ADMINISTRATOR, "ACCOUNTADMIN")
        self.run("CREATE DATABASE d")
        self.session.use_warehouse("COMPUTE_WH")

    def run(self, sql: str) -> list[dict[str, Any]]:
        return statements.run(self.session, sql).rows.to_pylist()

    def resumed(self, name: str, schedule: str, clauses: str = "") -> None:
        self.run(f"CREATE TASK {name} WAREHOUSE = COMPUTE_WH SCHEDULE = '{schedule}' {clauses} AS SELECT 1")
        self.run(f"ALTER TASK {name} RESUME")

    def until(self, moment: datetime) -> None:
        """Move the clock on and let the schedules look at it."""
        self.moment = moment
        self.account[Scheduler].wake()
        wait(lambda: all(due.moment > moment for due in self.account[Scheduler].due()))

    @property
    def due(self) -> list[datetime]:
        """When the runs so far were due."""
        return [run.scheduled for run in self.account[Scheduler].runs.history.all()]

    def settle(self, runs: int) -> list[datetime]:
        """Wait for so many ended runs, then a little for one too many."""
        wait(lambda: sum(not r.active for r in self.account[Scheduler].runs.history.all()) >= runs)
        self.account[Scheduler].wake()
        time.sleep(0.05)
        return self.due


def wait(condition: Callable[[], Any]) -> Any:
    end = time.monotonic() + _PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, "waited for too long"
        time.sleep(0.01)
    return found


@pytest.fixture
def ticking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ticking]:
    account = opening.opened(tmp_path / "home", 0.01)
    yield Ticking(account, monkeypatch)
    account.close()


def test_a_cron_schedule_fires_once_at_its_time(ticking: Ticking) -> None:
    ticking.resumed("t", "USING CRON 0 9 * * * UTC")
    nine = MORNING.replace(hour=9, minute=0, second=0)
    ticking.until(nine - timedelta(seconds=1))
    assert ticking.due == []
    ticking.until(nine)
    assert ticking.settle(1) == [nine]
    ticking.until(nine + timedelta(days=1))
    assert ticking.settle(2) == [nine, nine + timedelta(days=1)]


def test_an_interval_counts_from_the_resumption_and_does_not_drift(ticking: Ticking) -> None:
    ticking.resumed("t", "10 MINUTES")
    for number in (1, 2, 3):
        ticking.until(MORNING + timedelta(minutes=10 * number, seconds=7 * number))
        ticking.settle(number)
    assert ticking.due == [MORNING + timedelta(minutes=10 * number) for number in (1, 2, 3)]


def test_times_that_passed_unseen_are_not_made_up_for(ticking: Ticking) -> None:
    ticking.resumed("t", "10 MINUTES")
    ticking.until(MORNING + timedelta(hours=3, minutes=1))
    assert ticking.settle(1) == [MORNING + timedelta(minutes=10)]
    ticking.until(MORNING + timedelta(hours=3, minutes=10))
    assert ticking.settle(2)[1] == MORNING + timedelta(hours=3, minutes=10)


def test_a_suspended_task_does_not_fire_and_counts_anew_when_resumed(ticking: Ticking) -> None:
    ticking.resumed("t", "10 MINUTES")
    ticking.run("ALTER TASK t SUSPEND")
    ticking.until(MORNING + timedelta(minutes=25))
    assert ticking.settle(0) == []
    ticking.run("ALTER TASK t RESUME")
    ticking.until(MORNING + timedelta(minutes=35))
    assert ticking.settle(1) == [MORNING + timedelta(minutes=35)]


def test_a_dropped_task_does_not_fire(ticking: Ticking) -> None:
    ticking.resumed("t", "10 MINUTES")
    ticking.run("DROP SCHEMA d.public")
    ticking.until(MORNING + timedelta(minutes=10))
    assert ticking.settle(0) == []


def waiting_for_changes(ticking: Ticking, statement: str) -> None:
    ticking.run("CREATE TABLE changed AS SELECT 1 AS a")
    ticking.run("CREATE STREAM s ON TABLE changed")
    ticking.run(f"CREATE TASK t WAREHOUSE = COMPUTE_WH WHEN SYSTEM$STREAM_HAS_DATA('s') AS {statement}")
    ticking.run("ALTER TASK t RESUME")


def test_a_task_that_waits_for_changes_starts_at_most_every_thirty_seconds(ticking: Ticking) -> None:
    waiting_for_changes(ticking, "SELECT 1")
    assert ticking.settle(0) == []
    ticking.run("INSERT INTO changed VALUES (2)")
    ticking.account[Scheduler].wake()
    assert ticking.settle(1) == [MORNING]
    ticking.until(MORNING + timedelta(seconds=29))
    assert ticking.settle(1) == [MORNING]
    ticking.until(MORNING + timedelta(seconds=30))
    assert ticking.settle(2)[1] == MORNING + timedelta(seconds=30)


def test_a_task_that_consumed_the_changes_waits_for_others(ticking: Ticking) -> None:
    waiting_for_changes(ticking, "CREATE TABLE taken AS SELECT a FROM s")
    ticking.run("INSERT INTO changed VALUES (2)")
    ticking.account[Scheduler].wake()
    ticking.settle(1)
    ticking.until(MORNING + timedelta(hours=1))
    assert ticking.settle(1) == [MORNING]


def test_a_run_that_is_due_while_the_last_one_goes_on_is_left_out(ticking: Ticking) -> None:
    ticking.run("CREATE TASK t WAREHOUSE = COMPUTE_WH SCHEDULE = '10 MINUTES' AS SELECT SYSTEM$WAIT(30)")
    ticking.run("ALTER TASK t RESUME")
    for number in (1, 2):
        ticking.until(MORNING + timedelta(minutes=10 * number))
        wait(lambda: ticking.due)
    ticking.settle(0)
    ticking.run("SELECT SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS('t')")
    assert ticking.settle(1) == [MORNING + timedelta(minutes=10)]


def test_a_task_graph_object_fires_on_its_committed_schedule(ticking: Ticking) -> None:
    ticking.run("CREATE TASK r WAREHOUSE = COMPUTE_WH AS SELECT 1")
    for sql in ("CREATE TASK GRAPH g ROOTS = (r) SCHEDULE = '10 MINUTES'", *("ALTER TASK GRAPH g " + _ for _ in _ACTS)):
        ticking.run(sql)
    ticking.until(MORNING + timedelta(minutes=10))
    ticking.settle(1)
    ticking.run("ALTER TASK GRAPH g SET SCHEDULE = '30 MINUTES'")
    ticking.until(MORNING + timedelta(minutes=20))
    ticking.settle(2)
    ticking.run("ALTER TASK GRAPH g COMMIT")
    ticking.until(MORNING + timedelta(minutes=29))
    ticking.until(MORNING + timedelta(minutes=30))
    assert ticking.settle(3) == [MORNING + timedelta(minutes=10 * number) for number in (1, 2, 3)]
    ticking.run("ALTER TASK GRAPH g SUSPEND")
    ticking.until(MORNING + timedelta(minutes=60))
    assert len(ticking.settle(3)) == 3


def test_what_was_committed_survives_a_restart(tmp_path: Path) -> None:
    def opened() -> tuple[Account, Callable[[str], list[dict[str, Any]]]]:
        account = opening.opened(tmp_path / "home", 0.01)
        session = account.open_session(ADMINISTRATOR, "ACCOUNTADMIN")
        statements.run(session, "CREATE DATABASE IF NOT EXISTS d")
        session.use_schema("D", "PUBLIC")
        session.use_warehouse("COMPUTE_WH")
        return account, lambda sql: statements.run(session, sql).rows.to_pylist()

    account, run = opened()
    run("CREATE TASK r WAREHOUSE = COMPUTE_WH AS SELECT 1")
    run("CREATE TASK GRAPH g ROOTS = (r)")
    run("ALTER TASK GRAPH g COMMIT")
    run("ALTER TASK r MODIFY AS SELECT 2")
    account.close()
    account, run = opened()
    assert [row["definition"] for row in run("SHOW COMMITTED TASKS IN GRAPH g")] == ["SELECT 1"]
    run("EXECUTE TASK GRAPH g")
    history = account[Scheduler].runs.history
    wait(lambda: [(one.graph, one.version, one.state) for one in history.all()] == [("G", 1, "SUCCEEDED")])
    run("ALTER TASK GRAPH g COMMIT")
    account.close()
    account, run = opened()
    assert [(row["GRAPH_NAME"], row["QUERY_TEXT"]) for row in run(f"SELECT * {_HISTORY}")] == [("G", "SELECT 1")]
    assert [row["definition"] for row in run("DESC COMMITTED TASK r")] == ["SELECT 2"]
    account.close()


def test_a_killed_server_leaves_its_history_and_its_schedules(tmp_path: Path) -> None:
    from local_snowflake.testing import start, stop

    process, server = start(tmp_path, "--scale", "0.01")
    with server.connector(warehouse="COMPUTE_WH") as connection:
        run = connection.cursor().execute
        run("CREATE DATABASE d")
        for name, body in (("done", "SELECT 1"), ("cut", "SELECT SYSTEM$WAIT(60)")):
            run(f"CREATE TASK {name} WAREHOUSE = COMPUTE_WH SCHEDULE = '60 MINUTES' AS {body}")
            run(f"ALTER TASK {name} RESUME")
            run(f"EXECUTE TASK {name}")
        query = "SELECT name, state FROM TABLE(d.INFORMATION_SCHEMA.TASK_HISTORY()) WHERE query_id IS NOT NULL"
        wait(lambda: set(run(query).fetchall()) == {("DONE", "SUCCEEDED"), ("CUT", "EXECUTING")})
        process.kill()
        process.wait()
    process.stdout.close()
    process, server = start(tmp_path, "--scale", "0.01")
    try:
        with server.connector() as connection:
            run = connection.cursor().execute
            assert set(run(query).fetchall()) == {("DONE", "SUCCEEDED"), ("CUT", "CANCELLED")}
            upcoming = query.replace("IS NOT NULL", "IS NULL")
            assert set(run(upcoming).fetchall()) == {("DONE", "SCHEDULED"), ("CUT", "SCHEDULED")}
    finally:
        stop(process)


def test_a_task_that_cannot_be_scheduled_does_not_stop_the_others(
    ticking: Ticking, caplog: pytest.LogCaptureFixture
) -> None:
    """Such a task cannot be made any more; an account of an earlier version may have one."""
    for name in ("broken", "wrong"):
        ticking.resumed(name, "10 MINUTES")
    ticking.resumed("good", "10 MINUTES")
    for name, schedule in (("BROKEN", "USING CRON 0 5 31 2 * UTC"), ("WRONG", "nonsense")):
        ticking.account.catalogue.change(
            "TASK", Name("D", "PUBLIC", name), lambda o, s=schedule: o.with_properties(schedule=s)
        )
    for number in (1, 2):
        ticking.until(MORNING + timedelta(minutes=10 * number))
        ticking.settle(number)
    assert {run.root.name for run in ticking.account[Scheduler].runs.history.all()} == {"GOOD"}
    assert sum("BROKEN" in record.getMessage() for record in caplog.records) == 1


def test_a_graph_that_cannot_start_does_not_stop_the_others(ticking: Ticking, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("broken", "good"):
        ticking.resumed(name, "10 MINUTES")
    start = ticking.account[Scheduler].runs.start

    def failing(request: Any, *, queue: bool) -> None:
        if request.version.root.name == "BROKEN":
            raise RuntimeError("cannot start")
        start(request, queue=queue)

    monkeypatch.setattr(ticking.account[Scheduler].runs, "start", failing)
    for number in (1, 2):
        ticking.until(MORNING + timedelta(minutes=10 * number))
        ticking.settle(number)
    assert len(ticking.due) == 2
