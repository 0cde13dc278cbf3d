"""A job's own token: minted for each sign-in, for Snowflake alone, and told to nobody."""

import os
import socket
from pathlib import Path

import jwt
import pytest
from snowflake.connector.errors import DatabaseError

from dag import connection, job_token
from dag.connection import SignInError, parameters
from environments.local.github.oidc import Issuer
from ml_pipeline.config import load

DEV = load("dev", Path(__file__).parents[1] / "environments")
KEYLESS = {"SNOWFLAKE_ACCOUNT": "org-account", "SNOWFLAKE_AUTHENTICATOR": "WORKLOAD_IDENTITY"}


@pytest.fixture(scope="module")
def issuer():
    with Issuer() as running:
        yield running


@pytest.fixture
def job(issuer):
    return KEYLESS | issuer.variables(environment="dev")


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def test_the_token_is_for_snowflake_and_says_which_environment(job):
    found = parameters(DEV, job)
    assert (found["authenticator"], found["workload_identity_provider"]) == ("WORKLOAD_IDENTITY", "OIDC")
    assert claims(found["token"])["aud"] == "snowflakecomputing.com"
    assert claims(found["token"])["sub"].endswith(":environment:dev")
    assert "user" not in found


def test_each_sign_in_has_a_token_of_its_own(job):
    assert parameters(DEV, job)["token"] != parameters(DEV, job)["token"]


def test_a_token_is_left_in_no_environment(job, issuer):
    parameters(DEV, job)
    assert not [key for key, value in os.environ.items() if issuer.minted[-1] in value]


def test_a_token_that_was_given_is_used(job):
    assert parameters(DEV, {**job, "SNOWFLAKE_TOKEN": "given"})["token"] == "given"


REFUSED = {
    "no permission": (
        {**KEYLESS},
        "ACTIONS_ID_TOKEN_REQUEST_URL is not set\nnext: in a workflow, give the job `permissions: id-token: write`",
    ),
    "another credential": (
        {**KEYLESS, "SNOWFLAKE_PRIVATE_KEY": "x"},
        "takes no SNOWFLAKE_PRIVATE_KEY\nnext: unset SNOWFLAKE_PRIVATE_KEY",
    ),
}


@pytest.mark.parametrize(("variables", "message"), REFUSED.values(), ids=REFUSED)
def test_without_a_token_it_says_what_to_do(variables, message):
    with pytest.raises(SignInError) as caught:
        parameters(DEV, variables)
    assert message in str(caught.value)


def test_a_refusal_is_told_without_the_address_or_the_bearer(job):
    with pytest.raises(SignInError, match="GitHub gave this job no token: HTTP 401") as caught:
        parameters(DEV, {**job, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "canary"})
    assert "canary" not in str(caught.value)
    assert "http://" not in str(caught.value)


def test_silence_is_asked_again_and_then_told(job, monkeypatch):
    pauses = []
    monkeypatch.setattr(job_token.time, "sleep", pauses.append)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/token?a=b"
        with pytest.raises(job_token.TokenError, match="no token: URLError"):
            job_token.mint({**job, "ACTIONS_ID_TOKEN_REQUEST_URL": url})
    assert len(pauses) == 2


def test_who_was_refused_is_told_by_the_token_s_claims_and_never_the_token(job, issuer, monkeypatch):
    def refuse(**_):
        raise DatabaseError(msg="refused", errno=390100)

    monkeypatch.setattr(connection.connector, "connect", refuse)
    for key, value in job.items():
        monkeypatch.setenv(key, value)
    with pytest.raises(SignInError) as caught:
        connection.sign_in(DEV)
    said = str(caught.value)
    assert "sub repo:acme@1/ml@2:environment:dev, aud snowflakecomputing.com" in said
    assert "next: python -m deploy bootstrap --env dev --subject-prefix" in said
    assert issuer.minted[-1] not in said
    assert issuer.minted[-1].split(".")[2] not in said


def test_what_is_no_token_says_nothing():
    assert job_token.told("canary") == "something that is no token"
