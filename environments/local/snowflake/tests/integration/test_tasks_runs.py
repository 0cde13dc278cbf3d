"""Graph runs: what runs, in which order, with which values, and what the history says of it."""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from snowflake.connector import DictCursor
from snowflake.connector.errors import ProgrammingError

Rows = list[dict[str, Any]]
ACTIVE = {"SCHEDULED", "EXECUTING"}
_PATIENCE = 30


class Tasks:
    """A connection to the test's database, with a table LOG, and what runs did there."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.run("CREATE TABLE log (entry VARCHAR)")

    def run(self, sql: str) -> Rows:
        return self.connection.cursor(DictCursor).execute(sql).fetchall()

    def task(self, name: str, clauses: str, body: str, *, resumed: bool = True) -> None:
        self.run(f"CREATE OR REPLACE TASK {name} WAREHOUSE = COMPUTE_WH {clauses} AS {body}")
        if resumed and ("AFTER " in clauses or "FINALIZE" in clauses):
            self.run(f"ALTER TASK {name} RESUME")

    def history(self, arguments: str = "") -> Rows:
        """Task runs that have begun or ended, oldest first."""
        rows = self.run(f"SELECT * FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY({arguments}))")
        return [row for row in reversed(rows) if row["DATABASE_NAME"] == self.connection.database]

    def complete(self) -> Rows:
        rows = self.run("SELECT * FROM TABLE(INFORMATION_SCHEMA.COMPLETE_TASK_GRAPHS())")
        return [row for row in reversed(rows) if row["DATABASE_NAME"] == self.connection.database]

    def until(self, condition: Callable[[], Any]) -> Any:
        """Wait until something is true, and return it."""
        end = time.monotonic() + _PATIENCE
        while not (found := condition()):
            assert time.monotonic() < end, self.history()
            time.sleep(0.02)
        return found

    def executed(self, root: str, graphs: int = 1, clauses: str = "") -> dict[str, str]:
        """Execute a root and wait for so many more ended graph runs; the state of each task's newest run."""
        before = len(self.complete())
        self.run(f"EXECUTE TASK {root} {clauses}")
        self.until(lambda: len(self.complete()) >= before + graphs)
        return {row["NAME"]: row["STATE"] for row in self.history()}

    @property
    def log(self) -> list[str]:
        return [row["ENTRY"] for row in self.run("SELECT entry FROM log")]


@pytest.fixture
def tasks(snowflake: Any, database: str) -> Iterator[Tasks]:
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as connection:
        yield Tasks(connection)


def test_return_values_and_the_configuration_reach_the_tasks_of_a_run(tasks: Tasks) -> None:
    own = '{"deep": {"a": 1, "b": 2}, "word": "own"}'
    tasks.task("r", f"CONFIG = '{own}'", "CALL SYSTEM$SET_RETURN_VALUE('v')")
    values = (
        "SYSTEM$GET_PREDECESSOR_RETURN_VALUE('R')",
        "SYSTEM$GET_PREDECESSOR_RETURN_VALUE()",
        "SYSTEM$GET_TASK_GRAPH_CONFIG('word')",
        "SYSTEM$GET_TASK_GRAPH_CONFIG('deep.a')",
        "SYSTEM$GET_TASK_GRAPH_CONFIG('deep.b')",
        "SYSTEM$CURRENT_USER_TASK_NAME()",
        "SYSTEM$TASK_RUNTIME_INFO('CURRENT_ROOT_TASK_NAME')",
        "CURRENT_ROLE()",
    )
    tasks.task("a", "AFTER r", "INSERT INTO log SELECT " + " || '|' || ".join(values))
    states = tasks.executed("r", clauses='USING CONFIG = $${"deep": {"b": 3}}$$')
    assert states == {"R": "SUCCEEDED", "A": "SUCCEEDED"}
    here = tasks.connection.database
    assert tasks.log == [f"v|v|own|1|3|{here}.PUBLIC.A|{here}.PUBLIC.R|ACCOUNTADMIN"]
    row = next(row for row in tasks.history() if row["NAME"] == "R")
    assert (row["RETURN_VALUE"], row["SCHEDULED_FROM"], row["ATTEMPT_NUMBER"]) == ("v", "EXECUTE_TASK", 1)
    assert '"b": 3' in row["CONFIG"]


