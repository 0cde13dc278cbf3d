"""SHOW GRANTS and SHOW FUTURE GRANTS: https://docs.snowflake.com/en/sql-reference/sql/show-grants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..access import ACCOUNT, OWNERSHIP, Grant
from ..kinds import STAMP
from ..names import Name
from ..python.repositories import DATABASE_ROLE
from ..registry import kinds
from ..result import Result, rows
from . import database_roles

if TYPE_CHECKING:
    from ..catalogue import Object
    from ..session import Session
    from ..tokens import Tokens

_COLUMNS = (
    ("created_on", STAMP), "privilege", "granted_on", "name", "granted_to", "grantee_name",
    "grant_option", "granted_by",
)  # fmt: skip
_MEMBERS = (("created_on", STAMP), "role", "granted_to", "grantee_name", "granted_by")


def _row(grant: Grant) -> dict[str, Any]:
    name = "LOCAL" if grant.kind == "ACCOUNT" else str(grant.name)
    return {
        "privilege": grant.privilege,
        "granted_on": grant.kind.removeprefix("FUTURE ").replace(" ", "_"),
        "name": name if not grant.kind.startswith("FUTURE ") else f"{name}.<{grant.kind.removeprefix('FUTURE ')}>",
        "granted_to": grant.grantee_kind,
        "grantee_name": grant.grantee,
        "grant_option": str(grant.grant_option).lower(),
        "granted_by": grant.granted_by,
    }


def _member(grant: Grant) -> dict[str, Any]:
    return {
        "role": grant.name.name,
        "granted_to": grant.grantee_kind,
        "grantee_name": grant.grantee,
        "granted_by": grant.granted_by,
    }


def _owned(thing: Object) -> Grant:
    return Grant("ROLE", thing.owner, OWNERSHIP, thing.kind, thing.name, grant_option=True, granted_by=thing.owner)


def _show(session: Session, tokens: Tokens) -> Result:
    if tokens.accept("ON", "ACCOUNT"):
        return rows(_COLUMNS, map(_row, session.account.access.on("ACCOUNT", ACCOUNT)))
    if tokens.accept("ON"):
        return _on(session, tokens)
    if tokens.accept("OF", "ROLE"):
        role = session.account.catalogue.get("ROLE", Name("", "", tokens.identifier()))
        return rows(_MEMBERS, map(_member, session.account.access.on("ROLE", role.name)))
    if tokens.accept("OF", "DATABASE", "ROLE"):
        held = session.account.access.on(DATABASE_ROLE, database_roles.read(session, tokens))
        return rows(_MEMBERS, map(_member, held))
    if tokens.accept("TO", "ROLE"):
        return _to_role(session, tokens.identifier())
    user = tokens.identifier() if tokens.accept("TO", "USER") else session.user
    tokens.end()
    return rows(_MEMBERS, map(_member, session.account.access.to("USER", user)))


def _on(session: Session, tokens: Tokens) -> Result:
    words = next((w for w in (3, 2, 1) if " ".join(tokens.peek(i).upper for i in range(w)) in kinds()), 0)
    if not words:
        raise tokens.unexpected()
    kind = kinds()[" ".join(tokens.take().upper for _ in range(words))]
    thing = session.get(kind.word, kind.read_name(session, tokens))
    tokens.end()
    return rows(_COLUMNS, map(_row, [_owned(thing), *session.account.access.on(kind.word, thing.name)]))


def _to_role(session: Session, role: str) -> Result:
    account = session.account
    name = account.catalogue.get("ROLE", Name("", "", role)).name
    held = [g for g in account.access.to("ROLE", name.name) if not g.kind.startswith("FUTURE ")]
    owned = [_owned(o) for o in account.catalogue.owned_by(name.name)]
    return rows(_COLUMNS, map(_row, [*held, *owned]))


def _show_future(session: Session, tokens: Tokens) -> Result:
    access = session.account.access
    if tokens.accept("TO", "ROLE"):
        role = tokens.identifier()
        return rows(_COLUMNS, map(_row, [g for g in access.to("ROLE", role) if g.kind.startswith("FUTURE ")]))
    tokens.expect("IN")
    word = tokens.accept_any("SCHEMA", "DATABASE")
    if word is None:
        raise tokens.unexpected()
    name = session.get(word, kinds()[word].read_name(session, tokens)).name
    return rows(_COLUMNS, map(_row, access.future_in(name)))


VERBS = {"SHOW GRANTS": _show, "SHOW FUTURE GRANTS": _show_future}
