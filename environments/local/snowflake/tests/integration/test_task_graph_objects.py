"""TASK GRAPH objects through the connector: staged edits, commits, runs, and what they refuse."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from snowflake.connector import DictCursor
from snowflake.connector.errors import ProgrammingError

Run = Callable[..., list[dict[str, Any]]]
ON = "WAREHOUSE = COMPUTE_WH"
BODY = f"{ON} AS"
_PATIENCE = 30


@pytest.fixture
def run(snowflake: Any, database: str) -> Iterator[Run]:
    """Run a statement in the test's database; rows as dicts."""
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as connection:
        yield lambda sql: connection.cursor(DictCursor).execute(sql).fetchall()


def refused(run: Run, sql: str, why: str, code: int | None = None) -> None:
    with pytest.raises(ProgrammingError, match=why) as error:
        run(sql)
    assert code in {None, error.value.errno}


def members(run: Run) -> None:
    """R -> A, and the last task F, as ordinary tasks."""
    run(f"CREATE OR ALTER TASK r {BODY} SELECT 1")
    run(f"CREATE OR ALTER TASK a {ON} AFTER r AS SELECT 1")
    run(f"CREATE OR ALTER TASK f {BODY} SELECT 1")


def committed(run: Run, clauses: str = "SCHEDULE = '60 MINUTES'") -> None:
    members(run)
    run(f"CREATE OR ALTER TASK GRAPH g ROOTS = (r) FINALIZER = f {clauses}")
    run("ALTER TASK GRAPH g COMMIT")


def shown(run: Run, name: str = "G") -> dict[str, Any]:
    return next(row for row in run("SHOW TASK GRAPHS") if row["name"] == name)


def complete(run: Run) -> list[dict[str, Any]]:
    """The test's ended graph runs, oldest first."""
    rows = run("SELECT * FROM TABLE(INFORMATION_SCHEMA.COMPLETE_TASK_GRAPHS(GRAPH_NAME => 'g'))")
    here = run("SELECT CURRENT_DATABASE() AS here")[0]["HERE"]
    return [row for row in reversed(rows) if row["DATABASE_NAME"] == here]


def history(run: Run) -> dict[str, str]:
    """The newest state of each task that has begun."""
    rows = run("SELECT * FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY()) WHERE state <> 'SCHEDULED'")
    here = run("SELECT CURRENT_DATABASE() AS here")[0]["HERE"]
    return {row["NAME"]: row["STATE"] for row in reversed(rows) if row["DATABASE_NAME"] == here}


def until(condition: Callable[[], Any]) -> Any:
    end = time.monotonic() + _PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def executed(run: Run, clauses: str = "", graphs: int = 1) -> dict[str, Any]:
    """Execute the graph and wait for its end; the ended run."""
    before = len(complete(run))
    run(f"EXECUTE TASK GRAPH g {clauses}")
    return until(lambda: len(rows := complete(run)) >= before + graphs and rows)[-1]


def test_the_committed_version_runs_with_the_graphs_settings(run: Run) -> None:
    run("CREATE TABLE log (entry VARCHAR)")
    members(run)
    say = "INSERT INTO log SELECT '{}|' || SYSTEM$GET_TASK_GRAPH_CONFIG('a') || SYSTEM$GET_TASK_GRAPH_CONFIG('b.c')"
    for name, clause in (("a", "AFTER r"), ("f", "")):
        run(f"CREATE OR ALTER TASK {name} {ON} {clause} AS {say.format(name)}")
    run('CREATE TASK GRAPH g ROOTS = (r) FINALIZER = f CONFIG = $${"a": 1, "b": {"c": 2}}$$')
    run("ALTER TASK GRAPH g COMMIT")
    row = executed(run, 'USING CONFIG = $${"b": {"c": 3}}$$')
    assert (row["STATE"], row["ROOT_TASK_NAME"], row["ROOT_TASK_ID"]) == ("SUCCEEDED", None, None)
    assert (row["GRAPH_NAME"], row["GRAPH_VERSION"], json.loads(row["CONFIG"])) == ("G", 1, {"a": 1, "b": {"c": 3}})
    assert [entry["ENTRY"] for entry in run("SELECT entry FROM log")] == ["a|13", "f|13"]
    assert history(run) == dict.fromkeys("RAF", "SUCCEEDED")


