"""What a grammar cannot say of account-level objects, policies and grants: options that go together, and who may."""

from collections.abc import Iterator

import pytest

from local_snowflake import opening, statements
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.session import Session

_MADE = """
CREATE DATABASE D;
CREATE SCHEMA D.S;
CREATE TABLE D.S.T (A INT);
CREATE STAGE D.S.STG;
CREATE TAG D.S.G;
CREATE ROLE R1;
CREATE ROLE R2;
GRANT ROLE R1 TO ROLE R2;
GRANT SELECT ON TABLE D.S.T TO ROLE R1;
GRANT READ, WRITE ON STAGE D.S.STG TO ROLE R2;
CREATE WAREHOUSE W;
CREATE WAREHOUSE STOPPED INITIALLY_SUSPENDED = TRUE;
CREATE COMPUTE POOL P MIN_NODES = 1 MAX_NODES = 2 INSTANCE_FAMILY = CPU_X64_XS;
CREATE USER SVC TYPE = SERVICE;
CREATE USER ANN PASSWORD = 'secretsecret1A' LOGIN_NAME = 'ANN@B.C';
CREATE AUTHENTICATION POLICY D.S.AP
"""

_AUTHENTICATION = "CREATE AUTHENTICATION POLICY D.S.Q "
_NETWORK = "CREATE NETWORK POLICY NP "
_MAIL = "CREATE NOTIFICATION INTEGRATION NI TYPE = EMAIL "
_HOOK = "CREATE NOTIFICATION INTEGRATION NI TYPE = WEBHOOK ENABLED = TRUE "
_OIDC = "CREATE USER U TYPE = SERVICE WORKLOAD_IDENTITY = (TYPE = OIDC SUBJECT = 's' "

