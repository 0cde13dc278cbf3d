"""Signing in: what a named connection or environment variables give, and what an error says when they are wrong."""

import base64
import itertools
import json
import socket
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from snowflake.connector import connection as connector
from snowflake.connector.config_manager import CONFIG_MANAGER
from snowflake.connector.errors import DatabaseError, OperationalError

from dag import sources
from dag.connection import SignInError, connect, parameters
from ml_pipeline.config import load

DEV = load("dev", Path(__file__).parents[1] / "environments")
ROLE, USER = DEV.snowflake.role, DEV.snowflake.service_user
ACCOUNT = {"SNOWFLAKE_ACCOUNT": "org-account"}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PKCS8 = serialization.PrivateFormat.PKCS8
PEM, DER = (
    KEY.private_bytes(encoding, PKCS8, serialization.NoEncryption())
    for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER)
)
LOCKED = KEY.private_bytes(serialization.Encoding.PEM, PKCS8, serialization.BestAvailableEncryption(b"open sesame"))


def signed_in(**variables):
    return parameters(DEV, {**ACCOUNT, **{f"SNOWFLAKE_{key}": value for key, value in variables.items()}})


def refused(**variables):
    with pytest.raises(SignInError) as caught:
        signed_in(**variables)
    return str(caught.value)


@pytest.fixture
def named(monkeypatch):
    """Sign in by a connection of the connector's own, beside the variables."""

    def sign_in(toml, variables=None, name="work"):
        monkeypatch.setenv("SNOWFLAKE_CONNECTIONS", toml)
        chosen = {sources.CONNECTION: name} if name else {}
        return parameters(DEV, {**chosen, **(variables or {})})

    return sign_in


def test_names_come_from_the_configuration_and_secrets_from_the_environment():
    found, names = signed_in(PASSWORD="secret"), DEV.snowflake
    for key in ("database", "schema", "role", "warehouse"):
        assert found[key] == getattr(names, key)
    assert (found["user"], found["password"]) == (USER, "secret")
    assert (found["account"], found["protocol"]) == ("org-account", "https")
    assert not {"host", "port"} & set(found)


def test_an_address_can_be_given():
    found = signed_in(PASSWORD="x", HOST="127.0.0.1", PORT="8085", PROTOCOL="http")
    assert (found["host"], found["port"], found["protocol"]) == ("127.0.0.1", 8085, "http")


ADDRESSES = {
    "org-account": "org-account",
    " ORG-ACCOUNT \n": "ORG-ACCOUNT",
    "org-account.snowflakecomputing.com": "org-account",
    "https://org-account.snowflakecomputing.com/": "org-account",
    "https://org-account.snowflakecomputing.com:443/console/login#/": "org-account",
    "https://app.snowflake.com/org/account/#/homepage": "org-account",
    "org-account.privatelink.snowflakecomputing.com": "org-account.privatelink",
    "xy12345.eu-central-1": "xy12345.eu-central-1",
    "xy12345.cn-north-1.snowflakecomputing.cn": "xy12345.cn-north-1",
}


@pytest.mark.parametrize(("text", "account"), ADDRESSES.items())
def test_an_account_may_be_given_by_its_address(text, account):
    assert signed_in(ACCOUNT=text, PASSWORD="x")["account"] == account


@pytest.mark.parametrize("text", ["https://example.com", "org account", "org/account", "http://[", "a" * 300, "ö"])
def test_what_is_no_account_is_refused_before_anything_is_sent(text):
    assert "SNOWFLAKE_ACCOUNT: " in refused(ACCOUNT=text, PASSWORD="x")


def test_each_query_says_for_which_commit_and_workflow_run_it_is():
    job = {"GITHUB_SHA": "c0ffee", "GITHUB_RUN_ID": "7"}
    tag = parameters(DEV, {**ACCOUNT, "SNOWFLAKE_PASSWORD": "x", **job})["session_parameters"]["QUERY_TAG"]
    assert json.loads(tag) == {"environment": "dev", "commit": "c0ffee", "workflow_run": "7"}
    assert json.loads(signed_in(PASSWORD="x")["session_parameters"]["QUERY_TAG"]) == {"environment": "dev"}


def test_a_user_can_be_given():
    assert signed_in(PASSWORD="x", USER="ADMIN")["user"] == "ADMIN"


