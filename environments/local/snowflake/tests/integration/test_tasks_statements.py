"""CREATE, ALTER, DROP, SHOW and EXECUTE TASK through the connector: what they do, and what they refuse."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from snowflake.connector import DictCursor
from snowflake.connector.errors import ProgrammingError

Run = Callable[..., list[dict[str, Any]]]
ON = "WAREHOUSE = COMPUTE_WH"
BODY = f"{ON} AS SELECT 1"


@pytest.fixture
def run(snowflake: Any, database: str) -> Iterator[Run]:
    """Run a statement in the test's database; rows as dicts."""
    with snowflake.connector(database=database, schema="PUBLIC") as connection:
        yield lambda sql, *bound: connection.cursor(DictCursor).execute(sql, bound or None).fetchall()


@pytest.fixture
def shown(run: Run) -> Callable[[str], dict[str, Any]]:
    """The row of SHOW TASKS for one task."""
    return lambda name: next(row for row in run("SHOW TASKS") if row["name"] == name)


def refused(run: Run, sql: str, why: str, code: int | None = None) -> None:
    with pytest.raises(ProgrammingError, match=why) as error:
        run(sql)
    assert code in {None, error.value.errno}


def graph(run: Run) -> None:
    """R -> A, B -> C, and the finalizer F."""
    run(f"CREATE TASK r SCHEDULE = '60 MINUTES' {BODY}")
    for name, after in (("a", "AFTER r"), ("b", "AFTER r"), ("c", "AFTER a, b"), ("f", "FINALIZE = r")):
        run(f"CREATE TASK {name} {ON} {after} AS SELECT 1")


def test_a_new_task_is_suspended_and_shows_what_was_written(run: Run, shown: Callable) -> None:
    run(
        "CREATE TASK full WAREHOUSE = COMPUTE_WH SCHEDULE = 'USING CRON 0 9 * * MON UTC' CONFIG = $${\"a\": 1}$$ "
        "OVERLAP_POLICY = ALLOW_CHILD_OVERLAP QUERY_TAG = 'x', USER_TASK_TIMEOUT_MS = 1000 "
        "SUSPEND_TASK_AFTER_NUM_FAILURES = 3 TASK_AUTO_RETRY_ATTEMPTS = 2 LOG_LEVEL = 'INFO' COMMENT = 'it''s' "
        "WHEN 1 = 1 AS SELECT 'a;b' AS \"As\""
    )
    row = shown("FULL")
    expected = {
        "state": "suspended",
        "warehouse": "COMPUTE_WH",
        "schedule": "USING CRON 0 9 * * MON UTC",
        "config": '{"a": 1}',
        "overlap_policy": "ALLOW_CHILD_OVERLAP",
        "allow_overlapping_execution": "true",
        "comment": "it's",
        "condition": "1 = 1",
        "definition": "SELECT 'a;b' AS \"As\"",
        "owner": "ACCOUNTADMIN",
        "created_by_user": "ADMIN",
        "last_committed_on": None,
    }
    assert {key: row[key] for key in expected} == expected
    assert run("DESCRIBE TASK full") == [row]


def test_a_graph_shows_its_edges_and_its_finalizer(run: Run, shown: Callable, database: str) -> None:
    graph(run)
    assert json.loads(shown("C")["predecessors"]) == [f"{database}.PUBLIC.A", f"{database}.PUBLIC.B"]
    assert json.loads(shown("R")["task_relations"])["FinalizerTask"] == f"{database}.PUBLIC.F"
    assert json.loads(shown("F")["task_relations"])["FinalizedRootTask"] == f"{database}.PUBLIC.R"
    assert [row["name"] for row in run("SHOW TASKS ROOT ONLY")] == ["R"]
    assert [row["name"] for row in run("SHOW TERSE TASKS LIKE 'a'")] == ["A"]
    listed = run("SELECT name FROM TABLE(INFORMATION_SCHEMA.TASK_DEPENDENTS(TASK_NAME => 'r', RECURSIVE => FALSE))")
    assert [row["NAME"] for row in listed] == ["R", "A", "B", "F"]


