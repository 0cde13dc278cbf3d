"""The token that says which job of GitHub Actions this is: minted when it is needed, and kept nowhere.

It lives for five minutes, so each sign-in has its own.
https://docs.github.com/en/actions/reference/security/oidc
"""

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from urllib.parse import quote

AUDIENCE = "snowflakecomputing.com"
"""What Snowflake expects: https://docs.snowflake.com/en/user-guide/workload-identity-federation"""

URL, BEARER = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
"""GitHub sets both in a job with the permission `id-token: write`, and in no other."""

_TRIES = 3
_PATIENCE_SECONDS = 10
_PAUSE_SECONDS = 1
_SERVER_ERROR = 500


class TokenError(RuntimeError):
    """GitHub gave no token."""


def missing(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables that a job needs to mint a token and that are not there."""
    return tuple(name for name in (URL, BEARER) if not variables.get(name))


def mint(variables: Mapping[str, str]) -> str:
    """Return a new token for Snowflake. Raises TokenError when GitHub refuses or does not answer."""
    request = urllib.request.Request(  # noqa: S310 - the address is the runner's
        f"{variables[URL]}&audience={quote(AUDIENCE)}",
        headers={"Authorization": f"Bearer {variables[BEARER]}", "Accept": "application/json"},
    )
    left = _TRIES
    while True:
        left -= 1
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310
                return str(json.load(answer)["value"])
        except (OSError, ValueError, KeyError) as error:
            if not left or _is_refusal(error):
                raise TokenError(f"GitHub gave this job no token: {_said(error)}") from None
        time.sleep(_PAUSE_SECONDS)


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, urllib.error.HTTPError) and error.code < _SERVER_ERROR


def _said(error: Exception) -> str:
    """Say what went wrong, but not the address or the answer: they may hold what nobody should read."""
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code}"
    reason = getattr(error, "reason", None)
    return f"{type(error).__name__} {reason or ''}".strip()


def told(token: str) -> str:
    """Return what a token says of the job, for an error: its issuer, subject and audience, none of them a secret."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return ", ".join(f"{name} {claims[name]}" for name in ("iss", "sub", "aud"))
    except (IndexError, KeyError, ValueError, TypeError):
        return "something that is no token"
