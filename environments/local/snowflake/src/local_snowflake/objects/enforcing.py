"""What policies say when somebody signs in: how, with which client, and from where.

https://docs.snowflake.com/en/sql-reference/sql/create-authentication-policy
https://docs.snowflake.com/en/sql-reference/sql/create-network-policy
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from ..kernel.errors import SnowflakeError
from ..kernel.names import Name
from ..kernel.tokens import Tokens
from .policies import AUTHENTICATION, NETWORK, PASSWORD, WORKLOAD_IDENTITY
from .workload_identity import PROPERTY

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object

_GITHUB = "4.175.114.51"  # one of GitHub's runners
# What clients call themselves: their type, and what CLIENT_POLICY calls them.
_CLIENTS = {
    "SNOWFLAKE_CLI": ("SNOWFLAKE_CLI", ""),
    "SNOWSQL": ("SNOWSQL", ""),
    "PYTHONCONNECTOR": ("DRIVERS", "PYTHON_DRIVER"),
    "PYTHONSNOWPARK": ("DRIVERS", "PYTHON_SNOWPARK"),
    "SQLALCHEMY": ("DRIVERS", "SQL_ALCHEMY"),
    "JDBC": ("DRIVERS", "JDBC_DRIVER"),
    "ODBC": ("DRIVERS", "ODBC_DRIVER"),
    "GO": ("DRIVERS", "GO_DRIVER"),
    "JAVASCRIPT": ("DRIVERS", "JAVASCRIPT_DRIVER"),
    ".NET": ("DRIVERS", "DOTNET_DRIVER"),
}
_PERSONS = {"PERSON"}


def authentication_policy(account: Account, user: Object) -> dict[str, Any]:
    """What the user's authentication policy says; nothing without one."""
    name = user.properties.get("authentication_policy")
    policy = account.catalogue.find(AUTHENTICATION, Name(*Tokens(name).name())) if name else None
    return policy.properties if policy else {}


def require(account: Account, user: Object, method: str, data: dict[str, Any]) -> None:
    """The user's authentication policy, if it has one, must allow to sign in this way with this client.

    Args:
        account: where to sign in.
        user: who signs in.
        method: what the policy calls the way.
        data: the sign-in request's `data`, in which the client says what it is.

    Raises:
        SnowflakeError: 390202.

    """
    policy = authentication_policy(account, user)
    if not (_allows(policy, user, method) and _allows_client(policy, data)):
        raise _refused("Authentication attempt rejected by the current authentication policy.")
    asks_more = policy.get("mfa_enrollment", "OPTIONAL").upper() != "OPTIONAL"
    if asks_more and method == PASSWORD and user.properties.get("type", "PERSON") in _PERSONS:
        # Nobody can enroll here: users do that in Snowsight.
        raise _refused("Multi-factor authentication is required for this user. Log in to Snowsight to enroll.")


def _refused(text: str) -> SnowflakeError:
    return SnowflakeError(text, "390202", "08001")


def _allows(policy: dict[str, Any], user: Object, method: str) -> bool:
    if not _among(method, policy.get("authentication_methods")):
        return False
    if method != WORKLOAD_IDENTITY:
        return True
    workloads = policy.get("workload_identity_policy", {})
    issuers = workloads.get("ALLOWED_OIDC_ISSUERS")
    issuer_allowed = not issuers or user.properties[PROPERTY]["issuer"] in issuers
    return _among("OIDC", workloads.get("ALLOWED_PROVIDERS")) and issuer_allowed


def _allows_client(policy: dict[str, Any], data: dict[str, Any]) -> bool:
    """CLIENT_TYPES, and the versions of CLIENT_POLICY; what is no client of Snowflake's own is a driver."""
    called = str(data.get("CLIENT_APP_ID") or "").upper()
    kind, driver = _CLIENTS.get(called, ("DRIVERS", ""))
    least = policy.get("client_policy", {}).get(driver, {}).get("MINIMUM_VERSION")
    new_enough = least is None or _version(data.get("CLIENT_APP_VERSION")) >= _version(least)
    return _among(kind, policy.get("client_types")) and new_enough


def _version(written: Any) -> tuple[int, ...]:
    numbers = [part for part in str(written or "").split(".")[:3] if part.isdecimal()]
    return tuple(int(part) for part in numbers)


def _among(word: str, listed: list[str] | None) -> bool:
    return not listed or bool({word, "ALL"} & {each.upper() for each in listed})


def network_policy(account: Account, user: Object) -> str:
    """The network policy that the user is subject to: its own, else the account's; "" for none."""
    return user.properties.get("network_policy") or account.parameters.get("NETWORK_POLICY") or ""


def require_address(account: Account, user: Object) -> None:
    """The network policy of the user, else of the account, must let in the address that it connects from.

    Everybody here connects from this machine, so that is asked only where the account's profile says what stands for
    the addresses: people connect from its office, service users from GitHub's runners. What is blocked counts first.

    Raises:
        SnowflakeError: 390422.

    """
    name = network_policy(account, user)
    if not name or not account.profile.office:
        return
    policy = account.catalogue.get(NETWORK, Name("", "", name)).properties
    from_github = user.properties.get("type") in {"SERVICE", "LEGACY_SERVICE"}
    address = _GITHUB if from_github else account.profile.office
    if _lists(policy, "blocked", address, from_github) or not _lists(policy, "allowed", address, from_github):
        text = f"Incoming request with IP/Token {address} is not allowed to access Snowflake."
        raise SnowflakeError(f"{text} Contact your account administrator.", "390422", "08001")


def _lists(policy: dict[str, Any], which: str, address: str, from_github: bool) -> bool:  # noqa: FBT001
    """Whether an address is among those of a list, or of its rules, which are all GitHub's."""
    listed = (ipaddress.ip_network(net, strict=False) for net in policy.get(f"{which}_ip_list", ()))
    by_rule = from_github and bool(policy.get(f"{which}_network_rule_list"))
    return by_rule or any(ipaddress.ip_address(address) in network for network in listed)