STATE = "SYSTEM$PREDECESSORS_STATE('ALL_DONE')"
SIZES = "SERVERLESS_TASK_MIN_STATEMENT_SIZE = 'LARGE' SERVERLESS_TASK_MAX_STATEMENT_SIZE = 'SMALL'"


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (f"CREATE TASK x {ON} AFTER nowhere AS SELECT 1", "Invalid predecessor"),
        (f"CREATE TASK x SCHEDULE = 'soon' {BODY}", "Invalid schedule"),
        ("CREATE TASK x WAREHOUSE = nowhere AS SELECT 1", "does not exist"),
        (f"CREATE TASK x COLOUR = 'red' {BODY}", "invalid property 'COLOUR'"),
        (f"CREATE TASK x TASK_AUTO_RETRY_ATTEMPTS = 31 {BODY}", r"invalid value \[31\]"),
        (f"CREATE TASK x ERROR_INTEGRATION = mail {BODY}", "Integration 'MAIL' does not exist|'mail' does not exist"),
        (f"CREATE TASK x {ON} EXECUTE AS USER bob AS SELECT 1", "Unsupported feature"),
        (f"CREATE TASK x TARGET_COMPLETION_INTERVAL = '5 MINUTES' {BODY}", "only allowed for serverless"),
        (f"CREATE TASK x USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE = 'SMALL' {BODY}", "on a non-serverless task"),
        (f"CREATE TASK x {ON} WHEN (SELECT TRUE) AS SELECT 1", "Invalid expression for task condition"),
        (f"CREATE TASK x {ON} WHEN 1 = 1 COMMENT = 'c' AS SELECT 1", "unexpected 'COMMENT'"),
        (f"CREATE TASK x WHEN 1 = 1 {ON} AS SELECT 1", "unexpected 'WAREHOUSE'"),
        ("CREATE TASK x WAREHOUSE = COMPUTE_WH", "unexpected '<EOF>'"),
        ("CREATE TASK x WAREHOUSE = COMPUTE_WH AS", "unexpected '<EOF>'"),
        ("CREATE TASK x WAREHOUSE = COMPUTE_WH AS not sql at all", "unexpected 'not'"),
        ("CREATE TASK x WAREHOUSE = COMPUTE_WH AS SELECT FROM WHERE", "syntax error"),
        ("CREATE TASK x WAREHOUSE = COMPUTE_WH AS BEGIN SELECT 1; SHOW FOO; END", "unexpected 'FOO'"),
        ("CREATE TASK x WAREHOUSE = COMPUTE_WH AS PUT file:///tmp/a @s", "unexpected 'PUT'"),
        (f"CREATE TASK x SCHEDULE = 'USING CRON 0 5 31 2 * UTC' {BODY}", "never comes"),
        (f"CREATE TASK x SCHEDULE = 'USING CRON 0 5 * * * localtime' {BODY}", "unknown time zone"),
        (f"CREATE TASK x AUTOCOMMIT = FALSE {BODY}", "AUTOCOMMIT = FALSE"),
        (f"CREATE TASK x AUTOCOMMIT = maybe {BODY}", r"invalid value \[maybe\]"),
        (f"CREATE TASK x SEARCH_PATH = 'a' {BODY}", "SEARCH_PATH"),
        (f"CREATE TASK x STATEMENT_TIMEOUT_IN_SECONDS = long {BODY}", r"invalid value \[long\]"),
        (f"CREATE TASK x WAREHOUSE = COMPUTE_WH WHEN {STATE} AS SELECT 1", "has none"),
        ("CREATE TASK x TARGET_COMPLETION_INTERVAL = '2 DAYS' AS SELECT 1", "Invalid schedule|invalid value"),
        ("CREATE TASK x TARGET_COMPLETION_INTERVAL = '25 HOURS' AS SELECT 1", "invalid value"),
        (f"CREATE TASK x {SIZES} AS SELECT 1", "must be in order"),
        (f"CREATE OR ALTER TASK x WITH TAG (cost = 'x') {BODY}", "TAG|unexpected"),
        ("ALTER TASK nowhere RESUME", "does not exist or not authorized"),
        ("EXECUTE TASK nowhere", "does not exist or not authorized"),
    ],
)
def test_what_snowflake_refuses_is_refused(run: Run, statement: str, why: str) -> None:
    run("CREATE TAG cost")
    refused(run, statement, why)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("MODIFY AS not sql at all", "unexpected 'not'"),
        (f"MODIFY WHEN {STATE}", "has none"),
        ("SET SCHEDULE = 'USING CRON 0 5 31 2 * UTC'", "never comes"),
        ("SET SCHEDULE = 'USING CRON 0 5 * * * posix/UTC'", "unknown time zone"),
        ("SET AUTOCOMMIT = FALSE", "AUTOCOMMIT = FALSE"),
    ],
)
def test_what_create_refuses_alter_refuses_too(run: Run, shown: Callable, change: str, why: str) -> None:
    run(f"CREATE TASK t {BODY}")
    before = shown("T")
    refused(run, f"ALTER TASK t {change}", why)
    assert shown("T") == before