REFUSED = {
    # ---- compute pools
    "CREATE COMPUTE POOL Q MIN_NODES = 3 MAX_NODES = 2 INSTANCE_FAMILY = CPU_X64_XS": "392001",
    "CREATE COMPUTE POOL Q MIN_NODES = 1 MAX_NODES = 2 INSTANCE_FAMILY = CPU_X86_XXS": "001008",
    "CREATE COMPUTE POOL Q MIN_NODES = 1 MAX_NODES = 2": "002029",
    'CREATE COMPUTE POOL "q" MIN_NODES = 1 MAX_NODES = 2 INSTANCE_FAMILY = CPU_X64_XS': "001008",
    "ALTER COMPUTE POOL P SET MIN_NODES = 3": "392001",
    "ALTER COMPUTE POOL P SET INSTANCE_FAMILY = CPU_X64_S": "392003",
    # ---- warehouses
    "CREATE WAREHOUSE V MIN_CLUSTER_COUNT = 3 MAX_CLUSTER_COUNT = 2": "001008",
    "CREATE WAREHOUSE V WAREHOUSE_SIZE = X6LARGE MAX_CLUSTER_COUNT = 300": "001008",
    "CREATE WAREHOUSE V RESOURCE_CONSTRAINT = MEMORY_16X": "003543",
    "CREATE WAREHOUSE V GENERATION = '2' RESOURCE_CONSTRAINT = STANDARD_GEN_1": "003543",
    "CREATE WAREHOUSE V RESOURCE_MONITOR = M": "000002",
    "ALTER WAREHOUSE W SET WAIT_FOR_COMPLETION = TRUE": "001008",
    "ALTER WAREHOUSE STOPPED SUSPEND": "090064",
    "ALTER WAREHOUSE W RESUME": "090063",
    # ---- databases and schemas
    "CREATE TRANSIENT SCHEMA D.TR DATA_RETENTION_TIME_IN_DAYS = 2": "001008",
    "CREATE TRANSIENT DATABASE TR DATA_RETENTION_TIME_IN_DAYS = 90": "001008",
    # ---- users
    "CREATE USER U TYPE = SERVICE PASSWORD = 'secretsecret1A'": "003572",
    "CREATE USER U TYPE = SERVICE FIRST_NAME = 'A'": "003572",
    "CREATE USER U TYPE = SERVICE MUST_CHANGE_PASSWORD = TRUE": "003572",
    "ALTER USER SVC SET PASSWORD = 'secretsecret1A'": "003572",
    "CREATE USER U TYPE = PERSON WORKLOAD_IDENTITY = (TYPE = OIDC ISSUER = 'https://i' SUBJECT = 's')": "003572",
    f"{_OIDC} ISSUER = 'http://i.example')": "004616",
    f"{_OIDC})": "004616",
    "CREATE USER U LOGIN_NAME = 'ann@b.c'": "002002",
    "CREATE USER U RSA_PUBLIC_KEY = 'nonsense'": "003001",
    # ---- tags
    "CREATE TAG D.S.H ALLOWED_VALUES 'a', 'a'": "391804",
    "CREATE TAG D.S.H PROPAGATE = ON_DEPENDENCY": "000002",
    # ---- authentication policies
    f"{_AUTHENTICATION} CLIENT_TYPES = ('SNOWSQL') CLIENT_POLICY = (GO_DRIVER = (MINIMUM_VERSION = '1.0.0'))": "004800",
    f"{_AUTHENTICATION} CLIENT_POLICY = (COBOL_DRIVER = (MINIMUM_VERSION = '1.0.0'))": "001420",
    f"{_AUTHENTICATION} MFA_ENROLLMENT = REQUIRED CLIENT_TYPES = ('DRIVERS')": "004800",
    f"{_AUTHENTICATION} PAT_POLICY = (DEFAULT_EXPIRY_IN_DAYS = 90 MAX_EXPIRY_IN_DAYS = 30)": "001008",
    f"{_AUTHENTICATION} WORKLOAD_IDENTITY_POLICY = (ALLOWED_OIDC_ISSUERS = ('http://i.example'))": "001008",
    f"{_AUTHENTICATION} WORKLOAD_IDENTITY_POLICY = (ALLOWED_OIDC_ISSUERS = ('https://i.example?a=1'))": "001008",
    f"{_AUTHENTICATION} SECURITY_INTEGRATIONS = ('NOPE')": "002003",
    "ALTER AUTHENTICATION POLICY D.S.AP SET PAT_POLICY = (MAX_EXPIRY_IN_DAYS = 5 DEFAULT_EXPIRY_IN_DAYS = 6)": "001008",
    # ---- network policies
    f"{_NETWORK} ALLOWED_IP_LIST = ('1.2.3.400')": "001008",
    f"{_NETWORK} ALLOWED_IP_LIST = ('1.2.3.4/33')": "001008",
    f"{_NETWORK} ALLOWED_IP_LIST = ('1.2.3.4', '::1')": "001008",
    f"{_NETWORK} BLOCKED_IP_LIST = ('example.com')": "001008",
    f"{_NETWORK} ALLOWED_NETWORK_RULE_LIST = ('D.S.NOPE')": "002003",
    # ---- masking and row access policies
    "CREATE MASKING POLICY D.S.M AS (V VARCHAR) RETURNS VARCHAR -> V EXEMPT_OTHER_POLICIES = PERHAPS": "001008",
    "CREATE MASKING POLICY D.S.M AS (V VARCHAR) RETURNS NUMBER -> 1": "002135",
    "CREATE ROW ACCESS POLICY D.S.R AS (V INT) RETURNS BOOLEAN -> TRUE EXEMPT_OTHER_POLICIES = TRUE": "001420",
    "CREATE ROW ACCESS POLICY D.S.R AS (V INT) RETURNS INT -> 1": "002135",
    # ---- notification integrations
    _MAIL: "002002",
    f"{_MAIL} ENABLED = TRUE ALLOWED_RECIPIENTS = ('a@b.c') DEFAULT_RECIPIENTS = ('x@y.z')": "001008",
    _HOOK: "002002",
    f"{_HOOK} WEBHOOK_URL = 'ftp://hooks.slack.com/services/x'": "001008",
    f"{_HOOK} WEBHOOK_URL = 'https://example.com/hook'": "001008",
    # ---- grants
    "GRANT WRITE ON STAGE D.S.STG TO ROLE R1": "003147",
    "GRANT WRITE ON FUTURE STAGES IN SCHEMA D.S TO ROLE R1": "003147",
    "REVOKE READ ON STAGE D.S.STG FROM ROLE R2": "003147",
    "GRANT APPLY ON FUTURE TAGS IN SCHEMA D.S TO ROLE R1": "003027",
    "GRANT APPLY ON FUTURE MASKING POLICIES IN SCHEMA D.S TO ROLE R1": "003027",
    "GRANT SELECT ON STAGE D.S.STG TO ROLE R1": "001003",
    "GRANT SELECT ON TABLES D.S.T TO ROLE R1": "001003",
    "GRANT SELECT ON ALL TABLES TO ROLE R1": "001003",
    "GRANT SELECT ON ALL TABLE IN SCHEMA D.S TO ROLE R1": "001003",
    "GRANT USAGE ON ALL SCHEMAS IN SCHEMA D.S TO ROLE R1": "001003",
    "GRANT USAGE ON ALL WAREHOUSES IN DATABASE D TO ROLE R1": "001003",
    "GRANT USAGE ON FUNCTION D.S.F TO ROLE R1": "001003",
    "GRANT NONSENSE ON ACCOUNT TO ROLE R1": "001003",
    "GRANT ALL ON TAG D.S.G TO ROLE R1": "001003",
    "GRANT SELECT, OWNERSHIP ON TABLE D.S.T TO ROLE R1": "001003",
    "REVOKE OWNERSHIP ON TABLE D.S.T FROM ROLE ACCOUNTADMIN": "001003",
    "GRANT OWNERSHIP ON TABLE D.S.T TO ROLE R1": "003146",
    "GRANT OWNERSHIP ON TABLE D.S.T TO R1": "001003",
    "GRANT OWNERSHIP ON TABLE D.S.T TO ROLE R1 WITH GRANT OPTION": "001003",
    "GRANT OWNERSHIP ON ACCOUNT TO ROLE R1": "001003",
    "GRANT ROLE R2 TO ROLE R1": "001003",
    "GRANT USAGE ON DATABASE SNOWFLAKE_SAMPLE_DATA TO ROLE R1": "003028",
    "GRANT IMPORTED PRIVILEGES ON DATABASE D TO ROLE R1": "000002",
    "GRANT USAGE ON DATABASE D TO SHARE S": "000002",
    "GRANT USAGE ON DATABASE D TO APPLICATION ROLE A.R": "000002",
    "GRANT USAGE ON SECRET D.S.X TO ROLE R1": "000002",
    "SHOW GRANTS TO USER NOBODY": "002003",
    "SHOW GRANTS OF SHARE S": "000002",
    # ---- sessions
    "USE SECONDARY ROLES ALL, R1": "001003",
    "USE SECONDARY ROLES R1, R2": "000002",
    "USE ROLE": "001003",
    "SET (X, Y) = (1, 2, 3)": "001511",
    "COMMENT ON TABLE D.S.NOPE IS 'x'": "002003",
    "EXECUTE IMMEDIATE FROM @D.S.STG/x.sql": "000002",
    "TRUNCATE TABLE": "001003",
}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    account = opening.opened(tmp_path_factory.mktemp("account"), scale=0.01)
    session = account.open_session("ADMIN", "ACCOUNTADMIN")
    session.warehouse = "COMPUTE_WH"
    statements.run(session, _MADE.strip(), count=0)
    yield session
    account.close()


