"""Dynamic tables, through the connector: what they hold, when they are refreshed, who may do what."""

import time

import pytest
from snowflake.connector import DictCursor
from snowflake.connector.errors import ProgrammingError

from tests.conftest import start, stop

DATABASE = "T_DYNAMIC_TABLES"
TAIL = "TARGET_LAG = DOWNSTREAM WAREHOUSE = COMPUTE_WH"


@pytest.fixture(scope="module")
def connection(snowflake):
    with snowflake.connector(warehouse="COMPUTE_WH") as opened:
        opened.cursor().execute(f"CREATE OR REPLACE DATABASE {DATABASE}")
        yield opened
        opened.cursor().execute(f"DROP DATABASE {DATABASE}")


@pytest.fixture
def run(connection):
    """Run a statement and return its rows; T holds 1 and 2, D is a dynamic table of its sum."""
    cursor = connection.cursor()
    cursor.execute("USE ROLE ACCOUNTADMIN")
    cursor.execute(f"CREATE OR REPLACE SCHEMA {DATABASE}.PUBLIC")
    cursor.execute("CREATE TABLE T AS SELECT COLUMN1 AS N FROM VALUES (1), (2)")
    cursor.execute(f"CREATE DYNAMIC TABLE D (TOTAL COMMENT 'of all') {TAIL} COMMENT = 'c' AS SELECT SUM(N) AS S FROM T")
    return lambda statement: cursor.execute(statement).fetchall()


def refused(run, statement):
    with pytest.raises(ProgrammingError) as caught:
        run(statement)
    return caught.value


def shown(connection, name="D"):
    return connection.cursor(DictCursor).execute(f"SHOW DYNAMIC TABLES LIKE '{name}'").fetchone()


def history(run, name="D"):
    asked = f"TABLE(INFORMATION_SCHEMA.DYNAMIC_TABLE_REFRESH_HISTORY(NAME => '{name}'))"
    return run(f"SELECT STATE, REFRESH_TRIGGER, REFRESH_ACTION FROM {asked} ORDER BY REFRESH_START_TIME")


def test_the_rows_are_those_of_the_last_refresh(run):
    run("INSERT INTO T VALUES (10)")
    assert run("SELECT TOTAL FROM D") == [(3,)]
    run("ALTER DYNAMIC TABLE D REFRESH")
    assert run("SELECT TOTAL FROM D") == [(13,)]
    assert history(run) == [("SUCCEEDED", "CREATION", "FULL"), ("SUCCEEDED", "MANUAL", "FULL")]


def test_show_and_describe_say_what_it_is(run, connection):
    row = shown(connection)
    expected = {"rows": 1, "target_lag": "DOWNSTREAM", "warehouse": "COMPUTE_WH", "scheduling_state": "ACTIVE"}
    expected |= {"refresh_mode": "FULL", "comment": "c", "owner": "ACCOUNTADMIN", "scheduler": "ENABLE"}
    assert {key: row[key] for key in expected} == expected
    assert row["refresh_mode_reason"]
    assert row["text"].startswith("CREATE DYNAMIC TABLE D")
    described = connection.cursor(DictCursor).execute("DESCRIBE DYNAMIC TABLE D").fetchall()
    assert [(c["name"], c["comment"]) for c in described] == [("TOTAL", "of all")]
    is_dynamic = "SELECT IS_DYNAMIC FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = 'D'"
    assert run(is_dynamic) == [("YES",)]


def test_a_refresh_refreshes_what_it_reads_first(run):
    run(f"CREATE DYNAMIC TABLE E {TAIL} AS SELECT TOTAL + 1 AS M FROM D")
    run("INSERT INTO T VALUES (10)")
    run("ALTER DYNAMIC TABLE E REFRESH")
    assert run("SELECT M, TOTAL FROM E, D") == [(14, 13)]


def test_with_its_scheduler_disabled_it_is_refreshed_alone(run):
    run("CREATE DYNAMIC TABLE E SCHEDULER = DISABLE WAREHOUSE = COMPUTE_WH AS SELECT TOTAL + 1 AS M FROM D")
    run("INSERT INTO T VALUES (10)")
    run("ALTER DYNAMIC TABLE E REFRESH")
    assert run("SELECT M, TOTAL FROM E, D") == [(4, 3)]


def test_it_can_be_suspended_resumed_and_changed(run, connection):
    run("ALTER DYNAMIC TABLE D SUSPEND")
    assert shown(connection)["scheduling_state"] == "SUSPENDED"
    assert shown(connection)["last_suspended_on"]
    run("ALTER DYNAMIC TABLE D RESUME")
    run("ALTER DYNAMIC TABLE D SET COMMENT = 'new'")
    run("ALTER DYNAMIC TABLE D SET TARGET_LAG = '2 hours'")
    row = shown(connection)
    assert (row["scheduling_state"], row["target_lag"], row["comment"]) == ("ACTIVE", "2 hours", "new")


def test_it_waits_for_its_first_refresh_where_it_is_told_to(run):
    run(f"CREATE DYNAMIC TABLE E {TAIL} INITIALIZE = ON_SCHEDULE AS SELECT N FROM T")
    assert "is not initialized" in refused(run, "SELECT * FROM E").msg
    run("ALTER DYNAMIC TABLE E REFRESH")
    assert run("SELECT COUNT(*) FROM E") == [(2,)]


def test_a_failed_refresh_says_why_and_leaves_the_rows(run):
    run("CREATE OR REPLACE TABLE T AS SELECT 'x' AS OTHER")
    assert refused(run, "ALTER DYNAMIC TABLE D REFRESH").errno == 904
    assert run("SELECT TOTAL FROM D") == [(3,)]
    assert history(run)[-1][0] == "FAILED"


