"""Authentication policies, enforced at sign-in, and network policies, recorded: who can connect is on this machine.

https://docs.snowflake.com/en/sql-reference/sql/create-authentication-policy
https://docs.snowflake.com/en/sql-reference/sql/create-network-policy
"""

from __future__ import annotations

import ipaddress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..kernel.access import ACCOUNT
from ..kernel.catalogue import Object
from ..kernel.errors import SnowflakeError, does_not_exist, insufficient_privileges, invalid
from ..kernel.kinds import STAMP, Create, Kind
from ..kernel.names import Name
from ..kernel.result import DESCRIBE, EXECUTED, Result, rows, status
from ..kernel.tokens import Tokens
from . import options
from .clauses import merged
from .workload_identity import is_issuer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ..kernel.session import Session

AUTHENTICATION, NETWORK = "AUTHENTICATION POLICY", "NETWORK POLICY"
# What a policy calls the ways to sign in.
PASSWORD, KEY_PAIR, WORKLOAD_IDENTITY = "PASSWORD", "KEYPAIR", "WORKLOAD_IDENTITY"
ACCESS_TOKEN = "PROGRAMMATIC_ACCESS_TOKEN"  # noqa: S105 - a word, and no secret
_SCREEN, _DRIVERS = "SNOWFLAKE_UI", "DRIVERS"  # types of clients
DEFAULT_EXPIRY, MAX_EXPIRY = 15, 365  # days of a programmatic access token, unless PAT_POLICY says otherwise
_LONGEST_ADDRESSES = 100_000  # characters in all
# Network rules that Snowflake keeps itself: https://docs.snowflake.com/en/user-guide/network-rules
_MANAGED_RULES = {"SNOWFLAKE.NETWORK_SECURITY.GITHUBACTIONS_GLOBAL"}


class _Policy(Kind):
    """What both kinds share: options that CREATE OR ALTER and ALTER ... SET replace, and use by users."""

    known: Mapping[str, str] = MappingProxyType({})
    attached_as = ""  # the user's property that names it

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE [OR REPLACE | OR ALTER] <policy> [IF NOT EXISTS] name options."""
        name = self.read_name(session, tokens)
        given = options.read(self.word, tokens.options(), self.known)
        comment = given.pop("comment", "")
        self.check(session, given)
        return self.add(session, create, Object(self.word, name, session.role, given, comment))

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER <policy> name SET options | UNSET options."""
        if tokens.looking_at("SET") and tokens.peek(1).upper in self.known:
            tokens.expect("SET")
            return self._changed(session, name, options.read(self.word, tokens.options(), self.known), set())
        if tokens.looking_at("UNSET") and tokens.peek(1).upper in self.known:
            tokens.expect("UNSET")
            return self._changed(session, name, {}, set(options.names(tokens)))
        return super().alter(session, name, tokens)

    def _changed(self, session: Session, name: Name, changes: dict[str, Any], gone: set[str]) -> Result:
        self.check(session, merged(session.own(self.word, name), changes, gone).properties)
        return self.change(session, name, lambda o: merged(o, changes, gone))

    def check(self, session: Session, policy: dict[str, Any]) -> None:
        """Refuse options that do not go together, or name what is not there."""

    def check_removal(self, session: Session, name: Name, going: Collection[tuple[str, Name]] = ()) -> None:
        """A policy that a user has stays."""
        if any(user.properties.get(self.attached_as) == str(name) for user in session.account.catalogue.of("USER")):
            text = f"Policy {name.name} cannot be dropped/replaced as it is associated with one or more entities."
            raise invalid(text, "003545", "42601")


