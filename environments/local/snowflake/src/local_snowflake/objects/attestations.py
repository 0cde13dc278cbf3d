"""Tokens of workloads: which user a token stands for, and whether it may be believed.

The user names the issuer; the issuer's discovery document says where its keys are.
https://openid.net/specs/openid-connect-discovery-1_0.html
"""

from __future__ import annotations

import json
import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import now
from ..kernel.errors import SnowflakeError
from .workload_identity import PROPERTY, identified, may_be_fetched

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object

_ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384"]
_LEEWAY_SECONDS = 30
_PATIENCE_SECONDS = 5
_DISCOVERY = "/.well-known/openid-configuration"


def attested(account: Account, data: dict[str, Any]) -> Object:
    """The user that the sign-in request's TOKEN stands for.

    Raises:
        SnowflakeError: 390100 when there is none, or its token is not to be believed: the issuer, signature, audience
            or time is wrong. The documentation names no number of its own for each of these.

    """
    import jwt

    token = data.get("TOKEN") or ""
    if str(data.get("PROVIDER", "")).upper() != "OIDC":
        raise _refused(f"the local Snowflake knows the provider OIDC, not {data.get('PROVIDER')}")
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        issuer, subject = str(claims.get("iss", "")), str(claims.get("sub", ""))
        user = identified(account, issuer, subject)
        if user is None:
            raise _refused(f"no user has the issuer '{issuer}' and the subject '{subject}'")
        _verify(account, token, user.properties[PROPERTY])
    except jwt.PyJWTError as error:
        raise _refused(str(error)) from error
    return _used(account, user)


def _refused(why: str) -> SnowflakeError:
    return SnowflakeError(f"The workload identity token was refused: {why}.", "390100", "08001")


def _verify(account: Account, token: str, identity: dict[str, Any]) -> None:
    """Check the signature with the issuer's key of that id, the time, and whom the token is for."""
    import jwt

    keys = jwt.PyJWKSet.from_dict(_keys(account, identity["issuer"]))
    wanted = jwt.get_unverified_header(token).get("kid")
    key = next((key for key in keys.keys if key.key_id == wanted), None)
    if key is None:
        raise _refused(f"its issuer has no key '{wanted}'")
    jwt.decode(
        token,
        key,
        algorithms=_ALGORITHMS,
        audience=identity["audiences"],
        issuer=identity["issuer"],
        leeway=_LEEWAY_SECONDS,
        options={"require": ["exp", "iat", "aud", "iss", "sub"]},
    )


def _keys(account: Account, issuer: str) -> dict[str, Any]:
    discovered = _fetched(account, issuer.rstrip("/") + _DISCOVERY)
    if discovered.get("issuer") != issuer:
        raise _refused(f"the issuer at '{issuer}' calls itself '{discovered.get('issuer')}'")
    return _fetched(account, str(discovered.get("jwks_uri", "")))


def _fetched(account: Account, url: str) -> dict[str, Any]:
    if not may_be_fetched(account, url):
        raise _refused(f"its issuer's keys cannot be fetched from '{url}'")
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 - may_be_fetched
            document = json.load(answer)
    except (OSError, ValueError) as error:
        raise _refused(f"its issuer does not answer at '{url}': {error}") from error
    if not isinstance(document, dict):
        raise _refused(f"its issuer answers at '{url}' with something else")
    return document


def _used(account: Account, user: Object) -> Object:
    identity = {**user.properties[PROPERTY], "last_used": now().isoformat()}
    return account.catalogue.change(
        "USER", user.name, lambda o: replace(o, properties={**o.properties, PROPERTY: identity})
    )
