"""What is refused has changed nothing: the whole account is the same before and after."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local_snowflake import opening, statements
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.session import Session

_MADE = """
CREATE DATABASE D;
CREATE SCHEMA D.S;
CREATE SCHEMA D.OTHER;
CREATE TABLE D.S.T (A INT, B VARCHAR(20));
INSERT INTO D.S.T VALUES (1, 'x'), (2, 'y');
CREATE TABLE D.S.T2 (A INT);
CREATE TABLE D.OTHER.HELD (A INT, B VARCHAR(20));
CREATE VIEW D.S.V AS SELECT A FROM D.S.T;
CREATE STAGE D.S.STG;
CREATE STREAM D.S.STR ON TABLE D.S.T;
CREATE TAG D.S.G ALLOWED_VALUES 'a', 'b';
CREATE FILE FORMAT D.S.F TYPE = CSV;
CREATE FUNCTION D.S.FN(X INT) RETURNS INT AS 'X + 1';
CREATE PROCEDURE D.S.P() RETURNS INT LANGUAGE SQL AS 'BEGIN RETURN 1; END';
CREATE TASK D.S.ROOT WAREHOUSE = COMPUTE_WH SCHEDULE = '60 MINUTE' AS SELECT 1;
CREATE TASK D.S.CHILD WAREHOUSE = COMPUTE_WH AFTER D.S.ROOT AS SELECT 2;
CREATE DYNAMIC TABLE D.S.DT TARGET_LAG = DOWNSTREAM WAREHOUSE = COMPUTE_WH AS SELECT A FROM D.S.T;
CREATE MASKING POLICY D.S.M AS (V VARCHAR) RETURNS VARCHAR -> '*';
CREATE ROW ACCESS POLICY D.S.R AS (V INT) RETURNS BOOLEAN -> TRUE;
CREATE AUTHENTICATION POLICY D.S.AP AUTHENTICATION_METHODS = ('PASSWORD');
CREATE NETWORK POLICY NP ALLOWED_IP_LIST = ('127.0.0.1');
CREATE WAREHOUSE W WAREHOUSE_SIZE = XSMALL;
CREATE COMPUTE POOL POOL MIN_NODES = 1 MAX_NODES = 1 INSTANCE_FAMILY = CPU_X64_XS;
CREATE ROLE R1;
CREATE USER U1 PASSWORD = 'secretsecret';
GRANT USAGE ON DATABASE D TO ROLE R1;
GRANT SELECT ON TABLE D.S.T TO ROLE R1;
ALTER TABLE D.OTHER.HELD MODIFY COLUMN B SET MASKING POLICY D.S.M;
ALTER TABLE D.OTHER.HELD ADD ROW ACCESS POLICY D.S.R ON (A);
ALTER USER U1 SET AUTHENTICATION POLICY D.S.AP;
ALTER USER U1 SET NETWORK_POLICY = NP
"""

_REFUSED = (
    # Something outside needs what is inside.
    "DROP SCHEMA D.S",
    "DROP SCHEMA D.S CASCADE",
    "CREATE OR REPLACE SCHEMA D.S",
    "DROP DATABASE D",
    "CREATE OR REPLACE DATABASE D",
    "DROP MASKING POLICY D.S.M",
    "CREATE OR REPLACE MASKING POLICY D.S.M AS (V VARCHAR) RETURNS VARCHAR -> 'other'",
    "DROP ROW ACCESS POLICY D.S.R",
    "CREATE OR REPLACE ROW ACCESS POLICY D.S.R AS (V INT) RETURNS BOOLEAN -> FALSE",
    "DROP AUTHENTICATION POLICY D.S.AP",
    "CREATE OR REPLACE AUTHENTICATION POLICY D.S.AP AUTHENTICATION_METHODS = ('KEYPAIR')",
    "DROP NETWORK POLICY NP",
    "DROP ROLE PUBLIC",
    "CREATE OR REPLACE ROLE SYSADMIN",
    "DROP DATABASE SNOWFLAKE_SAMPLE_DATA",
    "CREATE OR REPLACE DATABASE SNOWFLAKE_SAMPLE_DATA",
    # A replacement that cannot be made leaves what is there.
    "CREATE OR REPLACE TABLE D.S.T (A NONSENSE)",
    "CREATE OR REPLACE TABLE D.S.T (A INT, A INT)",
    "CREATE OR REPLACE TABLE D.S.T AS SELECT NOPE FROM D.S.T2",
    "CREATE OR REPLACE TABLE D.S.T AS SELECT 1 / 0 AS Z",
    "CREATE OR REPLACE TABLE D.S.T CLONE D.S.NOPE",
    "CREATE OR REPLACE TABLE D.S.T LIKE D.S.NOPE",
    "CREATE OR REPLACE TABLE D.S.T (A INT) ROW ACCESS POLICY D.S.NOPE ON (A)",
    "CREATE OR REPLACE TABLE D.S.T (A INT) WITH TAG (D.S.G = 'c')",
    "CREATE OR REPLACE VIEW D.S.V AS SELECT NOPE FROM D.S.T",
    "CREATE OR REPLACE STREAM D.S.STR ON TABLE D.S.NOPE",
    "CREATE OR REPLACE FILE FORMAT D.S.F TYPE = NONSENSE",
    "CREATE OR REPLACE TASK D.S.ROOT WAREHOUSE = NOPE AS SELECT 1",
    "CREATE OR REPLACE TASK D.S.CHILD WAREHOUSE = COMPUTE_WH AFTER D.S.NOPE AS SELECT 1",
    "CREATE OR REPLACE DYNAMIC TABLE D.S.DT TARGET_LAG = DOWNSTREAM WAREHOUSE = COMPUTE_WH AS SELECT NOPE FROM D.S.T",
    "CREATE OR REPLACE DYNAMIC TABLE D.S.DT TARGET_LAG = DOWNSTREAM WAREHOUSE = NOPE AS SELECT A FROM D.S.T",
    "CREATE OR REPLACE WAREHOUSE W WAREHOUSE_SIZE = NONSENSE",
    "CREATE OR REPLACE WAREHOUSE W RESOURCE_MONITOR = NOPE NONSENSE = 1",
    "CREATE OR REPLACE USER U1 NONSENSE = 1",
    "CREATE OR REPLACE TAG D.S.G ALLOWED_VALUES",
    "CREATE OR REPLACE NETWORK POLICY NP ALLOWED_IP_LIST = ('nonsense')",
    "CREATE OR REPLACE ROLE R1 WITH TAG (D.S.NOPE = 'x')",
    "CREATE OR REPLACE SCHEMA D.OTHER NONSENSE = 1",
    "CREATE OR REPLACE STAGE D.S.STG FILE_FORMAT = (FORMAT_NAME = 'D.S.NOPE')",
    "CREATE OR REPLACE FUNCTION D.S.FN(X INT) RETURNS INT AS 'NOPE + 1'",
    "CREATE OR REPLACE PROCEDURE D.S.P() RETURNS INT LANGUAGE SQL AS 'BEGIN NONSENSE; END'",
    "ALTER SESSION SET TIMEZONE = 'UTC', NONSENSE = 1",
    "ALTER SESSION SET QUERY_TAG = 'x' TIMEZONE = 'Nowhere/Nope'",
    "ALTER USER U1 UNSET COMMENT, NONSENSE",
    # A new name that is taken, or in a place that is not there.
    "ALTER TABLE D.S.T RENAME TO D.S.T2",
    "ALTER TABLE D.S.T RENAME TO D.S.V",
    "ALTER TABLE D.S.T RENAME TO D.NOPE.T",
    "ALTER TABLE D.S.T SWAP WITH D.S.NOPE",
    "ALTER MASKING POLICY D.S.M RENAME TO D.NOPE.M",
    "ALTER STAGE D.S.STG RENAME TO D.NOPE.STG",
    # Of several changes the last cannot be made.
    "ALTER TABLE D.S.T ADD COLUMN C INT, A INT",
    "ALTER TABLE D.S.T ADD COLUMN C INT, D NONSENSE",
    "ALTER TABLE D.S.T ADD COLUMN C INT, C INT",
    "ALTER TABLE D.S.T DROP COLUMN A, NOPE",
    "ALTER TABLE D.S.T DROP COLUMN A, B",
    "ALTER TABLE D.OTHER.HELD DROP COLUMN A, B",
    "ALTER WAREHOUSE W SET AUTO_SUSPEND = 5 NONSENSE = 1",
    "ALTER USER U1 SET COMMENT = 'x' NONSENSE = 1",
    "ALTER TASK D.S.ROOT SET SCHEDULE = '5 MINUTE' WAREHOUSE = NOPE",
    "ALTER TASK D.S.CHILD ADD AFTER D.S.ROOT, D.S.NOPE",
    "ALTER TABLE D.S.T SET TAG D.S.G = 'a', D.S.NOPE = 'b'",
    "ALTER TABLE D.S.T SET TAG D.S.G = 'c'",
    "GRANT SELECT, NONSENSE ON TABLE D.S.T2 TO ROLE R1",
    "GRANT SELECT ON TABLE D.S.T2 TO ROLE NOPE",
    "GRANT SELECT ON ALL NONSENSES IN SCHEMA D.S TO ROLE R1",
    "REVOKE SELECT, NONSENSE ON TABLE D.S.T FROM ROLE R1",
    "GRANT OWNERSHIP ON TABLE D.S.T TO ROLE NOPE",
    "COPY INTO D.S.T FROM @D.S.NOPE",
    "INSERT INTO D.S.T SELECT 1 / 0, 'z'",
    "DROP TABLE D.S.V",
    "DROP VIEW D.S.T",
    "DROP FUNCTION D.S.FN(VARCHAR)",
    "TRUNCATE TABLE D.S.NOPE",
)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    account = opening.opened(tmp_path_factory.mktemp("account"), scale=0.01)
    session = account.open_session("ADMIN", "ACCOUNTADMIN")
    session.warehouse = "COMPUTE_WH"
    statements.run(session, _MADE.strip(), count=0)
    yield session
    account.close()


def everything(session: Session) -> dict[str, Any]:
    """All that the account holds: objects, grants, rows, and what the session has set."""
    account = session.account
    objects = {
        f"{o.kind} {o.name}": json.dumps([o.owner, o.properties, o.comment, o.tags], sort_keys=True, default=str)
        for o in account.catalogue._all()
    }
    grants = sorted(str(g) for o in account.catalogue._all() for g in account.access.on(o.kind, o.name))
    rows = {
        table: statements.run(session, f"SELECT * FROM {table} ORDER BY 1").rows.to_pylist()
        for table in ("D.S.T", "D.S.T2", "D.S.V", "D.S.DT")
    }
    return {"objects": objects, "grants": grants, "rows": rows, "parameters": dict(session.parameters)}


@pytest.mark.parametrize("statement", _REFUSED)
def test_a_refused_statement_changes_nothing(session, statement):
    before = everything(session)
    place = session.database, session.schema
    with pytest.raises(SnowflakeError) as error:
        statements.run(session, statement)
    assert error.value.code != "000603"
    assert everything(session) == before
    assert (session.database, session.schema) == place


def test_a_policy_goes_with_the_schema_that_holds_all_that_has_it(session):
    run = lambda text: statements.run(session, text, count=0)  # noqa: E731
    run("CREATE SCHEMA D.ALONE; CREATE TABLE D.ALONE.T (A VARCHAR)")
    run("CREATE MASKING POLICY D.ALONE.M AS (V VARCHAR) RETURNS VARCHAR -> '*'")
    run("ALTER TABLE D.ALONE.T MODIFY COLUMN A SET MASKING POLICY D.ALONE.M")
    run("DROP SCHEMA D.ALONE")
    assert not list(session.account.catalogue.of("MASKING POLICY", None))[1:]
