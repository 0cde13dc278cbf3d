"""Roles, grants, users and containers, as the real connector sees them."""

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from snowflake.connector.errors import DatabaseError, ProgrammingError


@pytest.fixture
def admin(snowflake, database):
    with snowflake.connector(database=database) as connection:
        yield connection.cursor()


@pytest.fixture
def analyst(snowflake, admin, database):
    """A user in a role that may use the database, and nothing else."""
    for statement in (
        "CREATE OR REPLACE ROLE ANALYST",
        "CREATE OR REPLACE USER ANNA PASSWORD = 'apple' TYPE = PERSON DEFAULT_ROLE = ANALYST",
        "GRANT ROLE ANALYST TO USER ANNA",
        f"GRANT USAGE ON DATABASE {database} TO ROLE ANALYST",
        f"GRANT USAGE ON SCHEMA {database}.PUBLIC TO ROLE ANALYST",
    ):
        admin.execute(statement)
    where = {"database": database, "schema": "PUBLIC", "warehouse": "COMPUTE_WH"}
    with snowflake.connector(user="ANNA", password="apple", **where) as connection:
        yield connection.cursor()
    admin.execute("DROP USER ANNA")
    admin.execute("DROP ROLE ANALYST")


def refused(cursor, statement):
    with pytest.raises(ProgrammingError) as caught:
        cursor.execute(statement)
    return caught.value


def test_a_wrong_password_is_refused_without_saying_which_half_is_wrong(snowflake):
    for user, password in (("ADMIN", "wrong"), ("NOBODY", "local")):
        with pytest.raises(DatabaseError, match="Incorrect username or password"):
            snowflake.connector(user=user, password=password)


def test_a_role_that_the_user_lacks_is_refused_at_sign_in(snowflake):
    with pytest.raises(DatabaseError, match="'NO_SUCH' specified in the connect string does not exist"):
        snowflake.connector(role="NO_SUCH")


def test_a_service_user_signs_in_with_its_key_and_no_other(snowflake, admin):
    ours, other = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    public = ours.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    encoded = base64.b64encode(public).decode()
    admin.execute(f"CREATE OR REPLACE USER ROBOT TYPE = SERVICE RSA_PUBLIC_KEY = '{encoded}'")
    arguments = {"user": "ROBOT", "password": None, "authenticator": "SNOWFLAKE_JWT"}
    with snowflake.connector(**arguments, private_key=ours) as connection:
        assert connection.cursor().execute("SHOW PARAMETERS LIKE 'TIMEZONE'").fetchone()[1] == "UTC"
    with pytest.raises(DatabaseError, match="JWT token is invalid"):
        snowflake.connector(**arguments, private_key=other)


def test_a_service_user_cannot_have_a_password(admin):
    assert "TYPE=SERVICE" in refused(admin, "CREATE USER ROBOT2 TYPE = SERVICE PASSWORD = 'x'").msg


def test_a_schema_without_the_privilege_to_create_refuses_by_name(analyst, database):
    error = refused(analyst, "CREATE TABLE T (A INT)")
    assert (error.errno, error.sqlstate) == (3001, "42501")
    assert f"{database}.PUBLIC" in error.msg


def test_an_object_that_may_not_be_seen_looks_like_one_that_is_not_there(admin, analyst):
    admin.execute("CREATE STAGE PUBLIC.HIDDEN")
    unseen, missing = (refused(analyst, f"DESCRIBE STAGE {name}") for name in ("HIDDEN", "MISSING"))
    assert (unseen.errno, unseen.sqlstate) == (missing.errno, missing.sqlstate) == (2003, "02000")


def test_a_granted_privilege_works_and_a_revoked_one_no_longer(admin, analyst, database):
    admin.execute(f"GRANT CREATE TABLE ON SCHEMA {database}.PUBLIC TO ROLE ANALYST")
    analyst.execute("CREATE TABLE T (A INT)")
    admin.execute(f"REVOKE CREATE TABLE ON SCHEMA {database}.PUBLIC FROM ROLE ANALYST")
    assert refused(analyst, "CREATE TABLE U (A INT)").errno == 3001


def test_future_grants_reach_tables_made_later(admin, analyst, database):
    admin.execute(f"GRANT SELECT ON FUTURE TABLES IN SCHEMA {database}.PUBLIC TO ROLE ANALYST")
    admin.execute("CREATE TABLE PUBLIC.LATER AS SELECT 7 AS A")
    assert analyst.execute("SELECT A FROM LATER").fetchall() == [(7,)]


