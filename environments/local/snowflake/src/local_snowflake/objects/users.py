"""Users, and how they are created: https://docs.snowflake.com/en/sql-reference/sql/create-user."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import Object
from ..kernel.errors import already_exists, invalid, unsupported
from ..kernel.kinds import STAMP, Create, Kind
from ..kernel.names import Name, fold
from ..kernel.parameters.table import can_set
from ..kernel.passwords import hashed
from ..kernel.result import DESCRIBE, EXECUTED, Result, rows, status
from ..kernel.tokens import Tokens
from . import access_tokens, options, policies, user_states, workload_identity
from .clauses import merged, with_tags
from .signing_in import EVERY_ROLE, KEYS, SECONDARY, fingerprint, login_name, public_key, public_keys

if TYPE_CHECKING:
    from ..kernel.session import Session

_OPTIONS = {
    "PASSWORD": options.TEXT, "LOGIN_NAME": options.TEXT, "DISPLAY_NAME": options.TEXT, "FIRST_NAME": options.TEXT,
    "MIDDLE_NAME": options.TEXT, "LAST_NAME": options.TEXT, "EMAIL": options.TEXT, "TYPE": options.TEXT,
    "DISABLED": options.FLAG, "MUST_CHANGE_PASSWORD": options.FLAG, "DEFAULT_ROLE": options.TEXT,
    "DEFAULT_WAREHOUSE": options.TEXT, "DEFAULT_NAMESPACE": options.TEXT, "DEFAULT_SECONDARY_ROLES": options.LIST,
    "RSA_PUBLIC_KEY": options.TEXT, "RSA_PUBLIC_KEY_2": options.TEXT, "WORKLOAD_IDENTITY": options.NESTED,
    "DAYS_TO_EXPIRY": options.NUMBER, "MINS_TO_UNLOCK": options.NUMBER, "COMMENT": options.TEXT,
}  # fmt: skip
# What a user of these types may not have: it does not sign in with a password.
# https://docs.snowflake.com/en/user-guide/admin-user-management
_SERVICES = {"SERVICE", "SERVICE_AGENT"}
_PERSONS_ONLY = ("password", "must_change_password", "first_name", "middle_name", "last_name")
_FOLDED = ("default_role", "default_warehouse", "type", "login_name")
# What NULL empties.
_EMPTIED = {key.lower() for key, kind in _OPTIONS.items() if kind == options.TEXT and key not in {"TYPE", "COMMENT"}}
# What users change about themselves: https://docs.snowflake.com/en/sql-reference/sql/alter-user
_OWN = {"DEFAULT_WAREHOUSE", "DEFAULT_NAMESPACE", "DEFAULT_ROLE"}


class User(Kind):
    """USER: signs in with a password or a key pair; TYPE = SERVICE with a key pair only."""

    word, plural, scope = "USER", "USERS", "account"
    columns = (
        "name", ("created_on", STAMP), "login_name", "display_name", "first_name", "last_name", "email",
        "mins_to_unlock", "days_to_expiry", "comment", "disabled", "must_change_password", "default_warehouse",
        "default_namespace", "default_role", "default_secondary_roles", "owner", ("expires_at_time", STAMP),
        ("locked_until_time", STAMP), "has_password", "has_rsa_public_key", "type", "has_pat", "has_workload_identity",
    )  # fmt: skip
    terse = (
        "name", ("created_on", STAMP), "display_name", "first_name", "last_name", "email", "org_identity", "comment",
        "has_password", "has_rsa_public_key", "type", "has_mfa", "has_pat", "has_federated_workload_authentication",
        "is_from_organization_user",
    )  # fmt: skip

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE USER name options."""
        name = self.read_name(session, tokens)
        given = _read(session, name, tokens)
        tags, comment = given.pop("tags", {}), given.pop("comment", "")
        _check_login(session, name, given.get("login_name") or "")
        properties = {k: v for k, v in _checked({"type": "PERSON", **given}, {}).items() if v is not None}
        properties.setdefault(SECONDARY, ["ALL"] if session.account.profile.secondary_roles else [])
        return self.add(session, create, Object("USER", name, session.role, properties, comment, tags))

    def read_name(self, session: Session, tokens: Tokens) -> Name:
        """The name; where ALTER USER has none, it is about who sends it."""
        is_left_out = tokens.peek().upper in _ACTIONS and tokens.peek(1).upper not in _ACTIONS
        return Name("", "", session.user) if is_left_out else super().read_name(session, tokens)

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER USER name SET options | SET AUTHENTICATION POLICY p | UNSET option, ..."""
        if access_tokens.mentioned(tokens):
            return access_tokens.alter(session, name, tokens)
        if not _own_defaults(session, name, tokens):
            session.own("USER", name)
        if tokens.accept("ABORT", "ALL", "QUERIES"):
            session.account.executions.abort(lambda e: e.session is not session and e.session.user == name.name)
            return status(EXECUTED)
        if tokens.accept("SET", "AUTHENTICATION", "POLICY"):
            return policies.attach(session, name, tokens)
        if tokens.accept("UNSET", "AUTHENTICATION", "POLICY"):
            return self._changed(session, name, {}, {"authentication_policy"})
        if tokens.looking_at("UNSET") and _is_option(tokens.peek(1).upper):
            tokens.expect("UNSET")
            gone = set(options.names(tokens))
            if unknown := [key for key in sorted(gone) if not _is_option(key.upper())]:
                raise unsupported(f"ALTER USER ... UNSET {unknown[0].upper()}")
            if "login_name" in gone:
                _check_login(session, name, "")
            changes = {"type": "PERSON"} if "type" in gone else {}
            return self._changed(session, name, changes, user_states.kept_names(gone - {"type"}))
        if tokens.looking_at("SET") and _is_option(tokens.peek(1).upper):
            tokens.expect("SET")
            return self._set(session, name, _read(session, name, tokens))
        return super().alter(session, name, tokens)

    def _set(self, session: Session, name: Name, given: dict[str, Any]) -> Result:
        if given.get("type", "").upper() == "NULL":
            given["type"] = "PERSON"
        user = session.account.catalogue.get("USER", name)
        comment = {"comment": given.pop("comment")} if "comment" in given else {}
        if "login_name" in given:
            _check_login(session, name, given["login_name"] or "")
        changes = {**_checked(given, user.properties), **comment}
        return self._changed(session, name, changes, {key for key, value in changes.items() if value is None})

    def _changed(self, session: Session, name: Name, changes: dict[str, Any], gone: set[str]) -> Result:
        session.account.catalogue.change("USER", name, lambda o: merged(o, changes, gone))
        if changes.get("disabled"):
            _lock_out(session, name.name)
        return status(EXECUTED)

    def remove(self, session: Session, name: Name) -> None:
        """Remove the user and the roles granted to it."""
        session.account.access.forget_grantee("USER", name.name)
        super().remove(session, name)

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE USER: a row for each property. Passwords and keys are never shown, only a key's fingerprint."""
        tokens.end()
        if thing.name.name != session.user:
            session.own("USER", thing.name)
        shown = self.row(session, thing)
        keys = public_keys(thing)
        shown |= {f"{name}_fp": fingerprint(keys[name]) if name in keys else None for name in KEYS}
        listed = [{"property": k.upper(), "value": _text(v)} for k, v in shown.items() if k not in _NOT_DESCRIBED]
        return rows(["property", "value", "default", "description"], listed, DESCRIBE)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW USERS."""
        hidden = _PERSONS_ONLY if thing.properties.get("type") in _SERVICES else ()
        thing = replace(thing, properties=_without(thing.properties, set(hidden)))
        p, every = thing.properties, super().row(session, thing)
        kept = {k: v for k, v in every.items() if k in {c if isinstance(c, str) else c[0] for c in self.columns}}
        named = {key: p.get(key) for key in ("first_name", "middle_name", "last_name")}
        return {
            "display_name": thing.name.name, **kept, **named, **user_states.shown(thing),
            "login_name": login_name(thing),
            "disabled": str(p.get("disabled", False)).lower(),
            "must_change_password": str(p.get("must_change_password", False)).lower(),
            "has_pat": str(bool(p.get("access_tokens"))).lower(),
            "default_secondary_roles": str(p.get(SECONDARY, EVERY_ROLE)).replace("'", '"'),
            "has_password": str("password" in p).lower(),
            "has_rsa_public_key": str(any(key in p for key in KEYS)).lower(),
            "has_workload_identity": str("workload_identity" in p).lower(),
        }  # fmt: skip


# What SHOW USERS has beside the properties.
_NOT_DESCRIBED = {"created_on", "owner", "expires_at_time", "locked_until_time"}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _lock_out(session: Session, user: str) -> None:
    """Abort what the user runs and end its sessions; the one that says so may finish."""
    for other in [s for s in session.account.opened() if s.user == user]:
        session.account.abort(other, session)


# What may stand behind ALTER USER where the name is left out.
_ACTIONS = {"SET", "UNSET", "ADD", "REMOVE", "MODIFY", "ROTATE", "RESET", "ABORT", "ENROLL", "RENAME"}


def _is_option(key: str) -> bool:
    return key in _OPTIONS or can_set("USER", key)


def _own_defaults(session: Session, name: Name, tokens: Tokens) -> bool:
    """Whether users change what is theirs to change: some defaults, and those of their own session parameters.

    https://docs.snowflake.com/en/sql-reference/parameters#session-parameters
    """
    rest = Tokens(tokens.rest)
    if name.name != session.user:
        return False
    if rest.accept("SET") and rest.peek(1).text == "=":
        changed = list(rest.options())
    else:
        changed = [token.upper for token in rest.all[1:] if token.kind == "word"] if rest.accept("UNSET") else []
    return bool(changed) and all(key in _OWN or can_set("SESSION", key) for key in changed)


def _read(session: Session, name: Name, tokens: Tokens) -> dict[str, Any]:
    """The options as they are written, with what they name looked up."""
    given = with_tags(session, tokens, "USER", _OPTIONS)
    given = user_states.moments({k: None if k in _EMPTIED and v.upper() == "NULL" else v for k, v in given.items()})
    if policy := given.get("network_policy"):
        given["network_policy"] = policy = fold(policy)
        session.get(policies.NETWORK, Name("", "", policy))
    if "workload_identity" in given:
        given["workload_identity"] = workload_identity.defined(session, name.name, given["workload_identity"])
    return given


def _check_login(session: Session, user: Name, login: str) -> None:
    """No other user signs in by that name; "" is the user's own.

    Raises:
        SnowflakeError: 002002.

    """
    wanted = (login or user.name).upper()
    if any(login_name(o) == wanted for o in session.account.catalogue.of("USER") if o.name != user):
        raise already_exists(wanted)


def _checked(given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """The options, checked together with those before, the password hashed.

    A property that a person alone has can stay on a user that becomes a service, hidden; it cannot be set then.

    Raises:
        SnowflakeError: a key that is none, or a person's property on a service user.

    """
    new = dict(given)
    new.update({key: fold(new[key]) for key in _FOLDED if new.get(key)})
    if new.get("login_name"):
        new["login_name"] = new["login_name"].upper()
    for key in KEYS:
        if new.get(key) and public_key(new[key]) is None:
            raise invalid(
                f"New public key rejected by current policy. Reason: 'Invalid public key' ({key.upper()})", "003001"
            )
    if new.get(SECONDARY):
        new[SECONDARY] = [str(role).upper() for role in new[SECONDARY]]
        if new[SECONDARY] != EVERY_ROLE:
            raise invalid(f"invalid value [{', '.join(new[SECONDARY])}] for parameter 'DEFAULT_SECONDARY_ROLES'")
    if new.get("password") == "":
        raise invalid("invalid value [''] for parameter 'PASSWORD'")
    if new.get("password"):
        new["password"] = hashed(new["password"])
    kind = {**before, **new}.get("type", "PERSON")
    excluded = _PERSONS_ONLY if kind in _SERVICES else (workload_identity.PROPERTY,)
    found = [key for key in excluded if key in new]
    if found:
        raise invalid(f"Cannot set {found[0].upper()} on users with TYPE={kind}.", "003572", "22023")
    return new


def _without(properties: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    return {k: v for k, v in properties.items() if k not in gone}


KINDS = (User(),)
