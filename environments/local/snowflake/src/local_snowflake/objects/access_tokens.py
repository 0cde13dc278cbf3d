"""Programmatic access tokens: made by ALTER USER, good for signing in where the user is subject to a network policy.

https://docs.snowflake.com/en/sql-reference/sql/alter-user-add-programmatic-access-token
https://docs.snowflake.com/en/user-guide/programmatic-access-tokens
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..kernel.access import OWNERSHIP
from ..kernel.catalogue import Object, now
from ..kernel.errors import (
    SnowflakeError,
    already_exists,
    does_not_exist,
    insufficient_privileges,
    invalid,
    unsupported,
)
from ..kernel.names import Name, fold
from ..kernel.result import EXECUTED, Result, rows, status
from ..kernel.tokens import Tokens
from . import enforcing, options, policies

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.session import Session

_PROPERTY, _MOST = "access_tokens", 15
_VERBS = {"ADD", "REMOVE", "MODIFY", "ROTATE"}
_OPTIONS = {
    "ROLE_RESTRICTION": options.TEXT, "DAYS_TO_EXPIRY": options.NUMBER,
    "MINS_TO_BYPASS_NETWORK_POLICY_REQUIREMENT": options.NUMBER, "COMMENT": options.TEXT,
}  # fmt: skip
_RANGES = {"days_to_expiry": (1, 365), "mins_to_bypass_network_policy_requirement": (1, 1440)}
_SERVICE = {"SERVICE", "LEGACY_SERVICE"}
_REQUIRED, _NOT_ENFORCED = "ENFORCED_REQUIRED", "NOT_ENFORCED"
_INVALID = SnowflakeError("Programmatic access token is invalid.", "394400", "08001")
_NO_POLICY = SnowflakeError("Network policy is required.", "390432", "08001")


def mentioned(tokens: Tokens) -> bool:
    """Whether a statement goes on with a token: ADD PAT, REMOVE PROGRAMMATIC ACCESS TOKEN."""
    return tokens.peek().upper in _VERBS and tokens.peek(1).upper in {"PROGRAMMATIC", "PAT"}


def alter(session: Session, name: Name, tokens: Tokens) -> Result:
    """ALTER USER [u] ADD | REMOVE PROGRAMMATIC ACCESS TOKEN: one's own, or those of users that the role owns."""
    user = session.account.catalogue.find("USER", name)
    if user is None:
        raise does_not_exist("USER", name)
    if name.name != session.user and not session.may(OWNERSHIP, user):
        raise insufficient_privileges("USER", name)
    verb = tokens.take().upper
    if not tokens.accept("PAT"):
        tokens.expect("PROGRAMMATIC", "ACCESS", "TOKEN")
    if verb not in {"ADD", "REMOVE"}:
        raise unsupported(f"ALTER USER {name} {verb} PROGRAMMATIC ACCESS TOKEN")
    held = user.properties.get(_PROPERTY, {})
    if verb == "ADD":
        return _add(session, user, held, tokens)
    token = tokens.identifier()
    tokens.end()
    if token not in held:
        raise does_not_exist("PROGRAMMATIC ACCESS TOKEN", token)
    _keep(session, name, {key: kept for key, kept in held.items() if key != token})
    return status(EXECUTED)


def _add(session: Session, user: Object, held: dict[str, Any], tokens: Tokens) -> Result:
    quiet = tokens.accept("IF", "NOT", "EXISTS")
    token = tokens.identifier()
    given = options.read("PROGRAMMATIC ACCESS TOKEN", tokens.options(), _OPTIONS)
    if token in held:
        if quiet:
            return status(f"{token} already exists, statement succeeded.")
        raise already_exists(token)
    _check(session.account, user, given)
    if sum(datetime.fromisoformat(kept["expires"]) > now() for kept in held.values()) >= _MOST:
        raise invalid(f"User {user.name} has {_MOST} programmatic access tokens, and may have no more.", "394401")
    secret = secrets.token_urlsafe(32)
    bypass = given.get("mins_to_bypass_network_policy_requirement", 0)
    default = int(_policy(session.account, user).get("DEFAULT_EXPIRY_IN_DAYS", policies.DEFAULT_EXPIRY))
    days = given.get("days_to_expiry", default)
    kept = {
        "digest": _digest(secret),
        "role": fold(given["role_restriction"]) if "role_restriction" in given else "",
        "days": days,
        "expires": (now() + timedelta(days=days)).isoformat(),
        "free_until": (now() + timedelta(minutes=bypass)).isoformat(),
    }
    _keep(session, user.name, {**held, token: kept})
    return rows(["token_name", "token_secret"], [{"token_name": token, "token_secret": secret}])