@pytest.mark.parametrize("authenticator", ["externalbrowser", "oauth_authorization_code"])
def test_a_person_signs_in_in_a_browser_and_has_time_for_it(authenticator):
    found = signed_in(USER="ME", AUTHENTICATOR=authenticator)
    assert (found["user"], found["authenticator"]) == ("ME", authenticator.upper())
    assert found["login_timeout"] > signed_in(PASSWORD="x")["login_timeout"]
    assert not {"password", "token", "private_key"} & set(found)


def test_a_client_of_ones_own_is_passed_on_to_the_connector():
    given = {"oauth_client_id": "me", "oauth_client_secret": "secret", "oauth_token_request_url": "https://idp/token"}
    variables = {key.upper(): value for key, value in given.items()}
    found = signed_in(AUTHENTICATOR="oauth_client_credentials", OAUTH_DISABLE_PKCE="false", **variables)
    assert given.items() <= found.items()
    assert found["oauth_disable_pkce"] is False
    assert "needs SNOWFLAKE_OAUTH_CLIENT_ID" in refused(AUTHENTICATOR="oauth_client_credentials")


def test_a_password_may_need_a_second_factor():
    plain, code = signed_in(PASSWORD="x", USER="ME"), signed_in(PASSWORD="x", USER="ME", PASSCODE="123456")
    assert not {"passcode", "authenticator"} & set(plain)
    assert (code["password"], code["passcode"]) == ("x", "123456")
    asked = signed_in(PASSWORD="x", USER="ME", AUTHENTICATOR="username_password_mfa")
    assert (asked["authenticator"], asked["login_timeout"]) == ("USERNAME_PASSWORD_MFA", 120)


def test_a_password_may_be_that_of_okta():
    found = signed_in(PASSWORD="x", USER="ME", AUTHENTICATOR="https://Company.okta.com/Path")
    assert found["authenticator"] == "https://Company.okta.com/Path"


@pytest.mark.parametrize("name", ["PRIVATE_KEY", "PRIVATE_KEY_RAW"])
@pytest.mark.parametrize("text", [PEM.decode(), base64.b64encode(DER).decode()], ids=["PEM", "base64"])
def test_a_key_signs_in_with_a_jwt(name, text):
    found = signed_in(**{name: text})
    assert found["authenticator"] == "SNOWFLAKE_JWT"
    assert found["private_key"].private_numbers() == KEY.private_numbers()


@pytest.mark.parametrize("name", ["PRIVATE_KEY_FILE", "PRIVATE_KEY_PATH"])
@pytest.mark.parametrize(
    "passphrase", ["PRIVATE_KEY_PASSPHRASE", "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", "SNOWFLAKE_PRIVATE_KEY_FILE_PWD"]
)
def test_a_key_may_be_a_file_with_a_passphrase(tmp_path, name, passphrase):
    file = tmp_path / "key.p8"
    file.write_bytes(LOCKED)
    found = parameters(DEV, {**ACCOUNT, f"SNOWFLAKE_{name}": str(file), passphrase: "open sesame"})
    assert found["private_key"].private_numbers() == KEY.private_numbers()
    assert not {"private_key_file", "private_key_passphrase"} & set(found)


FILES = {
    "UTF-16": (PEM.decode().encode("utf-16"), "is text in UTF-16", "iconv -f UTF-16"),
    "DER": (DER, "is a key in DER", "openssl pkey -inform DER"),
    "locked": (LOCKED, "the key has a passphrase", "export PRIVATE_KEY_PASSPHRASE="),
    "nonsense": (b"\xff\xfe\xfd"[1:], "is no PEM file", "name the PEM file"),
    "text": (b"hello", "is not a private key in PEM", "make one: openssl genpkey"),
    "empty": (b"", "is not a private key in PEM", "make one: openssl genpkey"),
}


@pytest.mark.parametrize(("content", "cause", "remedy"), FILES.values(), ids=FILES)
def test_a_key_file_that_is_something_else_is_named_as_what_it_is(tmp_path, content, cause, remedy):
    file = tmp_path / "key.p8"
    file.write_bytes(content)
    said, _, to_do = refused(PRIVATE_KEY_FILE=str(file)).partition("\nnext: ")
    assert cause in said
    assert to_do.startswith(remedy)


