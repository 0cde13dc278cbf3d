"""Signing in without a secret: a token of the workload's issuer, verified as Snowflake verifies it."""

import json
import time

import pytest
from snowflake.connector import DictCursor
from snowflake.connector.errors import DatabaseError, ProgrammingError

from environments.local.github.oidc import Issuer, Repository

AUDIENCE = "snowflakecomputing.com"
USER = "WORKLOAD_CI"


@pytest.fixture(scope="module")
def issuer():
    with Issuer() as running:
        yield running


@pytest.fixture
def admin(snowflake):
    with snowflake.connector(role="ACCOUNTADMIN") as connection:
        yield connection.cursor(DictCursor)


@pytest.fixture
def user(admin, issuer):
    identity = f"TYPE = OIDC ISSUER = '{issuer.address}' SUBJECT = '{issuer.repository.subject_prefix}:environment:dev'"
    admin.execute(f"CREATE USER {USER} TYPE = SERVICE WORKLOAD_IDENTITY = ({identity})")
    yield USER
    admin.execute(f"DROP USER IF EXISTS {USER}")


def sign_in(snowflake, token, **options):
    return snowflake.connector(
        **{"user": None, "password": None, "role": "PUBLIC", **options},
        authenticator="WORKLOAD_IDENTITY",
        workload_identity_provider="OIDC",
        token=token,
    )


def refused(snowflake, token, why):
    with pytest.raises(DatabaseError, match=why) as caught:
        sign_in(snowflake, token)
    assert caught.value.errno == 390100


def test_the_token_says_who_signs_in(snowflake, issuer, user):
    with sign_in(snowflake, issuer.mint(AUDIENCE, environment="dev")) as connection:
        assert connection.cursor().execute("SELECT CURRENT_USER()").fetchone() == (user,)


REFUSED = {
    "of another environment": ({"environment": "prod"}, "no user has the issuer .*:environment:prod'"),
    "of no environment": ({}, "no user has the issuer .*:ref:refs/heads/main'"),
    "of a letter in another case": ({"environment": "DEV"}, "no user has the issuer .*:environment:DEV'"),
}


@pytest.mark.parametrize(("job", "why"), REFUSED.values(), ids=REFUSED)
def test_a_token_of_another_subject_is_refused(snowflake, issuer, user, job, why):
    refused(snowflake, issuer.mint(AUDIENCE, **job), why)


def test_a_token_for_another_audience_is_refused(snowflake, issuer, user):
    refused(snowflake, issuer.mint("sts.amazonaws.com", environment="dev"), "[Aa]udience")


def test_a_token_that_has_expired_is_refused(snowflake, issuer, user, monkeypatch):
    monkeypatch.setattr(issuer, "clock", lambda: time.time() - 400)
    refused(snowflake, issuer.mint(AUDIENCE, environment="dev"), "expired")


def test_a_token_that_was_changed_is_refused(snowflake, issuer, user):
    head, _, signature = issuer.mint(AUDIENCE, environment="prod").split(".")
    claims = issuer.mint(AUDIENCE, environment="dev").split(".")[1]
    refused(snowflake, f"{head}.{claims}.{signature}", "[Ss]ignature")


def test_a_token_of_another_issuer_is_refused(snowflake, user):
    with Issuer() as other:
        refused(snowflake, other.mint(AUDIENCE, environment="dev"), "no user has the issuer")


def test_a_token_whose_issuer_is_silent_is_refused(snowflake, admin):
    with Issuer(Repository(name="gone")) as gone:
        prefix = gone.repository.subject_prefix
        admin.execute(
            f"CREATE OR REPLACE USER {USER} TYPE = SERVICE WORKLOAD_IDENTITY = "
            f"(TYPE = OIDC ISSUER = '{gone.address}' SUBJECT = '{prefix}:environment:dev')"
        )
        token = gone.mint(AUDIENCE, environment="dev")
    refused(snowflake, token, "does not answer")
    admin.execute(f"DROP USER {USER}")


