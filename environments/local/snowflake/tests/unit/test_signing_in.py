"""What CREATE USER and ALTER USER say of a user counts when it signs in.

https://docs.snowflake.com/en/sql-reference/sql/create-user
"""

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local_snowflake import statements
from local_snowflake.kernel.account import Account
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.names import Name
from local_snowflake.kernel.session import Session
from local_snowflake.objects import enforcing, user_states
from local_snowflake.objects.signing_in import fingerprint
from local_snowflake.opening import opened
from tests.unit.asking import ask

_PASSWORD = "a-long-password"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    account = opened(tmp_path_factory.mktemp("account"), scale=0.01)
    yield account
    account.close()


@pytest.fixture(scope="module")
def session(account: Account) -> Session:
    session = account.open_session("ADMIN", "ACCOUNTADMIN")
    for text in ("CREATE DATABASE D", "CREATE SCHEMA D.S", "GRANT USAGE ON DATABASE D TO ROLE PUBLIC", "CREATE ROLE R"):
        statements.run(session, text)
    statements.run(
        session, "GRANT USAGE ON SCHEMA D.S TO ROLE PUBLIC; GRANT USAGE ON SCHEMA D.PUBLIC TO ROLE PUBLIC", count=0
    )
    return session


@pytest.fixture
def user(session: Session) -> Callable[[str], None]:
    """Make the user U anew, with options."""

    def made(options: str) -> None:
        statements.run(session, f"CREATE OR REPLACE USER U {options}")
        statements.run(session, "GRANT ROLE R TO USER U")

    return made


def sign_in(account: Account, query: str = "", **data: Any) -> dict[str, Any]:
    """The answer to a sign-in request."""
    body = {"data": {"LOGIN_NAME": "U", "PASSWORD": _PASSWORD, **data}}
    return ask(account, "POST", f"/session/v1/login-request?{query}", json.dumps(body).encode())[1]


def _token(key: Any, name: str = "U", algorithm: str = "RS256") -> str:
    claims = {"iss": f"LOCAL.{name}.{fingerprint(key.public_key())}", "sub": f"LOCAL.{name}"}
    return jwt.encode({**claims, "iat": time.time(), "exp": time.time() + 60}, key, algorithm)


def _written(key: Any) -> str:
    return base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


@pytest.fixture(scope="module")
def keys() -> list[rsa.RSAPrivateKey]:
    return [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]


@pytest.mark.parametrize(
    ("namespace", "query", "stands"),
    [
        ("D.S", "", ("D", "S")),
        ("'d.s'", "", ("D", "S")),
        ("D", "", ("D", "PUBLIC")),
        ("'\"D\".S'", "", ("D", "S")),
        ("D.S", "databaseName=D", ("D", "PUBLIC")),
        ("D", "schemaName=S", ("D", "S")),
        ("NOPE.NOPE", "", (None, None)),
    ],
)
def test_a_session_begins_in_the_default_namespace(account, user, namespace, query, stands):
    user(f"PASSWORD = '{_PASSWORD}' DEFAULT_NAMESPACE = {namespace}")
    begun = sign_in(account, query)["data"]["sessionInfo"]
    assert (begun["databaseName"], begun["schemaName"]) == stands


def test_a_session_knows_its_client(account, user):
    user(f"PASSWORD = '{_PASSWORD}'")
    told = sign_in(account, CLIENT_APP_ID="PythonSnowpark", CLIENT_APP_VERSION="1.2.3")["data"]
    found = statements.run(account.sessions[told["token"]], "SELECT CURRENT_CLIENT()")
    assert found.rows[0][0].as_py() == "PythonSnowpark 1.2.3"


@pytest.mark.parametrize(("roles", "active"), [("()", False), ("('ALL')", True)])
def test_secondary_roles_are_active_by_default_as_the_user_has_it(account, user, roles, active):
    user(f"PASSWORD = '{_PASSWORD}' DEFAULT_SECONDARY_ROLES = {roles}")
    found = account.sessions[sign_in(account)["data"]["token"]]
    assert ("R" in found.roles) is active


def test_a_user_signs_in_by_the_login_name_alone(account, user, keys):
    user(f"PASSWORD = '{_PASSWORD}' LOGIN_NAME = 'me@example.com' RSA_PUBLIC_KEY = '{_written(keys[0])}'")
    assert sign_in(account)["code"] == "390100"
    assert sign_in(account, LOGIN_NAME="Me@Example.com")["success"]
    asked = {"LOGIN_NAME": "ME@EXAMPLE.COM", "AUTHENTICATOR": "SNOWFLAKE_JWT"}
    assert sign_in(account, **asked, TOKEN=_token(keys[0], "ME@EXAMPLE.COM"))["success"]
    assert sign_in(account, **asked, TOKEN=_token(keys[0]))["code"] == "390144"


