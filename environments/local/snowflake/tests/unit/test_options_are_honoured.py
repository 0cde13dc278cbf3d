"""What a statement says is done: no clause is stored, or read and forgotten."""

import time
from collections.abc import Iterator
from concurrent.futures import wait
from typing import Any

import pytest

from local_snowflake import statements
from local_snowflake.kernel.account import Account
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.executions import Execution
from local_snowflake.kernel.session import Session
from local_snowflake.opening import opened


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    account = opened(tmp_path_factory.mktemp("account"), scale=0.01)
    yield account
    account.close()


@pytest.fixture
def session(account: Account) -> Iterator[Session]:
    session = account.open_session("ADMIN", "ACCOUNTADMIN")
    session.warehouse = "COMPUTE_WH"
    run(session, "CREATE OR REPLACE DATABASE D", "CREATE ROLE IF NOT EXISTS R")
    yield session
    session.close()


def run(session: Session, *texts: str) -> list[dict[str, Any]]:
    """The rows of the last statement."""
    return [statements.statement(session, text) for text in texts][-1].rows.to_pylist()


def _held_by_r(session: Session, thing: str) -> set[str]:
    return {g["privilege"] for g in run(session, f"SHOW GRANTS ON {thing}") if g["grantee_name"] == "R"}


# An object, what R is granted on it, and how it is made, with `?` where COPY GRANTS stands.
_COPIED = [
    ("TABLE T", "SELECT", "CREATE OR REPLACE TABLE T (A INT) ?"),
    ("TABLE T", "SELECT", "CREATE OR REPLACE TABLE T ? AS SELECT 1 AS A"),
    ("VIEW V", "SELECT", "CREATE OR REPLACE VIEW V ? AS SELECT 1 AS A"),
    ("FUNCTION F(INT)", "USAGE", "CREATE OR REPLACE FUNCTION F(X INT) ? RETURNS INT AS 'X'"),
    ("PROCEDURE P()", "USAGE", "CREATE OR REPLACE PROCEDURE P() ? RETURNS INT LANGUAGE SQL AS 'BEGIN RETURN 1; END'"),
    ("STREAM S", "SELECT", "CREATE OR REPLACE STREAM S ? ON TABLE OF_S"),
    (
        "DYNAMIC TABLE DT",
        "SELECT",
        "CREATE OR REPLACE DYNAMIC TABLE DT TARGET_LAG = DOWNSTREAM WAREHOUSE = COMPUTE_WH ? AS SELECT A FROM OF_S",
    ),
]


@pytest.mark.parametrize(("thing", "privilege", "made"), _COPIED)
def test_copy_grants_keeps_what_is_granted_and_nothing_else_does(session, thing, privilege, made):
    run(session, "CREATE TABLE OF_S (A INT)", made.replace("?", ""), f"GRANT {privilege} ON {thing} TO ROLE R")
    run(session, made.replace("?", "COPY GRANTS"))
    assert _held_by_r(session, thing) == {privilege}
    run(session, made.replace("?", ""))
    assert _held_by_r(session, thing) == set()


@pytest.mark.parametrize("how", ["LIKE", "CLONE"])
def test_a_copy_of_a_table_has_the_grants_of_what_it_replaces_else_of_its_source(session, how):
    run(session, "CREATE TABLE T (A INT)", "GRANT SELECT ON TABLE T TO ROLE R", f"CREATE TABLE C {how} T COPY GRANTS")
    assert _held_by_r(session, "TABLE C") == {"SELECT"}
    run(session, "CREATE OR REPLACE TABLE C (A INT)", "GRANT INSERT ON TABLE C TO ROLE R")
    run(session, f"CREATE OR REPLACE TABLE C {how} T COPY GRANTS")
    assert _held_by_r(session, "TABLE C") == {"INSERT"}


def test_copied_grants_take_the_place_of_future_ones(session):
    run(session, "CREATE TABLE T (A INT)", "GRANT SELECT ON TABLE T TO ROLE R")
    run(session, "GRANT DELETE ON FUTURE TABLES IN SCHEMA D.PUBLIC TO ROLE R")
    run(session, "CREATE OR REPLACE TABLE T (A INT) COPY GRANTS")
    assert _held_by_r(session, "TABLE T") == {"SELECT"}


@pytest.mark.parametrize("word", ["TEMP", "TEMPORARY", "VOLATILE", "LOCAL TEMPORARY", "GLOBAL TEMP"])
def test_each_word_for_temporary_makes_a_table_of_the_session(account, session, word):
    run(session, f"CREATE {word} TABLE T (A INT)")
    with_another = account.open_session("ADMIN", "ACCOUNTADMIN")
    assert run(with_another, "SHOW TABLES IN DATABASE D") == []
    with_another.close()


