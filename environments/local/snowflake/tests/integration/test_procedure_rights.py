"""A procedure with its owner's rights leaves its caller's session alone; one with its caller's rights may change it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

Run = Callable[..., list[tuple]]
SNOWPARK = "LANGUAGE PYTHON RUNTIME_VERSION = '3.11' PACKAGES = ('snowflake-snowpark-python') HANDLER = 'run'"
# Each with its caller's rights, too, so that it is the rights that are missing.
OF_THE_SESSION = (
    "ALTER SESSION SET QUERY_TAG = 'x'",
    "ALTER SESSION UNSET QUERY_TAG",
    "USE ROLE ACCOUNTADMIN",
    "USE SECONDARY ROLES NONE",
    "USE SCHEMA PUBLIC",
    "USE WAREHOUSE COMPUTE_WH",
    "SET x = 1",
    "UNSET x",
    "SHOW PARAMETERS",
    "SHOW PARAMETERS LIKE 'QUERY%'",
    "SHOW PARAMETERS IN SESSION",
    "SHOW VARIABLES",
    "SHOW GRANTS",
    "ALTER USER ADMIN SET COMMENT = ''",
    "ALTER USER IF EXISTS ADMIN SET COMMENT = ''",
    "LIST @s",
    "LS @s",
    "RM @s",
    "EXECUTE TASK t",
    "SELECT $of_the_caller",
    "SELECT * FROM @~",
)
ITS_OWN = (
    "SELECT 1",
    "INSERT INTO log VALUES (1)",
    "CREATE OR REPLACE TABLE other (a INT)",
    "CREATE OR REPLACE TEMPORARY TABLE scratch (a INT)",
    "GRANT SELECT ON TABLE log TO ROLE PUBLIC",
    "SHOW TABLES",
    "SHOW GRANTS ON TABLE log",
    "SHOW PARAMETERS IN USER ADMIN",
    "DESCRIBE TABLE log",
    "CALL SYSTEM$WAIT(0)",
    "BEGIN TRANSACTION",
    "EXECUTE IMMEDIATE 'SELECT 1'",
    "COPY INTO @s FROM log OVERWRITE = TRUE",
)


@pytest.fixture(scope="module")
def run(snowflake: Any) -> Iterator[Run]:
    with snowflake.connector(warehouse="COMPUTE_WH") as connection:
        cursor = connection.cursor()

        def execute(sql: str) -> list[tuple]:
            return cursor.execute(sql).fetchall()

        for sql in (
            "CREATE OR REPLACE DATABASE RIGHTS",
            "CREATE TABLE log (a INT)",
            "CREATE STAGE s",
            "CREATE TASK t AS SELECT 1",
            "SET of_the_caller = 1",
        ):
            execute(sql)
        yield execute
        execute("DROP DATABASE RIGHTS")


def called(run: Run, statement: str, rights: str) -> list[tuple]:
    after = "ROLLBACK; " if statement.startswith("BEGIN") else ""
    quoted = statement.replace("'", "''")
    body = f"BEGIN EXECUTE IMMEDIATE '{quoted}'; {after}RETURN 'done'; END"
    run(f"CREATE OR REPLACE PROCEDURE p() RETURNS VARCHAR LANGUAGE SQL EXECUTE AS {rights} AS $$ {body} $$")
    return run("CALL p()")


@pytest.mark.parametrize("statement", OF_THE_SESSION)
def test_what_belongs_to_the_caller_is_refused_with_the_owners_rights_only(run: Run, statement: str) -> None:
    with pytest.raises(ProgrammingError):
        called(run, statement, "OWNER")
    assert called(run, statement, "CALLER") == [("done",)]


@pytest.mark.parametrize("statement", ITS_OWN)
def test_queries_changes_and_definitions_are_the_owners_to_make(run: Run, statement: str) -> None:
    assert called(run, statement, "OWNER") == [("done",)]


def test_the_refusal_names_the_statements_type(run: Run) -> None:
    with pytest.raises(ProgrammingError, match="Unsupported statement type 'ALTER_SESSION'") as refused:
        called(run, "ALTER SESSION SET QUERY_TAG = 'x'", "OWNER")
    assert refused.value.errno == 90236


def test_what_an_owners_rights_procedure_calls_has_its_owners_rights_too(run: Run) -> None:
    body = "BEGIN USE SCHEMA PUBLIC; RETURN 'done'; END"
    run(f"CREATE OR REPLACE PROCEDURE inner_p() RETURNS VARCHAR LANGUAGE SQL EXECUTE AS CALLER AS $$ {body} $$")
    assert called(run, "CALL inner_p()", "CALLER") == [("done",)]
    with pytest.raises(ProgrammingError, match="Unsupported statement type 'USE'"):
        called(run, "CALL inner_p()", "OWNER")


def test_the_callers_parameters_count_as_far_as_the_page_lists_them(run: Run) -> None:
    tag = "(SELECT QUERY_TAG FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY_BY_SESSION()) LIMIT 1)"
    run("ALTER SESSION SET QUERY_TAG = 'of the caller'")
    run(f"CREATE OR REPLACE PROCEDURE p() RETURNS VARCHAR LANGUAGE SQL AS $$ BEGIN RETURN {tag}; END $$")
    assert run("CALL p()") == [("of the caller",)]
    run("ALTER SESSION UNSET QUERY_TAG")


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("CREATE TEMPORARY TABLE x (a INT)", "temporary TABLE"),
        ("CREATE OR REPLACE TEMP STAGE x", "temporary STAGE"),
        ("ALTER SESSION SET QUERY_TAG = 'x'", "ALTER_SESSION"),
        ("USE SCHEMA PUBLIC", "USE"),
    ],
)
def test_python_with_the_owners_rights_is_held_as_well(run: Run, statement: str, refusal: str) -> None:
    body = f"def run(session):\n    session.sql({statement!r}).collect()\n    return 'done'"
    for rights in ("OWNER", "CALLER"):
        run(f"CREATE OR REPLACE PROCEDURE py() RETURNS VARCHAR {SNOWPARK} EXECUTE AS {rights} AS $$\n{body}\n$$")
        if rights == "CALLER":
            assert run("CALL py()") == [("done",)]
        else:
            with pytest.raises(ProgrammingError, match=f"Unsupported statement type '{refusal}'"):
                run("CALL py()")


def test_snowparks_own_temporary_objects_are_made_with_the_owners_rights(run: Run) -> None:
    body = "def run(session):\n    return str(session.create_dataframe([[n] for n in range(600)], ['a']).count())"
    run(f"CREATE OR REPLACE PROCEDURE py() RETURNS VARCHAR {SNOWPARK} AS $$\n{body}\n$$")
    assert run("CALL py()") == [("600",)]


def test_restricted_callers_rights_are_refused_by_name(run: Run) -> None:
    with pytest.raises(ProgrammingError, match="EXECUTE AS RESTRICTED CALLER"):
        run("CREATE PROCEDURE r() RETURNS INT LANGUAGE SQL EXECUTE AS RESTRICTED CALLER AS $$ BEGIN RETURN 1; END $$")


def test_calls_are_nested_sixteen_deep_and_no_deeper(run: Run) -> None:
    body = "BEGIN IF (n > 1) THEN CALL deep(:n - 1); END IF; RETURN 'done'; END"
    run(f"CREATE OR REPLACE PROCEDURE deep(n INT) RETURNS VARCHAR LANGUAGE SQL AS $$ {body} $$")
    assert run("CALL deep(16)") == [("done",)]
    with pytest.raises(ProgrammingError, match="16 deep"):
        run("CALL deep(17)")