def run(session: Session, statement: str) -> list[dict]:
    return statements.run(session, statement).rows.to_pylist()


@pytest.mark.parametrize(("statement", "code"), REFUSED.items())
def test_what_does_not_go_together_is_refused(session, statement, code):
    with pytest.raises(SnowflakeError) as error:
        run(session, statement)
    assert error.value.code == code


def test_what_is_granted_together_need_not_be_in_order(session):
    run(session, "GRANT WRITE, READ ON STAGE D.S.STG TO ROLE R1")
    run(session, "REVOKE READ, WRITE ON STAGE D.S.STG FROM ROLE R1")


def test_without_cascade_what_was_granted_by_a_grant_keeps_it(session):
    run(session, "GRANT INSERT ON TABLE D.S.T TO ROLE R2 WITH GRANT OPTION")
    other = session.account.open_session("ADMIN", "ACCOUNTADMIN")
    run(session, "GRANT ROLE R2 TO USER ADMIN")
    run(session, "GRANT USAGE ON DATABASE D TO ROLE R2")
    run(session, "GRANT USAGE ON SCHEMA D.S TO ROLE R2")
    run(other, "USE ROLE R2")
    run(other, "USE SECONDARY ROLES NONE")
    run(other, "GRANT INSERT ON TABLE D.S.T TO ROLE R1")
    with pytest.raises(SnowflakeError) as error:
        run(session, "REVOKE INSERT ON TABLE D.S.T FROM ROLE R2")
    assert error.value.code == "003146"
    run(session, "REVOKE INSERT ON TABLE D.S.T FROM ROLE R2 CASCADE")
    left = [row["grantee_name"] for row in run(session, "SHOW GRANTS ON TABLE D.S.T") if row["privilege"] == "INSERT"]
    assert left == []


