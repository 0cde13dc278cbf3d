"""Signing in: the one place where environment variables become the connector's keyword arguments."""

import json
import os
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from snowflake import connector
from snowflake.connector.errors import Error

from dag import job_token
from ml_pipeline.config import Environment
from ml_pipeline.parameters import OF_SESSIONS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from snowflake.snowpark import Session

LOGIN_TIMEOUT_SECONDS = 30
_LAST_PORT = 65_535
_REFUSED = range(390_000, 400_000)  # Snowflake's numbers for sign-ins
_NO_SUCH_ROLE = 390_189
# The address is not let in; a programmatic access token of a user whom no policy covers.
_NETWORK_POLICY = {390_422, 390_432}
_WORKLOAD_IDENTITY = "WORKLOAD_IDENTITY"
_TOKEN_AUTHENTICATORS = ("OAUTH", "PROGRAMMATIC_ACCESS_TOKEN", _WORKLOAD_IDENTITY)
_BROWSER = ("OAUTH_AUTHORIZATION_CODE", "EXTERNALBROWSER")
"""With these a person signs in in their browser: at Snowflake itself, or at the identity provider of their company.

https://docs.snowflake.com/en/user-guide/oauth-local-applications"""
_SECOND_FACTOR = "USERNAME_PASSWORD_MFA"
_PERSON_SECONDS = 120  # to find a telephone, or a browser's window
_CREDENTIALS = ("SNOWFLAKE_PASSWORD", "SNOWFLAKE_PRIVATE_KEY", "SNOWFLAKE_TOKEN")


class SignInError(RuntimeError):
    """No session: the message says what was refused, and what to do about it."""


def connect(environment: Environment) -> "Session":
    """Open a Snowpark session as `sign_in` does."""
    from snowflake.snowpark import Session  # takes a second to import, which a deploy need not wait for

    # Snowpark binds values to question marks.
    session = Session.builder.configs({"connection": sign_in(environment, paramstyle="qmark")}).create()
    # The one parameter that no sign-in can set. A task has the default, whatever its account says.
    session.sql("ALTER SESSION SET SEARCH_PATH = '$current, $public'").collect()
    return session


def sign_in(environment: Environment, **options: Any) -> connector.SnowflakeConnection:
    """Sign in as the environment's service user, with its role, warehouse, database and schema.

    The session has the parameters that we depend on, whatever the account or the user has set.

    `options` are more keyword arguments for the connector. A workload identity's token is minted for each sign-in.

    Raises SignInError when a variable is missing, or the account cannot be reached or refuses.
    """
    keywords = parameters(environment)
    try:
        return connector.connect(**keywords, **options)
    except Error as error:
        raise SignInError(_explain(error, keywords, environment)) from error