def _check(account: Account, user: Object, given: dict[str, Any]) -> None:
    for key, (least, most) in _RANGES.items():
        if key in given and not least <= (given[key] or 0) <= most:
            raise invalid(f"invalid value [{given[key]}] for parameter '{key.upper()}'")
    role = fold(given.get("role_restriction", ""))
    if role and role not in account.access.roles_of(user.name.name):
        raise does_not_exist("ROLE", role)
    if (given.get("days_to_expiry") or 0) > _most_days(account, user):
        raise invalid(f"invalid value [{given['days_to_expiry']}] for parameter 'DAYS_TO_EXPIRY': MAX_EXPIRY_IN_DAYS")
    if user.properties.get("type") not in _SERVICE:
        return
    if not role and _needs_role(account, user):
        raise invalid("ROLE_RESTRICTION is required for the programmatic access token of a service user.", "394402")
    if _evaluation(account, user) == _REQUIRED and not enforcing.network_policy(account, user):
        raise _NO_POLICY


def _keep(session: Session, user: Name, held: dict[str, Any]) -> None:
    session.account.catalogue.change("USER", user, lambda o: o.with_properties(**{_PROPERTY: held}))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _evaluation(account: Account, user: Object) -> str:
    """What the user's authentication policy says of network policies, for tokens."""
    return str(_policy(account, user).get("NETWORK_POLICY_EVALUATION", _REQUIRED)).upper()


def _policy(account: Account, user: Object) -> dict[str, Any]:
    """PAT_POLICY of the user's authentication policy."""
    return enforcing.authentication_policy(account, user).get("pat_policy", {})


def _most_days(account: Account, user: Object) -> int:
    return int(_policy(account, user).get("MAX_EXPIRY_IN_DAYS", policies.MAX_EXPIRY))


def _needs_role(account: Account, user: Object) -> bool:
    """Whether a token of the user's must be restricted to a role."""
    required = str(_policy(account, user).get("REQUIRE_ROLE_RESTRICTION_FOR_SERVICE_USERS", "TRUE")).upper()
    return user.properties.get("type") in _SERVICE and required == "TRUE"


@dataclass(frozen=True)
class Presented:
    """A token that somebody signs in with: whose it is, the role that it is restricted to ("": none)."""

    user: Object
    role: str


def presented(account: Account, user: Object | None, secret: str) -> Presented | None:
    """The token, when it is one of the user's own and has not expired; None for anything else."""
    held = user.properties.get(_PROPERTY, {}) if user else {}
    digest = _digest(secret)
    kept = next((each for each in held.values() if secrets.compare_digest(each["digest"], digest)), None)
    if user is None or kept is None or datetime.fromisoformat(kept["expires"]) < now():
        return None
    # The policy may have become stricter than it was when the token was made.
    if kept.get("days", 0) > _most_days(account, user) or (not kept["role"] and _needs_role(account, user)):
        return None
    evaluation, subject = _evaluation(account, user), bool(enforcing.network_policy(account, user))
    free = datetime.fromisoformat(kept["free_until"]) > now() and user.properties.get("type") not in _SERVICE
    if evaluation == _REQUIRED and not subject and not free:
        raise _NO_POLICY
    if evaluation != _NOT_ENFORCED:
        enforcing.require_address(account, user)
    return Presented(user, kept["role"])


def check(account: Account, user: Object | None, secret: str) -> Presented:
    """The token.

    Raises:
        SnowflakeError: 394400 when it is none of the user's, 390432 when the user needs a network policy, 390422 when
            that does not let in where the user connects from.

    """
    found = presented(account, user, secret)
    if found is None:
        raise _INVALID
    return found