class AuthenticationPolicy(_Policy):
    """AUTHENTICATION POLICY: which ways to sign in a user has."""

    word, plural, attached_as, redefined = AUTHENTICATION, "AUTHENTICATION POLICIES", "authentication_policy", True
    known = MappingProxyType({
        "AUTHENTICATION_METHODS": options.LIST, "CLIENT_TYPES": options.LIST, "SECURITY_INTEGRATIONS": options.LIST,
        "CLIENT_POLICY": options.NESTED, "MFA_ENROLLMENT": options.TEXT, "MFA_POLICY": options.NESTED,
        "PAT_POLICY": options.NESTED, "WORKLOAD_IDENTITY_POLICY": options.NESTED, "COMMENT": options.TEXT,
    })  # fmt: skip
    columns = (("created_on", STAMP), "name", "kind", "database_name", "schema_name", "owner", "comment", "options")

    def check(self, session: Session, policy: dict[str, Any]) -> None:
        """What the page says of options that depend on each other.

        https://docs.snowflake.com/en/sql-reference/sql/create-authentication-policy
        """
        _check_clients(policy)
        tokens = policy.get("pat_policy", {})
        default, most = (int(tokens.get(f"{key}_EXPIRY_IN_DAYS", days)) for key, days in _EXPIRIES)
        if default > most:
            raise invalid(f"DEFAULT_EXPIRY_IN_DAYS ({default}) must not be greater than MAX_EXPIRY_IN_DAYS ({most}).")
        for issuer in policy.get("workload_identity_policy", {}).get("ALLOWED_OIDC_ISSUERS", ()):
            if not is_issuer(session.account, issuer):
                raise invalid(f"invalid value [{issuer}] for parameter 'ALLOWED_OIDC_ISSUERS': not an HTTPS URL")
        for integration in policy.get("security_integrations", ()):
            if integration.upper() != "ALL":
                raise does_not_exist("Integration", integration)

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE AUTHENTICATION POLICY: a row for each property."""
        tokens.end()
        cells = {"NAME": thing.name.name, "OWNER": thing.owner}
        cells |= {key: _shown(thing.properties.get(key.lower())) for key in self.known} | {"COMMENT": thing.comment}
        listed = [{"property": key, "value": value} for key, value in cells.items()]
        return rows(["property", "value", "default", "description"], listed, DESCRIBE)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW AUTHENTICATION POLICIES."""
        return super().row(session, thing) | {"kind": "AUTHENTICATION_POLICY", "options": ""}


class NetworkPolicy(_Policy):
    """NETWORK POLICY: from where a user may connect."""

    word, plural, scope, attached_as, redefined = NETWORK, "NETWORK POLICIES", "account", "network_policy", True
    known = MappingProxyType({
        "ALLOWED_NETWORK_RULE_LIST": options.LIST, "BLOCKED_NETWORK_RULE_LIST": options.LIST,
        "ALLOWED_IP_LIST": options.LIST, "BLOCKED_IP_LIST": options.LIST, "COMMENT": options.TEXT,
    })  # fmt: skip
    columns = (
        ("created_on", STAMP), "name", "comment", ("entries_in_allowed_ip_list", "fixed"),
        ("entries_in_blocked_ip_list", "fixed"), ("entries_in_allowed_network_rules", "fixed"),
        ("entries_in_blocked_network_rules", "fixed"),
    )  # fmt: skip

    def check(self, session: Session, policy: dict[str, Any]) -> None:
        """Its network rules must exist, which here are Snowflake's own; its addresses are IPv4 ones or ranges."""
        for rule in (*policy.get("allowed_network_rule_list", ()), *policy.get("blocked_network_rule_list", ())):
            if not _is_managed(rule):
                raise does_not_exist("NETWORK RULE", rule)
        for key in ("allowed_ip_list", "blocked_ip_list"):
            for address in policy.get(key, ()):
                if not _is_address(address):
                    raise invalid(f"invalid value [{address}] for parameter '{key.upper()}': not an IPv4 address")
        if sum(map(len, policy.get("allowed_ip_list", ()))) > _LONGEST_ADDRESSES:
            raise invalid(f"ALLOWED_IP_LIST can have {_LONGEST_ADDRESSES} characters.")

    def redefine(self, session: Session, old: Object, new: Object) -> Result:
        """CREATE OR ALTER of one that exists, unless somebody has it."""
        self.check_removal(session, old.name)
        return super().redefine(session, old, new)

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER NETWORK POLICY name ADD | REMOVE rules, and what every policy has."""
        action = tokens.accept_any("ADD", "REMOVE")
        if action is None:
            return super().alter(session, name, tokens)
        changes = {}
        for key, given in options.read(self.word, tokens.options(), self.known).items():
            before = session.own(self.word, name).properties.get(key, [])
            kept = [rule for rule in before if rule not in given]
            changes[key] = [*kept, *given] if action == "ADD" else kept
        return self._changed(session, name, changes, set())

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE NETWORK POLICY, to its owner: a row for each list that it has."""
        tokens.end()
        session.own(self.word, thing.name)
        lists = {key: thing.properties.get(key.lower()) for key in self.known}
        listed = [{"name": key, "value": ",".join(given)} for key, given in lists.items() if given]
        return rows(["name", "value"], listed, DESCRIBE)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW NETWORK POLICIES."""
        counted = {key: len(thing.properties.get(key.lower(), ())) for key in self.known}
        return super().row(session, thing) | {
            "entries_in_allowed_ip_list": counted["ALLOWED_IP_LIST"],
            "entries_in_blocked_ip_list": counted["BLOCKED_IP_LIST"],
            "entries_in_allowed_network_rules": counted["ALLOWED_NETWORK_RULE_LIST"],
            "entries_in_blocked_network_rules": counted["BLOCKED_NETWORK_RULE_LIST"],
        }


_EXPIRIES = (("DEFAULT", DEFAULT_EXPIRY), ("MAX", MAX_EXPIRY))


def _check_clients(policy: dict[str, Any]) -> None:
    """Which clients there are decides about their versions, and about who can enroll in MFA."""
    clients = {client.upper() for client in policy.get("client_types", ["ALL"])}
    drivers = policy.get("client_policy", {})
    if drivers and not clients & {"ALL", _DRIVERS}:
        text = f"Authentication policy can not contain CLIENT_POLICY of '{next(iter(drivers))}' without including "
        raise SnowflakeError(f"{text}'{_DRIVERS}' in CLIENT_TYPES.", "004800", "22023")
    if policy.get("mfa_enrollment", "OPTIONAL").upper() != "OPTIONAL" and not clients & {"ALL", _SCREEN}:
        text = f"MFA_ENROLLMENT = {policy['mfa_enrollment']} needs '{_SCREEN}' in CLIENT_TYPES, where users enroll."
        raise SnowflakeError(text, "004800", "22023")


def _is_managed(rule: str) -> bool:
    try:
        return ".".join(Tokens(rule).name()) in _MANAGED_RULES
    except SnowflakeError:
        return False


def _is_address(written: str) -> bool:
    """192.168.1.0/24: https://docs.snowflake.com/en/sql-reference/sql/create-network-policy."""
    try:
        ipaddress.IPv4Network(written, strict=False)
    except ValueError:
        return False
    return written.count("/") == 0 or written.partition("/")[2].isdigit()


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_shown(inner)}" for key, inner in value.items()) + "}"
    return "" if value is None else str(value)


