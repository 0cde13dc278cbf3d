"""GRANT and REVOKE: https://docs.snowflake.com/en/sql-reference/sql/grant-privilege."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..access import ACCOUNT, OWNERSHIP, Grant
from ..errors import SnowflakeError, does_not_exist, insufficient_privileges, syntax_error, unsupported
from ..names import Name
from ..profile import GRAMMAR
from ..registry import features, kinds
from ..result import EXECUTED, Result, status
from ..services.access import SERVICE_ROLE
from ..statements import refused_kind
from . import privileges

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..catalogue import Object
    from ..session import Session
    from ..tokens import Tokens


@dataclass(frozen=True)
class Target:
    """What privileges are granted on: objects that are there, or those of a kind still to come (`FUTURE ...`)."""

    kind: str
    names: tuple[Name, ...]


# ---- reading
def _privileges(tokens: Tokens) -> list[str]:
    """`USAGE, CREATE TABLE` up to ON."""
    found, words = [], []
    while not tokens.looking_at("ON"):
        if tokens.accept(","):
            found.append(" ".join(words))
            words = []
        elif tokens.looking_at("("):
            raise unsupported(tokens.text)
        else:
            words.append(tokens.take().upper)
    tokens.expect("ON")
    read = [p.removesuffix(" PRIVILEGES") if p == "ALL PRIVILEGES" else p for p in [*found, " ".join(words)]]
    return [privileges.RENAMED.get(p, p) for p in read]


def _offered(session: Session, wanted: list[str]) -> list[str]:
    """The privileges, none of which names a kind that the account lacks."""
    for privilege in wanted:
        lacked = next((f for f in session.account.lacking if privilege.endswith(f" {f}")), "")
        if lacked in GRAMMAR:
            raise syntax_error(f"line 1 at position 6 unexpected '{lacked.split()[-1]}'.")
        if lacked:
            raise unsupported(lacked)
    return wanted


def _target(session: Session, tokens: Tokens) -> Target:
    if tokens.accept("ACCOUNT"):
        return Target("ACCOUNT", (ACCOUNT,))
    bulk = tokens.accept_any("ALL", "FUTURE")
    kind = _kind_word(session, tokens)
    if bulk is None:
        name = kinds()[kind].read_name(session, tokens)
        return Target(kind, (session.account.catalogue.get(kind, name).name,))
    tokens.expect("IN")
    container = _container(session, tokens)
    if bulk == "FUTURE":
        return Target(f"FUTURE {kind}", (container,))
    return Target(kind, tuple(o.name for o in session.account.catalogue.of(kind, container)))


def _kind_word(session: Session, tokens: Tokens) -> str:
    for words in (3, 2, 1):
        word = " ".join(tokens.peek(i).upper for i in range(words))
        # SHOW and GRANT know kinds that the local account does not (DATABASE ROLE, INTEGRATION): refused by name.
        if word in kinds() and features().get(word) not in session.account.lacking:
            tokens.accept(*word.split(" "))
            return kinds()[word].word
    raise refused_kind(session.account, tokens) or unsupported(tokens.text)


def _container(session: Session, tokens: Tokens) -> Name:
    word = tokens.accept_any("SCHEMA", "DATABASE")
    if word is None:
        raise tokens.unexpected()
    name = kinds()[word].read_name(session, tokens)
    return session.account.catalogue.get(word, name).name


def _grantee(session: Session, tokens: Tokens, *, users: bool = False) -> tuple[str, str]:
    if tokens.looking_at("DATABASE", "ROLE") or tokens.looking_at("SHARE"):
        raise unsupported(tokens.text)
    kind = tokens.accept_any("ROLE", "USER") if users else tokens.accept_any("ROLE")
    kind = kind or "ROLE"
    name = tokens.identifier()
    if session.account.catalogue.find(kind, Name("", "", name)) is None:
        raise does_not_exist(kind, name)
    return kind, name


# ---- who may
def _authorise(session: Session, grant: Grant) -> None:
    """The owner may, in a managed-access schema its owner alone; else the grant option or MANAGE GRANTS."""
    account = session.account
    if account.access.holds(session.roles, "MANAGE GRANTS", "ACCOUNT", ACCOUNT):
        return
    held = account.access.effective(session.roles)
    if _decides(session, grant) in held or any(
        g.grantee in held and g.grant_option and g.privilege in {grant.privilege, "ALL"}
        for g in account.access.on(grant.kind, grant.name)
    ):
        return
    raise insufficient_privileges(grant.kind, grant.name if grant.kind != "ACCOUNT" else "LOCAL")


def _decides(session: Session, grant: Grant) -> str:
    """The role that decides about grants on the object by owning it."""
    catalogue = session.account.catalogue
    if grant.kind == "ACCOUNT":
        return "ACCOUNTADMIN"
    if grant.kind.startswith("FUTURE "):
        return catalogue.get("SCHEMA" if grant.name.database else "DATABASE", grant.name).owner
    schema = catalogue.find("SCHEMA", grant.name.container) if grant.name.schema else None
    if schema and schema.properties.get("managed_access"):
        return schema.owner
    return catalogue.get(grant.kind, grant.name).owner


# ---- statements
def _grant(session: Session, tokens: Tokens) -> Result:
    if tokens.looking_at("ROLE"):
        return _role_membership(session, tokens, "TO", session.account.access.grant)
    if tokens.accept("SERVICE", "ROLE"):
        return _service_role(session, tokens, "TO", session.account.access.grant)
    if tokens.accept("IMPORTED", "PRIVILEGES", "ON", "DATABASE"):
        return _imported(session, tokens, "TO", session.account.access.grant)
    if tokens.accept("OWNERSHIP"):
        return _ownership(session, tokens)
    wanted, target = _offered(session, _privileges(tokens)), _target(session, tokens)
    tokens.expect("TO")
    grantee = _grantee(session, tokens)
    option = tokens.accept("WITH", "GRANT", "OPTION")
    tokens.end()
    for grant in _expanded(session, wanted, target, grantee):
        session.account.access.grant(replace(grant, grant_option=option))
    return status(EXECUTED)


def _revoke(session: Session, tokens: Tokens) -> Result:
    access = session.account.access
    if tokens.looking_at("ROLE"):
        return _role_membership(session, tokens, "FROM", access.revoke)
    if tokens.accept("SERVICE", "ROLE"):
        return _service_role(session, tokens, "FROM", access.revoke)
    if tokens.accept("IMPORTED", "PRIVILEGES", "ON", "DATABASE"):
        return _imported(session, tokens, "FROM", access.revoke)
    only_option = tokens.accept("GRANT", "OPTION", "FOR")
    wanted, target = _offered(session, _privileges(tokens)), _target(session, tokens)
    tokens.expect("FROM")
    grantee = _grantee(session, tokens)
    tokens.accept_any("CASCADE", "RESTRICT")
    tokens.end()
    for grant in _expanded(session, wanted, target, grantee):
        if only_option:
            access.grant(grant)
        else:
            access.revoke(grant)
    return status(EXECUTED)


def _expanded(session: Session, wanted: list[str], target: Target, grantee: tuple[str, str]) -> list[Grant]:
    """A grant for each privilege and object, each allowed to the session before the first is made."""
    kind = target.kind.removeprefix("FUTURE ")
    spelled = sorted(privileges.ON.get(kind, ())) if wanted == ["ALL"] else wanted
    for privilege in spelled:
        if not privileges.valid(kind, privilege):
            raise syntax_error(f"unexpected '{privilege}': no privilege on {kind} has that name.")
    found = [
        Grant(*grantee, privilege, target.kind, name, granted_by=session.role)
        for name in target.names
        for privilege in spelled
    ]
    for grant in found:
        _authorise(session, grant)
    return found


def _role_membership(session: Session, tokens: Tokens, word: str, change: Callable[[Grant], None]) -> Result:
    tokens.expect("ROLE")
    role = session.account.catalogue.get("ROLE", Name("", "", tokens.identifier())).name
    tokens.expect(word)
    grantee = _grantee(session, tokens, users=True)
    tokens.end()
    grant = Grant(*grantee, "USAGE", "ROLE", role, granted_by=session.role)
    if grantee[0] == "ROLE" and grantee[1] in session.account.access.effective([role.name]) and word == "TO":
        raise syntax_error(f"Grant not executed: role '{role}' already inherits '{grantee[1]}'.")
    _authorise(session, grant)
    change(grant)
    return status(EXECUTED)


def _service_role(session: Session, tokens: Tokens, word: str, change: Callable[[Grant], None]) -> Result:
    """SERVICE ROLE service!ALL_ENDPOINTS_USAGE: https://docs.snowflake.com/en/sql-reference/sql/grant-service-role."""
    name = session.get("SERVICE", kinds()["SERVICE"].read_name(session, tokens)).name
    tokens.expect("!")
    role = tokens.identifier()
    if role != SERVICE_ROLE:
        raise does_not_exist("Service role", f"{name}!{role}")
    tokens.expect(word)
    grantee = _grantee(session, tokens)
    tokens.end()
    grant = Grant(*grantee, role, "SERVICE", name, granted_by=session.role)
    _authorise(session, grant)
    change(grant)
    return status(EXECUTED)