def test_roles_inherit_what_is_granted_to_roles_below(admin, analyst, database):
    admin.execute("CREATE OR REPLACE ROLE WRITER")
    admin.execute(f"GRANT CREATE TABLE ON SCHEMA {database}.PUBLIC TO ROLE WRITER")
    admin.execute("GRANT ROLE WRITER TO ROLE ANALYST")
    analyst.execute("CREATE TABLE T (A INT)")
    admin.execute("DROP ROLE WRITER")
    assert refused(analyst, "CREATE TABLE U (A INT)").errno == 3001


def test_a_managed_schema_lets_only_its_owner_grant(admin, analyst, database):
    admin.execute(f"CREATE SCHEMA {database}.MANAGED WITH MANAGED ACCESS")
    admin.execute(f"GRANT USAGE, CREATE TABLE ON SCHEMA {database}.MANAGED TO ROLE ANALYST")
    analyst.execute(f"CREATE TABLE {database}.MANAGED.T (A INT)")
    assert refused(analyst, f"GRANT SELECT ON TABLE {database}.MANAGED.T TO ROLE PUBLIC").errno == 3001
    admin.execute(f"GRANT SELECT ON TABLE {database}.MANAGED.T TO ROLE PUBLIC")


def test_a_role_cannot_be_granted_to_one_that_it_inherits(admin):
    admin.execute("CREATE OR REPLACE ROLE UPPER_ROLE")
    admin.execute("CREATE OR REPLACE ROLE LOWER_ROLE")
    admin.execute("GRANT ROLE LOWER_ROLE TO ROLE UPPER_ROLE")
    refused(admin, "GRANT ROLE UPPER_ROLE TO ROLE LOWER_ROLE")


def test_show_grants_lists_ownership_and_what_was_granted(admin, database):
    admin.execute(f"GRANT USAGE ON SCHEMA {database}.PUBLIC TO ROLE SYSADMIN")
    rows = admin.execute(f"SHOW GRANTS ON SCHEMA {database}.PUBLIC").fetchall()
    assert {(row[1], row[5]) for row in rows} == {("OWNERSHIP", "ACCOUNTADMIN"), ("USAGE", "SYSADMIN")}


def test_an_unknown_privilege_is_a_syntax_error_that_names_it(admin, database):
    assert "FROBNICATE" in refused(admin, f"GRANT FROBNICATE ON SCHEMA {database}.PUBLIC TO ROLE SYSADMIN").msg


def test_an_unknown_option_is_named(admin):
    assert "WAREHOUSE_SICE" in refused(admin, "CREATE WAREHOUSE W WAREHOUSE_SICE = XSMALL").msg


def test_a_warehouse_suspends_when_told_and_resumes_by_use(admin, snowflake):
    admin.execute("CREATE OR REPLACE WAREHOUSE W1 AUTO_SUSPEND = 60 INITIALLY_SUSPENDED = TRUE")
    state = lambda: admin.execute("SHOW WAREHOUSES LIKE 'W1'").fetchone()[1]  # noqa: E731
    assert state() == "SUSPENDED"
    admin.execute("CREATE TABLE PUBLIC.ONE AS SELECT 1 AS A")
    admin.execute("SELECT * FROM PUBLIC.ONE")
    assert state() == "STARTED"
    admin.execute("ALTER WAREHOUSE W1 SUSPEND")
    assert state() == "SUSPENDED"


def test_dropping_a_database_takes_everything_in_it(admin, database):
    admin.execute("CREATE STAGE PUBLIC.S")
    admin.execute("CREATE TABLE PUBLIC.T (A INT)")
    admin.execute(f"DROP DATABASE {database}")
    admin.execute(f"CREATE DATABASE {database}")
    assert admin.execute("SHOW STAGES").fetchall() == []
    assert refused(admin, f"SELECT * FROM {database}.PUBLIC.T").errno == 2003


def test_tags_take_only_allowed_values(admin):
    admin.execute("CREATE TAG PUBLIC.TIER ALLOWED_VALUES 'gold', 'silver'")
    admin.execute("ALTER SCHEMA PUBLIC SET TAG PUBLIC.TIER = 'gold'")
    assert "TIER" in refused(admin, "ALTER SCHEMA PUBLIC SET TAG PUBLIC.TIER = 'lead'").msg