def test_no_two_users_sign_in_by_one_name(session, user):
    user("LOGIN_NAME = V")
    statements.run(session, "CREATE OR REPLACE USER W")
    for text in ("CREATE USER V", "CREATE USER X LOGIN_NAME = 'v'", "ALTER USER W SET LOGIN_NAME = v"):
        with pytest.raises(Exception, match="already exists"):
            statements.run(session, text)
    statements.run(session, "ALTER USER U SET LOGIN_NAME = X")
    statements.run(session, "CREATE OR REPLACE USER V LOGIN_NAME = U")
    with pytest.raises(Exception, match="already exists"):
        statements.run(session, "ALTER USER U UNSET LOGIN_NAME")
    statements.run(session, "DROP USER V")


def test_each_of_two_keys_is_good_until_it_is_unset(account, session, user, keys):
    user(f"RSA_PUBLIC_KEY = '{_written(keys[0])}' RSA_PUBLIC_KEY_2 = '{_written(keys[1])}'")
    asked = {"AUTHENTICATOR": "SNOWFLAKE_JWT"}
    assert all(sign_in(account, **asked, TOKEN=_token(key))["success"] for key in keys)
    shown = {row["property"]: row["value"] for row in statements.run(session, "DESCRIBE USER U").rows.to_pylist()}
    assert shown["RSA_PUBLIC_KEY_2_FP"] == fingerprint(keys[1].public_key())
    statements.run(session, "ALTER USER U UNSET RSA_PUBLIC_KEY")
    assert sign_in(account, **asked, TOKEN=_token(keys[0]))["code"] == "390144"
    assert sign_in(account, **asked, TOKEN=_token(keys[1], algorithm="RS512"))["success"]
    assert statements.run(session, "SHOW USERS LIKE 'U'").rows.to_pylist()[0]["has_rsa_public_key"] == "true"


def test_keys_of_elliptic_curves_are_good_and_short_or_dressed_ones_are_not(account, session, user):
    curve = ec.generate_private_key(ec.SECP256R1())
    user(f"RSA_PUBLIC_KEY = '{_written(curve)}'")
    assert sign_in(account, AUTHENTICATOR="SNOWFLAKE_JWT", TOKEN=_token(curve, algorithm="ES256"))["success"]
    short = _written(rsa.generate_private_key(public_exponent=65537, key_size=1024))
    for refused in (short, f"-----BEGIN PUBLIC KEY-----\n{_written(curve)}\n-----END PUBLIC KEY-----"):
        with pytest.raises(Exception, match="Invalid public key"):
            statements.run(session, f"ALTER USER U SET RSA_PUBLIC_KEY_2 = '{refused}'")


# What is said of a user that has a password and a key, and how each of the two is answered.
_STATES = [
    ("DISABLED = TRUE", "390101", "390101"),
    ("DISABLED = FALSE", None, None),
    ("MUST_CHANGE_PASSWORD = TRUE", "390106", None),
    ("DAYS_TO_EXPIRY = 1", None, None),
    ("MINS_TO_UNLOCK = 5", "390102", None),
    ("MINS_TO_UNLOCK = 0", None, None),
]


@pytest.mark.parametrize(("said", "by_password", "by_key"), _STATES)
def test_a_user_signs_in_as_its_state_lets_it(account, session, user, keys, said, by_password, by_key):
    user(f"PASSWORD = '{_PASSWORD}' RSA_PUBLIC_KEY = '{_written(keys[0])}' {said}")
    assert sign_in(account)["code"] == by_password
    assert sign_in(account, AUTHENTICATOR="SNOWFLAKE_JWT", TOKEN=_token(keys[0]))["code"] == by_key
    statements.run(session, f"ALTER USER U UNSET {said.split(' ')[0]}")
    assert sign_in(account)["success"]