def test_other_columns_than_at_its_creation_end_the_refresh(run):
    run(f"CREATE DYNAMIC TABLE E {TAIL} AS SELECT * FROM T")
    run("ALTER TABLE T ADD COLUMN M NUMBER")
    assert "gives other columns" in refused(run, "ALTER DYNAMIC TABLE E REFRESH").msg


def test_its_rows_are_read_only_and_its_name_is_taken(run):
    assert "can only be read" in refused(run, "INSERT INTO D VALUES (1)").msg
    assert "can only be read" in refused(run, "DELETE FROM D").msg
    assert refused(run, "CREATE TABLE D (N NUMBER)").errno == 2002
    assert refused(run, f"CREATE DYNAMIC TABLE D {TAIL} AS SELECT 1 AS ONE").errno == 2002
    run(f"CREATE OR REPLACE DYNAMIC TABLE D {TAIL} AS SELECT 1 AS ONE")
    assert run("SELECT * FROM D") == [(1,)]


def test_a_dropped_one_is_gone_with_its_history(run):
    run("DROP DYNAMIC TABLE D")
    assert refused(run, "SELECT * FROM D").errno == 2003
    assert history(run) == []


@pytest.mark.parametrize(
    ("clauses", "complaint"),
    [
        ("WAREHOUSE = COMPUTE_WH", "TARGET_LAG"),
        ("TARGET_LAG = '1 minute'", "WAREHOUSE"),
        ("TARGET_LAG = '30 seconds' WAREHOUSE = COMPUTE_WH", "the shortest is 60 seconds"),
        ("TARGET_LAG = 'soon' WAREHOUSE = COMPUTE_WH", "Invalid TARGET_LAG"),
        ("TARGET_LAG = '1 minute' WAREHOUSE = NOPE", "NOPE"),
        (f"{TAIL} REFRESH_MODE = SOMETIMES", "SOMETIMES"),
        (f"{TAIL} IMMUTABLE WHERE (N > 1)", "IMMUTABLE"),
        (f"{TAIL} FUNNY = 1", "FUNNY"),
    ],
)
def test_a_clause_that_cannot_be_held_is_refused(run, clauses, complaint):
    assert complaint in refused(run, f"CREATE DYNAMIC TABLE E {clauses} AS SELECT N FROM T").msg


def test_who_may_do_what(run, connection):
    role = f"R_{DATABASE}"
    for statement in (
        f"CREATE OR REPLACE ROLE {role}",
        f"GRANT ROLE {role} TO USER ADMIN",
        f"GRANT USAGE ON DATABASE {DATABASE} TO ROLE {role}",
        f"GRANT USAGE ON SCHEMA PUBLIC TO ROLE {role}",
        f"GRANT SELECT ON DYNAMIC TABLE D TO ROLE {role}",
        "USE SECONDARY ROLES NONE",
        f"USE ROLE {role}",
    ):
        run(statement)
    assert run("SELECT TOTAL FROM D") == [(3,)]
    assert history(run) == []
    for statement in ("REFRESH", "SUSPEND", "SET TARGET_LAG = '1 hour'"):
        assert refused(run, f"ALTER DYNAMIC TABLE D {statement}").errno == 3001
    assert refused(run, f"CREATE DYNAMIC TABLE E {TAIL} AS SELECT 1 AS ONE").errno == 3001
    run("USE ROLE ACCOUNTADMIN")
    run(f"GRANT OPERATE, MONITOR ON DYNAMIC TABLE D TO ROLE {role}")
    run(f"GRANT CREATE DYNAMIC TABLE ON SCHEMA PUBLIC TO ROLE {role}")
    run(f"USE ROLE {role}")
    run("ALTER DYNAMIC TABLE D REFRESH")  # with the rights of its owner, who reads T
    assert len(history(run)) == 2
    assert refused(run, f"CREATE DYNAMIC TABLE E {TAIL} AS SELECT N FROM T").errno == 2003
    run(f"CREATE DYNAMIC TABLE E {TAIL} AS SELECT TOTAL FROM D")
    run("USE ROLE ACCOUNTADMIN")
    run("USE SECONDARY ROLES ALL")


def test_a_lag_is_kept_in_the_background_and_over_a_restart(tmp_path):
    process, server = start(tmp_path, measured=True)
    with server.connector(warehouse="COMPUTE_WH") as connection:
        run = connection.cursor().execute
        run("CREATE DATABASE B")
        run("CREATE TABLE T AS SELECT 1 AS N")
        run(
            "CREATE DYNAMIC TABLE D TARGET_LAG = '1 day' WAREHOUSE = COMPUTE_WH INITIALIZE = ON_SCHEDULE "
            "AS SELECT N FROM T"
        )
        assert _triggers(run) == ["SCHEDULED"]
    stop(process)
    process, server = start(tmp_path)
    with server.connector(database="B", schema="PUBLIC", warehouse="COMPUTE_WH") as connection:
        run = connection.cursor().execute
        assert run("SELECT N FROM D").fetchall() == [(1,)]
        assert _triggers(run) == ["SCHEDULED"]
    stop(process)


def _triggers(run):
    """The triggers in the history of D, once there is one."""
    until = time.monotonic() + 30
    query = "SELECT REFRESH_TRIGGER FROM TABLE(INFORMATION_SCHEMA.DYNAMIC_TABLE_REFRESH_HISTORY())"
    while not (found := [row[0] for row in run(query).fetchall()]) and time.monotonic() < until:
        time.sleep(0.05)
    return found