def test_edits_wait_for_a_commit_and_then_take_effect_together(run: Run) -> None:
    committed(run)
    run("ALTER TASK GRAPH g RESUME")
    run("ALTER TASK a MODIFY AS SELECT * FROM nowhere")
    run(f"CREATE TASK b {ON} AFTER a AS SELECT 1")
    run("ALTER TASK GRAPH g SET SCHEDULE = '30 MINUTES', COMMENT = 'new'")
    assert executed(run)["GRAPH_VERSION"] == 1
    assert history(run) == dict.fromkeys("RAF", "SUCCEEDED")
    run("ALTER TASK GRAPH g COMMIT")
    row = executed(run)
    assert (row["STATE"], row["GRAPH_VERSION"], row["FIRST_ERROR_TASK_NAME"]) == ("FAILED", 2, "A")
    assert (shown(run)["state"], shown(run)["schedule"]) == ("started", "30 MINUTES")


def test_a_commit_that_breaks_a_rule_changes_nothing(run: Run) -> None:
    committed(run)
    run(f"CREATE TASK other {BODY} SELECT 1")
    run("ALTER TASK a ADD AFTER other")
    refused(run, "ALTER TASK GRAPH g COMMIT", "more than one root task", 91088)
    assert executed(run)["GRAPH_VERSION"] == 1


def test_a_run_under_way_keeps_the_version_that_it_began_with(run: Run) -> None:
    run("CREATE TABLE log (entry VARCHAR)")
    members(run)
    run(f"CREATE OR ALTER TASK r {BODY} SELECT SYSTEM$WAIT(1)")
    run(f"CREATE OR ALTER TASK a {ON} AFTER r AS INSERT INTO log SELECT 'old'")
    run("CREATE TASK GRAPH g ROOTS = (r)")
    run("ALTER TASK GRAPH g COMMIT")
    run("EXECUTE TASK GRAPH g")
    run(f"CREATE OR ALTER TASK a {ON} AFTER r AS INSERT INTO log SELECT 'new'")
    run("ALTER TASK GRAPH g COMMIT")
    until(lambda: complete(run))
    assert [entry["ENTRY"] for entry in run("SELECT entry FROM log")] == ["old"]


def test_the_schedule_of_a_resumed_graph_starts_runs(run: Run) -> None:
    committed(run, "SCHEDULE = '10 SECONDS'")
    run("ALTER TASK GRAPH g RESUME")
    coming = "SELECT * FROM TABLE(INFORMATION_SCHEMA.CURRENT_TASK_GRAPHS(GRAPH_NAME => 'G'))"
    assert [(row["STATE"], row["SCHEDULED_FROM"]) for row in run(coming)] == [("SCHEDULED", "SCHEDULE")]
    run("ALTER TASK GRAPH g SUSPEND")
    assert run(coming) == []
    assert shown(run)["last_suspended_reason"] == "USER_SUSPENDED"


def test_a_graph_is_resumed_and_executed_only_once_it_is_committed(run: Run) -> None:
    members(run)
    run("CREATE TASK GRAPH g ROOTS = (r) SCHEDULE = '60 MINUTES'")
    for sql in ("ALTER TASK GRAPH g RESUME", "EXECUTE TASK GRAPH g"):
        refused(run, sql, "no committed version", 91093)
    run("ALTER TASK GRAPH g UNSET SCHEDULE")
    run("ALTER TASK GRAPH g COMMIT")
    refused(run, "ALTER TASK GRAPH g RESUME", "needs a SCHEDULE", 91093)


def test_a_committed_member_is_dropped_only_after_it_was_severed_and_committed(run: Run) -> None:
    committed(run)
    refused(run, "DROP TASK a", "in the committed version of task graph", 91421)
    refused(run, f"CREATE OR REPLACE TASK a {BODY} SELECT 2", "in the committed version of task graph", 91421)
    run("ALTER TASK a REMOVE AFTER r")
    run("ALTER TASK GRAPH g UNSET FINALIZER")
    refused(run, "DROP TASK a", "in the committed version of task graph", 91421)
    run("ALTER TASK GRAPH g COMMIT")
    for name in "af":
        run(f"DROP TASK {name}")
    executed(run)
    assert history(run) == {"R": "SUCCEEDED"}