def test_an_existing_task_is_kept_or_replaced_as_the_statement_says(run: Run, shown: Callable) -> None:
    run(f"CREATE TASK t {BODY}")
    first = shown("T")["id"]
    refused(run, f"CREATE TASK t {BODY}", "already exists", 2002)
    run(f"CREATE TASK IF NOT EXISTS t COMMENT = 'new' {BODY}")
    assert (shown("T")["id"], shown("T")["comment"]) == (first, "")
    run(f"CREATE OR REPLACE TASK t COMMENT = 'new' {BODY}")
    assert shown("T")["id"] != first


def test_create_or_alter_redefines_a_task_and_keeps_its_identity_and_state(run: Run, shown: Callable) -> None:
    graph(run)
    run("ALTER TASK a RESUME")
    before = shown("A")
    run("CREATE OR ALTER TASK a WAREHOUSE = COMPUTE_WH COMMENT = 'later' AFTER b AS SELECT 2")
    after = shown("A")
    assert (after["id"], after["state"], after["definition"]) == (before["id"], "started", "SELECT 2")
    assert json.loads(after["predecessors"])[0].endswith(".B")
    refused(run, f"CREATE OR ALTER TASK b {ON} AFTER a AS SELECT 1", "cycle")
    run(f"CREATE OR ALTER TASK brand_new {ON} AFTER r AS SELECT 1")
    assert shown("BRAND_NEW")["state"] == "suspended"


@pytest.mark.parametrize(
    "option",
    [
        "TARGET_COMPLETION_INTERVAL = '5 MINUTES'",
        "SERVERLESS_TASK_MIN_STATEMENT_SIZE = 'SMALL'",
        "SERVERLESS_TASK_MAX_STATEMENT_SIZE = 'LARGE'",
        "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS = 60",
        "LOG_LEVEL = 'INFO'",
    ],
)
def test_some_options_are_for_create_and_alter_alone(run: Run, option: str) -> None:
    refused(run, f"CREATE OR ALTER TASK t {option} AS SELECT 1", "invalid property", 1420)
    run("CREATE OR ALTER TASK t AS SELECT 1")
    run(f"ALTER TASK t SET {option}")
    run("DROP TASK t")
    run(f"CREATE TASK t {option} AS SELECT 1")


def test_no_task_of_a_graph_changes_while_its_root_is_resumed(run: Run, database: str) -> None:
    graph(run)
    run("ALTER TASK a RESUME")
    run("ALTER TASK r RESUME")
    for statement in (
        "ALTER TASK a SUSPEND",
        "ALTER TASK b RESUME",
        "ALTER TASK c SET COMMENT = 'x'",
        "ALTER TASK c MODIFY AS SELECT 2",
        "ALTER TASK r SET SCHEDULE = '5 MINUTES'",
        f"CREATE OR ALTER TASK c {ON} AFTER a AS SELECT 1",
        f"CREATE OR REPLACE TASK r {BODY}",
        f"CREATE TASK x {ON} AFTER c AS SELECT 1",
        "DROP TASK c",
        "DROP TASK r",
    ):
        why = rf"Unable to update graph with root task {database}\.PUBLIC\.R since that root task is not suspended"
        refused(run, statement, why, 91421)
    run("ALTER TASK r SUSPEND")
    run("DROP TASK c")


