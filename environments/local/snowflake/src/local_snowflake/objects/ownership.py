"""GRANT OWNERSHIP: https://docs.snowflake.com/en/sql-reference/sql/grant-ownership."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..kernel.access import ACCOUNT, OWNERSHIP
from ..kernel.errors import insufficient_privileges, syntax_error, unsupported
from ..kernel.registry import kinds
from ..kernel.result import EXECUTED, Result, status
from . import depending, privileges, securables

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens


def hand_over(session: Session, tokens: Tokens) -> Result:
    """Behind GRANT OWNERSHIP: every object is asked about before the first is handed over."""
    tokens.expect("ON")
    target = securables.target(session, tokens)
    if target.kind.removeprefix("FUTURE ") not in privileges.OWNABLE:
        raise syntax_error(f"unexpected 'OWNERSHIP': that of {target.kind} cannot be transferred.")
    tokens.expect("TO")
    if not tokens.looking_at("ROLE") and not tokens.looking_at("DATABASE", "ROLE"):
        raise tokens.unexpected()
    _, role = securables.grantee(session, tokens)
    copies = tokens.accept_any("COPY", "REVOKE")
    if copies:
        tokens.expect("CURRENT", "GRANTS")
    tokens.end()
    if target.kind.startswith("FUTURE "):
        raise unsupported("GRANT OWNERSHIP ON FUTURE objects")
    things = [session.account.catalogue.get(target.kind, name) for name in target.names]
    for thing in things:
        _refuse_stranger(session, thing, role)
        _check(session, thing, role, copies)
    with session.account.catalogue.together():
        for thing in things:
            _give(session, thing, role, copies)
    return status(EXECUTED)


def _refuse_stranger(session: Session, thing: Object, role: str) -> None:
    """What lies in a managed-access schema stays below its owner.

    Raises:
        SnowflakeError: 003001.

    """
    schema = session.account.catalogue.find("SCHEMA", thing.name.container) if thing.name.schema else None
    if not schema or not schema.properties.get("managed_access"):
        return
    if role not in session.account.access.effective([schema.owner]):
        raise insufficient_privileges(thing.kind, thing.name)


def _check(session: Session, thing: Object, role: str, copies: str | None) -> None:
    """Who may hand the object over, and what becomes of the grants on it.

    Raises:
        SnowflakeError: 003001 for neither its owner nor MANAGE GRANTS, and for copies of grants to a role that the
            session has not; 003146 for grants that neither COPY nor REVOKE CURRENT GRANTS is said of.

    """
    access = session.account.access
    if not access.holds(session.roles, "MANAGE GRANTS", "ACCOUNT", ACCOUNT):
        session.own(thing.kind, thing.name)
        if copies == "COPY" and role not in access.effective(session.roles):
            raise insufficient_privileges(thing.kind, thing.name)
    others = [g for g in access.on(thing.kind, thing.name) if g.privilege != OWNERSHIP]
    if others and copies is None and thing.kind != "ROLE":
        raise depending.depends(others[0])


def _give(session: Session, thing: Object, role: str, copies: str | None) -> None:
    account = session.account
    if copies == "REVOKE":
        account.access.forget(thing.kind, thing.name)
    account.catalogue.change(thing.kind, thing.name, lambda o: kinds()[thing.kind].handed_over(replace(o, owner=role)))