def test_a_member_does_not_run_on_its_own(run: Run) -> None:
    committed(run)
    for sql in ("ALTER TASK a RESUME", "EXECUTE TASK r", "SELECT SYSTEM$TASK_DEPENDENTS_ENABLE('r')"):
        refused(run, sql, "is a member of task graph", 91421)


def test_what_is_graph_wide_belongs_to_the_graph(run: Run) -> None:
    members(run)
    run("ALTER TASK r SET SCHEDULE = '60 MINUTES'")
    refused(run, "CREATE TASK GRAPH g ROOTS = (r)", "SCHEDULE is set on task 'R'")
    run("ALTER TASK r UNSET SCHEDULE")
    run("CREATE TASK GRAPH g ROOTS = (r)")
    refused(run, "CREATE TASK GRAPH h ROOTS = (r)", "is in task graph .* already")
    refused(run, "CREATE TASK GRAPH h ROOTS = (nobody)", "Invalid root task", 91085)
    refused(run, "CREATE TASK GRAPH h ROOTS = (a)", "has predecessors")


def test_a_dropped_graph_was_suspended_and_leaves_its_tasks(run: Run) -> None:
    committed(run)
    run("ALTER TASK GRAPH g RESUME")
    refused(run, "DROP TASK GRAPH g", "SUSPEND it first", 91421)
    refused(run, "CREATE OR REPLACE TASK GRAPH g ROOTS = (r)", "SUSPEND it first", 91421)
    run("ALTER TASK GRAPH g SUSPEND")
    run("DROP TASK GRAPH g")
    run("DROP TASK GRAPH IF EXISTS g")
    assert [row["name"] for row in run("SHOW TASKS")] == ["A", "F", "R"]
    run("DROP TASK a")
    refused(run, "ALTER TASK GRAPH g COMMIT", "does not exist")


def test_a_graph_shows_what_was_written(run: Run) -> None:
    members(run)
    run(
        "CREATE TASK GRAPH IF NOT EXISTS g SCHEDULE = 'USING CRON 0 9 * * MON UTC' ROOTS = (r) FINALIZER = f "
        "OVERLAP_POLICY = ALLOW_CHILD_OVERLAP CONFIG = '{}' TASK_AUTO_RETRY_ATTEMPTS = 2 "
        "SUSPEND_TASK_AFTER_NUM_FAILURES = 3 COMMENT = 'it''s' "
        "TASK_DEFAULTS (WAREHOUSE = compute_wh, USER_TASK_TIMEOUT_MS = 1000) WHEN 1 = 1"
    )
    row = shown(run)
    here = f"{row['database_name']}.PUBLIC"
    expected = {
        "schedule": "USING CRON 0 9 * * MON UTC",
        "finalizer": f"{here}.F",
        "overlap_policy": "ALLOW_CHILD_OVERLAP",
        "config": "{}",
        "task_auto_retry_attempts": 2,
        "suspend_task_after_num_failures": 3,
        "comment": "it's",
        "condition": "1 = 1",
        "state": "suspended",
        "last_committed_on": None,
    }
    assert {key: row[key] for key in expected} == expected
    assert json.loads(row["roots"]) == [f"{here}.R"]
    assert json.loads(row["task_defaults"]) == {"WAREHOUSE": "COMPUTE_WH", "USER_TASK_TIMEOUT_MS": 1000}
    assert run("DESC TASK GRAPH g") == [row]
    run("CREATE OR ALTER TASK GRAPH g ROOTS = (r)")
    run("ALTER TASK GRAPH g COMMIT")
    row = shown(run)
    assert (row["schedule"], row["finalizer"], row["comment"], row["condition"]) == (None, None, "", None)
    assert row["last_committed_on"] is not None
    assert [row["name"] for row in run("SHOW TASK GRAPHS LIKE 'x%' IN SCHEMA")] == []


