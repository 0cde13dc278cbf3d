"""Signing in: the one place where environment variables become the connector's keyword arguments."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from snowflake import connector
from snowflake.connector.errors import Error

from ml_pipeline.config import Environment

if TYPE_CHECKING:
    from snowflake.snowpark import Session

LOGIN_TIMEOUT_SECONDS = 30
_TOKEN_AUTHENTICATORS = ("OAUTH", "PROGRAMMATIC_ACCESS_TOKEN", "WORKLOAD_IDENTITY")
_CREDENTIALS = ("SNOWFLAKE_PASSWORD", "SNOWFLAKE_PRIVATE_KEY", "SNOWFLAKE_TOKEN")


class SignInError(RuntimeError):
    """No session: the message says what was refused, and what to do about it."""


def connect(environment: Environment) -> "Session":
    """Open a Snowpark session as `sign_in` does."""
    from snowflake.snowpark import Session  # takes a second to import, which a deploy need not wait for

    return Session.builder.configs({"connection": sign_in(environment)}).create()


def sign_in(environment: Environment) -> connector.SnowflakeConnection:
    """Sign in as the environment's service user, with its role, warehouse, database and schema.

    Raises SignInError when a variable is missing, or the account cannot be reached or refuses.
    """
    keywords = parameters(environment)
    try:
        return connector.connect(**keywords)
    except Error as error:
        raise SignInError(_explain(error, keywords, environment)) from error


def parameters(environment: Environment, variables: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the connector's keyword arguments: names from the configuration, address and credentials from `variables`.

    Raises SignInError when a variable is missing or contradicts another.
    """
    snowflake = environment.snowflake
    return {
        **_address(variables),
        **_credentials(variables, snowflake.service_user),
        "database": snowflake.database,
        "schema": snowflake.schema,
        "role": snowflake.role,
        "warehouse": snowflake.warehouse,
        "login_timeout": LOGIN_TIMEOUT_SECONDS,
    }


def _address(variables: Mapping[str, str]) -> dict[str, Any]:
    account = variables.get("SNOWFLAKE_ACCOUNT")
    if not account:
        raise SignInError("SNOWFLAKE_ACCOUNT is not set; type: export SNOWFLAKE_ACCOUNT=<organization>-<account>")
    address: dict[str, Any] = {"account": account, "protocol": variables.get("SNOWFLAKE_PROTOCOL") or "https"}
    if host := variables.get("SNOWFLAKE_HOST"):
        address["host"] = host
    if port := variables.get("SNOWFLAKE_PORT"):
        address["port"] = _port(port)
    return address


def _port(text: str) -> int:
    if not text.isdecimal():
        raise SignInError(f"SNOWFLAKE_PORT is {text!r}, not a number; type: export SNOWFLAKE_PORT=443")
    return int(text)


def _credentials(variables: Mapping[str, str], service_user: str) -> dict[str, Any]:
    given = [name for name in _CREDENTIALS if variables.get(name)]
    if len(given) != 1:
        found = " and ".join(given) or "none"
        raise SignInError(f"exactly one of {', '.join(_CREDENTIALS)} must be set, found {found}; unset or export")
    user = variables.get("SNOWFLAKE_USER") or service_user
    secret = variables[given[0]]
    match given[0]:
        case "SNOWFLAKE_PASSWORD":
            return {"user": user, "password": secret}
        case "SNOWFLAKE_PRIVATE_KEY":
            return {"user": user, "authenticator": "SNOWFLAKE_JWT", "private_key": _der(secret)}
        case _:
            return _token(user, secret, variables.get("SNOWFLAKE_AUTHENTICATOR", ""))


def _token(user: str, token: str, authenticator: str) -> dict[str, Any]:
    name = authenticator.upper()
    if name not in _TOKEN_AUTHENTICATORS:
        expected = " | ".join(_TOKEN_AUTHENTICATORS).lower()
        raise SignInError(
            f"SNOWFLAKE_TOKEN needs SNOWFLAKE_AUTHENTICATOR = {expected}, found {authenticator!r}; "
            "type: export SNOWFLAKE_AUTHENTICATOR=<one of them>"
        )
    if name == "WORKLOAD_IDENTITY":
        # The token itself says who is signing in.
        return {"authenticator": name, "workload_identity_provider": "OIDC", "token": token}
    return {"user": user, "authenticator": name, "token": token}


def _der(pem: str) -> bytes:
    """Return the key in the form that the connector takes."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (TypeError, ValueError) as error:
        raise SignInError(
            "SNOWFLAKE_PRIVATE_KEY is not an unencrypted PKCS#8 key in PEM; "
            "make one: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048"
        ) from error
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _explain(error: Error, keywords: Mapping[str, Any], environment: Environment) -> str:
    user = keywords.get("user", "the workload identity")
    where = f"{keywords['protocol']}://{keywords.get('host', keywords['account'])}:{keywords.get('port', '')}".rstrip(
        ":"
    )
    cause = str(error.msg or error).strip()
    match error.errno:
        case 390189:
            remedy = f"python -m deploy bootstrap --env {environment.name}"
        case 390100 | 390144 | 390303 | 394400:
            remedy = "check SNOWFLAKE_USER and the credential, then: python -m deploy status --env " + environment.name
        case _:
            remedy = f"check SNOWFLAKE_ACCOUNT, SNOWFLAKE_HOST and SNOWFLAKE_PORT, then: curl {where}"
    return f"cannot sign in to {where} as {user} with role {keywords['role']}: {cause}\nnext: {remedy}"