def test_alter_changes_a_task(run: Run, shown: Callable) -> None:
    graph(run)
    run("ALTER TASK c REMOVE AFTER a")
    assert len(json.loads(shown("C")["predecessors"])) == 1
    run("ALTER TASK c ADD AFTER a")
    run("ALTER TASK c MODIFY AS SELECT 'new'")
    run("ALTER TASK c MODIFY WHEN SYSTEM$GET_PREDECESSOR_RETURN_VALUE('A') = 'x'")
    run("ALTER TASK c SET USER_TASK_TIMEOUT_MS = 5000 COMMENT = 'note'")
    row = shown("C")
    assert (row["definition"], row["comment"]) == ("SELECT 'new'", "note")
    run("ALTER TASK c REMOVE WHEN")
    run("ALTER TASK c UNSET COMMENT")
    assert (shown("C")["condition"], shown("C")["comment"]) == (None, "")
    run("ALTER TASK r UNSET SCHEDULE")
    run("ALTER TASK r SET CONFIG = '{\"k\": 1}'")
    assert (shown("R")["schedule"], shown("R")["config"]) == (None, '{"k": 1}')
    run("ALTER TASK f UNSET FINALIZE")
    run("ALTER TASK f SET FINALIZE = r")
    refused(run, "ALTER TASK c SET SCHEDULE = '5 MINUTES'", "can only be set on a root task")
    refused(run, "ALTER TASK c SWAP WITH a", "unexpected .SWAP.")


def test_a_dropped_task_leaves_its_children_behind_as_roots(run: Run, shown: Callable) -> None:
    graph(run)
    run("ALTER TASK a RESUME")
    run("DROP TASK r")
    row = shown("A")
    assert (row["predecessors"], row["state"], row["last_suspended_reason"]) == ("[]", "suspended", "CHILD_BECAME_ROOT")
    assert "FinalizedRootTask" not in shown("F")["task_relations"]


def test_a_clone_is_suspended_and_keeps_its_predecessors(run: Run, shown: Callable) -> None:
    graph(run)
    run("ALTER TASK a RESUME")
    run("CREATE TASK copy CLONE a")
    assert (shown("COPY")["state"], shown("COPY")["predecessors"]) == ("suspended", shown("A")["predecessors"])


def test_a_root_without_a_schedule_cannot_be_resumed_but_executed(run: Run) -> None:
    run(f"CREATE TASK t {BODY}")
    refused(run, "ALTER TASK t RESUME", "needs a SCHEDULE")
    run("EXECUTE TASK t")


def test_only_a_root_is_executed(run: Run) -> None:
    graph(run)
    refused(run, "EXECUTE TASK a", "only a root task")


def test_a_graph_with_two_roots_is_refused_when_one_of_them_is_resumed(run: Run) -> None:
    for name in ("one", "two"):
        run(f"CREATE TASK {name} SCHEDULE = '60 MINUTES' {BODY}")
    run(f"CREATE TASK both {ON} AFTER one, two AS SELECT 1")
    refused(run, "ALTER TASK one RESUME", "more than one root task")


def test_enabling_dependents_resumes_the_whole_graph(run: Run) -> None:
    graph(run)
    run("SELECT SYSTEM$TASK_DEPENDENTS_ENABLE('r')")
    assert {row["state"] for row in run("SHOW TASKS")} == {"started"}


def test_a_task_with_a_new_owner_is_suspended_and_its_graph_is_refused(
    run: Run, shown: Callable, database: str
) -> None:
    graph(run)
    run("SELECT SYSTEM$TASK_DEPENDENTS_ENABLE('r')")
    run("ALTER TASK r SUSPEND")
    run(f"CREATE OR REPLACE ROLE {database}_NEW")
    run(f"GRANT OWNERSHIP ON TASK a TO ROLE {database}_NEW")
    run(f"GRANT ROLE {database}_NEW TO ROLE ACCOUNTADMIN")
    assert (shown("A")["state"], shown("A")["last_suspended_reason"]) == ("suspended", "GRANT_OWNERSHIP")
    refused(run, "ALTER TASK r RESUME", "does not have the owner of root task")
    run(f"DROP ROLE {database}_NEW")


def test_quoted_names_and_names_with_dollars_are_names(run: Run, database: str) -> None:
    run(f"CREATE TASK \"my $root\" SCHEDULE = '60 MINUTES' {BODY}")
    run(f'CREATE TASK "DAG$child" {ON} AFTER {database}.PUBLIC."my $root" AS SELECT 1')
    listed = run("SHOW TASKS LIKE 'dag$%'")
    assert [json.loads(row["predecessors"]) for row in listed] == [[f'{database}.PUBLIC."my $root"']]


