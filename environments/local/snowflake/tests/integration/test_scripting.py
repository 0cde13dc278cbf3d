"""Snowflake Scripting through the connector: what blocks compute, and what they read of their own statements."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

Run = Callable[..., list[tuple]]


@pytest.fixture(scope="module")
def connection(snowflake: Any) -> Iterator[Any]:
    with snowflake.connector(warehouse="COMPUTE_WH") as opened:
        cursor = opened.cursor()
        cursor.execute("CREATE OR REPLACE DATABASE t_scripting")
        cursor.execute("CREATE TABLE n AS SELECT column1 AS a, column2 AS b FROM VALUES (1, 'x'), (2, 'y'), (3, 'z')")
        yield opened
        cursor.execute("DROP DATABASE t_scripting")


@pytest.fixture
def run(connection: Any) -> Run:
    return lambda sql, **options: connection.cursor().execute(sql, **options).fetchall()


def answer(run: Run, block: str) -> Any:
    (row,) = run(block)
    return row[0]


BLOCKS = {
    "a declared variable is NULL": ("DECLARE x INT; BEGIN RETURN x IS NULL; END", True),
    "a default is an expression": ("DECLARE x INT DEFAULT 20 + 1; y INT := x * 2; BEGIN RETURN y; END", 42),
    "LET takes the type of its value": ("BEGIN LET x := 'a'; x := 1; RETURN x || 'b'; END", "1b"),
    "LET with a type converts": ("BEGIN LET x NUMBER(10, 2) := '1.255'; RETURN x::VARCHAR; END", "1.26"),
    "a date is a date": ("BEGIN LET d DATE := '2026-01-31'; RETURN (d + 1)::VARCHAR; END", "2026-02-01"),
    "names fold, quoted ones do not": ('BEGIN LET "x" := 1; LET X := 2; RETURN "x" * 10 + x; END', 12),
    "a subquery": ("BEGIN LET x := (SELECT SUM(a) FROM n WHERE a < :y); RETURN x; END", "Bind variable :y not set"),
    "a variable in a subquery": ("BEGIN LET y := 3; RETURN (SELECT SUM(a) FROM n WHERE a < :y); END", 3),
    "a column hides no variable with a colon": ("BEGIN LET a := 2; RETURN (SELECT b FROM n WHERE a = :a); END", "y"),
    "SELECT INTO": (
        "BEGIN LET x INT := 0; LET y := ''; SELECT a, b INTO :x, :y FROM n WHERE a = 2; RETURN y || x; END",
        "y2",
    ),
    "WITH INTO": ("DECLARE x INT; BEGIN WITH w AS (SELECT 7 AS v) SELECT v INTO :x FROM w; RETURN x; END", 7),
    "IF": (
        "BEGIN LET x := 5; IF (x > 9) THEN RETURN 'a'; ELSEIF (x > 4) THEN RETURN 'b'; ELSE RETURN 'c'; END IF; END",
        "b",
    ),
    "NULL is not true": ("BEGIN IF (NULL) THEN RETURN 1; ELSE RETURN 2; END IF; END", 2),
    "CASE of a value": (
        "BEGIN LET x := 'b'; CASE (x) WHEN 'a' THEN RETURN 1; WHEN 'b' THEN RETURN 2; ELSE RETURN 3; END; END",
        2,
    ),
    "CASE of conditions": (
        "BEGIN LET x := 5; CASE WHEN x < 3 THEN RETURN 1; WHEN x < 6 THEN RETURN 2; END CASE; RETURN 3; END",
        2,
    ),
    "CASE in an expression": (
        "BEGIN LET x := CASE WHEN TRUE THEN 1 ELSE 2 END; RETURN CASE x WHEN 1 THEN 'one' END; END",
        "one",
    ),
    "FOR counts": ("BEGIN LET s := ''; FOR i IN 1 TO 2 + 1 DO s := s || i; END FOR; RETURN s; END", "123"),
    "FOR counts down": (
        "BEGIN LET s := ''; FOR i IN REVERSE 1 TO 3 LOOP s := s || i; END LOOP; RETURN s; END",
        "321",
    ),
    "FOR may have nothing to do": ("BEGIN FOR i IN REVERSE 3 TO 1 DO RETURN i; END FOR; RETURN 'none'; END", "none"),
    "a loop's name is its own": ("BEGIN LET i := 9; FOR i IN 1 TO 2 DO NULL; END FOR; RETURN i; END", 9),
    "WHILE": ("BEGIN LET i := 0; WHILE (i < 5) DO i := i + 2; END WHILE; RETURN i; END", 6),
    "REPEAT": ("BEGIN LET i := 9; REPEAT i := i + 1; UNTIL (i > 3) END REPEAT; RETURN i; END", 10),
    "BREAK and CONTINUE": (
        "BEGIN LET i := 0; LET s := ''; LOOP i := i + 1; IF (i = 2) THEN CONTINUE; END IF; IF (i > 3) THEN "
        "BREAK; END IF; s := s || i; END LOOP; RETURN s; END",
        "13",
    ),
    "labels name the loop": (
        "BEGIN LET n := 0; FOR i IN 1 TO 3 DO LOOP n := n + 1; CONTINUE outside; END LOOP; END FOR "
        "outside; RETURN n; END",
        3,
    ),
    "FOR over a cursor": (
        "DECLARE c CURSOR FOR SELECT a, b FROM n ORDER BY a; s VARCHAR := ''; BEGIN FOR r IN c DO s := s "
        "|| r.b || r.a; END FOR; RETURN s; END",
        "x1y2z3",
    ),
    "FOR over a RESULTSET": (
        "BEGIN LET t := 0; LET rs RESULTSET := (SELECT a FROM n); FOR r IN rs DO t := t + r.a; END FOR; RETURN t; END",
        6,
    ),
    "OPEN, FETCH, CLOSE": (
        "DECLARE x INT; y INT; c CURSOR FOR SELECT a FROM n WHERE a > ? ORDER BY a; BEGIN OPEN c USING "
        "(1); FETCH c INTO x; FETCH c INTO y; CLOSE c; RETURN x * 10 + y; END",
        23,
    ),
    "behind the last row FETCH gives NULL": (
        "DECLARE x INT DEFAULT 1; c CURSOR FOR SELECT 1 WHERE FALSE; BEGIN OPEN c; FETCH c INTO x; RETURN "
        "x IS NULL; END",
        True,
    ),
    "a cursor over a RESULTSET": (
        "DECLARE rs RESULTSET; BEGIN rs := (SELECT MAX(a) AS m FROM n); LET c CURSOR FOR rs; OPEN c; LET m "
        "INT := 0; FETCH c INTO m; RETURN m; END",
        3,
    ),
    "a RESULTSET in FROM": (
        "DECLARE rs RESULTSET DEFAULT (SELECT a FROM n); BEGIN RETURN (SELECT COUNT(*) FROM TABLE(rs)); END",
        3,
    ),
    "TABLE and IDENTIFIER of a variable": (
        "BEGIN LET t := 'n'; RETURN (SELECT COUNT(*) FROM TABLE(:t)) + (SELECT MAX(a) FROM IDENTIFIER(:t)); END",
        6,
    ),
    "EXECUTE IMMEDIATE": (
        "BEGIN LET q := 'SELECT a FROM n WHERE b = ? OR a = ?'; LET v := 'x'; LET w := 3; LET t := 0; LET "
        "rs RESULTSET := (EXECUTE IMMEDIATE :q USING (v, w)); FOR r IN rs DO t := t + r.a; END FOR; RETURN "
        "t; END",
        4,
    ),
    "EXECUTE IMMEDIATE of an expression": (
        "BEGIN EXECUTE IMMEDIATE 'SELECT ' || '41' || ' + 1 AS v'; RETURN (SELECT v FROM "
        "TABLE(RESULT_SCAN(LAST_QUERY_ID()))); END",
        42,
    ),
    "a block in EXECUTE IMMEDIATE": (
        "BEGIN EXECUTE IMMEDIATE 'BEGIN RETURN ''it''''s''; END'; RETURN SQLID IS NOT NULL; END",
        True,
    ),
    "SQLROWCOUNT": (
        "BEGIN CREATE OR REPLACE TEMPORARY TABLE m AS SELECT a FROM n; UPDATE m SET a = 0 WHERE a < 3; LET "
        "u := SQLROWCOUNT; DELETE FROM m WHERE a = 9; RETURN u || ' ' || SQLROWCOUNT || SQLFOUND || "
        "SQLNOTFOUND; END",
        "2 0falsetrue",
    ),
    "SQLROWCOUNT before any change": ("BEGIN SELECT 1; RETURN SQLROWCOUNT IS NULL AND SQLFOUND IS NULL; END", True),
    "a variable in INSERT and LIMIT": (
        "BEGIN LET k := 2; CREATE OR REPLACE TEMPORARY TABLE m (v VARCHAR, k INT); INSERT INTO m VALUES "
        "(:k || '!', :k); INSERT INTO m SELECT b, :k FROM n LIMIT :k; RETURN (SELECT COUNT(*) FROM m WHERE "
        "k = :k); END",
        3,
    ),
    "an inner block sees the outer one's names and keeps its own": (
        "BEGIN LET x := 1; LET y := 1; BEGIN LET x := 2; y := x; END; RETURN x * 10 + y; END",
        12,
    ),
    "RETURN without a value": ("BEGIN RETURN NULL; END", None),
    "a path into a document": (
        "BEGIN LET v := PARSE_JSON('{\"a\": [1, 2]}'); RETURN v:a[1]::INT + (SELECT :v:a[0]::INT); END",
        3,
    ),
    "waiting is a call": ("BEGIN CALL SYSTEM$WAIT(1, 'MILLISECONDS'); SELECT SYSTEM$WAIT(0); RETURN 1; END", 1),
    "time goes on": (
        "BEGIN LET until := DATEADD('millisecond', 60, CURRENT_TIMESTAMP()); LET n := 0; LOOP n := n + 1; "
        "IF (CURRENT_TIMESTAMP() > until) THEN BREAK; END IF; CALL SYSTEM$WAIT(20, 'MILLISECONDS'); END "
        "LOOP; RETURN n BETWEEN 2 AND 5; END",
        True,
    ),
}


@pytest.mark.parametrize("law", BLOCKS)
def test_blocks(run: Run, law: str) -> None:
    block, expected = BLOCKS[law]
    if isinstance(expected, str) and expected.startswith("Bind"):
        with pytest.raises(ProgrammingError, match=expected):
            run(block)
    else:
        assert answer(run, block) == expected


# ---- results of its own statements
GATHER = """
DECLARE
  tasks VARIANT; files VARIANT; columns VARIANT; missing VARIANT;