@pytest.mark.parametrize("documents", [[], {"issuer": "https://somebody.else"}], ids=["no document", "another's"])
def test_a_token_whose_issuer_says_something_else_is_refused(snowflake, issuer, user, monkeypatch, documents):
    monkeypatch.setattr(Issuer, "documents", {"/.well-known/openid-configuration": documents})
    refused(snowflake, issuer.mint(AUDIENCE, environment="dev"), "something else|calls itself 'https://somebody.else'")


def test_a_disabled_user_does_not_sign_in(snowflake, admin, issuer, user):
    admin.execute(f"ALTER USER {user} SET DISABLED = TRUE")
    with pytest.raises(DatabaseError, match="User access disabled"):
        sign_in(snowflake, issuer.mint(AUDIENCE, environment="dev"))


def test_a_role_that_the_user_lacks_is_refused(snowflake, issuer, user):
    with pytest.raises(DatabaseError) as caught:
        sign_in(snowflake, issuer.mint(AUDIENCE, environment="dev"), role="SYSADMIN")
    assert caught.value.errno == 390189


def test_the_audience_can_be_another(snowflake, admin, issuer, user):
    subject = f"{issuer.repository.subject_prefix}:environment:dev"
    admin.execute(
        f"ALTER USER {user} SET WORKLOAD_IDENTITY = (TYPE = OIDC ISSUER = '{issuer.address}' SUBJECT = '{subject}' "
        "OIDC_AUDIENCE_LIST = ('a', 'b'))"
    )
    sign_in(snowflake, issuer.mint("b", environment="dev")).close()
    refused(snowflake, issuer.mint(AUDIENCE, environment="dev"), "[Aa]udience")


def test_the_identity_is_shown_with_its_last_use(snowflake, admin, issuer, user):
    def shown():
        asked = f"SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER {user}"
        return admin.execute(asked).fetchall()

    (row,) = shown()
    assert (row["name"], row["type"], row["last_used"]) == (user, "OIDC", None)
    assert json.loads(row["additional_info"])["audienceList"] == [AUDIENCE]
    sign_in(snowflake, issuer.mint(AUDIENCE, environment="dev")).close()
    assert shown()[0]["last_used"] >= row["created_on"]
    assert {"property": "HAS_WORKLOAD_IDENTITY", "value": "true"}.items() <= dict(
        next(r for r in admin.execute(f"DESC USER {user}") if r["property"] == "HAS_WORKLOAD_IDENTITY")
    ).items()
    admin.execute(f"ALTER USER {user} UNSET WORKLOAD_IDENTITY")
    assert shown() == []


WRONG = {
    "a person's": ("TYPE = PERSON", "TYPE = OIDC ISSUER = 'https://a.b' SUBJECT = 's'", 3572),
    "an issuer without https": ("TYPE = SERVICE", "TYPE = OIDC ISSUER = 'http://a.b' SUBJECT = 's'", 4616),
    "no subject": ("TYPE = SERVICE", "TYPE = OIDC ISSUER = 'https://a.b'", 4616),
    "no type": ("TYPE = SERVICE", "ISSUER = 'https://a.b' SUBJECT = 's'", 4616),
    "another cloud's": ("TYPE = SERVICE", "TYPE = AWS ARN = 'arn:aws:iam::1:role/r'", 2),
}


@pytest.mark.parametrize(("kind", "identity", "code"), WRONG.values(), ids=WRONG)
def test_a_wrong_identity_is_refused_when_it_is_set(admin, kind, identity, code):
    with pytest.raises(ProgrammingError) as caught:
        admin.execute(f"CREATE USER WRONG_CI {kind} WORKLOAD_IDENTITY = ({identity})")
    assert caught.value.errno == code


def test_two_users_cannot_have_one_subject(admin, issuer, user):
    identity = f"TYPE = OIDC ISSUER = '{issuer.address}' SUBJECT = '{issuer.repository.subject_prefix}:environment:dev'"
    with pytest.raises(ProgrammingError, match="Another user has"):
        admin.execute(f"CREATE USER SECOND_CI TYPE = SERVICE WORKLOAD_IDENTITY = ({identity})")
    admin.execute(f"ALTER USER {user} SET WORKLOAD_IDENTITY = ({identity})")  # its own again is no other's