def _imported(session: Session, tokens: Tokens, word: str, change: Callable[[Grant], None]) -> Result:
    """IMPORTED PRIVILEGES on a shared database: see everything in it."""
    name = kinds()["DATABASE"].read_name(session, tokens)
    database = session.account.catalogue.get("DATABASE", name)
    if not database.properties.get("share"):
        raise unsupported(f"GRANT IMPORTED PRIVILEGES on the database {name}, which is not from a share")
    tokens.expect(word)
    grantee = _grantee(session, tokens)
    tokens.end()
    session.require("MANAGE GRANTS", "ACCOUNT", ACCOUNT)
    inside = [o for o in session.account.catalogue.within(name) if o.kind in {"SCHEMA", "TABLE", "VIEW"}]
    for thing in [database, *inside]:
        privilege = "USAGE" if thing.kind in {"DATABASE", "SCHEMA"} else "SELECT"
        change(Grant(*grantee, privilege, thing.kind, thing.name, granted_by=session.role))
    return status(EXECUTED)


def _ownership(session: Session, tokens: Tokens) -> Result:
    tokens.expect("ON")
    target = _target(session, tokens)
    tokens.expect("TO")
    _, role = _grantee(session, tokens)
    copies = tokens.accept_any("COPY", "REVOKE")
    if copies:
        tokens.expect("CURRENT", "GRANTS")
    tokens.end()
    if target.kind.startswith("FUTURE "):
        raise unsupported("GRANT OWNERSHIP ON FUTURE objects")
    for name in target.names:
        _hand_over(session, session.account.catalogue.get(target.kind, name), role, copies)
    return status(EXECUTED)


def _hand_over(session: Session, thing: Object, role: str, copies: str | None) -> None:
    account = session.account
    if not account.access.holds(session.roles, "MANAGE GRANTS", "ACCOUNT", ACCOUNT):
        session.own(thing.kind, thing.name)
    others = [g for g in account.access.on(thing.kind, thing.name) if g.privilege != OWNERSHIP]
    if others and copies is None and thing.kind != "ROLE":
        text = "SQL execution error: Dependent grant of privilege '{}' on securable exists. It must be revoked first."
        raise SnowflakeError(text.format(others[0].privilege), "003146", "42501")
    if copies == "REVOKE":
        account.access.forget(thing.kind, thing.name)
    account.catalogue.change(thing.kind, thing.name, lambda o: kinds()[thing.kind].handed_over(replace(o, owner=role)))


VERBS = {"GRANT": _grant, "REVOKE": _revoke}