def test_a_key_file_that_is_not_there_and_a_wrong_passphrase_are_said(tmp_path):
    file = tmp_path / "key.p8"
    assert "cannot read" in refused(PRIVATE_KEY_FILE=str(file))
    file.write_bytes(LOCKED)
    assert "does not open it" in refused(PRIVATE_KEY_FILE=str(file), PRIVATE_KEY_PASSPHRASE="wrong canary")


@pytest.mark.parametrize("authenticator", ["oauth", "programmatic_access_token"])
def test_a_token_signs_in_the_service_user(authenticator):
    found = signed_in(TOKEN="t", AUTHENTICATOR=authenticator)
    assert (found["user"], found["token"], found["authenticator"]) == (USER, "t", authenticator.upper())


def test_a_token_may_be_a_file(tmp_path):
    (tmp_path / "token").write_text("t\n")
    found = signed_in(TOKEN_FILE_PATH=str(tmp_path / "token"), AUTHENTICATOR="oauth")
    assert found["token"] == "t"
    assert "cannot read" in refused(TOKEN_FILE_PATH=str(tmp_path / "none"), AUTHENTICATOR="oauth")


def test_a_workload_identity_says_itself_who_it_is():
    found = signed_in(TOKEN="t", AUTHENTICATOR="workload_identity")
    assert (found["authenticator"], found["workload_identity_provider"]) == ("WORKLOAD_IDENTITY", "OIDC")
    assert "user" not in found


WORK = '[work]\naccount = "org-account"\nuser = "ME"\n'


def test_a_named_connection_says_who_and_where_and_the_configuration_what(named):
    found = named(WORK + 'password = "x"\nrole = "SYSADMIN"\ndatabase = "MINE"\nclient_session_keep_alive = true')
    assert (found["account"], found["user"], found["password"]) == ("org-account", "ME", "x")
    assert (found["role"], found["database"]) == (ROLE, DEV.snowflake.database)
    assert found["client_session_keep_alive"] is True


def test_a_named_connection_comes_before_the_variables_and_these_before_the_default_one(named):
    toml = WORK + '[default]\naccount = "other"\nuser = "ME"\npassword = "y"\n'
    password = {"SNOWFLAKE_PASSWORD": "x"}
    exported = {"SNOWFLAKE_ACCOUNT": "exported", "SNOWFLAKE_HOST": "127.0.0.1", **password}
    assert named(toml, password)["password"] == "x"
    assert (named(toml, exported)["account"], "host" in named(toml, exported)) == ("org-account", False)
    assert named(toml, exported, name="")["account"] == "exported"
    assert (named(toml, name="")["account"], named(toml, password, name="")["password"]) == ("other", "y")


def test_a_variable_may_replace_a_value_of_one_connection(named):
    found = named(WORK, {"SNOWFLAKE_CONNECTIONS_WORK_PASSWORD": "x", "SNOWFLAKE_CONNECTIONS_WORK_USER": "YOU"})
    assert (found["user"], found["password"]) == ("YOU", "x")


def test_a_connection_by_browser_is_not_disturbed_by_a_password_in_the_environment(named):
    found = named(WORK + 'authenticator = "externalbrowser"', {"SNOWFLAKE_PASSWORD": "x"})
    assert found["authenticator"] == "EXTERNALBROWSER"
    assert "password" not in found


@pytest.mark.parametrize("key", ["private_key_file", "private_key_path"])
def test_a_connection_may_have_a_key_file(named, tmp_path, key):
    (tmp_path / "key.p8").write_bytes(LOCKED)
    toml = WORK + f"authenticator = 'SNOWFLAKE_JWT'\n{key} = '{tmp_path / 'key.p8'}'\n"
    inside = named(toml + "private_key_file_pwd = 'open sesame'")
    beside = named(toml, {"PRIVATE_KEY_PASSPHRASE": "open sesame"})
    for found in (inside, beside):
        assert found["private_key"].private_numbers() == KEY.private_numbers()


NAMED_MISTAKES = {
    "another name": (
        "[work]",
        "home",
        "there is no connection 'home': the connections are work\nnext: snow connection",
    ),
    "no account": (
        "[work]\nuser = 'ME'\npassword = 'x'",
        "work",
        "account of the connection work is not set\nnext: set",
    ),
    "no user": ("[work]\naccount = 'a'\npassword = 'x'", "work", "user of the connection work is not set"),
    "no credential": (WORK, "work", "no credential: one of password of the connection work"),
    "two credentials": (
        WORK + "password = 'x'\ntoken = 't'",
        "work",
        "exactly one credential must be given, found password of the connection work and token of the connection work",
    ),
}