def test_the_functions_of_tasks_say_when_there_is_no_task(tasks: Tasks) -> None:
    for call in ("SYSTEM$SET_RETURN_VALUE('x')", "SYSTEM$TASK_RUNTIME_INFO('CURRENT_TASK_NAME')"):
        with pytest.raises(ProgrammingError, match="must be called from within a task"):
            tasks.run(f"SELECT {call}")


def test_predecessors_run_in_parallel(tasks: Tasks) -> None:
    tasks.task("r", "", "SELECT 1")
    for name in ("a", "b"):
        tasks.task(name, "AFTER r", "SELECT SYSTEM$WAIT(30)")
    tasks.run("EXECUTE TASK r")
    tasks.until(lambda: [row["STATE"] for row in tasks.history()].count("EXECUTING") == 2)
    assert [row["STATE"] for row in tasks.run("SELECT state FROM TABLE(INFORMATION_SCHEMA.CURRENT_TASK_GRAPHS())")]
    tasks.run("SELECT SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS('r')")
    tasks.until(tasks.complete)
    assert {row["NAME"]: row["STATE"] for row in tasks.history()} == {"R": "SUCCEEDED"} | dict.fromkeys(
        "AB", "CANCELLED"
    )
    assert tasks.complete()[0]["STATE"] == "CANCELLED"


def test_a_failure_stops_what_comes_after_it_and_nothing_else(tasks: Tasks) -> None:
    tasks.task("r", "", "SELECT 1")
    tasks.task("bad", "AFTER r", "SELECT * FROM nowhere")
    tasks.task("after_bad", "AFTER bad", "SELECT 1")
    tasks.task("good", "AFTER r", "SELECT 1")
    tasks.task("f", "FINALIZE = r", "INSERT INTO log SELECT 'finalized'")
    states = tasks.executed("r")
    assert states == {"R": "SUCCEEDED", "BAD": "FAILED", "GOOD": "SUCCEEDED", "F": "SUCCEEDED"}
    assert tasks.log == ["finalized"]
    (run,) = tasks.complete()
    assert (run["STATE"], run["FIRST_ERROR_TASK_NAME"], run["FIRST_ERROR_CODE"]) == ("FAILED", "BAD", 2003)
    assert "NOWHERE" in run["FIRST_ERROR_MESSAGE"]
    assert [row["NAME"] for row in tasks.history("ERROR_ONLY => TRUE")] == ["BAD"]


def test_a_branch_runs_one_way_and_skips_the_other(tasks: Tasks) -> None:
    tasks.task("r", "", "CALL SYSTEM$SET_RETURN_VALUE('left')")
    for way in ("left", "right"):
        tasks.task(way, f"AFTER r WHEN SYSTEM$GET_PREDECESSOR_RETURN_VALUE('R') = '{way}'", "SELECT 1")
    tasks.task("after_right", "AFTER right", "SELECT 1")
    tasks.task("join", "AFTER left, right", "SELECT 1")
    states = tasks.executed("r")
    assert states == {"R": "SUCCEEDED", "LEFT": "SUCCEEDED", "RIGHT": "SKIPPED", "JOIN": "SUCCEEDED"}
    skipped = next(row for row in tasks.history() if row["NAME"] == "RIGHT")
    assert (skipped["ERROR_CODE"], skipped["QUERY_ID"]) == ("0040003", None)
    assert tasks.complete()[0]["STATE"] == "SUCCEEDED"