BEGIN
  BEGIN
    SHOW TASKS IN SCHEMA t_scripting.public;
    SELECT ARRAY_AGG(OBJECT_CONSTRUCT_KEEP_NULL(*)) INTO :tasks FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()));
  EXCEPTION WHEN OTHER THEN tasks := OBJECT_CONSTRUCT('error', SQLERRM, 'code', SQLCODE, 'state', SQLSTATE); END;
  BEGIN
    LIST @files;
    SELECT ARRAY_AGG(OBJECT_CONSTRUCT(*)) INTO :files FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()));
  EXCEPTION WHEN OTHER THEN files := OBJECT_CONSTRUCT('error', SQLERRM, 'code', SQLCODE, 'state', SQLSTATE); END;
  BEGIN
    DESCRIBE TABLE n;
    LET described := SQLID;
    SELECT 1;
    SELECT ARRAY_AGG("name") INTO :columns FROM TABLE(RESULT_SCAN(:described));
  EXCEPTION WHEN OTHER THEN columns := OBJECT_CONSTRUCT('error', SQLERRM, 'code', SQLCODE, 'state', SQLSTATE); END;
  BEGIN
    SELECT * FROM nowhere;
    SELECT ARRAY_AGG(OBJECT_CONSTRUCT_KEEP_NULL(*)) INTO :missing FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()));
  EXCEPTION WHEN OTHER THEN missing := OBJECT_CONSTRUCT('error', SQLERRM, 'code', SQLCODE, 'state', SQLSTATE); END;
  RETURN OBJECT_CONSTRUCT('tasks', tasks, 'files', files, 'columns', columns, 'missing', missing);
