"""GRANT and REVOKE: https://docs.snowflake.com/en/sql-reference/sql/grant-privilege."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..kernel.access import ACCOUNT, Grant
from ..kernel.errors import SnowflakeError, does_not_exist, insufficient_privileges, syntax_error, unsupported
from ..kernel.names import Name
from ..kernel.registry import kinds
from ..kernel.result import EXECUTED, Result, status
from . import depending, ownership, privileges, securables
from .privileges import SERVICE_ROLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..kernel.session import Session
    from ..kernel.tokens import Tokens


# ---- who may
def _authorise(session: Session, grant: Grant) -> None:
    """The owner may, in a managed-access schema its owner alone; else the grant option or MANAGE GRANTS."""
    account = session.account
    by_administrators = grant.kind == "ACCOUNT" and grant.privilege in privileges.BY_ADMINISTRATORS
    if not by_administrators and account.access.holds(session.roles, "MANAGE GRANTS", "ACCOUNT", ACCOUNT):
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
        # Elsewhere MANAGE GRANTS alone decides.
        schema = catalogue.find("SCHEMA", grant.name)
        return schema.owner if schema and schema.properties.get("managed_access") else ""
    schema = catalogue.find("SCHEMA", grant.name.container) if grant.name.schema else None
    if schema and schema.properties.get("managed_access"):
        return schema.owner
    return catalogue.get(grant.kind, grant.name).owner


# ---- statements
def _grant(session: Session, tokens: Tokens) -> Result:
    if tokens.looking_at("ROLE"):
        return _grant_role(session, tokens)
    if tokens.accept("SERVICE", "ROLE"):
        return _service_role(session, tokens, "TO", session.account.access.grant)
    if tokens.accept("IMPORTED", "PRIVILEGES", "ON", "DATABASE"):
        return _imported(session, tokens, "TO", session.account.access.grant)
    if tokens.accept("OWNERSHIP"):
        return ownership.hand_over(session, tokens)
    wanted, target = securables.named(session, tokens), securables.target(session, tokens)
    tokens.expect("TO")
    grantee = securables.grantee(session, tokens)
    option = tokens.accept("WITH", "GRANT", "OPTION")
    tokens.end()
    grants = _expanded(session, wanted, target, grantee)
    depending.check_presupposed(session, grants, revoking=False)
    for grant in grants:
        session.account.access.grant(replace(grant, grant_option=option))
    return status(EXECUTED)


def _revoke(session: Session, tokens: Tokens) -> Result:
    access = session.account.access
    only_option = tokens.accept("GRANT", "OPTION", "FOR")
    if tokens.looking_at("ROLE"):
        return _revoke_role(session, tokens, only_option=only_option)
    if tokens.looking_at("DATABASE", "ROLE"):
        raise unsupported(" ".join(tokens.text.split())[:300])
    if tokens.accept("SERVICE", "ROLE"):
        return _service_role(session, tokens, "FROM", access.revoke)
    if tokens.accept("IMPORTED", "PRIVILEGES", "ON", "DATABASE"):
        return _imported(session, tokens, "FROM", access.revoke)
    wanted, target = securables.named(session, tokens), securables.target(session, tokens)
    tokens.expect("FROM")
    grantee = securables.grantee(session, tokens)
    cascade = tokens.accept_any("CASCADE", "RESTRICT") == "CASCADE"
    tokens.end()
    grants = _expanded(session, wanted, target, grantee)
    depending.check_presupposed(session, grants, revoking=True)
    return depending.taken_back(session, grants, only_option=only_option, cascade=cascade)


def _expanded(session: Session, wanted: list[str], target: securables.Target, grantee: tuple[str, str]) -> list[Grant]:
    """A grant for each privilege and object, each allowed to the session before the first is made."""
    spelled = privileges.spelled(target.kind.removeprefix("FUTURE "), wanted)
    for name in target.names:
        _refuse_shared(session, target.kind, name)
    found = [
        Grant(*grantee, privilege, target.kind, name, granted_by=session.role)
        for name in target.names
        for privilege in spelled
    ]
    for grant in found:
        _authorise(session, grant)
    return found


def _refuse_shared(session: Session, kind: str, name: Name) -> None:
    """In a database from a share, everything is granted at once, by IMPORTED PRIVILEGES.

    https://docs.snowflake.com/en/user-guide/data-share-consumers
    """
    is_future = kind.startswith("FUTURE ")
    if not name.database and not is_future and kind != "DATABASE":
        return
    database = session.account.catalogue.find("DATABASE", Name("", "", name.database or name.name))
    if database and database.properties.get("share"):
        text = "Granting individual privileges on imported database is not allowed. Use 'GRANT IMPORTED PRIVILEGES' "
        raise SnowflakeError(f"SQL compilation error:\n{text}instead.", "003028", "0A000")


def _grant_role(session: Session, tokens: Tokens) -> Result:
    grant = _membership(session, tokens, "TO")
    option = tokens.accept("WITH", "GRANT", "OPTION")
    role = grant.name.name
    if grant.grantee_kind == "ROLE" and grant.grantee in session.account.access.effective([role]):
        raise syntax_error(f"Grant not executed: role '{role}' already inherits '{grant.grantee}'.")
    _authorise(session, grant)
    session.account.access.grant(replace(grant, grant_option=option))
    return status(EXECUTED)


def _revoke_role(session: Session, tokens: Tokens, *, only_option: bool) -> Result:
    grant = _membership(session, tokens, "FROM")
    _authorise(session, grant)
    cascade = tokens.accept_any("CASCADE", "RESTRICT") == "CASCADE"
    return depending.taken_back(session, [grant], only_option=only_option, cascade=cascade)


def _membership(session: Session, tokens: Tokens, word: str) -> Grant:
    """`ROLE r TO ROLE | USER g`."""
    tokens.expect("ROLE")
    role = session.account.catalogue.get("ROLE", Name("", "", tokens.identifier())).name
    tokens.expect(word)
    return Grant(*securables.grantee(session, tokens, users=True), "USAGE", "ROLE", role, granted_by=session.role)


def _service_role(session: Session, tokens: Tokens, word: str, change: Callable[[Grant], None]) -> Result:
    """SERVICE ROLE service!ALL_ENDPOINTS_USAGE: https://docs.snowflake.com/en/sql-reference/sql/grant-service-role."""
    name = session.get("SERVICE", kinds()["SERVICE"].read_name(session, tokens)).name
    tokens.expect("!")
    role = tokens.identifier()
    if role != SERVICE_ROLE:
        raise does_not_exist("Service role", f"{name}!{role}")
    tokens.expect(word)
    grantee = securables.grantee(session, tokens)
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
    grantee = securables.grantee(session, tokens)
    tokens.end()
    session.require("MANAGE GRANTS", "ACCOUNT", ACCOUNT)
    inside = [o for o in session.account.catalogue.within(name) if o.kind in {"SCHEMA", "TABLE", "VIEW"}]
    for thing in [database, *inside]:
        privilege = "USAGE" if thing.kind in {"DATABASE", "SCHEMA"} else "SELECT"
        change(Grant(*grantee, privilege, thing.kind, thing.name, granted_by=session.role))
    return status(EXECUTED)


VERBS = {"GRANT": _grant, "REVOKE": _revoke}
