"""A server that is killed at any of its writes leaves each object as it was before the statement, or as it is after it.

KILLS=all tries every write; else each run tries some of them, other ones each day.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DAY

_SETUP = """
CREATE DATABASE D;
CREATE SCHEMA D.S;
CREATE ROLE R1;
CREATE TABLE D.S.T (A INT, B VARCHAR(20), C INT AUTOINCREMENT);
INSERT INTO D.S.T (A, B) VALUES (1, 'x'), (2, 'y');
GRANT SELECT ON TABLE D.S.T TO ROLE R1;
GRANT SELECT ON FUTURE VIEWS IN SCHEMA D.S TO ROLE R1;
CREATE TABLE D.S.T2 (A INT NOT NULL);
INSERT INTO D.S.T2 VALUES (7);
GRANT INSERT ON TABLE D.S.T2 TO ROLE R1;
CREATE TABLE D.S.FOLLOWED (A INT);
CREATE STREAM D.S.STR ON TABLE D.S.FOLLOWED;
INSERT INTO D.S.FOLLOWED VALUES (3);
CREATE VIEW D.S.V AS SELECT A FROM D.S.T;
CREATE STAGE D.S.STG;
CREATE FILE FORMAT D.S.F TYPE = CSV;
CREATE TAG D.S.G ALLOWED_VALUES 'a', 'b';
CREATE FUNCTION D.S.FN(X INT) RETURNS INT AS 'X + 1';
CREATE PROCEDURE D.S.P() RETURNS INT LANGUAGE SQL AS 'BEGIN RETURN 1; END';
GRANT USAGE ON PROCEDURE D.S.P() TO ROLE R1;
CREATE TASK D.S.ROOT WAREHOUSE = COMPUTE_WH SCHEDULE = '60 MINUTE' AS SELECT 1;
CREATE TASK D.S.CHILD WAREHOUSE = COMPUTE_WH AFTER D.S.ROOT AS SELECT 2;
CREATE DYNAMIC TABLE D.S.DT TARGET_LAG = DOWNSTREAM WAREHOUSE = COMPUTE_WH AS SELECT A FROM D.S.T;
CREATE MASKING POLICY D.S.M AS (V VARCHAR) RETURNS VARCHAR -> V;
CREATE MODEL D.S.MO FROM @D.S.STG;
CREATE NOTEBOOK PROJECT D.S.N FROM '@D.S.STG'
"""
_FILES = {
    "a.csv": "1\n",
    "b.ipynb": "{}",
    "MANIFEST.yml": "methods: []\nruntimes: {r: {dependencies: {conda: conda.yml}}}",
    "conda.yml": "dependencies: []",
    "model/model.yaml": "model_type: sklearn",
}

_STATEMENTS = (
    "CREATE TABLE NEW (A INT, C INT AUTOINCREMENT)",
    "CREATE TABLE NEW AS SELECT * FROM T",
    "CREATE TABLE NEW CLONE T",
    "CREATE TABLE NEW LIKE T",
    "CREATE TABLE NEW AS SELECT A FROM STR",
    "CREATE OR REPLACE TABLE T (OTHER INT)",
    "CREATE OR REPLACE TABLE T COPY GRANTS AS SELECT 5 AS A",
    "CREATE OR REPLACE TABLE T CLONE T2",
    "CREATE OR ALTER TABLE T2 (A INT, D VARCHAR(9), E INT)",
    "CREATE OR ALTER TABLE T (A NUMBER(38,0), B VARCHAR(30), D INT NOT NULL DEFAULT 4)",
    "DROP TABLE T",
    "DROP TABLE FOLLOWED",
    "ALTER TABLE T RENAME TO NEW",
    "ALTER TABLE T SWAP WITH T2",
    "ALTER TABLE T ADD COLUMN D INT DEFAULT 3, E VARCHAR(5)",
    "ALTER TABLE T DROP COLUMN B, C",
    "ALTER TABLE T RENAME COLUMN B TO BB",
    "ALTER TABLE T ALTER COLUMN A SET NOT NULL",
    "ALTER TABLE T2 ALTER COLUMN A DROP NOT NULL",
    "ALTER TABLE T ALTER COLUMN B SET DATA TYPE VARCHAR(50)",
    "CREATE OR REPLACE VIEW V AS SELECT B FROM T",
    "CREATE VIEW NEW AS SELECT 1 AS A",
    "DROP VIEW V",
    "CREATE DYNAMIC TABLE NEW TARGET_LAG = DOWNSTREAM WAREHOUSE = COMPUTE_WH AS SELECT A FROM T",
    "CREATE OR REPLACE DYNAMIC TABLE DT TARGET_LAG = DOWNSTREAM WAREHOUSE = COMPUTE_WH AS SELECT A + 1 AS A FROM T2",
    "DROP DYNAMIC TABLE DT",
    "CREATE STREAM NEW ON TABLE T SHOW_INITIAL_ROWS = TRUE",
    "CREATE OR REPLACE STREAM STR ON TABLE T",
    "DROP STREAM STR",
    "CREATE OR REPLACE PROCEDURE P() RETURNS INT LANGUAGE SQL AS 'BEGIN RETURN 2; END'",
    "CREATE OR REPLACE FUNCTION FN(X INT) RETURNS INT AS 'X + 2'",
    "DROP PROCEDURE P()",
    "CREATE OR REPLACE STAGE STG",
    "ALTER STAGE STG RENAME TO NEW",
    "DROP STAGE STG",
    "CREATE OR REPLACE FILE FORMAT F TYPE = JSON",
    "CREATE OR REPLACE TASK CHILD WAREHOUSE = COMPUTE_WH AFTER ROOT AS SELECT 3",
    "DROP TASK ROOT",
    "ALTER MASKING POLICY M RENAME TO NEW",
    "CREATE NOTEBOOK PROJECT NEW FROM '@STG'",
    "DROP NOTEBOOK PROJECT N",
    "CREATE MODEL NEW FROM @STG",
    "CREATE OR REPLACE MODEL MO WITH VERSION OTHER FROM @STG",
    "ALTER MODEL MO ADD VERSION V2 FROM @STG",
    "ALTER MODEL MO RENAME TO NEW",
    "DROP MODEL MO",
    "CREATE SCHEMA D.NEW",
    "CREATE OR REPLACE SCHEMA D.S",
    "DROP SCHEMA D.S",
    "CREATE DATABASE NEW",
    "CREATE OR REPLACE DATABASE D",
    "DROP DATABASE D",
    "DROP ROLE R1",
    "GRANT OWNERSHIP ON ALL TABLES IN SCHEMA D.S TO ROLE SYSADMIN COPY CURRENT GRANTS",
)
_ALL = os.environ.get("KILLS") == "all"
_TODAY = _STATEMENTS if _ALL else _STATEMENTS[DAY % 10 :: 10]
_MOST = 1_000 if _ALL else 3

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """The process that opens accounts and kills them."""
    program = [sys.executable, str(Path(__file__).with_name("killing.py")), str(tmp_path_factory.mktemp("killing"))]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(**request: Any) -> Any:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        made = ask(setup=[text.strip() for text in _SETUP.split(";\n")], files=_FILES)
        assert made is None
        yield ask
        process.stdin.close()


@pytest.mark.timeout(900)  # what drops a schema writes much, each write is a kill, and machines are busy
@pytest.mark.parametrize("statement", _TODAY)
def test_a_killed_statement_is_done_or_undone(ask: Ask, statement: str) -> None:
    found = ask(statement=statement, most=_MOST, turn=DAY)
    assert not found["wrong"], (statement, found)
    assert found["points"] > 0