END
"""


def test_one_request_gathers_many_reads_and_their_errors(run: Run) -> None:
    for number in range(30):
        comment = "it''s \\\\ \"long\""
        run(f"CREATE TASK IF NOT EXISTS gathered_{number} WAREHOUSE = compute_wh COMMENT = '{comment}' AS SELECT 1")
    run("CREATE STAGE IF NOT EXISTS files")
    written = GATHER.replace("\\", "\\\\").replace("'", "''")
    found = json.loads(answer(run, f"EXECUTE IMMEDIATE '{written}'"))
    assert [task["name"] for task in found["tasks"]] == sorted(f"GATHERED_{number}" for number in range(30))
    assert found["tasks"][0]["comment"] == 'it\'s \\ "long"'
    assert found["tasks"][0]["schedule"] is None
    assert found["files"] == []
    assert found["columns"] == ["A", "B"]
    assert found["missing"]["code"] == 2003
    assert found["missing"]["state"] == "42S02"
    assert "NOWHERE' does not exist" in found["missing"]["error"]


def test_the_last_query_of_the_session_is_the_block_itself(connection: Any, run: Run) -> None:
    cursor = connection.cursor()
    cursor.execute("BEGIN SELECT 1; RETURN LAST_QUERY_ID(); END")
    child = cursor.fetchone()[0]
    block = cursor.sfqid
    assert child != block
    assert run("SELECT LAST_QUERY_ID()") == [(block,)]


def test_a_procedure_knows_its_arguments_and_its_caller_takes_its_value(run: Run) -> None:
    body = "BEGIN x := x * 2; RETURN word || x; END"
    run(f"CREATE PROCEDURE double(x INT, word VARCHAR) RETURNS VARCHAR LANGUAGE SQL AS '{body}'")
    assert answer(run, "CALL double(21, 'a')") == "a42"
    assert answer(run, "DECLARE v VARCHAR; k INT := 4; BEGIN CALL double(:k, 'b') INTO :v; RETURN v || k; END") == "b84"


def test_a_procedure_returns_a_resultset(run: Run) -> None:
    body = "DECLARE rs RESULTSET; BEGIN rs := (SELECT b, a FROM n WHERE a > :least ORDER BY a); RETURN TABLE(rs); END"
    run(f"CREATE PROCEDURE above(least INT) RETURNS TABLE (b VARCHAR, a INT) LANGUAGE SQL AS $${body}$$")
    assert run("CALL above(1)") == [("y", 2), ("z", 3)]


def test_a_transaction_of_a_block_can_be_undone_in_its_handler(run: Run) -> None:
    run("CREATE TABLE kept AS SELECT 1 AS a")
    body = "BEGIN TRANSACTION; DELETE FROM kept; SELECT 1 / 0; COMMIT;"
    assert answer(run, f"BEGIN {body} EXCEPTION WHEN OTHER THEN ROLLBACK; RETURN 0; END") == 0
    assert run("SELECT a FROM kept") == [(1,)]


def test_a_long_value_goes_wherever_a_short_one_goes(run: Run) -> None:
    run("CREATE TABLE long (v VARCHAR, d VARIANT)")
    run("CREATE PROCEDURE length_of(v VARCHAR) RETURNS INT LANGUAGE SQL AS 'BEGIN RETURN LENGTH(v); END'")
    block = """
    DECLARE n INT;
    BEGIN
      LET v := REPEAT('it''s ', 10000);
      LET d := PARSE_JSON('{"a": "' || REPEAT('b', 10000) || '"}');
      INSERT INTO long SELECT :v, :d;
      CALL length_of(:v) INTO :n;
      EXECUTE IMMEDIATE 'UPDATE long SET v = v || ?' USING (v);
      RETURN OBJECT_CONSTRUCT('n', n, 'd', LENGTH(d:a), 'v', v, 'same', (SELECT COUNT(*) FROM long WHERE d = :d));
    END"""
    found = json.loads(answer(run, block))
    assert (found["n"], found["d"], found["v"], found["same"]) == (50_000, 10_000, "it's " * 10_000, 1)
    assert run("SELECT LENGTH(v), LENGTH(d:a) FROM long") == [(100_000, 10_000)]
