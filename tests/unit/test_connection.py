"""Signing in: what the environment variables say, and what is said when they are wrong."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from snowflake.connector.errors import DatabaseError

from dag.connection import SignInError, connect, parameters
from ml_pipeline.config import load

DEV = load("dev", Path(__file__).parents[2] / "environments")
ACCOUNT = {"SNOWFLAKE_ACCOUNT": "org-account"}


def signed_in(**variables):
    return parameters(DEV, {**ACCOUNT, **{f"SNOWFLAKE_{key}": value for key, value in variables.items()}})


def test_names_come_from_the_configuration_and_secrets_from_the_environment():
    found = signed_in(PASSWORD="secret")
    assert (found["database"], found["schema"], found["role"]) == ("ML_DEV", "MAIN", "ML_DEV_DEPLOY")
    assert (found["user"], found["password"], found["warehouse"]) == ("ML_DEV_CI", "secret", "ML_DEV_WH")
    assert (found["account"], found["protocol"]) == ("org-account", "https")
    assert not {"host", "port"} & set(found)


def test_an_address_can_be_given():
    found = signed_in(PASSWORD="x", HOST="127.0.0.1", PORT="8085", PROTOCOL="http")
    assert (found["host"], found["port"], found["protocol"]) == ("127.0.0.1", 8085, "http")


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


def test_a_password_may_need_a_second_factor():
    plain, code = signed_in(PASSWORD="x", USER="ME"), signed_in(PASSWORD="x", USER="ME", PASSCODE="123456")
    assert not {"passcode", "authenticator"} & set(plain)
    assert (code["password"], code["passcode"]) == ("x", "123456")
    asked = signed_in(PASSWORD="x", USER="ME", AUTHENTICATOR="username_password_mfa")
    assert (asked["authenticator"], asked["login_timeout"]) == ("USERNAME_PASSWORD_MFA", 120)


def test_a_key_signs_in_with_a_jwt():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    found = signed_in(PRIVATE_KEY=key.private_bytes(serialization.Encoding.PEM, *form).decode())
    assert found["authenticator"] == "SNOWFLAKE_JWT"
    assert found["private_key"].private_numbers() == key.private_numbers()


@pytest.mark.parametrize("authenticator", ["oauth", "programmatic_access_token"])
def test_a_token_signs_in_the_service_user(authenticator):
    found = signed_in(TOKEN="t", AUTHENTICATOR=authenticator)
    assert (found["user"], found["token"], found["authenticator"]) == ("ML_DEV_CI", "t", authenticator.upper())


def test_a_workload_identity_says_itself_who_it_is():
    found = signed_in(TOKEN="t", AUTHENTICATOR="workload_identity")
    assert (found["authenticator"], found["workload_identity_provider"]) == ("WORKLOAD_IDENTITY", "OIDC")
    assert "user" not in found


MISTAKES = {
    "a browser for nobody": (
        {"AUTHENTICATOR": "externalbrowser"},
        "externalbrowser is for a person, and SNOWFLAKE_USER is not set\nnext: export SNOWFLAKE_USER=<your name",
    ),
    "a browser and a password": (
        {"AUTHENTICATOR": "oauth_authorization_code", "USER": "ME", "PASSWORD": "x"},
        "oauth_authorization_code takes no SNOWFLAKE_PASSWORD\nnext: unset SNOWFLAKE_PASSWORD",
    ),
    "no credential": ({}, "must be set, found none\nnext: export SNOWFLAKE_PRIVATE_KEY=<the secret>"),
    "an empty credential": ({"TOKEN": ""}, "found none (SNOWFLAKE_TOKEN is empty)\nnext: export SNOWFLAKE_TOKEN=<the"),
    "two credentials": (
        {"PASSWORD": "x", "TOKEN": "t"},
        "found SNOWFLAKE_PASSWORD and SNOWFLAKE_TOKEN\nnext: unset SNOWFLAKE_TOKEN",
    ),
    "a token of no kind": ({"TOKEN": "t"}, "SNOWFLAKE_TOKEN needs SNOWFLAKE_AUTHENTICATOR = oauth"),
    "a token of an empty kind": (
        {"TOKEN": "t", "AUTHENTICATOR": ""},
        "workload_identity, which is empty\nnext:",
    ),
    "a token of an unknown kind": ({"TOKEN": "t", "AUTHENTICATOR": "jwt"}, "workload_identity, which is jwt\nnext:"),
    "a port that is none": ({"PASSWORD": "x", "PORT": "https"}, "SNOWFLAKE_PORT is 'https', not the number of a port"),
    "a port beyond the last": ({"PASSWORD": "x", "PORT": "65536"}, "SNOWFLAKE_PORT is '65536', not the number"),
    "a key that is none": (
        {"PRIVATE_KEY": "x"},
        "not an unencrypted PKCS#8 key in PEM\nnext: make one: openssl",
    ),
}


@pytest.mark.parametrize(("variables", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_says_what_to_do(variables, message):
    with pytest.raises(SignInError) as caught:
        signed_in(**variables)
    assert message in str(caught.value)


@pytest.mark.parametrize(("variables", "how"), [({}, "is not set"), ({"SNOWFLAKE_ACCOUNT": ""}, "is empty")])
def test_an_account_is_needed(variables, how):
    with pytest.raises(SignInError, match=f"SNOWFLAKE_ACCOUNT {how}\nnext: export SNOWFLAKE_ACCOUNT=<organization>"):
        parameters(DEV, {"SNOWFLAKE_PASSWORD": "x", **variables})


def test_every_variable_that_is_wrong_is_named_at_once():
    variables = {"SNOWFLAKE_ACCOUNT": "", "SNOWFLAKE_PORT": "x", "SNOWFLAKE_PRIVATE_KEY": ""}
    with pytest.raises(SignInError) as caught:
        parameters(DEV, variables)
    causes, _, remedies = str(caught.value).partition("\nnext: ")
    assert [cause.split()[0] for cause in causes.splitlines()] == ["SNOWFLAKE_ACCOUNT", "SNOWFLAKE_PORT", "exactly"]
    assert [remedy.strip().split("=")[0] for remedy in remedies.splitlines()] == [
        "export SNOWFLAKE_ACCOUNT",
        "export SNOWFLAKE_PORT",
        "export SNOWFLAKE_PRIVATE_KEY",
    ]


def test_a_mistake_tells_no_secret():
    secrets = {"PASSWORD": "canary", "TOKEN": "canary", "PRIVATE_KEY": "canary"}
    for chosen in ({"PRIVATE_KEY": "canary"}, {"TOKEN": "canary"}, secrets):
        with pytest.raises(SignInError) as caught:
            signed_in(**chosen, PORT="x")
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize("number", [390422, 390432])
def test_who_no_network_policy_lets_in_is_told_to_ask_for_one(monkeypatch, number):
    def refuse(**_):
        raise DatabaseError(msg="not allowed", errno=number)

    monkeypatch.setattr("dag.connection.connector.connect", refuse)
    for name, value in {"ACCOUNT": "a", "USER": "ME", "PASSWORD": "x"}.items():
        monkeypatch.setenv(f"SNOWFLAKE_{name}", value)
    monkeypatch.delenv("SNOWFLAKE_PRIVATE_KEY", raising=False)
    with pytest.raises(SignInError, match="next: as SECURITYADMIN: ALTER USER ME SET NETWORK_POLICY = "):
        connect(DEV)


def test_an_unreachable_account_is_named_with_its_address(monkeypatch):
    for name in ("PRIVATE_KEY", "TOKEN"):
        monkeypatch.delenv(f"SNOWFLAKE_{name}", raising=False)
    for name, value in {"HOST": "127.0.0.1", "PORT": "1", "PROTOCOL": "http", "PASSWORD": "x", "ACCOUNT": "a"}.items():
        monkeypatch.setenv(f"SNOWFLAKE_{name}", value)
    with pytest.raises(SignInError, match=r"cannot sign in to http://127.0.0.1:1 as \S+ with role ML_DEV_DEPLOY"):
        connect(DEV)
