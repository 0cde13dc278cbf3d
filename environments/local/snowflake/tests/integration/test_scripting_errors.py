"""What blocks say when they fail, what their handlers take, and how they are stopped."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

Run = Callable[..., list[tuple]]


@pytest.fixture(scope="module")
def connection(snowflake: Any) -> Iterator[Any]:
    with snowflake.connector(warehouse="COMPUTE_WH") as opened:
        cursor = opened.cursor()
        cursor.execute("CREATE OR REPLACE DATABASE t_scripting_errors")
        cursor.execute("CREATE TABLE n AS SELECT column1 AS a, column2 AS b FROM VALUES (1, 'x'), (2, 'y'), (3, 'z')")
        yield opened
        cursor.execute("DROP DATABASE t_scripting_errors")


@pytest.fixture
def run(connection: Any) -> Run:
    return lambda sql, **options: connection.cursor().execute(sql, **options).fetchall()


def answer(run: Run, block: str) -> Any:
    (row,) = run(block)
    return row[0]


# ---- what goes wrong
UNCAUGHT = {
    "DECLARE\n  lost EXCEPTION (-20002, 'the lock is lost');\n"
    "BEGIN\n  IF (TRUE) THEN\n    RAISE lost;\n  END IF;\nEND": (
        -20002,
        "P0001",
        "Uncaught exception of type 'LOST' on line 5 at position 4 : the lock is lost",
    ),
    "DECLARE\n  plain EXCEPTION;\nBEGIN\n  RAISE plain;\nEND": (
        -20000,
        "P0001",
        "Uncaught exception of type 'PLAIN' on line 4 at position 2",
    ),
    "BEGIN\n  LET x := 1;\n  SELECT * FROM nowhere;\nEND": (
        2003,
        "42S02",
        "Uncaught exception of type 'STATEMENT_ERROR' on line 3 at position 2 : SQL compilation error:\n"
        "Object 'T_SCRIPTING_ERRORS.PUBLIC.NOWHERE' does not exist or not authorized.",
    ),
    "BEGIN LET x := 0; x := 1 / x; END": (
        100051,
        "22012",
        "Uncaught exception of type 'EXPRESSION_ERROR' on line 1 at position 18 : Division by zero",
    ),
    "BEGIN\n  EXECUTE IMMEDIATE 'BEGIN SELECT * FROM nowhere; END';\nEND": (
        2003,
        "42S02",
        "Uncaught exception of type 'STATEMENT_ERROR' on line 2 at position 2 : "
        "Uncaught exception of type 'STATEMENT_ERROR' on line 1 at position 6 : SQL compilation error:\n"
        "Object 'T_SCRIPTING_ERRORS.PUBLIC.NOWHERE' does not exist or not authorized.",
    ),
}


@pytest.mark.parametrize("block", UNCAUGHT)
def test_an_exception_that_nothing_handles_says_what_and_where(run: Run, block: str) -> None:
    with pytest.raises(ProgrammingError) as refused:
        run(block)
    number, state, text = UNCAUGHT[block]
    assert (refused.value.errno, refused.value.sqlstate) == (number, state)
    assert refused.value.raw_msg == text


HANDLED = {
    "OTHER takes all": ("SELECT * FROM nowhere;", "WHEN OTHER THEN RETURN SQLCODE || SQLSTATE;", "200342S02"),
    "the first that fits": (
        "RAISE e1;",
        "WHEN e2 THEN RETURN 2; WHEN e1 THEN RETURN SQLERRM; WHEN OTHER THEN RETURN 3;",
        "one",
    ),
    "one of several": ("RAISE e2;", "WHEN e1 OR e2 THEN RETURN SQLCODE || SQLSTATE;", "-20002P0001"),
    "a statement's failure": (
        "SELECT 1 / 0;",
        "WHEN EXPRESSION_ERROR THEN RETURN 1; WHEN STATEMENT_ERROR THEN RETURN SQLERRM;",
        "Division by zero",
    ),
    "an expression's failure": (
        "x := 1 / x;",
        "WHEN STATEMENT_ERROR THEN RETURN 1; WHEN EXPRESSION_ERROR THEN RETURN SQLCODE;",
        100051,
    ),
    "of an inner block": ("BEGIN RAISE e1; END;", "WHEN e1 THEN RETURN 'outer';", "outer"),
    "raised again": (
        "BEGIN RAISE e1; EXCEPTION WHEN OTHER THEN x := 7; RAISE; END;",
        "WHEN e1 THEN RETURN x || SQLERRM;",
        "7one",
    ),
    "another one from a handler": (
        "BEGIN RAISE e1; EXCEPTION WHEN e1 THEN RAISE e2; END;",
        "WHEN e2 THEN RETURN SQLERRM;",
        "two",
    ),
    "out of a loop": (
        "FOR i IN 1 TO 5 DO x := i; IF (i = 3) THEN RAISE e1; END IF; END FOR;",
        "WHEN e1 THEN RETURN x;",
        3,
    ),
    "two rows for INTO": (
        "SELECT a INTO :x FROM n;",
        "WHEN OTHER THEN RETURN SQLERRM;",
        "A SELECT INTO statement expects exactly 1 returned row, but got 3.",
    ),
}


@pytest.mark.parametrize("law", HANDLED)
def test_a_handler_takes_what_it_is_for(run: Run, law: str) -> None:
    body, handlers, expected = HANDLED[law]
    declared = "DECLARE x INT := 0; e1 EXCEPTION (-20001, 'one'); e2 EXCEPTION (-20002, 'two');"
    assert answer(run, f"{declared} BEGIN {body} RETURN 'not raised'; EXCEPTION {handlers} END") == expected


def test_after_a_handler_the_block_around_goes_on(run: Run) -> None:
    block = "BEGIN LET x := 0; BEGIN SELECT * FROM nowhere; EXCEPTION WHEN OTHER THEN x := 1; END; RETURN x + 1; END"
    assert answer(run, block) == 2


def test_a_handler_does_not_know_what_let_made_in_its_block(run: Run) -> None:
    with pytest.raises(ProgrammingError, match="invalid identifier 'X'"):
        run("BEGIN LET x := 1; SELECT 1 / 0; EXCEPTION WHEN OTHER THEN RETURN x; END")
    outside = "BEGIN LET x := 1; BEGIN SELECT 1 / 0; EXCEPTION WHEN OTHER THEN RETURN x; END; END"
    assert answer(run, outside) == 1


WRONG = [
    "BEGIN IF (TRUE) RETURN 1; END IF; END",
    "BEGIN IF (TRUE) THEN RETURN 1; END; END",
    "BEGIN LET x; RETURN x; END",
    "BEGIN FOR i IN 1 DO NULL; END FOR; END",
    "BEGIN WHILE (TRUE) DO NULL; END LOOP; END",
    "BEGIN SELECT 1 INTO x; END",
    "BEGIN ; END",
    "DECLARE e EXCEPTION (-1, 'x'); BEGIN NULL; END",
    "FOR i IN 1 TO 2 DO SELECT 1; END FOR",
    "BEGIN x := ; END",
]


@pytest.mark.parametrize("block", WRONG)
def test_what_cannot_be_read_is_refused_before_anything_runs(run: Run, block: str) -> None:
    with pytest.raises(ProgrammingError) as refused:
        run(block)
    assert "Uncaught" not in refused.value.msg
    with pytest.raises(ProgrammingError, match="SQL compilation error"):
        run(f"CREATE PROCEDURE wrong() RETURNS INT LANGUAGE SQL AS $${block}$$")


@pytest.mark.parametrize("name", ["x := 1", "RAISE x", "OPEN x", "FETCH x INTO y", "FOR r IN x DO NULL; END FOR"])
def test_a_name_that_the_block_does_not_know_is_named(run: Run, name: str) -> None:
    with pytest.raises(ProgrammingError, match="invalid identifier 'X'"):
        run(f"BEGIN {name}; END")


def test_a_failed_procedure_can_be_handled_by_its_caller(run: Run) -> None:
    body = "DECLARE e EXCEPTION (-20003, 'no'); BEGIN RAISE e; END"
    run(f"CREATE PROCEDURE fails() RETURNS INT LANGUAGE SQL AS $${body}$$")
    block = "BEGIN CALL fails(); EXCEPTION WHEN STATEMENT_ERROR THEN RETURN SQLCODE || SQLERRM; END"
    assert answer(run, block) == "-20003Uncaught exception of type 'E' on line 1 at position 42 : no"


# ---- how it is stopped
def test_a_waiting_block_holds_up_nobody_and_is_cancelled_past_its_handlers(snowflake: Any, run: Run) -> None:
    block = "BEGIN LOOP BEGIN CALL SYSTEM$WAIT(30); EXCEPTION WHEN OTHER THEN NULL; END; END LOOP; END"
    with snowflake.connector() as other:
        query = other.cursor().execute_async(block)["queryId"]
        assert run("SELECT 1") == [(1,)]
        run(f"SELECT SYSTEM$CANCEL_QUERY('{query}')")
        deadline = time.monotonic() + 5
        while other.is_still_running(other.get_query_status(query)):
            assert time.monotonic() < deadline
        with pytest.raises(ProgrammingError, match="canceled"):
            other.get_query_status_throw_if_error(query)


def test_a_procedure_that_waits_is_cancelled_with_its_caller(snowflake: Any, run: Run) -> None:
    run("CREATE PROCEDURE waits() RETURNS INT LANGUAGE SQL AS $$BEGIN CALL SYSTEM$WAIT(30); RETURN 1; END$$")
    with snowflake.connector(database="T_SCRIPTING_ERRORS") as other:
        cursor = other.cursor()
        query = cursor.execute_async("CALL waits()")["queryId"]
        time.sleep(0.1)
        run(f"SELECT SYSTEM$CANCEL_QUERY('{query}')")
        deadline = time.monotonic() + 5
        while other.is_still_running(other.get_query_status(query)):
            assert time.monotonic() < deadline


def test_a_statement_timeout_ends_a_block_between_its_statements(snowflake: Any) -> None:
    with snowflake.connector() as other:
        other.cursor().execute("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1")
        with pytest.raises(ProgrammingError, match="timeout of 1 second") as refused:
            other.cursor().execute("BEGIN LET i := 0; LOOP i := 1; END LOOP; END")
        assert refused.value.errno == 630


def test_a_transaction_that_a_procedure_leaves_open_is_undone_and_said(run: Run) -> None:
    run("CREATE TABLE left_open (a INT)")
    body = "BEGIN BEGIN TRANSACTION; INSERT INTO left_open VALUES (1); RETURN 1; END"
    run(f"CREATE PROCEDURE opens() RETURNS INT LANGUAGE SQL AS $${body}$$")
    with pytest.raises(ProgrammingError, match="incomplete and it was rolled back"):
        run("CALL opens()")
    assert run("SELECT COUNT(*) FROM left_open") == [(0,)]
    run("INSERT INTO left_open VALUES (2)")
    assert run("SELECT a FROM left_open") == [(2,)]
