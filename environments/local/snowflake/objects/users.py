"""Users, and how they are created: https://docs.snowflake.com/en/sql-reference/sql/create-user."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..catalogue import Object
from ..errors import invalid
from ..kinds import STAMP, Create, Kind
from ..names import Name, fold
from ..parameters.table import can_set
from ..passwords import hashed
from ..result import DESCRIBE, EXECUTED, Result, rows, status
from ..tokens import Tokens
from . import access_tokens, options, policies, workload_identity
from .signing_in import EVERY_ROLE, SECONDARY, fingerprint, public_key

if TYPE_CHECKING:
    from ..session import Session

_OPTIONS = {
    "PASSWORD": options.TEXT, "LOGIN_NAME": options.TEXT, "DISPLAY_NAME": options.TEXT, "FIRST_NAME": options.TEXT,
    "LAST_NAME": options.TEXT, "EMAIL": options.TEXT, "TYPE": options.TEXT, "DISABLED": options.FLAG,
    "MUST_CHANGE_PASSWORD": options.FLAG, "DEFAULT_ROLE": options.TEXT, "DEFAULT_WAREHOUSE": options.TEXT,
    "DEFAULT_NAMESPACE": options.TEXT, "DEFAULT_SECONDARY_ROLES": options.LIST, "RSA_PUBLIC_KEY": options.TEXT,
    "RSA_PUBLIC_KEY_2": options.TEXT, "WORKLOAD_IDENTITY": options.NESTED, "COMMENT": options.TEXT,
}  # fmt: skip
_TYPES = {"PERSON", "SERVICE", "LEGACY_SERVICE", "NULL"}
# What a user of TYPE = SERVICE may not have: it does not sign in with a password.
_PERSONS_ONLY = ("password", "must_change_password", "first_name", "last_name")
_FOLDED = ("default_role", "default_warehouse", "type")


class User(Kind):
    """USER: signs in with a password or a key pair; TYPE = SERVICE with a key pair only."""

    word, plural, scope = "USER", "USERS", "account"
    columns = (
        "name", ("created_on", STAMP), "login_name", "display_name", "email", "comment", "disabled",
        "default_warehouse", "default_namespace", "default_role", "default_secondary_roles", "owner",
        "has_password", "has_rsa_public_key", "type", "has_workload_identity",
    )  # fmt: skip

    def read_name(self, session: Session, tokens: Tokens) -> Name:
        """The name; where ALTER USER leaves it out, it is the session's own user."""
        return Name("", "", session.user) if access_tokens.mentioned(tokens) else super().read_name(session, tokens)

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE USER name options."""
        name = self.read_name(session, tokens)
        given = _checked(_read(session, name, tokens), {})
        given.setdefault("default_secondary_roles", ["ALL"] if session.account.profile.secondary_roles else [])
        return self.add(session, create, Object("USER", name, session.role, given, given.pop("comment", "")))

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER USER name SET options | SET AUTHENTICATION POLICY p | UNSET option, ..."""
        if access_tokens.mentioned(tokens):
            return access_tokens.alter(session, name, tokens)
        if not _own_defaults(session, name, tokens):
            session.own("USER", name)
        if tokens.accept("SET", "AUTHENTICATION", "POLICY"):
            return policies.attach(session, name, tokens)
        if tokens.accept("UNSET"):
            gone = {_property(tokens)}
            while tokens.accept(","):
                gone.add(_property(tokens))
            tokens.end()
            session.account.catalogue.change(
                "USER", name, lambda o: replace(o, properties=_without(o.properties, gone))
            )
            return status(EXECUTED)
        tokens.expect("SET")
        given = _read(session, name, tokens)
        comment = given.pop("comment", None)
        session.account.catalogue.change(
            "USER",
            name,
            lambda o: replace(o, properties=_checked(given, o.properties), comment=comment or o.comment),
        )
        return status(EXECUTED)

    def remove(self, session: Session, name: Name) -> None:
        """Remove the user and the roles granted to it."""
        session.account.access.forget_grantee("USER", name.name)
        super().remove(session, name)

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE USER: a row for each property. Passwords and keys are never shown, only a key's fingerprint."""
        tokens.end()
        shown = self.row(session, thing)
        key = public_key(thing.properties.get("rsa_public_key") or "")
        shown["rsa_public_key_fp"] = fingerprint(key) if key else None
        listed = [{"property": k.upper(), "value": v} for k, v in shown.items() if k != "created_on"]
        return rows(["property", "value", "default", "description"], listed, DESCRIBE)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW USERS."""
        p, every = thing.properties, super().row(session, thing)
        kept = {k: v for k, v in every.items() if k in {c if isinstance(c, str) else c[0] for c in self.columns}}
        return {
            "login_name": thing.name.name, "display_name": thing.name.name, **kept,
            "disabled": str(p.get("disabled", False)).lower(),
            "default_secondary_roles": str(p.get(SECONDARY, EVERY_ROLE)).replace("'", '"'),
            "has_password": str("password" in p).lower(),
            "has_rsa_public_key": str("rsa_public_key" in p).lower(),
            "has_workload_identity": str("workload_identity" in p).lower(),
        }  # fmt: skip


def _own_defaults(session: Session, name: Name, tokens: Tokens) -> bool:
    """Whether users change the defaults of their own session parameters, which takes no privilege.

    https://docs.snowflake.com/en/sql-reference/parameters#session-parameters
    """
    rest = Tokens(tokens.rest)
    if name.name != session.user:
        return False
    if rest.accept("SET") and rest.peek(1).text == "=":
        changed = list(rest.options())
    else:
        changed = [token.upper for token in rest.all[1:] if token.kind == "word"] if rest.accept("UNSET") else []
    return bool(changed) and all(can_set("SESSION", parameter) for parameter in changed)


def _property(tokens: Tokens) -> str:
    """What is to be unset, as the user's properties call it."""
    if tokens.accept("AUTHENTICATION", "POLICY"):
        return "authentication_policy"
    return tokens.identifier().lower()


