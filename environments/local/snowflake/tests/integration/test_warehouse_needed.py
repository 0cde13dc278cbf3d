"""What needs a warehouse fails without one, as in an account; what the cloud services answer does not."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

Run = Callable[..., list[tuple]]
NEEDS = (
    "SELECT * FROM t",
    "SELECT COUNT(*) FROM t",
    "SELECT * FROM VALUES (1)",
    "SELECT (SELECT MAX(a) FROM t)",
    "WITH x AS (SELECT 1 AS a) SELECT * FROM x",
    "SELECT * FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))",
    "SELECT ARRAY_AGG(OBJECT_CONSTRUCT(*)) FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))",
    "SHOW TABLES ->> SELECT COUNT(*) FROM $1",
    "SELECT * FROM INFORMATION_SCHEMA.TABLES",
    "SELECT * FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY())",
    "SELECT * FROM @s",
    "SELECT f(1)",
    "SELECT g(1)",
    "INSERT INTO t VALUES (1)",
    "INSERT INTO t SELECT 1",
    "UPDATE t SET a = 2",
    "DELETE FROM t",
    "MERGE INTO t USING (SELECT 1 AS a) s ON t.a = s.a WHEN MATCHED THEN UPDATE SET a = 2",
    "COPY INTO t FROM @s",
    "COPY INTO @s FROM t",
    "CREATE TABLE made AS SELECT 1 AS a",
    "CALL python()",
    "SET x = (SELECT MAX(a) FROM t)",
    "BEGIN LET x := (SELECT COUNT(*) FROM t); RETURN x; END",
    "BEGIN LET x := 1; RETURN x + 1; END",
)
NEEDS_NONE = (
    "SELECT 1",
    "SELECT CURRENT_ROLE(), UPPER('a')",
    "SELECT SYSTEM$WAIT(0)",
    "SHOW TABLES",
    "DESCRIBE TABLE t",
    "CREATE OR REPLACE TABLE plain (a INT)",
    "CREATE OR REPLACE VIEW v AS SELECT * FROM t",
    "ALTER TABLE t SET COMMENT = 'c'",
    "CREATE OR REPLACE STAGE other",
    "LIST @s",
    "GRANT SELECT ON TABLE t TO ROLE PUBLIC",
    "SET x = 1",
    "ALTER SESSION SET QUERY_TAG = 'x'",
    "CREATE OR REPLACE DYNAMIC TABLE d TARGET_LAG = '1 hour' WAREHOUSE = COMPUTE_WH AS SELECT * FROM t",
    "ALTER DYNAMIC TABLE d REFRESH",
    "BEGIN CREATE OR REPLACE TABLE plain (a INT); RETURN 'done'; END",
    "BEGIN SHOW TABLES; EXCEPTION WHEN OTHER THEN RETURN SQLERRM; END",
)
SNOWPARK = "LANGUAGE PYTHON RUNTIME_VERSION = '3.11' PACKAGES = ('snowflake-snowpark-python') HANDLER = 'run'"


@pytest.fixture(scope="module")
def prepared(snowflake: Any) -> Iterator[Run]:
    with snowflake.connector(warehouse="COMPUTE_WH") as connection:

        def run(sql: str) -> list[tuple]:
            return connection.cursor().execute(sql).fetchall()

        for sql in (
            "CREATE OR REPLACE DATABASE COMPUTE",
            "CREATE TABLE t (a INT)",
            "CREATE STAGE s",
            "CREATE FUNCTION f(a INT) RETURNS INT AS 'a + 1'",
            "CREATE FUNCTION g(a INT) RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = '3.11' HANDLER = 'run' "
            "AS 'def run(a): return a'",
            f"CREATE PROCEDURE python() RETURNS INT {SNOWPARK} AS 'def run(session): return 1'",
            "CREATE OR REPLACE USER NOBODYS PASSWORD = 'local' DEFAULT_ROLE = ACCOUNTADMIN",
            "GRANT ROLE ACCOUNTADMIN TO USER NOBODYS",
        ):
            run(sql)
        yield run
        run("DROP DATABASE COMPUTE")
        run("DROP USER NOBODYS")


@pytest.fixture(scope="module")
def without(snowflake: Any, prepared: Run) -> Iterator[Run]:
    with snowflake.connector(user="NOBODYS", password="local", database="COMPUTE", schema="PUBLIC") as connection:
        yield lambda sql: connection.cursor().execute(sql).fetchall()


@pytest.mark.parametrize("sql", NEEDS)
def test_rows_python_and_values_need_a_warehouse(without: Run, sql: str) -> None:
    without("SELECT 1")
    with pytest.raises(ProgrammingError, match="No active warehouse selected") as refused:
        without(sql)
    assert refused.value.errno == 606


@pytest.mark.parametrize("sql", NEEDS_NONE)
def test_what_the_cloud_services_answer_needs_none(without: Run, sql: str) -> None:
    without(sql)


@pytest.mark.parametrize("sql", ["SELECT * FROM t", "INSERT INTO t VALUES (1)", "SELECT 1 AS a FROM VALUES (1)"])
def test_a_suspended_warehouse_that_does_not_resume_by_itself_is_none(prepared: Run, sql: str) -> None:
    prepared("CREATE OR REPLACE WAREHOUSE manual AUTO_RESUME = FALSE INITIALLY_SUSPENDED = TRUE")
    with pytest.raises(ProgrammingError) as refused:
        prepared(sql)
    assert refused.value.errno == 606
    prepared("ALTER WAREHOUSE manual RESUME")
    prepared(sql)
    prepared("ALTER WAREHOUSE manual SUSPEND")
    with pytest.raises(ProgrammingError):
        prepared(sql)
    prepared("ALTER WAREHOUSE manual SET AUTO_RESUME = TRUE")
    prepared(sql)
    prepared("DROP WAREHOUSE manual")
    prepared("USE WAREHOUSE COMPUTE_WH")


def test_the_shorter_time_out_of_session_and_warehouse_ends_a_statement(prepared: Run) -> None:
    prepared("CREATE OR REPLACE WAREHOUSE hasty STATEMENT_TIMEOUT_IN_SECONDS = 1")
    began = time.monotonic()
    with pytest.raises(ProgrammingError, match="timeout of 1 second") as refused:
        prepared("SELECT SYSTEM$WAIT(20)")
    assert refused.value.errno == 630
    assert time.monotonic() - began < 15
    prepared("DROP WAREHOUSE hasty")
    prepared("USE WAREHOUSE COMPUTE_WH")