def test_an_expired_user_does_not_sign_in_unless_it_administers_the_account(account, session, user, monkeypatch):
    user(f"PASSWORD = '{_PASSWORD}' DAYS_TO_EXPIRY = 2")
    shown = statements.run(session, "SHOW USERS LIKE 'U'").rows.to_pylist()[0]
    assert 1.9 < float(shown["days_to_expiry"]) <= 2
    later = user_states.now() + user_states.timedelta(days=3)
    monkeypatch.setattr(user_states, "now", lambda: later)
    assert sign_in(account)["code"] == "390101"
    statements.run(session, "GRANT ROLE ACCOUNTADMIN TO USER U")
    assert sign_in(account)["success"]
    statements.run(session, "REVOKE ROLE ACCOUNTADMIN FROM USER U")
    statements.run(session, "ALTER USER U SET DAYS_TO_EXPIRY = NULL")
    assert sign_in(account)["success"]


def test_five_wrong_passwords_in_succession_lock_a_user_for_a_while(account, session, user, monkeypatch):
    user(f"PASSWORD = '{_PASSWORD}'")
    assert [sign_in(account, PASSWORD="wrong")["code"] for _ in range(4)] == ["390100"] * 4
    assert sign_in(account)["success"]
    assert [sign_in(account, PASSWORD="wrong")["code"] for _ in range(5)] == ["390100"] * 5
    assert sign_in(account)["code"] == "390102"
    assert statements.run(session, "SHOW USERS LIKE 'U'").rows.to_pylist()[0]["mins_to_unlock"] == "15"
    later = user_states.now() + user_states.timedelta(minutes=16)
    monkeypatch.setattr(user_states, "now", lambda: later)
    assert sign_in(account)["success"]


def test_a_disabled_user_has_no_session_any_more(account, session, user):
    user(f"PASSWORD = '{_PASSWORD}'")
    token = sign_in(account)["data"]["token"]
    statements.run(session, "ALTER USER U SET DISABLED = TRUE")
    answer = ask(account, "POST", "/queries/v1/query-request", b'{"sqlText": "SELECT 1"}', token)[1]
    assert answer["code"] == "390111"


@pytest.mark.parametrize("option", ["DEFAULT_ROLE", "DEFAULT_WAREHOUSE", "DEFAULT_NAMESPACE", "LOGIN_NAME"])
def test_null_empties_what_a_user_had(account, session, user, option):
    user(f"PASSWORD = '{_PASSWORD}'")
    statements.run(session, f"ALTER USER U SET {option} = NULL")
    assert sign_in(account)["success"]


@pytest.mark.parametrize("option", ["NONSENSE", "COMMENT, NONSENSE", "EMAIL, SESSIONS", "RSA_PUBLIC_KEY_3"])
def test_unset_knows_the_options_that_there_are(session, user, option):
    user("COMMENT = 'c'")
    with pytest.raises(Exception, match="Unsupported feature"):
        statements.run(session, f"ALTER USER U UNSET {option}")


@pytest.fixture
def policy(session: Session) -> Iterator[Callable[[str], None]]:
    """Give the user U an authentication policy."""
    session.use_schema("D", "PUBLIC")

    def given(options: str) -> None:
        statements.run(session, f"CREATE OR ALTER AUTHENTICATION POLICY AP {options}")
        statements.run(session, "ALTER USER U SET AUTHENTICATION POLICY AP FORCE")

    yield given
    statements.run(session, "ALTER USER U UNSET AUTHENTICATION POLICY")


_SNOWPARK = {"CLIENT_APP_ID": "PythonSnowpark", "CLIENT_APP_VERSION": "1.9.0"}
_CLI = {"CLIENT_APP_ID": "SNOWFLAKE_CLI", "CLIENT_APP_VERSION": "3.1.0"}


@pytest.mark.parametrize(
    ("options", "client", "let_in"),
    [
        ("AUTHENTICATION_METHODS = ('PASSWORD')", _SNOWPARK, True),
        ("AUTHENTICATION_METHODS = ('KEYPAIR')", _SNOWPARK, False),
        ("CLIENT_TYPES = ('DRIVERS')", _SNOWPARK, True),
        ("CLIENT_TYPES = ('DRIVERS')", _CLI, False),
        ("CLIENT_TYPES = ('SNOWFLAKE_CLI')", _CLI, True),
        ("CLIENT_TYPES = ('SNOWFLAKE_UI')", _SNOWPARK, False),
        ("CLIENT_TYPES = ('ALL')", _CLI, True),
        ("CLIENT_POLICY = (PYTHON_SNOWPARK = (MINIMUM_VERSION = '1.9.0'))", _SNOWPARK, True),
        ("CLIENT_POLICY = (PYTHON_SNOWPARK = (MINIMUM_VERSION = '1.10.0'))", _SNOWPARK, False),
        ("CLIENT_POLICY = (GO_DRIVER = (MINIMUM_VERSION = '9.0.0'))", _SNOWPARK, True),
        ("MFA_ENROLLMENT = REQUIRED", _SNOWPARK, False),
        ("MFA_ENROLLMENT = OPTIONAL", _SNOWPARK, True),
    ],
)
def test_an_authentication_policy_says_who_signs_in_and_with_what(account, user, policy, options, client, let_in):
    user(f"PASSWORD = '{_PASSWORD}'")
    policy(options)
    assert sign_in(account, **client)["code"] == (None if let_in else "390202")