def attach(session: Session, user: Name, tokens: Tokens) -> Result:
    """ALTER USER u SET AUTHENTICATION POLICY p [FORCE]; FORCE replaces the one that it has.

    Raises:
        SnowflakeError: 003552 when the user has one already; 003001 without the privilege to apply it.

    """
    policy = session.get(AUTHENTICATION, session.qualify(tokens.name()))
    force = tokens.accept("FORCE")
    tokens.end()
    everywhere = session.account.access.holds(session.roles, f"APPLY {AUTHENTICATION}", "ACCOUNT", ACCOUNT)
    if not everywhere:
        raise insufficient_privileges("USER", user)
    if not force and session.own("USER", user).properties.get("authentication_policy"):
        text = f"Object {user.name} already has a AUTHENTICATION_POLICY. Only one AUTHENTICATION_POLICY is allowed"
        raise invalid(f"{text} at a time.", "003552", "42710")
    named = str(policy.name)
    session.account.catalogue.change("USER", user, lambda o: o.with_properties(authentication_policy=named))
    return status(EXECUTED)


def references(session: Session, name: str) -> list[dict[str, Any]]:
    """The policies that a user has, as POLICY_REFERENCES tells them."""
    user = session.get("USER", Name("", "", Tokens(name).identifier()))
    listed = []
    if authentication := user.properties.get("authentication_policy"):
        database, schema, name = Tokens(authentication).name()
        where = {"POLICY_DB": database, "POLICY_SCHEMA": schema}
        listed.append({**where, "POLICY_NAME": name, "POLICY_KIND": "AUTHENTICATION_POLICY"})
    if network := user.properties.get("network_policy"):
        listed.append({"POLICY_NAME": network, "POLICY_KIND": "NETWORK_POLICY"})
    every = {"REF_ENTITY_NAME": user.name.name, "REF_ENTITY_DOMAIN": "USER", "POLICY_STATUS": "ACTIVE"}
    return [row | every for row in listed]


KINDS = (AuthenticationPolicy(), NetworkPolicy())