def test_defaults_hold_for_members_that_do_not_set_the_property(run: Run) -> None:
    members(run)
    run("CREATE OR ALTER TASK a AFTER r AS SELECT CURRENT_WAREHOUSE() FROM VALUES (SYSTEM$WAIT(20))")
    run("CREATE TASK GRAPH g ROOTS = (r) TASK_DEFAULTS (WAREHOUSE = compute_wh)")
    run("ALTER TASK GRAPH g SET TASK_DEFAULTS (USER_TASK_TIMEOUT_MS = 200)")
    run("ALTER TASK GRAPH g COMMIT")
    row = executed(run)
    assert (row["STATE"], row["FIRST_ERROR_TASK_NAME"], row["FIRST_ERROR_CODE"]) == ("FAILED", "A", 630)
    run("ALTER TASK GRAPH g UNSET TASK_DEFAULTS (USER_TASK_TIMEOUT_MS)")
    assert json.loads(shown(run)["task_defaults"]) == {"WAREHOUSE": "COMPUTE_WH"}
    refused(run, "ALTER TASK GRAPH g SET TASK_DEFAULTS (SCHEDULE = '1 HOUR')", "in TASK_DEFAULTS", 1420)


def test_a_condition_that_does_not_hold_leaves_the_run_out(run: Run) -> None:
    committed(run, "WHEN 1 = 2")
    run("EXECUTE TASK GRAPH g")
    until(lambda: history(run) == {"R": "SKIPPED"})
    assert complete(run) == []
    run("ALTER TASK GRAPH g MODIFY WHEN 1 = 1")
    run("ALTER TASK GRAPH g COMMIT")
    executed(run)
    run("ALTER TASK GRAPH g REMOVE WHEN")
    assert shown(run)["condition"] is None


def test_a_failed_run_is_retried_with_the_version_that_it_began_with(run: Run) -> None:
    committed(run)
    refused(run, "EXECUTE TASK GRAPH g RETRY LAST", "no suitable run")
    run("ALTER TASK a MODIFY AS SELECT * FROM log")
    run("ALTER TASK GRAPH g COMMIT")
    failed = executed(run)
    run("ALTER TASK GRAPH g SET COMMENT = 'edited'")
    run("CREATE TABLE log (entry VARCHAR)")
    retried = executed(run, f"RETRY GRAPH RUN GROUP '{failed['GRAPH_RUN_GROUP_ID']}'")
    assert (failed["STATE"], retried["STATE"], retried["ATTEMPT_NUMBER"]) == ("FAILED", "SUCCEEDED", 2)
    assert retried["GRAPH_RUN_GROUP_ID"] == failed["GRAPH_RUN_GROUP_ID"]
    refused(run, "EXECUTE TASK GRAPH g RETRY LAST", "had no failures")


def test_a_graph_that_fails_too_often_suspends_itself(run: Run) -> None:
    committed(run, "SCHEDULE = '60 MINUTES' SUSPEND_TASK_AFTER_NUM_FAILURES = 1 TASK_AUTO_RETRY_ATTEMPTS = 1")
    run("ALTER TASK a MODIFY AS SELECT * FROM nowhere")
    run("ALTER TASK GRAPH g COMMIT")
    executed(run, graphs=2)
    assert shown(run)["state"] == "suspended"
    run("ALTER TASK GRAPH g RESUME")
    executed(run)
    assert shown(run)["last_suspended_reason"] == "SUSPENDED_DUE_TO_ERRORS"
    assert history(run)["A"] == "FAILED_AND_AUTO_SUSPENDED"


def test_ongoing_executions_of_a_graph_are_cancelled_through_its_root(run: Run) -> None:
    members(run)
    run(f"CREATE OR ALTER TASK r {BODY} SELECT SYSTEM$WAIT(30)")
    run("CREATE TASK GRAPH g ROOTS = (r)")
    run("ALTER TASK GRAPH g COMMIT")
    run("EXECUTE TASK GRAPH g")
    until(lambda: history(run).get("R") == "EXECUTING")
    run("SELECT SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS('r')")
    assert until(lambda: complete(run))[0]["STATE"] == "CANCELLED"