def test_what_a_task_needs_is_checked(snowflake: Any, run: Run, database: str) -> None:
    """CREATE TASK on the schema to make it, EXECUTE TASK on the account to run it, OPERATE to have it run."""
    owner, guest = f"{database}_OWNER", f"{database}_GUEST"
    for role in (owner, guest):
        run(f"CREATE OR REPLACE ROLE {role}")
        run(f"GRANT ROLE {role} TO USER ADMIN")
        run(f"GRANT USAGE ON DATABASE {database} TO ROLE {role}")
        run(f"GRANT USAGE ON SCHEMA {database}.PUBLIC TO ROLE {role}")
    with (
        snowflake.connector(database=database, schema="PUBLIC", role=owner) as own,
        snowflake.connector(database=database, schema="PUBLIC", role=guest) as other,
    ):
        for connection in (own, other):
            connection.cursor().execute("USE SECONDARY ROLES NONE")

        def by(connection: Any) -> Run:
            return lambda sql: connection.cursor(DictCursor).execute(sql).fetchall()

        refused(by(own), f"CREATE TASK t {BODY}", "Insufficient privileges", 3001)
        run(f"GRANT CREATE TASK ON SCHEMA {database}.PUBLIC TO ROLE {owner}")
        by(own)(f"CREATE TASK t {BODY}")
        refused(by(own), "CREATE TASK serverless AS SELECT 1", "Insufficient privileges", 3001)
        refused(by(own), "EXECUTE TASK t", "EXECUTE TASK privilege must be granted to owner role", 91089)
        run(f"GRANT EXECUTE TASK ON ACCOUNT TO ROLE {owner}")
        refused(by(other), "EXECUTE TASK t", "does not exist or not authorized")
        run(f"GRANT MONITOR ON TASK {database}.PUBLIC.T TO ROLE {guest}")
        refused(by(other), "EXECUTE TASK t", "Insufficient privileges", 3001)
        run(f"GRANT OPERATE ON TASK {database}.PUBLIC.T TO ROLE {guest}")
        by(other)("EXECUTE TASK t")
        refused(by(other), "ALTER TASK t SET COMMENT = 'x'", "Insufficient privileges", 3001)
    for role in (owner, guest):
        run(f"DROP ROLE {role}")


def test_the_parameters_of_a_task_say_where_they_were_set(run: Run) -> None:
    run(f"CREATE TASK t USER_TASK_TIMEOUT_MS = 1000 QUERY_TAG = 'x' {BODY}")
    run("ALTER TASK t SET TASK_AUTO_RETRY_ATTEMPTS = 2, SUSPEND_TASK_AFTER_NUM_FAILURES = 0")
    run("ALTER TASK t UNSET SUSPEND_TASK_AFTER_NUM_FAILURES")
    rows = {row["key"]: (row["value"], row["default"], row["level"]) for row in run("SHOW PARAMETERS IN TASK t")}
    expected = {
        "USER_TASK_TIMEOUT_MS": ("1000", "3600000", "TASK"),
        "TASK_AUTO_RETRY_ATTEMPTS": ("2", "0", "TASK"),
        "SUSPEND_TASK_AFTER_NUM_FAILURES": ("10", "10", ""),
        "USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE": ("Medium", "Medium", ""),
        "SERVERLESS_TASK_MAX_STATEMENT_SIZE": ("XXLARGE", "XXLARGE", ""),
        "QUERY_TAG": ("x", "", "TASK"),
        "AUTOCOMMIT": ("true", "true", ""),
    }
    assert {key: rows[key] for key in expected} == expected
    (row,) = run("SHOW PARAMETERS LIKE 'user_task_timeout%' FOR TASK t")
    assert (row["key"], row["type"]) == ("USER_TASK_TIMEOUT_MS", "NUMBER")
    assert {row["level"] for row in run("SHOW PARAMETERS")} <= {"", "ACCOUNT", "SESSION"}
    refused(run, "SHOW PARAMETERS IN TASK nowhere", "does not exist", 2003)