def test_what_a_secure_function_does_is_its_owners_to_see(session):
    run(session, "CREATE SECURE FUNCTION F(X INT) RETURNS INT AS 'X + 1'", "GRANT USAGE ON FUNCTION F(INT) TO ROLE R")
    assert run(session, "SHOW USER FUNCTIONS LIKE 'F'")[0]["is_secure"] == "Y"
    assert "body" in {row["property"] for row in run(session, "DESCRIBE FUNCTION F(INT)")}
    run(session, "GRANT USAGE ON DATABASE D TO ROLE R", "GRANT USAGE ON SCHEMA D.PUBLIC TO ROLE R")
    run(session, "GRANT ROLE R TO USER ADMIN", "USE ROLE R", "USE SECONDARY ROLES NONE")
    assert "body" not in {row["property"] for row in run(session, "DESCRIBE FUNCTION D.PUBLIC.F(INT)")}


def _refusal(session: Session, text: str) -> str:
    with pytest.raises(SnowflakeError) as refused:
        run(session, text)
    return refused.value.code


# What happens to T (A INT, B VARCHAR(20), C OBJECT), and the error that views of it answer then.
_CHANGES = [
    ("ALTER TABLE T ADD COLUMN D INT", "002057"),
    ("ALTER TABLE T DROP COLUMN B", "002057"),
    ("ALTER TABLE T RENAME COLUMN B TO X", "002037"),
    ("CREATE OR REPLACE TABLE T (B VARCHAR(20), A INT, C OBJECT)", "002037"),
    ("CREATE OR REPLACE TABLE T (A VARCHAR, B VARCHAR(20), C OBJECT)", "002037"),
    ("CREATE OR REPLACE TABLE T (A NUMBER(9,0), B VARCHAR(40), C OBJECT)", None),
]


@pytest.mark.parametrize(("change", "code"), _CHANGES)
@pytest.mark.parametrize("made", ["V AS SELECT * FROM T", "V (P, Q, R) AS SELECT T.* FROM T JOIN T T2 ON T.A = T2.A"])
def test_the_columns_of_a_view_are_those_that_it_was_made_with(session, made, change, code):
    run(
        session,
        "CREATE TABLE T (A INT, B VARCHAR(20), C OBJECT)",
        f"CREATE VIEW {made}",
        "CREATE VIEW W AS SELECT * FROM V",
    )
    run(session, change)
    for text in ("SELECT * FROM V", "SELECT COUNT(*) FROM V", "SELECT * FROM W", "CREATE TABLE N AS SELECT * FROM V"):
        if code:
            assert _refusal(session, text) == code
        else:
            run(session, text)


def test_a_view_of_named_columns_needs_no_others(session):
    run(
        session, "CREATE TABLE T (A INT, B INT)", "CREATE VIEW V AS SELECT A FROM T", "CREATE VIEW W AS SELECT B FROM T"
    )
    run(session, "ALTER TABLE T ADD COLUMN C INT", "SELECT * FROM V", "ALTER TABLE T DROP COLUMN B", "SELECT * FROM V")
    assert _refusal(session, "SELECT * FROM W") == "002037"


def test_the_text_of_a_secure_view_is_its_owners_to_see(session):
    run(
        session,
        "CREATE SECURE VIEW V AS SELECT 1 AS A",
        "GRANT SELECT ON VIEW V TO ROLE R",
        "GRANT ROLE R TO USER ADMIN",
    )
    run(session, "GRANT USAGE ON DATABASE D TO ROLE R", "GRANT USAGE ON SCHEMA D.PUBLIC TO ROLE R")
    asked = "SELECT VIEW_DEFINITION AS D FROM INFORMATION_SCHEMA.VIEWS WHERE TABLE_NAME = 'V'"
    assert run(session, asked)[0]["D"]
    run(session, "USE ROLE R", "USE SECONDARY ROLES NONE")
    assert run(session, asked)[0]["D"] is None
    assert run(session, "SHOW VIEWS LIKE 'V'")[0]["text"] == ""


def _started(session: Session, text: str) -> Execution:
    execution = session.account.executions.submit(Execution(session, text), lambda: statements.run(session, text))
    while not execution.begun:
        time.sleep(0.005)
    return execution


def _of_warehouse(account: Account, warehouse: str) -> Session:
    session = account.open_session("ADMIN", "ACCOUNTADMIN")
    session.use_warehouse(warehouse)
    return session


@pytest.fixture
def limited(account: Account, session: Session) -> Iterator[list[Session]]:
    """Three sessions of a warehouse that runs one query at a time."""
    run(session, "CREATE OR REPLACE WAREHOUSE W MAX_CONCURRENCY_LEVEL = 1")
    sessions = [_of_warehouse(account, "W") for _ in range(3)]
    yield sessions
    account.executions.abort(lambda _: True)


def _runs_on_warehouse(session: Session) -> bool:
    return any(e.session is session for each in session.account.warehouses._running.values() for e in each)


def _begun(session: Session, text: str) -> Execution:
    execution = _started(session, text)
    while not _runs_on_warehouse(session):
        time.sleep(0.005)
    return execution


def test_more_queries_than_a_warehouse_runs_at_once_wait_for_their_turn(session, limited):
    first, second, _ = limited
    before = _begun(first, "SELECT COUNT(*) FROM TABLE(GENERATOR(ROWCOUNT => 200000000))")
    after = _started(second, "SELECT 1 FROM VALUES (1)")
    wait([after.finished], 60)
    assert after.error is None
    assert before.finished.done()


