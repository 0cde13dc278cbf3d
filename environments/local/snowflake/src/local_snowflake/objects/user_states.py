"""Whether users may sign in: those who are disabled, expired or locked may not, nor who must change their password.

https://docs.snowflake.com/en/sql-reference/sql/create-user
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import now
from ..kernel.errors import SnowflakeError

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object

# Properties of a user. The two moments are kept for DAYS_TO_EXPIRY and MINS_TO_UNLOCK, which count down.
EXPIRY, LOCK, _FAILURES = "expires_at", "locked_until", "failures"
_COUNTED = {"days_to_expiry": (EXPIRY, timedelta(days=1)), "mins_to_unlock": (LOCK, timedelta(minutes=1))}
# https://docs.snowflake.com/en/user-guide/admin-user-management#unlocking-a-user
_MOST_FAILURES, _LOCKED_FOR = 5, timedelta(minutes=15)


def moments(given: dict[str, Any]) -> dict[str, Any]:
    """The properties with the moment that each count-down ends at in its place; none for 0 and NULL."""
    found = {key: value for key, value in given.items() if key not in _COUNTED}
    for key in given.keys() & _COUNTED.keys():
        name, unit = _COUNTED[key]
        found[name] = (now() + given[key] * unit).isoformat() if given[key] else None
    return found


def kept_names(names: set[str]) -> set[str]:
    """The properties that UNSET names, as they are kept."""
    return {_COUNTED[name][0] if name in _COUNTED else name for name in names}


def shown(user: Object) -> dict[str, Any]:
    """The count-downs and the moments that they end at, as SHOW USERS has them."""
    expires, locked = _moment(user, EXPIRY), _moment(user, LOCK)
    locked = locked if locked and locked > now() else None
    return {
        "days_to_expiry": (expires - now()) / timedelta(days=1) if expires else None,
        "expires_at_time": expires,
        "mins_to_unlock": math.ceil((locked - now()) / timedelta(minutes=1)) if locked else None,
        "locked_until_time": locked,
    }


def require(account: Account, user: Object, *, password: bool) -> None:
    """The user, whose credentials are right, may sign in.

    Args:
        account: where to sign in.
        user: who signs in.
        password: whether it is with a password, which MUST_CHANGE_PASSWORD is about.

    Raises:
        SnowflakeError: 390101 for a disabled or expired user, 390106 for one who must change the password.

    """
    if user.properties.get("disabled"):
        raise SnowflakeError("User access disabled. Contact your local system administrator.", "390101", "08001")
    expires = _moment(user, EXPIRY)
    if expires and expires <= now() and "ACCOUNTADMIN" not in account.access.roles_of(user.name.name):
        raise SnowflakeError("User access has expired. Contact your local system administrator.", "390101", "08001")
    if password and user.properties.get("must_change_password"):
        text = "Specified password has expired.  Password must be changed using the Snowflake web console."
        raise SnowflakeError(text, "390106", "08001")


def require_unlocked(user: Object) -> None:
    """The user is not locked out for the moment.

    Raises:
        SnowflakeError: 390102.

    """
    locked = _moment(user, LOCK)
    if locked and locked > now():
        text = "Your user account has been temporarily locked. Try again later or contact your account administrator."
        raise SnowflakeError(text, "390102", "08001")


def failed(account: Account, user: Object) -> None:
    """A wrong password was given: the fifth one in succession locks the user."""

    def count(user: Object) -> Object:
        failures = user.properties.get(_FAILURES, 0) + 1
        locked = {LOCK: (now() + _LOCKED_FOR).isoformat()} if failures >= _MOST_FAILURES else {}
        return user.with_properties(**{_FAILURES: failures % _MOST_FAILURES, **locked})

    account.catalogue.change("USER", user.name, count)


def succeeded(account: Account, user: Object) -> None:
    """The user has signed in: failures before do not count any more."""
    if user.properties.get(_FAILURES) or user.properties.get(LOCK):
        account.catalogue.change("USER", user.name, lambda o: o.with_properties(**{_FAILURES: 0, LOCK: None}))


def _moment(user: Object, key: str) -> datetime | None:
    written = user.properties.get(key)
    return datetime.fromisoformat(written) if written else None