def test_a_skipped_root_is_no_graph_run(tasks: Tasks) -> None:
    tasks.task("r", "WHEN 1 = 2", "SELECT 1")
    tasks.task("a", "AFTER r", "SELECT 1")
    tasks.run("EXECUTE TASK r")
    tasks.until(lambda: [row["STATE"] for row in tasks.history()] == ["SKIPPED"])
    assert tasks.complete() == []


def test_a_suspended_child_is_left_out(tasks: Tasks) -> None:
    tasks.task("r", "", "SELECT 1")
    tasks.task("a", "AFTER r", "SELECT 1", resumed=False)
    tasks.task("b", "AFTER a", "SELECT 1")
    assert tasks.executed("r") == {"R": "SUCCEEDED", "B": "SUCCEEDED"}


def test_a_run_keeps_the_graph_that_it_began_with(tasks: Tasks) -> None:
    tasks.task("r", "", "SELECT SYSTEM$WAIT(1)")
    tasks.task("a", "AFTER r", "INSERT INTO log SELECT 'old'")
    tasks.run("EXECUTE TASK r")
    tasks.run("ALTER TASK a MODIFY AS INSERT INTO log SELECT 'new'")
    tasks.until(tasks.complete)
    assert tasks.log == ["old"]
    tasks.run("ALTER TASK r MODIFY AS SELECT 1")
    tasks.executed("r")
    assert tasks.log == ["old", "new"]
    assert [row["GRAPH_VERSION"] for row in tasks.complete()] == [1, 2]
    tasks.executed("r")
    assert tasks.complete()[-1]["GRAPH_VERSION"] == 2


def test_a_failed_run_is_retried_by_itself(tasks: Tasks) -> None:
    tasks.task("r", "TASK_AUTO_RETRY_ATTEMPTS = 2", "INSERT INTO log SELECT 'root'")
    tasks.task("bad", "AFTER r", "SELECT * FROM nowhere")
    tasks.executed("r", graphs=3)
    runs = tasks.complete()
    assert [(run["STATE"], run["ATTEMPT_NUMBER"]) for run in runs] == [("FAILED", n) for n in (1, 2, 3)]
    assert len({run["GRAPH_RUN_GROUP_ID"] for run in runs}) == 1
    assert tasks.log == ["root"]


def test_the_id_of_a_graph_run_is_a_uuid_that_its_tasks_can_ask_for(tasks: Tasks) -> None:
    ask = "SYSTEM$TASK_RUNTIME_INFO('{}_TASK_GRAPH_RUN_GROUP_ID')".format
    tasks.task(
        "r", "", f"INSERT INTO log SELECT {ask('CURRENT')} || ' after ' || COALESCE({ask('LAST_SUCCESSFUL')}, '')"
    )
    tasks.executed("r")
    tasks.executed("r")
    first, second = (run["GRAPH_RUN_GROUP_ID"] for run in tasks.complete())
    assert tasks.log == [f"{first} after ", f"{second} after {first}"]
    assert {len(str(uuid.UUID(each))) for each in (first, second)} == {36}
    assert all(isinstance(run["RUN_ID"], int) for run in tasks.complete())  # the time when it was due
    with pytest.raises(ProgrammingError, match="Invalid graph run group id"):
        tasks.run("EXECUTE TASK r RETRY GRAPH RUN GROUP '1764475200000'")


