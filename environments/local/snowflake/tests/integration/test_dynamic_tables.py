"""Dynamic tables, through the connector: what they hold, when they are refreshed, who may do what."""

import time

import pytest
from snowflake.connector import DictCursor
from snowflake.connector.errors import ProgrammingError

from local_snowflake.testing import start, stop
from tests.conftest import measured

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
    assert history(run) == [("SUCCEEDED", "CREATION", "FULL"), ("SUCCEEDED", "MANUAL", "INCREMENTAL")]


def test_show_and_describe_say_what_it_is(run, connection):
    row = shown(connection)
    expected = {"rows": 1, "target_lag": "DOWNSTREAM", "warehouse": "COMPUTE_WH", "scheduling_state": "ACTIVE"}
    expected |= {
        "refresh_mode": "INCREMENTAL",
        "refresh_mode_reason": None,
        "comment": "c",
        "owner": "ACCOUNTADMIN",
        "scheduler": "ENABLE",
    }
    assert {key: row[key] for key in expected} == expected
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
        ("TARGET_LAG = 'soon' WAREHOUSE = COMPUTE_WH", "'TARGET_LAG'"),
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
    process, server = start(tmp_path, **measured())
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


# What the page of supported queries has as not supported for incremental refresh.
FULL_ONLY = (
    "SELECT N, RANDOM() AS R FROM T",
    "SELECT N, UUID_STRING() AS R FROM T",
    "SELECT N, CURRENT_TIMESTAMP() AS R FROM T",
    "SELECT N, CURRENT_DATE AS R FROM T",
    "SELECT N, CURRENT_ROLE() AS R FROM T",
    "SELECT N, CURRENT_WAREHOUSE() AS R FROM T",
    "SELECT N, SEQ4() AS R FROM T",
    "SELECT N FROM T WHERE N < UNIFORM(1, 10, RANDOM())",
    "SELECT N FROM T EXCEPT SELECT 1",
    "SELECT N FROM T INTERSECT SELECT 1",
    "SELECT N FROM T LIMIT 1",
    "SELECT TOP 1 N FROM T",
    "SELECT N, COUNT(*) AS C FROM T GROUP BY ROLLUP (N)",
    "SELECT N, COUNT(*) AS C FROM T GROUP BY CUBE (N)",
    "SELECT N, COUNT(*) AS C FROM T GROUP BY GROUPING SETS ((N), ())",
    "SELECT A.N FROM T A LEFT JOIN T B ON A.N > B.N",
    "SELECT N FROM T WHERE EXISTS (SELECT 1 FROM T)",
    "SELECT N FROM T WHERE N IN (SELECT N FROM T)",
    "SELECT N, (SELECT MAX(N) FROM T) AS M FROM T",
    "WITH RECURSIVE X AS (SELECT 1 AS A UNION ALL SELECT A + 1 FROM X WHERE A < 3) SELECT A FROM X",
    "SELECT MEDIAN(N) AS M FROM T",
    "SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY N) AS M FROM T",
    "SELECT SEQ4() AS M FROM TABLE(GENERATOR(ROWCOUNT => 3))",
    "SELECT R FROM UNSTEADY",
)
INCREMENTALLY = (
    "SELECT N, COUNT(*) AS C FROM T GROUP BY N",
    "SELECT DISTINCT N FROM T ORDER BY N",
    "SELECT N FROM T WHERE CURRENT_TIMESTAMP() > '2020-01-01'::TIMESTAMP_LTZ",
    "SELECT A.N FROM T A LEFT JOIN T B ON A.N = B.N AND A.N = B.N",
    "SELECT N FROM T UNION SELECT N FROM T",
    "SELECT N FROM T UNION ALL SELECT N FROM T",
    "WITH X AS (SELECT N FROM T) SELECT X.N FROM X JOIN (SELECT N FROM T) Y ON X.N = Y.N",
    "SELECT N, ROW_NUMBER() OVER (ORDER BY N) AS R FROM T QUALIFY R = 1",
    "SELECT T.N, F.VALUE FROM T, LATERAL FLATTEN(INPUT => ARRAY_CONSTRUCT(N)) F",
    "SELECT APPROX_COUNT_DISTINCT(N) AS C FROM T",
    "SELECT N FROM T WHERE N IN (1, 2)",
    "SELECT T.N FROM T JOIN (VALUES (1), (2)) AS V(A) ON T.N = V.A",
)


@pytest.mark.parametrize("query", FULL_ONLY)
def test_what_cannot_be_refreshed_incrementally_is_refused_or_refreshed_in_full(run, connection, query):
    run("CREATE OR REPLACE VIEW UNSTEADY AS SELECT RANDOM() AS R FROM T")
    complaint = refused(run, f"CREATE DYNAMIC TABLE E {TAIL} REFRESH_MODE = INCREMENTAL AS {query}")
    assert complaint.errno == 2711
    run(f"CREATE DYNAMIC TABLE E {TAIL} REFRESH_MODE = AUTO INITIALIZE = ON_SCHEDULE AS {query}")
    row = shown(connection, "E")
    assert (row["refresh_mode"], row["refresh_mode_reason"]) == ("FULL", "QUERY_NOT_SUPPORTED_FOR_INCREMENTAL")


@pytest.mark.parametrize("query", INCREMENTALLY)
def test_what_the_page_supports_is_refreshed_incrementally(run, connection, query):
    for mode in ("INCREMENTAL", "AUTO"):
        run(f"CREATE OR REPLACE DYNAMIC TABLE E {TAIL} REFRESH_MODE = {mode} AS {query}")
        row = shown(connection, "E")
        assert (row["refresh_mode"], row["refresh_mode_reason"]) == ("INCREMENTAL", None)


def test_what_reads_one_that_is_refreshed_in_full_is_so_too(run, connection):
    run(f"CREATE DYNAMIC TABLE E {TAIL} REFRESH_MODE = FULL AS SELECT N FROM T")
    assert shown(connection, "E")["refresh_mode_reason"] == "USER_SPECIFIED_FULL_REFRESH"
    assert refused(run, f"CREATE DYNAMIC TABLE F {TAIL} REFRESH_MODE = INCREMENTAL AS SELECT N FROM E").errno == 2711
    run(f"CREATE DYNAMIC TABLE F {TAIL} AS SELECT N FROM E")
    assert shown(connection, "F")["refresh_mode_reason"] == "UPSTREAM_USES_FULL_REFRESH"


@pytest.mark.parametrize(
    "query", ["SELECT ANY_VALUE(N) AS A FROM T", "SELECT CURRENT_USER() AS A", "SELECT N FROM T SAMPLE (10)"]
)
def test_what_no_refresh_supports_is_refused(run, query):
    assert refused(run, f"CREATE DYNAMIC TABLE E {TAIL} REFRESH_MODE = FULL AS {query}").errno == 2711


@pytest.mark.parametrize("key", ["NOPE", "N, NOPE", "UPPER(NOPE)", "T.N", ""])
def test_a_clustering_key_is_of_columns_that_are_there(run, key):
    refused(run, f"CREATE DYNAMIC TABLE E {TAIL} CLUSTER BY ({key}) AS SELECT N FROM T")
    refused(run, f"CREATE TABLE C (N INT) CLUSTER BY ({key})")
    refused(run, f"CREATE TABLE C CLUSTER BY ({key}) AS SELECT N FROM T")
    refused(run, f"ALTER TABLE T CLUSTER BY ({key})")
    run("ALTER TABLE T CLUSTER BY (N, MOD(N, 10))")
    run(f"CREATE DYNAMIC TABLE E {TAIL} CLUSTER BY (N) AS SELECT N FROM T")
