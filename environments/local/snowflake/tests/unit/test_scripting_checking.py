"""A block is parsed whole before it runs: what cannot be parsed is refused wherever it stands, as in the account."""

from types import SimpleNamespace

import pytest

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.scripting import block


class Account(SimpleNamespace):
    """As much of an account as its grammar needs."""

    __hash__ = object.__hash__


ACCOUNT = Account(lacking=frozenset())
PLACES = {
    "the body": "BEGIN SELECT 1; {}; END",
    "a branch that is not taken": "BEGIN IF (1 = 2) THEN {}; END IF; END",
    "a branch of CASE": "BEGIN CASE (1) WHEN 2 THEN {}; ELSE NULL; END CASE; END",
    "a handler": "BEGIN SELECT 1; EXCEPTION WHEN OTHER THEN {}; END",
    "a nested block": "BEGIN BEGIN {}; END; END",
    "FOR": "BEGIN FOR i IN 1 TO 0 DO {}; END FOR; END",
    "WHILE": "BEGIN WHILE (FALSE) DO {}; END WHILE; END",
    "REPEAT": "BEGIN REPEAT {}; UNTIL (TRUE) END REPEAT; END",
    "LOOP": "BEGIN LOOP BREAK; {}; END LOOP; END",
    "RESULTSET": "BEGIN LET r RESULTSET := ({}); END",
    "a RESULTSET that is assigned": "DECLARE r RESULTSET; BEGIN r := ({}); END",
    "a cursor": "DECLARE c CURSOR FOR {}; BEGIN NULL; END",
    "a statement alone": "{}",
}
WRONG = ("SELECT FROM WHERE", "SHOW FOO", "SELECT (1 + )", "SHOW TERSE FOO")
# In these no statement is meant that does not begin as one.
ALSO_WRONG = (
    "FROBNICATE", "CREATE FOO x", "DROP FOO x", "ALTER FOO x SET a = 1", "DESCRIBE FOO x", "INSERT INTO t SELEC 1",
    "DELETE FROM t WHERE", "MERGE INTO t USING", "CALL p(1 +)", "CALL p(1) 2", "CALL p",
    "PUT file:///tmp/a @s", "GET @s file:///tmp/a", "SHOW TABLES ->> SELEC 1 FROM $1", "SHOW WAREHOUSES LIKE x",
    "LET y := (1 + )", "RETURN 1 +", "y := f(", "EXECUTE IMMEDIATE (1 +)",
)  # fmt: skip
RIGHT = (
    "BEGIN LET n := 1; SELECT a INTO :n FROM t LIMIT :n; RETURN n; END",
    "BEGIN SELECT * FROM IDENTIFIER(:name) WHERE a IN (:x, :y); UPDATE t SET a = :b WHERE b = :c; END",
    "BEGIN LET r RESULTSET := (SHOW TABLES); LET c CURSOR FOR r; RETURN TABLE(r); END",
    "DECLARE r RESULTSET; BEGIN r := (SELECT 1 AS a); RETURN (SELECT COUNT(*) FROM TABLE(r)); END",
    "BEGIN LET x := (1 + 2) * 3; x := (x); LET y := OBJECT_CONSTRUCT('a', x, 'b', f(x)); RETURN :y; END",
    "BEGIN EXECUTE IMMEDIATE 'SELECT FROM WHERE'; END",
    "BEGIN EXECUTE IMMEDIATE 'SHOW FOO'; EXCEPTION WHEN OTHER THEN RETURN SQLERRM; END",
    "BEGIN USE SCHEMA s; ALTER SESSION SET QUERY_TAG = 'a'; BEGIN TRANSACTION; COMMIT; LIST @s; RM @s; END",
    "BEGIN SHOW TABLES ->> SELECT * FROM $1; CALL p(:a, b => 1); CALL SYSTEM$SET_RETURN_VALUE(:v); END",
    "BEGIN CREATE OR REPLACE TEMPORARY TABLE t (a INT) COMMENT = :c; SHOW WAREHOUSES LIKE :pattern; END",
    "BEGIN FOR r IN c DO LET x := r.a || 'x'; CONTINUE; END FOR; LOOP BREAK; END LOOP; END",
    "BEGIN WITH p AS PROCEDURE () RETURNS INT LANGUAGE SQL AS $$ BEGIN RETURN 1; END $$ CALL p(); END",
    "BEGIN CREATE TASK t AS BEGIN SELECT 1; END; END",
    "SELECT 1",
)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_parsed_is_refused_wherever_it_stands(place, wrong):
    with pytest.raises(SnowflakeError) as refused:
        block.read(ACCOUNT, PLACES[place].format(wrong))
    assert refused.value.code == "001003"


@pytest.mark.parametrize("wrong", ALSO_WRONG)
@pytest.mark.parametrize("place", ["the body", "a handler", "a branch that is not taken"])
def test_every_kind_of_statement_is_parsed(place, wrong):
    with pytest.raises(SnowflakeError) as refused:
        block.read(ACCOUNT, PLACES[place].format(wrong))
    assert refused.value.code in {"001003", "000002"}


@pytest.mark.parametrize("body", RIGHT)
def test_what_can_be_parsed_is_read(body):
    block.read(ACCOUNT, body)


@pytest.mark.parametrize("word", ["BREAK", "CONTINUE"])
def test_only_a_loop_can_be_left(word):
    with pytest.raises(SnowflakeError) as refused:
        block.read(ACCOUNT, f"BEGIN IF (TRUE) THEN {word}; END IF; END")
    assert refused.value.code == "001003"


@pytest.mark.parametrize("lacked", ["SHOW TASK GRAPHS", "EXECUTE TASK GRAPH g", "SHOW COMMITTED TASKS IN GRAPH g"])
def test_what_the_account_lacks_is_a_syntax_error_of_the_whole_block(lacked):
    body = f"BEGIN SELECT 1; {lacked}; EXCEPTION WHEN OTHER THEN NULL; END"
    block.read(ACCOUNT, body)
    with pytest.raises(SnowflakeError, match="unexpected") as refused:
        block.read(Account(lacking=frozenset({"TASK GRAPH"})), body)
    assert refused.value.code == "001003"


@pytest.mark.parametrize("body", ["", ";", "-- nothing"])
def test_a_body_holds_something(body):
    with pytest.raises(SnowflakeError):
        block.read(ACCOUNT, body)


def test_the_error_names_the_place_in_the_block():
    with pytest.raises(SnowflakeError, match="line 3 at position 9 unexpected 'FOO'"):
        block.read(ACCOUNT, "BEGIN\n  SELECT 1;\n    SHOW FOO;\nEND")
