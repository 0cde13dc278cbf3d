"""Snowflake Scripting blocks: sent as one statement, in EXECUTE IMMEDIATE, and as the body of a task or procedure."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError
from snowflake.core import Root
from snowflake.core.exceptions import APIError
from snowflake.core.task import Task

Run = Callable[..., list[tuple]]
VALUE = "anonymous block"
LOGGED = "BEGIN\n  INSERT INTO log VALUES ('a;b');\n  RETURN (SELECT COUNT(*) FROM log);\nEND"
REFUSED = {
    "ASYNC": "BEGIN ASYNC (SELECT 1); AWAIT ALL; END",
    "AWAIT": "BEGIN LET x := 1; AWAIT ALL; END",
    "a nested PROCEDURE": "DECLARE p PROCEDURE () RETURNS INT AS BEGIN RETURN 1; END; BEGIN RETURN 1; END",
    "a handler with CONTINUE": "BEGIN SELECT 1; EXCEPTION WHEN OTHER CONTINUE THEN NULL; END",
}


@pytest.fixture
def cursor(snowflake: Any, database: str) -> Iterator[Any]:
    with snowflake.connector(database=database, schema="PUBLIC", warehouse="COMPUTE_WH") as connection:
        opened = connection.cursor()
        opened.execute("CREATE TABLE log (entry VARCHAR)")
        yield opened


@pytest.fixture
def run(cursor: Any) -> Run:
    return lambda sql, **options: cursor.execute(sql, **options).fetchall()


@pytest.fixture
def executed(run: Run) -> Callable[[str], tuple]:
    """Execute a task and wait for its end: state, return value and error."""
    history = (
        "SELECT STATE, RETURN_VALUE, ERROR_MESSAGE FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY(TASK_NAME => '{}')) "
        "WHERE DATABASE_NAME = CURRENT_DATABASE()"
    )

    def ended(name: str) -> tuple:
        run(f"EXECUTE TASK {name}")
        end = time.monotonic() + 30
        while not (found := [r for r in run(history.format(name)) if r[0] not in {"SCHEDULED", "EXECUTING"}]):
            assert time.monotonic() < end
            time.sleep(0.02)
        return found[0]

    return ended


@pytest.mark.parametrize("sent", [LOGGED, f"{LOGGED};", f"EXECUTE IMMEDIATE $${LOGGED};$$"])
def test_a_block_runs_its_statements_and_answers_what_it_returns(run: Run, cursor: Any, sent: str) -> None:
    assert run(sent) == [(1,)]
    assert [column.name for column in cursor.description] == [VALUE]
    assert run("SELECT * FROM log") == [("a;b",)]


def test_without_return_the_answer_is_null(run: Run, cursor: Any) -> None:
    assert run("BEGIN SELECT 1; END") == [(None,)]
    assert [column.name for column in cursor.description] == [VALUE]


def test_return_ends_a_block_and_those_around_it(run: Run) -> None:
    assert run("BEGIN BEGIN RETURN 'inner'; END; INSERT INTO log VALUES ('late'); END") == [("inner",)]
    assert run("SELECT * FROM log") == []


def test_return_table_answers_rows(run: Run) -> None:
    assert run("BEGIN RETURN TABLE(SELECT 1 AS a UNION ALL SELECT 2 ORDER BY a); END") == [(1,), (2,)]


def test_a_failing_statement_ends_the_block_and_leaves_what_was_done(run: Run) -> None:
    with pytest.raises(ProgrammingError, match="NOWHERE' does not exist"):
        run("BEGIN INSERT INTO log VALUES ('first'); SELECT * FROM nowhere; INSERT INTO log VALUES ('second'); END")
    assert run("SELECT * FROM log") == [("first",)]


def test_a_block_holds_a_transaction_and_a_transaction_a_block(run: Run) -> None:
    run("BEGIN BEGIN TRANSACTION; INSERT INTO log VALUES ('undone'); ROLLBACK; END")
    assert run("SELECT * FROM log") == []
    run(f"BEGIN TRANSACTION; {LOGGED}; ROLLBACK", num_statements=3)
    assert run("SELECT * FROM log") == []


def test_values_are_bound_in_order_through_a_request(snowflake: Any, database: str) -> None:
    with snowflake.connector(
        database=database, schema="PUBLIC", warehouse="COMPUTE_WH", paramstyle="qmark"
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT ?; BEGIN SELECT ?; RETURN ?; END; SELECT ?", (1, 2, 3, 4), num_statements=3)
        answers = [cursor.fetchall()]
        while cursor.nextset():
            answers.append(cursor.fetchall())
    assert answers == [[(1,)], [(3,)], [(4,)]]


def test_snowpark_runs_a_block(session: Any) -> None:
    assert [row[0] for row in session.sql("BEGIN RETURN 41 + 1; END").collect()] == [42]


@pytest.mark.parametrize("word", REFUSED)
def test_more_of_scripting_is_refused_by_name_wherever_it_stands(run: Run, word: str) -> None:
    for sent in (
        REFUSED[word],
        f"EXECUTE IMMEDIATE $${REFUSED[word]}$$",
        f"CREATE TASK t AS {REFUSED[word]}",
        f"CREATE PROCEDURE p() RETURNS INT LANGUAGE SQL AS {REFUSED[word]}",
    ):
        with pytest.raises(ProgrammingError, match=f"Unsupported feature '{word} in a block"):
            run(sent)


@pytest.mark.parametrize("block", ["BEGIN SELECT 1;", "BEGIN SELECT 1 END", "BEGIN SELECT 1; END BEGIN"])
def test_a_block_that_does_not_end_is_a_syntax_error(run: Run, block: str) -> None:
    with pytest.raises(ProgrammingError, match="syntax error"):
        run(block)


def test_a_procedure_may_have_its_block_without_quotes(run: Run) -> None:
    run(f"CREATE PROCEDURE p() RETURNS NUMBER LANGUAGE SQL AS {LOGGED}")
    assert run("CALL p()") == [(1,)]


def test_a_task_runs_a_block_and_sets_its_return_value(run: Run, executed: Callable) -> None:
    body = "BEGIN INSERT INTO log VALUES ('task'); CALL SYSTEM$SET_RETURN_VALUE('v'); RETURN 1; END"
    run(f"CREATE TASK t AS {body}")
    assert body in run("SHOW TASKS")[0]
    assert executed("T") == ("SUCCEEDED", "v", None)
    assert run("SELECT * FROM log") == [("task",)]


def test_a_task_whose_block_fails_has_failed(run: Run, executed: Callable) -> None:
    run("CREATE TASK t AS BEGIN SELECT * FROM nowhere; RETURN 1; END")
    state, _, error = executed("T")
    assert state == "FAILED"
    assert "NOWHERE' does not exist" in error


def test_a_request_may_define_tasks_with_blocks(run: Run, executed: Callable) -> None:
    run(f"CREATE OR ALTER TASK r AS {LOGGED}; CREATE OR ALTER TASK c AFTER r AS {LOGGED};", num_statements=2)
    run("ALTER TASK r MODIFY AS BEGIN INSERT INTO log VALUES ('new'); END")
    assert executed("R")[0] == "SUCCEEDED"
    assert run("SELECT * FROM log") == [("new",)]


def test_the_client_of_tasks_writes_and_reads_blocks(session: Any, database: str) -> None:
    tasks = Root(session).databases[database].schemas["PUBLIC"].tasks
    tasks.create(Task("t", f"{LOGGED};", warehouse="COMPUTE_WH"))
    assert tasks["t"].fetch().definition == LOGGED
    with pytest.raises(APIError, match="AWAIT in a block"):
        tasks.create(Task("u", REFUSED["AWAIT"], warehouse="COMPUTE_WH"))