@pytest.mark.parametrize(("toml", "name", "message"), NAMED_MISTAKES.values(), ids=NAMED_MISTAKES)
def test_a_mistake_in_a_named_connection_says_what_to_do(named, toml, name, message):
    with pytest.raises(SignInError) as caught:
        named(toml, name=name)
    assert message in str(caught.value)


def test_a_file_of_connections_that_is_broken_is_an_error_with_its_name(monkeypatch, tmp_path):
    broken = tmp_path / "connections.toml"
    broken.write_text("[work", encoding="utf-16")
    broken.chmod(0o600)
    monkeypatch.setattr(CONFIG_MANAGER, "_slices", [CONFIG_MANAGER._slices[0]._replace(path=broken)])
    monkeypatch.setattr(CONFIG_MANAGER, "file_path", tmp_path / "none.toml")
    monkeypatch.setattr(CONFIG_MANAGER, "conf_file_cache", None)
    with pytest.raises(SignInError, match=r"connections\.toml"):
        parameters(DEV, {sources.CONNECTION: "work"})


MISTAKES = {
    "a browser for nobody": (
        {"AUTHENTICATOR": "externalbrowser"},
        "externalbrowser is for a person, and SNOWFLAKE_USER is not set\nnext: export SNOWFLAKE_USER=<your name",
    ),
    "a browser and a password": (
        {"AUTHENTICATOR": "oauth_authorization_code", "USER": "ME", "PASSWORD": "x"},
        "oauth_authorization_code takes no SNOWFLAKE_PASSWORD\nnext: unset SNOWFLAKE_PASSWORD",
    ),
    "no credential": ({}, "must be given\nnext: export SNOWFLAKE_PRIVATE_KEY_FILE=<its file>, or in a browser: export"),
    "an empty credential": ({"TOKEN": ""}, "no credential (SNOWFLAKE_TOKEN is empty)"),
    "two credentials": (
        {"PASSWORD": "x", "TOKEN": "t"},
        "found SNOWFLAKE_PASSWORD and SNOWFLAKE_TOKEN\nnext: unset SNOWFLAKE_TOKEN",
    ),
    "a token of no kind": ({"TOKEN": "t"}, "SNOWFLAKE_TOKEN needs SNOWFLAKE_AUTHENTICATOR = oauth"),
    "a token of an empty kind": (
        {"TOKEN": "t", "AUTHENTICATOR": ""},
        "workload_identity, which is empty\nnext:",
    ),
    "a token of a password's kind": ({"TOKEN": "t", "AUTHENTICATOR": "snowflake"}, "which is snowflake\nnext:"),
    "an unknown authenticator": (
        {"AUTHENTICATOR": "external_browser"},
        "SNOWFLAKE_AUTHENTICATOR is 'external_browser': did you mean externalbrowser?\nnext: export",
    ),
    "a key with a token's authenticator": (
        {"PRIVATE_KEY": PEM.decode(), "AUTHENTICATOR": "oauth"},
        "goes with the authenticator snowflake_jwt, not oauth\nnext: unset SNOWFLAKE_AUTHENTICATOR",
    ),
    "a port that is none": ({"PASSWORD": "x", "PORT": "https"}, "SNOWFLAKE_PORT is 'https', not the number of a port"),
    "a port beyond the last": ({"PASSWORD": "x", "PORT": "65536"}, "SNOWFLAKE_PORT is '65536', not the number"),
    "a key that is none": ({"PRIVATE_KEY": "x"}, "not a private key in PEM (PKCS#8)\nnext: make one: openssl"),
}