def _read(session: Session, name: Name, tokens: Tokens) -> dict[str, Any]:
    """The options as they are written, with what they name looked up."""
    given = options.properties(session, "USER", tokens.options(), _OPTIONS)
    if policy := given.get("network_policy"):
        given["network_policy"] = policy = fold(policy)
        session.get(policies.NETWORK, Name("", "", policy))
    if "workload_identity" in given:
        given["workload_identity"] = workload_identity.defined(session, name.name, given["workload_identity"])
    return given


def _checked(given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """The options on top of those before, checked together, the password hashed.

    Raises:
        SnowflakeError: an unknown type, a key that is none, or a person's property on a service user.

    """
    new = dict(given)
    for key in _FOLDED:
        new.update({key: str(new[key]).upper()} if key in new else {})
    for key in ("rsa_public_key", "rsa_public_key_2"):
        if key in new and public_key(new[key]) is None:
            raise invalid(
                f"New public key rejected by current policy. Reason: 'Invalid public key' ({key.upper()})", "003001"
            )
    if new.get(SECONDARY):
        new[SECONDARY] = [str(role).upper() for role in new[SECONDARY]]
        if new[SECONDARY] != EVERY_ROLE:
            raise invalid(f"invalid value [{', '.join(new[SECONDARY])}] for parameter 'DEFAULT_SECONDARY_ROLES'")
    if "password" in new:
        new["password"] = hashed(new["password"])
    merged = {**before, **new}
    kind = merged.get("type", "NULL")
    if kind not in _TYPES:
        raise invalid(f"invalid value [{kind}] for parameter 'TYPE'")
    if kind == "SERVICE":
        _refuse_persons(merged)
    if workload_identity.PROPERTY in merged and kind not in {"SERVICE", "LEGACY_SERVICE"}:
        raise invalid(f"Cannot set WORKLOAD_IDENTITY on users with TYPE={kind}.", "003572", "22023")
    return merged


def _refuse_persons(user: dict[str, Any]) -> None:
    found = [key for key in _PERSONS_ONLY if key in user]
    if found:
        raise invalid(f"Cannot set {found[0].upper()} on users with TYPE=SERVICE.", "003572", "22023")


def _without(properties: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    return {k: v for k, v in properties.items() if k not in gone}


KINDS = (User(),)
