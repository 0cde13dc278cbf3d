"""A request's text, cut into statements: at semicolons, but not inside a block."""

import pytest

from local_snowflake.kernel.blocks import opens, split
from local_snowflake.kernel.tokens import Tokens

BLOCK = "BEGIN\n  INSERT INTO t VALUES (1);\n  RETURN 'a;b';\nEND"


def test_semicolons_end_statements_and_empty_ones_are_dropped():
    assert split("SELECT ';'; ; -- a; b\nSELECT $$;$$;") == ["SELECT ';'", "-- a; b\nSELECT $$;$$"]


@pytest.mark.parametrize(
    "block",
    [
        BLOCK,
        f"CREATE TASK t SCHEDULE = '1 minute' AS {BLOCK}",
        f"create or alter task t when CAST(f() AS BOOLEAN) as {BLOCK}",
        f"ALTER TASK IF EXISTS t MODIFY AS {BLOCK}",
        f"CREATE OR REPLACE PROCEDURE p() RETURNS INT LANGUAGE SQL AS {BLOCK}",
        f"DECLARE x INT DEFAULT CASE WHEN TRUE THEN 1 END; c CURSOR FOR SELECT 1; {BLOCK}",
        f"DECLARE p PROCEDURE() RETURNS INT AS {BLOCK}; y INT; {BLOCK}",
        f"BEGIN {BLOCK}; DECLARE y INT; {BLOCK}; {BLOCK}; END",
        "BEGIN SELECT CASE WHEN a THEN REPEAT('x', 2) ELSE CASE b WHEN 1 THEN 2 END END AS end FROM t; END",
        "BEGIN CASE (x) WHEN 1 THEN SELECT 1; ELSE SELECT 2; END CASE; CASE WHEN x THEN SELECT 1; END; RETURN 1; END",
        "BEGIN IF (a) THEN SELECT 1; ELSEIF (b) THEN SELECT 2; ELSE IF (c) THEN SELECT 3; END IF; END IF; END",
        "BEGIN FOR i IN 1 TO 2 DO SELECT 1; END FOR; WHILE (a) LOOP SELECT 2; END LOOP; RETURN 1; END",
        "BEGIN LOOP BREAK; END LOOP; REPEAT SELECT 1; UNTIL (TRUE) END REPEAT; RETURN 1; END",
        "BEGIN BEGIN TRANSACTION; INSERT INTO t VALUES (1); COMMIT; BEGIN; ROLLBACK; END",
        f"BEGIN CREATE TASK t AS {BLOCK}; DROP TABLE IF EXISTS t; END",
        "BEGIN SELECT 1; EXCEPTION WHEN OTHER THEN RETURN 1; END",
    ],
)
def test_a_block_is_one_statement(block):
    assert split(f"SELECT 1; {block}; SELECT 2;") == ["SELECT 1", block, "SELECT 2"]


@pytest.mark.parametrize("begin", ["BEGIN", "begin work", "BEGIN TRANSACTION", "BEGIN NAME a", "BEGIN WORK NAME a"])
def test_the_beginning_of_a_transaction_is_no_block(begin):
    assert split(f"{begin}; DELETE FROM t; COMMIT") == [begin, "DELETE FROM t", "COMMIT"]
    assert not opens(Tokens(begin))


def test_a_column_may_be_called_as_a_block_begins():
    statements = ["CREATE TABLE t AS SELECT 1 AS BEGIN, 2 AS x", "SELECT CASE WHEN a THEN 1 END AS case_", "SELECT 1"]
    assert split("; ".join(statements)) == statements


def test_a_block_that_does_not_end_takes_the_rest():
    assert split("BEGIN SELECT 1; SELECT 2") == ["BEGIN SELECT 1; SELECT 2"]
