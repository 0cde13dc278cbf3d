"""Programmatic access tokens, and the network policy that who uses one needs."""

from collections.abc import Iterator
from typing import Any

import pytest
from snowflake.connector.errors import DatabaseError, ProgrammingError


@pytest.fixture
def admin(snowflake: Any, database: str) -> Iterator[Any]:
    with snowflake.connector(database=database, schema="PUBLIC", role="ACCOUNTADMIN") as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE OR REPLACE USER PAT_USER TYPE = PERSON PASSWORD = 'Long-enough-7'")
        cursor.execute("GRANT ROLE SYSADMIN TO USER PAT_USER")
        cursor.execute("CREATE OR REPLACE NETWORK POLICY PAT_POLICY ALLOWED_IP_LIST = ('0.0.0.0/0')")
        yield cursor
        cursor.execute("DROP USER IF EXISTS PAT_USER")
        cursor.execute("DROP USER IF EXISTS PAT_SERVICE")
        cursor.execute("DROP NETWORK POLICY IF EXISTS PAT_POLICY")


def token(admin: Any, options: str = "", user: str = "PAT_USER") -> str:
    return admin.execute(f"ALTER USER {user} ADD PROGRAMMATIC ACCESS TOKEN t {options}").fetchone()[1]


def sign_in(snowflake: Any, secret: str, **options: Any) -> Any:
    given = {"user": "PAT_USER", "authenticator": "PROGRAMMATIC_ACCESS_TOKEN", "token": secret, "password": None}
    return snowflake.connector(**{**given, **options})


def test_a_person_without_a_network_policy_cannot_use_a_token(snowflake: Any, admin: Any) -> None:
    secret = token(admin)
    for options in ({}, {"authenticator": "SNOWFLAKE", "token": None, "password": secret}):
        with pytest.raises(DatabaseError, match=r"390432.*Network policy is required"):
            sign_in(snowflake, secret, **options)
    admin.execute("ALTER USER PAT_USER SET NETWORK_POLICY = PAT_POLICY")
    for options in ({}, {"authenticator": "SNOWFLAKE", "token": None, "password": secret}):
        with sign_in(snowflake, secret, **options) as connection:
            assert connection.user == "PAT_USER"


def test_the_account_s_network_policy_will_do(snowflake: Any, admin: Any) -> None:
    secret = token(admin)
    admin.execute("ALTER ACCOUNT SET NETWORK_POLICY = PAT_POLICY")
    try:
        sign_in(snowflake, secret).close()
    finally:
        admin.execute("ALTER ACCOUNT UNSET NETWORK_POLICY")


@pytest.mark.parametrize("evaluation", ["ENFORCED_NOT_REQUIRED", "NOT_ENFORCED"])
def test_an_authentication_policy_may_do_without(snowflake: Any, admin: Any, evaluation: str) -> None:
    secret = token(admin)
    admin.execute(f"CREATE AUTHENTICATION POLICY p PAT_POLICY = (NETWORK_POLICY_EVALUATION = {evaluation})")
    admin.execute("ALTER USER PAT_USER SET AUTHENTICATION POLICY p")
    sign_in(snowflake, secret).close()
    admin.execute("ALTER USER PAT_USER UNSET AUTHENTICATION POLICY")


def test_a_token_may_be_free_of_it_for_minutes(snowflake: Any, admin: Any) -> None:
    sign_in(snowflake, token(admin, "MINS_TO_BYPASS_NETWORK_POLICY_REQUIREMENT = 5")).close()


def test_a_restricted_token_has_its_role_and_no_other(snowflake: Any, admin: Any) -> None:
    admin.execute("ALTER USER PAT_USER SET NETWORK_POLICY = PAT_POLICY")
    with sign_in(snowflake, token(admin, "ROLE_RESTRICTION = 'SYSADMIN'")) as connection:
        row = connection.cursor().execute("SELECT CURRENT_ROLE(), CURRENT_SECONDARY_ROLES()").fetchone()
        assert row[0] == "SYSADMIN"
        assert "ALL" not in row[1]


def test_a_service_user_needs_a_policy_and_a_role_before_it_gets_a_token(admin: Any) -> None:
    admin.execute("CREATE USER PAT_SERVICE TYPE = SERVICE")
    admin.execute("GRANT ROLE SYSADMIN TO USER PAT_SERVICE")
    for options, errno in (("", 394402), ("ROLE_RESTRICTION = 'SYSADMIN'", 390432)):
        with pytest.raises(ProgrammingError) as caught:
            token(admin, options, "PAT_SERVICE")
        assert caught.value.errno == errno
    admin.execute("ALTER USER PAT_SERVICE SET NETWORK_POLICY = PAT_POLICY")
    assert token(admin, "ROLE_RESTRICTION = 'SYSADMIN'", "PAT_SERVICE")


@pytest.mark.parametrize(
    ("options", "errno"),
    [
        ("DAYS_TO_EXPIRY = 366", 1008),
        ("DAYS_TO_EXPIRY = 0", 1008),
        ("ROLE_RESTRICTION = 'NOWHERE'", 2003),
        ("X = 1", 1420),
    ],
)
def test_what_a_token_cannot_have_is_refused(admin: Any, options: str, errno: int) -> None:
    with pytest.raises(ProgrammingError) as caught:
        token(admin, options)
    assert caught.value.errno == errno


def test_a_token_that_was_removed_or_never_made_is_invalid(snowflake: Any, admin: Any) -> None:
    admin.execute("ALTER USER PAT_USER SET NETWORK_POLICY = PAT_POLICY")
    secret = token(admin)
    admin.execute("ALTER USER PAT_USER REMOVE PAT t")
    for wrong in (secret, "nonsense"):
        with pytest.raises(DatabaseError, match="394400"):
            sign_in(snowflake, wrong)


def test_a_secret_is_shown_once_and_never_kept(snowflake: Any, admin: Any) -> None:
    secret = admin.execute("ALTER USER ADD PAT mine MINS_TO_BYPASS_NETWORK_POLICY_REQUIREMENT = 5").fetchone()[1]
    sign_in(snowflake, secret, user="ADMIN").close()
    with pytest.raises(ProgrammingError, match="already exists"):
        admin.execute("ALTER USER ADMIN ADD PAT mine")
    admin.execute("ALTER USER ADMIN REMOVE PROGRAMMATIC ACCESS TOKEN mine")
    assert secret.encode() not in (snowflake.home / "catalogue.sqlite").read_bytes()