def _made(session: Session, options: str = "") -> str:
    made = statements.run(session, f"ALTER USER U ADD PAT P {options}").rows.to_pylist()[0]
    return made["token_secret"]


def test_a_token_lives_as_long_as_its_policy_allows(account, session, user, policy):
    user("")
    policy("PAT_POLICY = (DEFAULT_EXPIRY_IN_DAYS = 3 MAX_EXPIRY_IN_DAYS = 5 NETWORK_POLICY_EVALUATION = NOT_ENFORCED)")
    with pytest.raises(Exception, match="MAX_EXPIRY_IN_DAYS"):
        _made(session, "DAYS_TO_EXPIRY = 6")
    asked = {"AUTHENTICATOR": "PROGRAMMATIC_ACCESS_TOKEN", "TOKEN": _made(session)}
    assert sign_in(account, **asked)["success"]
    policy("PAT_POLICY = (DEFAULT_EXPIRY_IN_DAYS = 1 MAX_EXPIRY_IN_DAYS = 2 NETWORK_POLICY_EVALUATION = NOT_ENFORCED)")
    assert sign_in(account, **asked)["code"] == "394400"


def test_the_token_of_a_service_user_needs_a_role_unless_its_policy_lets_it_be(account, session, user, policy):
    user("TYPE = SERVICE")
    free = "NETWORK_POLICY_EVALUATION = NOT_ENFORCED"
    policy(f"PAT_POLICY = ({free})")
    with pytest.raises(Exception, match="ROLE_RESTRICTION is required"):
        _made(session)
    policy(f"PAT_POLICY = ({free} REQUIRE_ROLE_RESTRICTION_FOR_SERVICE_USERS = FALSE)")
    asked = {"AUTHENTICATOR": "PROGRAMMATIC_ACCESS_TOKEN", "TOKEN": _made(session)}
    assert sign_in(account, **asked)["success"]
    policy(f"PAT_POLICY = ({free})")
    assert sign_in(account, **asked)["code"] == "394400"


@pytest.mark.parametrize(
    ("lists", "type_", "let_in"),
    [
        ("ALLOWED_IP_LIST = ('192.0.2.0/24')", "PERSON", True),
        ("ALLOWED_IP_LIST = ('192.0.2.0/24') BLOCKED_IP_LIST = ('192.0.2.10')", "PERSON", False),
        ("ALLOWED_IP_LIST = ('192.0.2.0/24') BLOCKED_IP_LIST = ('192.0.2.11')", "PERSON", True),
        ("ALLOWED_IP_LIST = ('0.0.0.0/0')", "SERVICE", True),
        ("ALLOWED_IP_LIST = ('192.0.2.0/24')", "SERVICE", False),
        ("ALLOWED_NETWORK_RULE_LIST = ('SNOWFLAKE.NETWORK_SECURITY.GITHUBACTIONS_GLOBAL')", "SERVICE", True),
        ("ALLOWED_IP_LIST = ('1.1.1.1')", "PERSON", False),
    ],
)
def test_what_a_network_policy_blocks_counts_first(account, session, user, monkeypatch, lists, type_, let_in):
    user(f"TYPE = {type_}")
    statements.run(session, f"CREATE OR REPLACE NETWORK POLICY NP {lists}")
    statements.run(session, "ALTER USER U SET NETWORK_POLICY = NP")
    monkeypatch.setattr(account, "profile", replace(account.profile, office="192.0.2.10"))
    found = account.catalogue.get("USER", Name("", "", "U"))
    with nullcontext() if let_in else pytest.raises(SnowflakeError, match="is not allowed to access Snowflake"):
        enforcing.require_address(account, found)
    statements.run(session, "ALTER USER U UNSET NETWORK_POLICY")