def parameters(environment: Environment, variables: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the connector's keyword arguments: names from the configuration, address and credentials from `variables`.

    With SNOWFLAKE_AUTHENTICATOR = workload_identity and no token given, GitHub is asked for one.

    Raises SignInError naming every variable that is missing, empty, or contradicts another.
    """
    snowflake = environment.snowflake
    return {
        **_all(
            lambda: _account(variables),
            lambda: _port(variables),
            lambda: _credentials(variables, snowflake.service_user),
        ),
        "database": snowflake.database,
        "schema": snowflake.schema,
        "role": snowflake.role,
        "warehouse": snowflake.warehouse,
        "login_timeout": _patience(variables),
        "session_parameters": {**OF_SESSIONS, "QUERY_TAG": _query_tag(environment, variables)},
    }


def _query_tag(environment: Environment, variables: Mapping[str, str]) -> str:
    """Return what QUERY_HISTORY shows with each query: for which environment, and for which commit and workflow run."""
    job = {"commit": variables.get("GITHUB_SHA"), "workflow_run": variables.get("GITHUB_RUN_ID")}
    return json.dumps({"environment": environment.name, **{key: value for key, value in job.items() if value}})


def _all(*readers: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what the readers return, together. Raises one SignInError for all of them that cannot."""
    found: dict[str, Any] = {}
    mistakes: list[_Mistake] = []
    for read in readers:
        try:
            found |= read()
        except _Mistake as mistake:
            mistakes.append(mistake)
    if mistakes:
        causes, remedies = zip(*(mistake.args for mistake in mistakes), strict=True)
        raise SignInError("\n".join(causes) + "\nnext: " + "\n      ".join(remedies))
    return found


class _Mistake(Exception):  # noqa: N818 - part of a SignInError, never seen outside
    """What is wrong with one variable, and what to type."""


def _account(variables: Mapping[str, str]) -> dict[str, Any]:
    account = variables.get("SNOWFLAKE_ACCOUNT")
    if not account:
        remedy = "export SNOWFLAKE_ACCOUNT=<organization>-<account>"
        raise _Mistake(f"SNOWFLAKE_ACCOUNT {_absent('SNOWFLAKE_ACCOUNT', variables)}", remedy)
    host = variables.get("SNOWFLAKE_HOST")
    protocol = variables.get("SNOWFLAKE_PROTOCOL") or "https"
    return {"account": account, "protocol": protocol} | ({"host": host} if host else {})


def _absent(name: str, variables: Mapping[str, str]) -> str:
    """Say how a variable is missing: in a workflow, a secret that does not exist is an empty text."""
    return "is empty" if name in variables else "is not set"


def _port(variables: Mapping[str, str]) -> dict[str, Any]:
    text = variables.get("SNOWFLAKE_PORT")
    if not text:
        return {}
    if not text.isdecimal() or not 0 < int(text) <= _LAST_PORT:
        raise _Mistake(f"SNOWFLAKE_PORT is {text!r}, not the number of a port", "export SNOWFLAKE_PORT=443")
    return {"port": int(text)}


def _credentials(variables: Mapping[str, str], service_user: str) -> dict[str, Any]:
    if _authenticator(variables) == _WORKLOAD_IDENTITY and not variables.get("SNOWFLAKE_TOKEN"):
        return _workload(_minted(variables))
    if _authenticator(variables) in _BROWSER:
        return _person(variables)
    name = _credential(variables)
    user = variables.get("SNOWFLAKE_USER") or service_user
    secret = variables[name]
    match name:
        case "SNOWFLAKE_PASSWORD":
            return _password(user, secret, variables)
        case "SNOWFLAKE_PRIVATE_KEY":
            return {"user": user, "authenticator": "SNOWFLAKE_JWT", "private_key": _key(secret)}
        case _:
            return _token(user, secret, variables)


def _patience(variables: Mapping[str, str]) -> int:
    return _PERSON_SECONDS if _authenticator(variables) in (*_BROWSER, _SECOND_FACTOR) else LOGIN_TIMEOUT_SECONDS


def _person(variables: Mapping[str, str]) -> dict[str, Any]:
    """Someone at this computer, who has a name and needs no credential here."""
    how = f"SNOWFLAKE_AUTHENTICATOR = {_authenticator(variables).lower()}"
    if others := [name for name in _CREDENTIALS if variables.get(name)]:
        raise _Mistake(f"{how} takes no {' or '.join(others)}", f"unset {' '.join(others)}")
    if not variables.get("SNOWFLAKE_USER"):
        raise _Mistake(
            f"{how} is for a person, and SNOWFLAKE_USER {_absent('SNOWFLAKE_USER', variables)}",
            "export SNOWFLAKE_USER=<your name in Snowflake>",
        )
    return {"user": variables["SNOWFLAKE_USER"], "authenticator": _authenticator(variables)}


def _password(user: str, password: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """With a second factor, if the user has one: a code of six digits, or what their telephone asks."""
    passcode = variables.get("SNOWFLAKE_PASSCODE")
    factor = {"authenticator": _SECOND_FACTOR} if _authenticator(variables) == _SECOND_FACTOR else {}
    return {"user": user, "password": password, **factor, **({"passcode": passcode} if passcode else {})}


def _authenticator(variables: Mapping[str, str]) -> str:
    return variables.get("SNOWFLAKE_AUTHENTICATOR", "").upper()


def _workload(token: str) -> dict[str, Any]:
    """The token itself says who is signing in."""
    return {"authenticator": _WORKLOAD_IDENTITY, "workload_identity_provider": "OIDC", "token": token}


def _minted(variables: Mapping[str, str]) -> str:
    needs = "SNOWFLAKE_AUTHENTICATOR = workload_identity"
    if others := [name for name in _CREDENTIALS if variables.get(name)]:
        raise _Mistake(f"{needs} takes no {' or '.join(others)}", f"unset {' '.join(others)}")
    if absent := job_token.missing(variables):
        raise _Mistake(
            f"{needs} needs a job's token, and {absent[0]} is not set",
            "in a workflow, give the job `permissions: id-token: write`; elsewhere: unset SNOWFLAKE_AUTHENTICATOR",
        )
    try:
        return job_token.mint(variables)
    except job_token.TokenError as error:
        raise _Mistake(str(error), "run the job again; https://www.githubstatus.com says how GitHub is") from error


def _credential(variables: Mapping[str, str]) -> str:
    given = [name for name in _CREDENTIALS if variables.get(name)]
    if len(given) == 1:
        return given[0]
    one_of = f"exactly one of {', '.join(_CREDENTIALS)} must be set, found"
    if given:
        raise _Mistake(f"{one_of} {' and '.join(given)}", f"unset {' '.join(given[1:])}")
    empty = [name for name in _CREDENTIALS if name in variables]
    why = f" ({', '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty)" if empty else ""
    raise _Mistake(f"{one_of} none{why}", f"export {empty[0] if empty else 'SNOWFLAKE_PRIVATE_KEY'}=<the secret>")


def _token(user: str, token: str, variables: Mapping[str, str]) -> dict[str, Any]:
    name = _authenticator(variables)
    if name not in _TOKEN_AUTHENTICATORS:
        expected = " | ".join(_TOKEN_AUTHENTICATORS).lower()
        found = f"is {name.lower()}" if name else _absent("SNOWFLAKE_AUTHENTICATOR", variables)
        raise _Mistake(
            f"SNOWFLAKE_TOKEN needs SNOWFLAKE_AUTHENTICATOR = {expected}, which {found}",
            "export SNOWFLAKE_AUTHENTICATOR=<one of them>",
        )
    if name == _WORKLOAD_IDENTITY:
        return _workload(token)
    return {"user": user, "authenticator": name, "token": token}


@lru_cache(maxsize=1)
def _key(pem: str) -> "PrivateKeyTypes":
    """Return the key. Checking it takes longer than signing with it, so a process that signs in again does not."""
    try:
        return serialization.load_pem_private_key(pem.encode(), password=None)
    except (TypeError, ValueError) as error:
        raise _Mistake(
            "SNOWFLAKE_PRIVATE_KEY is not an unencrypted PKCS#8 key in PEM",
            "make one: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048",
        ) from error


def _explain(error: Error, keywords: Mapping[str, Any], environment: Environment) -> str:
    workload = keywords.get("authenticator") == _WORKLOAD_IDENTITY
    user = f"the job with {job_token.told(keywords['token'])}" if workload else keywords["user"]
    where = f"{keywords['protocol']}://{keywords.get('host', keywords['account'])}:{keywords.get('port', '')}".rstrip(
        ":"
    )
    cause = str(error.msg or error).strip()
    match error.errno:
        case int(code) if code in _NETWORK_POLICY:
            remedy = f"as SECURITYADMIN: ALTER USER {keywords.get('user', environment.snowflake.service_user)} "
            remedy += "SET NETWORK_POLICY = <one that lets this machine in>"
        case int(code) if workload and code in _REFUSED and code != _NO_SUCH_ROLE:
            remedy = f"python -m deploy bootstrap --env {environment.name} --subject-prefix <sub, up to :environment:>"
        case code if code == _NO_SUCH_ROLE:
            remedy = f"python -m deploy bootstrap --env {environment.name}"
        case 390100 | 390144 | 390303 | 394400:
            remedy = "check SNOWFLAKE_USER and the credential, then: python -m deploy status --env " + environment.name
        case _:
            remedy = f"check SNOWFLAKE_ACCOUNT, SNOWFLAKE_HOST and SNOWFLAKE_PORT, then: curl {where}"
    return f"cannot sign in to {where} as {user} with role {keywords['role']}: {cause}\nnext: {remedy}"