@pytest.fixture
def policy(admin, database, user):
    name = f"{database}.PUBLIC.SIGN_IN"
    admin.execute(f"CREATE AUTHENTICATION POLICY {name} AUTHENTICATION_METHODS = ('KEYPAIR')")
    yield name
    admin.execute(f"ALTER USER {user} UNSET AUTHENTICATION POLICY")


def test_an_authentication_policy_says_how_a_user_signs_in(snowflake, admin, issuer, user, policy):
    sign_in(snowflake, issuer.mint(AUDIENCE, environment="dev")).close()
    admin.execute(f"ALTER USER {user} SET AUTHENTICATION POLICY {policy}")
    with pytest.raises(DatabaseError, match="rejected by the current authentication policy") as caught:
        sign_in(snowflake, issuer.mint(AUDIENCE, environment="dev"))
    assert caught.value.errno == 390202
    admin.execute(f"ALTER AUTHENTICATION POLICY {policy} SET AUTHENTICATION_METHODS = ('WORKLOAD_IDENTITY')")
    sign_in(snowflake, issuer.mint(AUDIENCE, environment="dev")).close()


@pytest.mark.parametrize(("issuers", "allowed"), [("https://token.actions.githubusercontent.com", False), ("", True)])
def test_an_authentication_policy_names_the_issuers(snowflake, admin, issuer, user, policy, issuers, allowed):
    allow = f"ALLOWED_PROVIDERS = (OIDC) ALLOWED_OIDC_ISSUERS = ('{issuers or issuer.address}')"
    admin.execute(
        f"CREATE OR ALTER AUTHENTICATION POLICY {policy} AUTHENTICATION_METHODS = ('WORKLOAD_IDENTITY') "
        f"WORKLOAD_IDENTITY_POLICY = ({allow})"
    )
    admin.execute(f"ALTER USER {user} SET AUTHENTICATION POLICY {policy}")
    token = issuer.mint(AUDIENCE, environment="dev")
    if allowed:
        return sign_in(snowflake, token).close()
    with pytest.raises(DatabaseError, match="rejected by the current authentication policy"):
        sign_in(snowflake, token)
    return None


def test_a_user_has_one_authentication_policy_and_a_used_one_stays(admin, user, policy):
    admin.execute(f"ALTER USER {user} SET AUTHENTICATION POLICY {policy}")
    with pytest.raises(ProgrammingError, match="already has a AUTHENTICATION_POLICY"):
        admin.execute(f"ALTER USER {user} SET AUTHENTICATION POLICY {policy}")
    admin.execute(f"ALTER USER {user} SET AUTHENTICATION POLICY {policy} FORCE")
    with pytest.raises(ProgrammingError, match="cannot be dropped"):
        admin.execute(f"DROP AUTHENTICATION POLICY {policy}")
    admin.execute(f"ALTER USER {user} UNSET AUTHENTICATION POLICY")
    admin.execute(f"DROP AUTHENTICATION POLICY {policy}")


def test_a_network_policy_names_rules_that_exist_and_is_kept_while_it_is_used(admin, user):
    rule = "SNOWFLAKE.NETWORK_SECURITY.GITHUBACTIONS_GLOBAL"
    with pytest.raises(ProgrammingError, match="does not exist"):
        admin.execute("CREATE NETWORK POLICY CI_FROM ALLOWED_NETWORK_RULE_LIST = ('A.B.NOBODY')")
    admin.execute(f"CREATE NETWORK POLICY CI_FROM ALLOWED_NETWORK_RULE_LIST = ('{rule}')")
    admin.execute(f"ALTER USER {user} SET NETWORK_POLICY = CI_FROM")
    shown = {row["name"]: row for row in admin.execute("SHOW NETWORK POLICIES").fetchall()}
    assert shown["CI_FROM"]["entries_in_allowed_network_rules"] == 1
    with pytest.raises(ProgrammingError, match="cannot be dropped"):
        admin.execute("DROP NETWORK POLICY CI_FROM")
    admin.execute(f"ALTER USER {user} UNSET NETWORK_POLICY")
    admin.execute("DROP NETWORK POLICY CI_FROM")