def test_a_tag_is_set_by_those_who_may_apply_it(admin, analyst, database):
    admin.execute("CREATE TAG PUBLIC.TIER")
    admin.execute("GRANT READ ON TAG PUBLIC.TIER TO ROLE ANALYST")
    admin.execute(f"GRANT CREATE SCHEMA ON DATABASE {database} TO ROLE ANALYST")
    assert "Insufficient privileges" in refused(analyst, "CREATE SCHEMA S WITH TAG (PUBLIC.TIER = 'gold')").msg
    admin.execute("GRANT APPLY ON TAG PUBLIC.TIER TO ROLE ANALYST")
    analyst.execute("CREATE SCHEMA S WITH MANAGED ACCESS COMMENT = 'c' WITH TAG (PUBLIC.TIER = 'gold')")
    admin.execute("REVOKE APPLY ON TAG PUBLIC.TIER FROM ROLE ANALYST")
    assert "Insufficient privileges" in refused(analyst, "ALTER SCHEMA S UNSET TAG PUBLIC.TIER").msg


def test_a_tag_is_inherited_unless_it_is_set_anew(admin, database):
    admin.execute("CREATE TAG PUBLIC.TIER")
    admin.execute(f"ALTER DATABASE {database} SET TAG PUBLIC.TIER = 'gold'")
    admin.execute("CREATE SCHEMA S WITH TAG (PUBLIC.TIER = 'silver')")
    admin.execute("CREATE TABLE PUBLIC.T (A INT)")
    read = f"SELECT SYSTEM$GET_TAG('{database}.PUBLIC.TIER', '{{}}', '{{}}')"
    for name, domain, value in (("S", "SCHEMA", "silver"), ("PUBLIC", "SCHEMA", "gold"), ("PUBLIC.T", "TABLE", "gold")):
        assert admin.execute(read.format(name, domain)).fetchone() == (value,)
    references = "SELECT TAG_VALUE, LEVEL FROM TABLE(INFORMATION_SCHEMA.TAG_REFERENCES('PUBLIC.T', 'TABLE'))"
    assert admin.execute(references).fetchall() == [("gold", "DATABASE")]


def test_a_session_variable_holds_a_value(admin):
    admin.execute("SET THE_ANSWER = 40 + 2")
    assert admin.execute("SHOW VARIABLES LIKE 'THE_ANSWER'").fetchone()[1] == "42"


def test_a_parameter_that_the_local_account_does_not_follow_is_refused(admin):
    assert "DEFAULT_NULL_ORDERING" in refused(admin, "ALTER SESSION SET DEFAULT_NULL_ORDERING = 'FIRST'").msg


@pytest.mark.parametrize("statement", ["FROBNICATE", "CREATE PIPE P AS COPY INTO T FROM @S", "UNDROP TABLE T"])
def test_what_is_not_supported_is_refused_by_name(admin, statement):
    assert statement in refused(admin, statement).msg


@pytest.mark.parametrize(("written", "active"), [("()", False), ("('ALL')", True), (None, True)])
def test_default_secondary_roles_are_those_that_a_session_begins_with(snowflake, written, active):
    """https://docs.snowflake.com/en/sql-reference/sql/create-user."""
    option = f"DEFAULT_SECONDARY_ROLES = {written}" if written else ""
    with snowflake.connector() as connection:
        run = connection.cursor().execute
        for statement in (
            f"CREATE OR REPLACE USER SECOND PASSWORD = 'local' DEFAULT_ROLE = PUBLIC {option}",
            "CREATE OR REPLACE ROLE SECOND_ROLE",
            "GRANT ROLE SECOND_ROLE TO USER SECOND",
        ):
            run(statement)
        with snowflake.connector(user="SECOND", password="local") as of_user:
            (seen,) = of_user.cursor().execute("SELECT IS_ROLE_IN_SESSION('SECOND_ROLE')").fetchone()
        with pytest.raises(ProgrammingError, match="DEFAULT_SECONDARY_ROLES"):
            run("ALTER USER SECOND SET DEFAULT_SECONDARY_ROLES = ('SECOND_ROLE')")
        run("DROP USER SECOND")
        run("DROP ROLE SECOND_ROLE")
    assert seen is active