def test_a_query_that_waits_for_too_long_is_cancelled(session, limited):
    run(session, "ALTER WAREHOUSE W SET STATEMENT_QUEUED_TIMEOUT_IN_SECONDS = 1")
    _begun(limited[0], "BEGIN SELECT 1 FROM VALUES (1); CALL SYSTEM$WAIT(20); END")
    late = _started(limited[1], "SELECT 1 FROM VALUES (1)")
    wait([late.finished], 10)
    assert (late.error.code, "queued timeout of 1 second" in late.error.message) == ("000630", True)


def test_what_a_procedure_runs_has_its_place(session, limited):
    run(session, "CREATE PROCEDURE P() RETURNS INT LANGUAGE SQL AS 'BEGIN RETURN (SELECT 7 FROM VALUES (1)); END'")
    limited[0].use_schema("D", "PUBLIC")
    called = _started(limited[0], "CALL P()")
    wait([called.finished], 10)
    assert (called.finished.done(), called.error) == (True, None)


@pytest.mark.parametrize("statement", ["ALTER WAREHOUSE W ABORT ALL QUERIES", "ALTER USER ADMIN ABORT ALL QUERIES"])
def test_all_queries_are_aborted_those_that_wait_too(session, limited, statement):
    running = _begun(limited[0], "BEGIN SELECT 1 FROM VALUES (1); CALL SYSTEM$WAIT(20); END")
    waiting = _started(limited[1], "SELECT 1 FROM VALUES (1)")
    run(session, statement)
    wait([running.finished, waiting.finished], 10)
    assert [e.error.code for e in (running, waiting)] == ["000604", "000604"]


def test_a_suspended_warehouse_that_does_not_resume_runs_nothing(account, session):
    run(session, "CREATE OR REPLACE WAREHOUSE W AUTO_RESUME = FALSE INITIALLY_SUSPENDED = TRUE")
    on_it = _of_warehouse(account, "W")
    assert _refusal(on_it, "SELECT 1 FROM VALUES (1)") == "000606"
    run(session, "ALTER WAREHOUSE W RESUME")
    run(on_it, "SELECT 1 FROM VALUES (1)")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE N (A INT) ENABLE_SCHEMA_EVOLUTION = TRUE",
        "ALTER TABLE T SET ENABLE_SCHEMA_EVOLUTION = TRUE",
        "CREATE COMPUTE POOL P MIN_NODES = 1 MAX_NODES = 1 INSTANCE_FAMILY = CPU_X64_XS PLACEMENT_GROUP = 'g'",
        "COPY INTO @STG FROM T FILE_FORMAT = (TYPE = CSV RECORD_DELIMITER = ';')",
        "COPY INTO @STG FROM T FILE_FORMAT = (TYPE = CSV ESCAPE = '\\\\')",
        "COPY INTO @STG FROM T FILE_FORMAT = (TYPE = CSV EMPTY_FIELD_AS_NULL = FALSE)",
        "CREATE FILE FORMAT N TYPE = CSV ESCAPE_UNENCLOSED_FIELD = '^'",
    ],
)
def test_what_cannot_be_done_is_refused_by_name(session, statement):
    run(session, "CREATE TABLE T (A INT)", "CREATE STAGE STG")
    assert _refusal(session, statement) == "000002"


def test_a_file_is_called_as_its_format_says(session):
    run(session, "CREATE STAGE STG", "CREATE FILE FORMAT F TYPE = CSV FILE_EXTENSION = 'txt' COMPRESSION = NONE")
    run(session, "COPY INTO @STG FROM (SELECT 1 FROM VALUES (1)) FILE_FORMAT = (FORMAT_NAME = F)")
    assert [row["name"] for row in run(session, "LIST @STG")] == ["stg/data_0_0_0.txt"]


def test_copying_follows_the_stage_where_the_statement_says_nothing(session):
    run(session, "CREATE STAGE STG COPY_OPTIONS = (ON_ERROR = CONTINUE)", "CREATE TABLE T (A INT)")
    run(session, "COPY INTO @STG FROM (SELECT COLUMN1 FROM VALUES ('1'), ('x'), ('3'))")
    assert run(session, "COPY INTO T FROM @STG")[0]["rows_loaded"] == 2
    with pytest.raises(SnowflakeError):
        run(session, "COPY INTO T FROM @STG FORCE = TRUE ON_ERROR = ABORT_STATEMENT")


def test_each_transaction_has_an_id_of_its_own(session):
    def current() -> str | None:
        return statements.statement(session, "SELECT CURRENT_TRANSACTION()").rows[0][0].as_py()

    run(session, "CREATE PROCEDURE P() RETURNS VARCHAR LANGUAGE SQL AS 'BEGIN RETURN CURRENT_TRANSACTION(); END'")
    assert current() is None
    run(session, "BEGIN")
    first = current()
    assert current() == first
    assert statements.statement(session, "CALL P()").rows[0][0].as_py() == first
    run(session, "COMMIT", "BEGIN")
    assert current() not in {first, None}
    run(session, "ROLLBACK")
    assert _refusal(session, "SELECT LAST_TRANSACTION()") == "000002"