def test_retry_last_goes_on_from_the_failed_task(tasks: Tasks) -> None:
    tasks.task("r", "", "CALL SYSTEM$SET_RETURN_VALUE('kept')")
    tasks.task("bad", "AFTER r", "INSERT INTO log SELECT SYSTEM$GET_PREDECESSOR_RETURN_VALUE() FROM later")
    with pytest.raises(ProgrammingError, match="no suitable run of graph with root task R to retry"):
        tasks.run("EXECUTE TASK r RETRY LAST")
    assert tasks.executed("r")["BAD"] == "FAILED"
    tasks.run("CREATE TABLE later AS SELECT 1 AS x")
    assert tasks.executed("r", clauses="RETRY LAST")["BAD"] == "SUCCEEDED"
    assert tasks.log == ["kept"]
    first, second = tasks.complete()
    assert first["GRAPH_RUN_GROUP_ID"] == second["GRAPH_RUN_GROUP_ID"]
    assert [row["NAME"] for row in tasks.history() if row["ATTEMPT_NUMBER"] == 2] == ["BAD"]
    assert str(uuid.UUID(first["GRAPH_RUN_GROUP_ID"])) == first["GRAPH_RUN_GROUP_ID"]
    for how, why in (("LAST", "had no failures"), (f"GRAPH RUN GROUP '{uuid.uuid4()}'", "no suitable run")):
        with pytest.raises(ProgrammingError, match=why):
            tasks.run(f"EXECUTE TASK r RETRY {how}")


@pytest.mark.parametrize("limited", ["r", "a"])
def test_a_task_that_takes_too_long_fails(tasks: Tasks, limited: str) -> None:
    limits = {limited: "USER_TASK_TIMEOUT_MS = 300"}
    tasks.task("r", limits.get("r", ""), "SELECT 1")
    tasks.task("a", f"{limits.get('a', '')} AFTER r", "SELECT SYSTEM$WAIT(60)")
    tasks.task("f", "FINALIZE = r", "SELECT 1")
    assert tasks.executed("r") == {"R": "SUCCEEDED", "A": "FAILED", "F": "SUCCEEDED"}
    late = next(row for row in tasks.history() if row["NAME"] == "A")
    assert "timeout of 0.3 second(s)" in late["ERROR_MESSAGE"]


def test_a_graph_that_keeps_failing_is_suspended(tasks: Tasks) -> None:
    tasks.task("r", "SCHEDULE = '60 MINUTES' SUSPEND_TASK_AFTER_NUM_FAILURES = 2", "SELECT 1")
    tasks.task("bad", "AFTER r", "SELECT * FROM nowhere")
    tasks.run("ALTER TASK r RESUME")
    assert tasks.executed("r")["BAD"] == "FAILED"
    assert tasks.executed("r")["BAD"] == "FAILED_AND_AUTO_SUSPENDED"
    root = next(row for row in tasks.run("SHOW TASKS") if row["name"] == "R")
    assert (root["state"], root["last_suspended_reason"]) == ("suspended", "SUSPENDED_DUE_TO_ERRORS")


def test_a_second_run_waits_for_the_first(tasks: Tasks) -> None:
    tasks.task("r", "", "SELECT SYSTEM$WAIT(1)")
    for number in (1, 2, 3):
        tasks.run(f"EXECUTE TASK r USING CONFIG = '{{\"n\": {number}}}'")
    states = [row["STATE"] for row in tasks.history()]
    assert sorted(states) == ["EXECUTING", "SCHEDULED"] or states == ["SCHEDULED", "SCHEDULED"]
    tasks.until(lambda: len(tasks.complete()) == 2)
    # The last request took the place of the one before it.
    assert [run["CONFIG"] for run in tasks.complete()] == ['{"n": 1}', '{"n": 3}']


def test_runs_may_overlap_when_the_policy_allows_it(tasks: Tasks) -> None:
    tasks.task("r", "OVERLAP_POLICY = ALLOW_ALL_OVERLAP", "SELECT SYSTEM$WAIT(30)")
    tasks.run("EXECUTE TASK r")
    tasks.run("EXECUTE TASK r")
    tasks.until(lambda: [row["STATE"] for row in tasks.history()] == ["EXECUTING", "EXECUTING"])
    tasks.run("SELECT SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS('r')")
    tasks.until(lambda: len(tasks.complete()) == 2)


