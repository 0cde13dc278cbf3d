"""The local issuer: tokens as GitHub's, for whom holds the job's bearer, and checkable by anybody."""

import json
import urllib.error
import urllib.request

import jwt
import pytest

from environments.local.github.oidc import JOB_CLAIMS, LIFE_SECONDS, Issuer, Repository


@pytest.fixture(scope="module")
def issuer():
    with Issuer() as running:
        yield running


def get(url, bearer=""):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {bearer}"} if bearer else {})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def ask(issuer, audience="a", **job):
    variables = issuer.variables(**job)
    url = f"{variables['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience={audience}"
    return get(url, variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"])["value"]


def test_a_token_can_be_checked_with_what_the_issuer_publishes(issuer):
    discovered = get(f"{issuer.address}/.well-known/openid-configuration")
    keys = jwt.PyJWKSet.from_dict(get(discovered["jwks_uri"]))
    token = ask(issuer, "snowflakecomputing.com", environment="prod", run_id="77")
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, ["RS256"], audience="snowflakecomputing.com", issuer=discovered["issuer"])
    assert (claims["sub"], claims["run_id"]) == ("repo:acme@1/ml@2:environment:prod", "77")
    assert (claims["repository"], claims["repository_id"]) == ("acme/ml", "2")
    assert claims["exp"] - claims["iat"] == LIFE_SECONDS == 300


SUBJECTS = {
    "an environment": ({"environment": "dev", "event_name": "pull_request"}, "environment:dev"),
    "an environment with a colon": ({"environment": "a:b"}, "environment:a%3Ab"),
    "a pull request": ({"event_name": "pull_request", "ref": "refs/pull/7/merge"}, "pull_request"),
    "a branch": ({"ref": "refs/heads/x"}, "ref:refs/heads/x"),
}


@pytest.mark.parametrize(("job", "subject"), SUBJECTS.values(), ids=SUBJECTS)
@pytest.mark.parametrize(("immutable", "prefix"), [(True, "repo:acme@1/ml@2"), (False, "repo:acme/ml")])
def test_the_subject_is_the_environment_else_the_pull_request_else_the_ref(job, subject, immutable, prefix):
    assert Repository(immutable=immutable).subject({**JOB_CLAIMS, **job}) == f"{prefix}:{subject}"


def test_each_token_is_another_and_is_remembered(issuer):
    tokens = [ask(issuer, environment="dev") for _ in range(2)]
    assert tokens[0] != tokens[1]
    assert issuer.minted[-2:] == tokens


@pytest.mark.parametrize(("path", "status"), [("/token?audience=a", 401), ("/nothing", 404)])
def test_without_the_bearer_there_is_no_token(issuer, path, status):
    before = len(issuer.minted)
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(issuer.address + path, "wrong")
    assert caught.value.code == status
    assert len(issuer.minted) == before


def test_a_job_has_no_claims_but_a_jobs(issuer):
    with pytest.raises(ValueError, match="sub"):
        issuer.request_url(sub="x")
