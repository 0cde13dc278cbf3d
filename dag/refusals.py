"""What a refused sign-in means, and the next command to type: by Snowflake's number, or by what stands in between.

Snowflake's numbers: https://docs.snowflake.com/en/user-guide/errors-saml, and those of its connectors.
"""

import socket
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from snowflake.connector.errors import Error
from snowflake.connector.util_text import construct_hostname

from dag import job_token
from dag.sources import BROWSER, WORKLOAD_IDENTITY
from ml_pipeline.config import Environment

_NUMBERS = range(390_000, 400_000)  # Snowflake's own answers to sign-ins
_NO_SUCH_ROLE, _NO_SUCH_OBJECT = 390_189, 390_201
_NOT_FOUND = (290_403, 290_404)  # the connector's: no account of that name at this address
_LOCKED = (390_101, 390_102)
_ADDRESS_REFUSED, _POLICY_REQUIRED = 390_422, 390_432
_SECOND_FACTOR = (390_128, 394_507, 394_508, 394_509)
_WRONG_CREDENTIAL = (390_100, 390_144, 390_303, 390_318, 394_400)
_PORTS = {"http": 80, "https": 443}


def explain(error: Error, keywords: Mapping[str, Any], environment: Environment) -> str:
    """Return the whole message: who could not sign in where, Snowflake's or the network's words, and what to do."""
    workload = keywords.get("authenticator") == WORKLOAD_IDENTITY and "token" in keywords
    user = f"the job with {job_token.told(keywords['token'])}" if workload else keywords.get("user", "whoever this is")
    cause = str(error.msg or error).strip()
    remedy = _remedy(error.errno, cause, keywords, environment)
    return f"cannot sign in to {address(keywords)} as {user} with role {keywords['role']}: {cause}\nnext: {remedy}"


def address(keywords: Mapping[str, Any]) -> str:
    """Return the URL that the connector asks."""
    port = keywords.get("port")
    return f"{keywords.get('protocol', 'https')}://{host(keywords)}{f':{port}' if port else ''}"


def host(keywords: Mapping[str, Any]) -> str:
    """Return the host that the connector asks."""
    return str(keywords.get("host") or construct_hostname(keywords.get("region"), keywords["account"]))


def _remedy(number: int | None, cause: str, keywords: Mapping[str, Any], environment: Environment) -> str:
    bootstrap = f"python -m deploy bootstrap --env {environment.name}"
    again = f"then: python -m deploy status --env {environment.name}"
    user = keywords.get("user", environment.snowflake.service_user)
    workload = keywords.get("authenticator") == WORKLOAD_IDENTITY
    match number:
        case code if code == _NO_SUCH_ROLE:
            return f"{bootstrap}; a person needs the role, too: GRANT ROLE {keywords['role']} TO USER <name>"
        case code if code == _NO_SUCH_OBJECT:
            return f"{bootstrap} (a database, schema, warehouse or role of the environment is not there)"
        case code if code == _ADDRESS_REFUSED:
            return (
                "this machine's address is not allowed; as SECURITYADMIN, add it to the network policy in force, or: "
                f"ALTER USER {user} SET NETWORK_POLICY = <one that lets this machine in>"
            )
        case code if code == _POLICY_REQUIRED:
            return (
                f"a token needs a network policy for its user; as SECURITYADMIN: ALTER USER {user} "
                "SET NETWORK_POLICY = <one that lets this machine in>"
            )
        case int(code) if code in _LOCKED:
            return (
                f"as ACCOUNTADMIN: DESCRIBE USER {user}; if it is locked: ALTER USER {user} SET MINS_TO_UNLOCK = 0; "
                f"if it is disabled: ALTER USER {user} SET DISABLED = FALSE"
            )
        case int(code) if code in _SECOND_FACTOR:
            return (
                "export SNOWFLAKE_PASSCODE=<the code that your telephone shows>, or let it ask you: "
                "export SNOWFLAKE_AUTHENTICATOR=username_password_mfa"
            )
        case int(code) if workload and code in _NUMBERS:
            return f"{bootstrap} --subject-prefix <sub, up to :environment:>"
        case int(code) if code in _WRONG_CREDENTIAL:
            return f"check user {user} and the credential, {again}"
    return _unreached(number, cause, keywords, again)


def _unreached(number: int | None, cause: str, keywords: Mapping[str, Any], again: str) -> str:
    """Return what to do where Snowflake itself has not answered."""
    name = host(keywords)
    if proxy := _proxy(keywords):
        return f"a proxy is in between, {proxy}: let {name} pass it, or go around it: export NO_PROXY={name}"
    if number in _NOT_FOUND or (number not in _NUMBERS and not _exists(name)):
        return (
            f"check the account: there is none at {name}; Snowsight shows its name, as does: "
            "SELECT CURRENT_ORGANIZATION_NAME() || '-' || CURRENT_ACCOUNT_NAME()"
        )
    if keywords.get("authenticator") in BROWSER:
        return f"sign in again, and answer in the browser within {keywords['login_timeout']} s; {again}"
    if number in _NUMBERS:
        return f"ask the account's administrator, who sees it in LOGIN_HISTORY: {cause.splitlines()[0][:80]!r}; {again}"
    return f"check SNOWFLAKE_ACCOUNT, SNOWFLAKE_HOST and SNOWFLAKE_PORT, then: curl {address(keywords)}"


def _proxy(keywords: Mapping[str, Any]) -> str:
    """Return the proxy that requests to the account go through, without its user and password; "" for none."""
    if named := keywords.get("proxy_host"):
        return str(named)
    found = urllib.request.getproxies().get(str(keywords.get("protocol", "https")))
    if not found or urllib.request.proxy_bypass(host(keywords)):
        return ""
    parts = urlsplit(found if "//" in found else f"//{found}")
    return f"{parts.hostname}:{parts.port or _PORTS.get(parts.scheme, 80)}"


def _exists(name: str) -> bool:
    try:
        socket.getaddrinfo(name, None)
    except OSError:
        return False
    return True