def test_children_may_overlap_while_the_root_does_not(tasks: Tasks) -> None:
    tasks.task("r", "OVERLAP_POLICY = ALLOW_CHILD_OVERLAP", "SELECT 1")
    tasks.task("a", "AFTER r", "SELECT SYSTEM$WAIT(30)")
    for _ in range(2):
        tasks.run("EXECUTE TASK r")
    busy = ("A", "EXECUTING")
    tasks.until(lambda: [(row["NAME"], row["STATE"]) for row in tasks.history()].count(busy) == 2)
    tasks.run("SELECT SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS('a')")
    tasks.until(lambda: len(tasks.complete()) == 2)


def test_a_return_value_has_at_most_10_kilobytes(tasks: Tasks) -> None:
    tasks.task("r", "", f"CALL SYSTEM$SET_RETURN_VALUE('{'x' * 10_241}')")
    assert tasks.executed("r") == {"R": "FAILED"}


def test_a_serverless_task_runs_without_a_warehouse(tasks: Tasks) -> None:
    tasks.run("CREATE TASK r USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE = 'XSMALL' AS INSERT INTO log SELECT 'x'")
    assert tasks.executed("r") == {"R": "SUCCEEDED"}


def test_session_parameters_hold_in_the_task_s_session(tasks: Tasks) -> None:
    tasks.task("r", "QUERY_TAG = 'nightly'", "SHOW PARAMETERS LIKE 'QUERY_TAG'")
    assert tasks.executed("r") == {"R": "SUCCEEDED"}


def test_the_history_is_filtered_and_limited(tasks: Tasks) -> None:
    tasks.task("r", "", "SELECT 1")
    tasks.task("a", "AFTER r", "SELECT 1")
    tasks.executed("r")
    root_id = next(row["id"] for row in tasks.run("SHOW TASKS") if row["name"] == "R")
    names = lambda arguments: [row["NAME"] for row in tasks.history(arguments)]  # noqa: E731
    assert names(f"ROOT_TASK_ID => '{root_id}'") == ["R", "A"]
    assert names(f"ROOT_TASK_ID => '{root_id}', TASK_NAME => 'a'") == ["A"]
    assert names(f"ROOT_TASK_ID => '{root_id}', RESULT_LIMIT => 1") == ["A"]
    past = "SCHEDULED_TIME_RANGE_END => DATEADD('hour', -1, CURRENT_TIMESTAMP())"
    assert names(f"ROOT_TASK_ID => '{root_id}', {past}") == []
    for wrong, why in (
        ("SCHEDULED_TIME_RANGE_START => DATEADD('day', -8, CURRENT_TIMESTAMP())", "more than 7 days ago"),
        ("RESULT_LIMIT => 10001", "RESULT_LIMIT"),
        ("COLOUR => 'red'", "Invalid argument COLOUR"),
    ):
        with pytest.raises(ProgrammingError, match=why):
            tasks.history(wrong)


def test_the_history_is_for_those_who_may_see_it(snowflake: Any, tasks: Tasks) -> None:
    here = tasks.connection.database
    guest = f"{here}_GUEST"
    tasks.task("r", "", "SELECT 1")
    tasks.executed("r")
    tasks.run(f"CREATE OR REPLACE ROLE {guest}")
    tasks.run(f"GRANT ROLE {guest} TO USER ADMIN")
    with snowflake.connector(role=guest) as connection:
        cursor = connection.cursor()
        cursor.execute("USE SECONDARY ROLES NONE")
        seen = f"SELECT database_name FROM TABLE({here}.INFORMATION_SCHEMA.TASK_HISTORY(TASK_NAME => 'R'))"
        tasks.run(f"GRANT USAGE ON DATABASE {here} TO ROLE {guest}")
        assert cursor.execute(seen).fetchall() == []
        tasks.run(f"GRANT MONITOR ON TASK r TO ROLE {guest}")
        assert (None,) in cursor.execute(seen).fetchall()
        tasks.run(f"GRANT USAGE ON SCHEMA public TO ROLE {guest}")
        assert (here,) in cursor.execute(seen).fetchall()
    tasks.run(f"DROP ROLE {guest}")
