"""SHOW GRANTS and SHOW FUTURE GRANTS: https://docs.snowflake.com/en/sql-reference/sql/show-grants."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from ..kernel.access import ACCOUNT, OWNERSHIP, Grant
from ..kernel.errors import unsupported
from ..kernel.kinds import STAMP
from ..kernel.names import Name
from ..kernel.registry import kinds
from ..kernel.result import Result, rows
from ..python.repositories import DATABASE_ROLE
from . import database_roles, securables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..kernel.catalogue import Object
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

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
    account = session.account
    if tokens.accept("ON"):
        return _listed(_COLUMNS, map(_row, _on(session, tokens)), tokens)
    if tokens.accept("OF", "DATABASE", "ROLE"):
        held = account.access.on(DATABASE_ROLE, database_roles.read(session, tokens))
        return _listed(_MEMBERS, map(_member, held), tokens)
    if tokens.accept("TO", "ROLE"):
        return _listed(_COLUMNS, map(_row, _to_role(session, tokens.identifier())), tokens)
    if tokens.accept("OF", "ROLE"):
        role = account.catalogue.get("ROLE", Name("", "", tokens.identifier()))
        return _listed(_MEMBERS, map(_member, account.access.on("ROLE", role.name)), tokens)
    if not tokens.accept("TO", "USER"):
        _refuse_others(tokens)
        return _listed(_MEMBERS, map(_member, account.access.to("USER", session.user)), tokens)
    user = account.catalogue.get("USER", Name("", "", tokens.identifier()))
    return _listed(_MEMBERS, map(_member, account.access.to("USER", user.name.name)), tokens)


def _refuse_others(tokens: Tokens) -> None:
    """What is neither role nor user has no grants in the local account: database roles, shares, applications."""
    if tokens.looking_at("TO") or tokens.looking_at("OF"):
        raise unsupported(" ".join(tokens.text.split())[:300])


def _listed(columns: Iterable[str | tuple[str, str]], found: Iterable[dict[str, Any]], tokens: Tokens) -> Result:
    """The rows, up to LIMIT."""
    limit = int(tokens.take().text) if tokens.accept("LIMIT") else None
    tokens.end()
    return rows(columns, islice(found, limit))


def _on(session: Session, tokens: Tokens) -> list[Grant]:
    if tokens.accept("ACCOUNT"):
        return session.account.access.on("ACCOUNT", ACCOUNT)
    kind = securables.kind_of(session, tokens, "word")
    thing = session.get(kind.word, kind.read_name(session, tokens))
    return [_owned(thing), *session.account.access.on(kind.word, thing.name)]


def _to_role(session: Session, role: str) -> list[Grant]:
    account = session.account
    name = account.catalogue.get("ROLE", Name("", "", role)).name
    held = [g for g in account.access.to("ROLE", name.name) if not g.kind.startswith("FUTURE ")]
    return [*held, *(_owned(thing) for thing in account.catalogue.owned_by(name.name))]


def _show_future(session: Session, tokens: Tokens) -> Result:
    access = session.account.access
    if tokens.accept("TO"):
        if not tokens.accept("ROLE"):
            raise unsupported(" ".join(tokens.text.split())[:300])
        role = session.account.catalogue.get("ROLE", Name("", "", tokens.identifier()))
        held = [g for g in access.to("ROLE", role.name.name) if g.kind.startswith("FUTURE ")]
        return _listed(_COLUMNS, map(_row, held), tokens)
    tokens.expect("IN")
    word = tokens.accept_any("SCHEMA", "DATABASE")
    if word is None:
        raise tokens.unexpected()
    name = session.get(word, kinds()[word].read_name(session, tokens)).name
    return _listed(_COLUMNS, map(_row, access.future_in(name)), tokens)


VERBS = {"SHOW GRANTS": _show, "SHOW FUTURE GRANTS": _show_future}
