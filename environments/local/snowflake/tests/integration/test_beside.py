"""Who reads beside statements that replace, rename or alter what is read finds it, always: READS=20000 for more."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local_snowflake import statements
from local_snowflake.kernel.account import Account
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.session import Session
from local_snowflake.opening import opened

_READERS = 4
_READS = int(os.environ.get("READS", "200"))
_PROCEDURE = "CREATE OR REPLACE PROCEDURE D.S.P() RETURNS INT LANGUAGE SQL AS 'BEGIN RETURN {}; END'"
_LAG = "TARGET_LAG = DOWNSTREAM WAREHOUSE = COMPUTE_WH"

# What is made first, what is done again and again, and what is read meanwhile, by a role that has SELECT and USAGE.
_CASES = {
    "table": (
        "CREATE TABLE D.S.X (A INT)",
        [
            "CREATE OR REPLACE TABLE D.S.X COPY GRANTS AS SELECT 1 AS A",
            "CREATE OR REPLACE TABLE D.S.X (A INT) COPY GRANTS",
        ],
        "SELECT A FROM D.S.X",
    ),
    "table with future grants": (
        "CREATE TABLE D.F.X (A INT)",
        ["CREATE OR REPLACE TABLE D.F.X (A INT)"],
        "SELECT A FROM D.F.X",
    ),
    "view": (
        "CREATE VIEW D.S.X AS SELECT 1 AS A",
        ["CREATE OR REPLACE VIEW D.S.X COPY GRANTS AS SELECT 2 AS A"],
        "SELECT A FROM D.S.X",
    ),
    "view of a table": (
        "CREATE TABLE D.F.X (A INT); CREATE VIEW D.S.X AS SELECT A FROM D.F.X",
        ["CREATE OR REPLACE TABLE D.F.X (A INT)"],
        "SELECT A FROM D.S.X",
    ),
    "dynamic table": (
        f"CREATE TABLE D.S.T (A INT); CREATE DYNAMIC TABLE D.S.X {_LAG} AS SELECT A FROM D.S.T",
        [f"CREATE OR REPLACE DYNAMIC TABLE D.S.X {_LAG} COPY GRANTS AS SELECT A FROM D.S.T"],
        "SELECT A FROM D.S.X",
    ),
    "swap": (
        "CREATE TABLE D.S.X (A INT); CREATE TABLE D.S.Y (A INT)",
        ["ALTER TABLE D.S.X SWAP WITH D.S.Y"],
        "SELECT A FROM D.S.X",
    ),
    "alter": (
        "CREATE TABLE D.S.X (A INT)",
        ["ALTER TABLE D.S.X ADD COLUMN B INT", "ALTER TABLE D.S.X DROP COLUMN B"],
        "SELECT A FROM D.S.X",
    ),
    "procedure": (_PROCEDURE.format(1), [_PROCEDURE.format(n) for n in (2, 3)], "CALL D.S.P()"),
    "listing": (
        "CREATE TABLE D.S.X (A INT)",
        ["CREATE OR REPLACE TABLE D.S.X (A INT) COPY GRANTS"],
        "SHOW TABLES LIKE 'X' IN SCHEMA D.S",
    ),
    "transaction": (
        "CREATE TABLE D.S.X AS SELECT 1 AS A; CREATE TABLE D.S.Y AS SELECT 1 AS A",
        ["CREATE OR REPLACE TABLE D.S.X COPY GRANTS AS SELECT 1 AS A"],
        "BEGIN; SELECT A FROM D.S.Y; SELECT A FROM D.S.X; SELECT A FROM D.S.X; COMMIT",
    ),
}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    made = opened(Path(tmp_path_factory.mktemp("beside")), 0.01)
    yield made
    made.close()


def _session(account: Account, role: str) -> Session:
    session = account.open_session("ADMIN", role)
    session.use_warehouse("COMPUTE_WH")
    session.secondary = False
    return session


_SETUP = """
CREATE OR REPLACE DATABASE D;
CREATE SCHEMA D.S;
CREATE SCHEMA D.F;
CREATE OR REPLACE ROLE READER;
GRANT ROLE READER TO USER ADMIN;
GRANT USAGE ON WAREHOUSE COMPUTE_WH TO ROLE READER;
GRANT USAGE ON DATABASE D TO ROLE READER;
GRANT USAGE ON ALL SCHEMAS IN DATABASE D TO ROLE READER;
GRANT SELECT ON FUTURE TABLES IN SCHEMA D.F TO ROLE READER;
GRANT USAGE ON FUTURE PROCEDURES IN SCHEMA D.S TO ROLE READER
"""


@pytest.mark.parametrize("case", _CASES)
def test_a_reader_beside_it_finds_what_is_replaced(account: Account, case: str) -> None:
    made, changes, read = _CASES[case]
    writer = _session(account, "ACCOUNTADMIN")
    statements.run(writer, _SETUP, count=0)
    statements.run(writer, made, count=0)
    for kind in ("TABLES", "VIEWS", "DYNAMIC TABLES"):
        statements.run(writer, f"GRANT SELECT ON ALL {kind} IN SCHEMA D.S TO ROLE READER")
    done, missed = threading.Event(), []

    def reads() -> None:
        reader = _session(account, "READER")
        for _ in range(_READS // _READERS):
            try:
                found = statements.run(reader, read, count=0)
                if read.startswith("SHOW") and not (found.children or [found])[0].rows.num_rows:
                    missed.append("no row")
            except SnowflakeError as error:
                missed.append(error.message)
        reader.close()

    def replaces() -> int:
        number = 0
        while not done.is_set():
            for change in changes:
                statements.run(writer, change)
                number += 1
        return number

    with ThreadPoolExecutor(_READERS + 1) as pool:
        writing = pool.submit(replaces)
        for reading in [pool.submit(reads) for _ in range(_READERS)]:
            reading.result()
        done.set()
        assert writing.result() > 1
    writer.close()
    assert missed == []


def test_a_transaction_reads_a_table_that_is_dropped_and_made_anew_as_it_was(account: Account) -> None:
    one, other = _session(account, "ACCOUNTADMIN"), _session(account, "ACCOUNTADMIN")
    statements.run(one, f"{_SETUP}; CREATE TABLE D.S.X AS SELECT 1 AS A; BEGIN; SELECT A FROM D.S.X", count=0)
    statements.run(other, "DROP TABLE D.S.X; CREATE TABLE D.S.X (B INT); CREATE TABLE D.S.NEW (A INT)", count=0)
    assert statements.run(one, "SELECT A FROM D.S.X").rows.to_pylist() == [{"A": 1}]
    with pytest.raises(SnowflakeError, match=r"'D\.S\.NEW' was created after this transaction began"):
        statements.run(one, "SELECT A FROM D.S.NEW")
    statements.run(one, "COMMIT")
    assert statements.run(one, "SELECT B FROM D.S.X").rows.num_rows == 0


def test_rows_for_a_table_that_was_replaced_meanwhile_are_refused(account: Account) -> None:
    one, other = _session(account, "ACCOUNTADMIN"), _session(account, "ACCOUNTADMIN")
    statements.run(one, f"{_SETUP}; CREATE TABLE D.S.X (A INT); CREATE TABLE D.S.Y (A INT)", count=0)
    statements.run(one, "BEGIN; SELECT A FROM D.S.Y", count=0)
    statements.run(other, "CREATE OR REPLACE TABLE D.S.X (A INT)")
    with pytest.raises(SnowflakeError, match="was replaced after this transaction began") as refused:
        statements.run(one, "INSERT INTO D.S.X VALUES (1)")
    assert refused.value.code == "000625"
    statements.run(one, "ROLLBACK; INSERT INTO D.S.X VALUES (1)", count=0)
    assert statements.run(other, "SELECT A FROM D.S.X").rows.num_rows == 1