@pytest.mark.parametrize(("variables", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_says_what_to_do(variables, message):
    assert message in refused(**variables)


@pytest.mark.parametrize(("variables", "how"), [({}, "is not set"), ({"SNOWFLAKE_ACCOUNT": ""}, "is empty")])
def test_an_account_is_needed(named, variables, how):
    with pytest.raises(SignInError, match=f"SNOWFLAKE_ACCOUNT {how}\nnext: export SNOWFLAKE_ACCOUNT=<organization>"):
        named("", {"SNOWFLAKE_PASSWORD": "x", **variables}, name="")


def test_every_variable_that_is_wrong_is_named_at_once(named):
    variables = {"SNOWFLAKE_ACCOUNT": "", "SNOWFLAKE_PORT": "x", "SNOWFLAKE_PRIVATE_KEY": ""}
    with pytest.raises(SignInError) as caught:
        named("", variables, name="")
    causes, _, remedies = str(caught.value).partition("\nnext: ")
    assert [cause.split()[0] for cause in causes.splitlines()] == ["SNOWFLAKE_ACCOUNT", "SNOWFLAKE_PORT", "no"]
    assert [remedy.strip().split("=")[0] for remedy in remedies.splitlines()] == [
        "export SNOWFLAKE_ACCOUNT",
        "export SNOWFLAKE_PORT",
        "export SNOWFLAKE_PRIVATE_KEY",
    ]


def test_a_mistake_tells_no_secret():
    names = ("PASSWORD", "TOKEN", "PRIVATE_KEY", "PRIVATE_KEY_RAW", "PRIVATE_KEY_PASSPHRASE", "OAUTH_CLIENT_SECRET")
    for one, other in itertools.combinations_with_replacement(names, 2):
        assert "canary" not in refused(**{one: "canary", other: "canary"}, PORT="x")


@pytest.fixture
def answered(monkeypatch):
    """Sign in, and be refused with this number."""

    def sign_in(number, kind=DatabaseError, cause="no", **variables):
        def refuse(**_):
            raise kind(msg=cause, errno=number)

        monkeypatch.setattr("dag.connection.connector.connect", refuse)
        for name, value in {"ACCOUNT": "a", "USER": "ME", "PASSWORD": "x", **variables}.items():
            monkeypatch.setenv(f"SNOWFLAKE_{name}", value)
        with pytest.raises(SignInError) as caught:
            connect(DEV)
        return str(caught.value).partition("\nnext: ")[2]

    return sign_in


REFUSALS = {
    390422: "this machine's address is not allowed",
    390432: "a token needs a network policy for its user; as SECURITYADMIN: ALTER USER ME SET NETWORK_POLICY",
    394508: "export SNOWFLAKE_PASSCODE=",
    390101: "as ACCOUNTADMIN: DESCRIBE USER ME",
    390102: "as ACCOUNTADMIN: DESCRIBE USER ME",
    390189: "python -m deploy bootstrap --env dev; a person needs the role, too",
    390201: "python -m deploy bootstrap --env dev (a database",
    390100: "check user ME and the credential",
    390199: "ask the account's administrator",
    290404: "check the account: there is none at a.snowflakecomputing.com",
}


@pytest.mark.parametrize(("number", "remedy"), REFUSALS.items())
def test_each_refusal_has_a_remedy_of_its_own(answered, number, remedy):
    assert answered(number).startswith(remedy)


def test_a_proxy_in_between_is_named_without_its_password(answered, monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://me:canary@proxy.example:3128")
    remedy = answered(250001, OperationalError)
    assert remedy.startswith("a proxy is in between, proxy.example:3128: let a.snowflakecomputing.com pass it")
    assert "canary" not in remedy
    monkeypatch.setenv("no_proxy", "a.snowflakecomputing.com")
    assert "proxy" not in answered(250001, OperationalError)


def test_curl_is_advised_for_a_host_that_exists_only(answered, monkeypatch):
    def unknown(*_):
        raise socket.gaierror

    monkeypatch.setattr("dag.refusals.socket.getaddrinfo", unknown)
    assert "curl" not in answered(250001, OperationalError)
    monkeypatch.setattr("dag.refusals.socket.getaddrinfo", lambda *_: [])
    assert answered(250001, OperationalError).endswith("curl https://a.snowflakecomputing.com")


def test_an_unreachable_account_is_named_with_its_address(monkeypatch):
    for name, value in {"HOST": "127.0.0.1", "PORT": "1", "PROTOCOL": "http", "PASSWORD": "x", "ACCOUNT": "a"}.items():
        monkeypatch.setenv(f"SNOWFLAKE_{name}", value)
    with pytest.raises(SignInError, match=rf"cannot sign in to http://127.0.0.1:1 as \S+ with role {ROLE}"):
        connect(DEV)


def test_the_connector_knows_every_keyword_that_a_source_may_give():
    known = set(connector.DEFAULT_CONFIGURATION)
    passed = {key for key in sources._VARIABLES.values() if key not in sources.WHO}
    assert not passed - known - {"region"}