def test_changes_before_a_commit_are_shown_as_statements(run: Run) -> None:
    members(run)
    run("CREATE TASK GRAPH g ROOTS = (r) FINALIZER = f")
    changes = "SELECT * FROM TABLE(INFORMATION_SCHEMA.TASK_GRAPH_CHANGES(TASK_GRAPH_NAME => 'g'))"
    refused(run, changes, "no committed version", 91093)
    run("ALTER TASK GRAPH g COMMIT")
    assert run(changes) == []
    run("ALTER TASK GRAPH g SET SCHEDULE = '1 HOURS'")
    run("ALTER TASK GRAPH g UNSET FINALIZER")
    run("CREATE TASK b WAREHOUSE = COMPUTE_WH USER_TASK_TIMEOUT_MS = 5 COMMENT = 'it''s' AFTER a AS SELECT 1")
    run("ALTER TASK a MODIFY AS SELECT 2")
    rows = {(row["ENTITY_TYPE"], row["ENTITY_NAME"]): (row["BEFORE"], row["AFTER"]) for row in run(changes)}
    assert list(rows) == [("TASK_GRAPH", "G"), ("TASK", "A"), ("TASK", "B"), ("TASK", "F")]
    before = "CREATE TASK A\n  WAREHOUSE = COMPUTE_WH\n  AFTER R\n  AS SELECT "
    assert rows["TASK", "A"] == (f"{before}1", f"{before}2")
    clauses = ("WAREHOUSE = COMPUTE_WH", "USER_TASK_TIMEOUT_MS = 5", "COMMENT = 'it''s'", "AFTER A", "AS SELECT 1")
    assert rows["TASK", "B"] == (None, "\n  ".join(["CREATE TASK B", *clauses]))
    assert rows["TASK", "F"] == ("CREATE TASK F\n  WAREHOUSE = COMPUTE_WH\n  AS SELECT 1", None)
    assert rows["TASK_GRAPH", "G"] == (
        "CREATE TASK GRAPH G\n  ROOTS = (R)\n  FINALIZER = F",
        "CREATE TASK GRAPH G\n  ROOTS = (R)\n  SCHEDULE = '1 HOURS'",
    )


def test_committed_tasks_are_shown_as_they_run(run: Run) -> None:
    committed(run)
    run("ALTER TASK a MODIFY AS SELECT 2")
    run(f"CREATE TASK b {ON} AFTER a AS SELECT 1")
    assert [row["name"] for row in run("SHOW TASKS")] == ["A", "B", "F", "R"]
    rows = run("SHOW COMMITTED TASKS IN GRAPH g")
    assert [(row["name"], row["definition"]) for row in rows] == [(name, "SELECT 1") for name in "AFR"]
    assert [row["name"] for row in run("SHOW COMMITTED TASKS LIKE 'a' IN SCHEMA")] == ["A"]
    assert run("DESC COMMITTED TASK a") == rows[:1]
    assert run("DESCRIBE COMMITTED TASK b") == []
    assert run("DESC TASK a")[0]["definition"] == "SELECT 2"


def test_privileges_on_graphs_are_those_on_tasks(run: Run, snowflake: Any, database: str) -> None:
    committed(run)
    run("CREATE OR REPLACE ROLE tg_operator")
    run("GRANT ROLE tg_operator TO ROLE ACCOUNTADMIN")
    for sql in (f"USAGE ON DATABASE {database}", f"USAGE, CREATE TASK ON SCHEMA {database}.PUBLIC"):
        run(f"GRANT {sql} TO ROLE tg_operator")
    with snowflake.connector(database=database, schema="PUBLIC", role="TG_OPERATOR") as connection:
        mine: Run = lambda sql: connection.cursor(DictCursor).execute(sql).fetchall()  # noqa: E731
        mine("USE SECONDARY ROLES NONE")
        refused(mine, "EXECUTE TASK GRAPH g", "does not exist or not authorized", 2003)
        refused(mine, "CREATE TASK GRAPH h", "Insufficient privileges", 3001)
        run("GRANT MONITOR ON TASK GRAPH g TO ROLE tg_operator")
        refused(mine, "EXECUTE TASK GRAPH g", "Insufficient privileges", 3001)
        run("GRANT OPERATE ON TASK GRAPH g TO ROLE tg_operator")
        for sql in ("ALTER TASK GRAPH g RESUME", "EXECUTE TASK GRAPH g", "ALTER TASK GRAPH g SUSPEND"):
            mine(sql)
        until(lambda: complete(run))
        assert [row["GRAPH_NAME"] for row in complete(mine)] == ["G"]
        refused(mine, "ALTER TASK GRAPH g COMMIT", "Insufficient privileges", 3001)
    run("DROP ROLE tg_operator")