def test_the_grant_option_alone_is_taken_back(session):
    run(session, "GRANT UPDATE ON TABLE D.S.T TO ROLE R1 WITH GRANT OPTION")
    run(session, "REVOKE GRANT OPTION FOR UPDATE ON TABLE D.S.T FROM ROLE R1")
    (left,) = (row for row in run(session, "SHOW GRANTS ON TABLE D.S.T") if row["privilege"] == "UPDATE")
    assert left["grant_option"] == "false"


def test_all_privileges_are_those_of_the_kind(session):
    run(session, "GRANT ALL ON WAREHOUSE W TO ROLE R1")
    held = {row["privilege"] for row in run(session, "SHOW GRANTS ON WAREHOUSE W") if row["grantee_name"] == "R1"}
    assert {"USAGE", "OPERATE", "MONITOR", "MODIFY"} <= held
    assert "OWNERSHIP" not in held


def test_what_an_administrator_grants_manage_grants_does_not(session):
    other = session.account.open_session("ADMIN", "SECURITYADMIN")
    run(other, "USE SECONDARY ROLES NONE")
    run(other, "GRANT USAGE ON DATABASE D TO ROLE R1")
    with pytest.raises(SnowflakeError) as error:
        run(other, "GRANT EXECUTE TASK ON ACCOUNT TO ROLE R1")
    assert error.value.code == "003001"


def test_who_hands_over_copies_of_grants_has_the_new_owner_role(session):
    run(session, "CREATE ROLE MAKER")
    run(session, "GRANT ROLE MAKER TO USER ADMIN")
    run(session, "GRANT USAGE, CREATE SCHEMA ON DATABASE D TO ROLE MAKER")
    maker = session.account.open_session("ADMIN", "MAKER")
    run(maker, "USE SECONDARY ROLES NONE")
    run(maker, "CREATE SCHEMA D.MADE")
    with pytest.raises(SnowflakeError) as error:
        run(maker, "GRANT OWNERSHIP ON SCHEMA D.MADE TO ROLE R1 COPY CURRENT GRANTS")
    assert error.value.code == "003001"
    run(maker, "GRANT OWNERSHIP ON SCHEMA D.MADE TO ROLE R1 REVOKE CURRENT GRANTS")


def test_grants_are_listed_up_to_a_limit(session):
    assert len(run(session, "SHOW GRANTS TO ROLE ACCOUNTADMIN LIMIT 2")) == 2


def test_several_variables_are_set_or_none(session):
    run(session, "SET (FIRST, SECOND) = (1, 'x')")
    assert run(session, "SELECT $FIRST AS A, $SECOND AS B") == [{"A": 1, "B": "x"}]
    with pytest.raises(SnowflakeError):
        run(session, "SET (FIRST, SECOND) = (2, 'y', 3)")
    run(session, "UNSET (FIRST, SECOND)")


def test_what_is_created_or_altered_twice_is_what_was_said_last(session):
    run(session, "CREATE OR ALTER WAREHOUSE TWICE WAREHOUSE_SIZE = SMALL COMMENT = 'a'")
    run(session, "CREATE OR ALTER WAREHOUSE TWICE WAREHOUSE_SIZE = LARGE")
    (row,) = run(session, "SHOW WAREHOUSES LIKE 'TWICE'")
    assert (row["size"], row["comment"] or "") == ("Large", "")


def test_a_pool_that_is_suspended_changes_its_family(session):
    run(session, "ALTER COMPUTE POOL P SUSPEND")
    run(session, "ALTER COMPUTE POOL P SET INSTANCE_FAMILY = CPU_X64_S")
    (row,) = run(session, "SHOW COMPUTE POOLS LIKE 'P'")
    assert row["instance_family"] == "CPU_X64_S"
