"""GRANT and REVOKE DATABASE ROLE: of the database roles, the account has those of its package repositories.

https://docs.snowflake.com/en/sql-reference/sql/grant-database-role
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.access import Grant
from ..kernel.errors import does_not_exist, insufficient_privileges, unsupported
from ..kernel.names import Name
from ..kernel.result import EXECUTED, Result, status
from ..python import repositories
from ..python.repositories import DATABASE_ROLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

_KNOWN = {each.role for each in repositories.SOURCES.values()}


def read(session: Session, tokens: Tokens) -> Name:
    """The database role that stands next; without a database, one of the session's current database.

    Raises:
        SnowflakeError: 002003 when there is none.

    """
    parts = tokens.name()
    name = Name(parts[-2] if len(parts) > 1 else session.database or "", "", parts[-1])
    if name not in _KNOWN:
        raise does_not_exist(DATABASE_ROLE, name)
    return name


def _grant(session: Session, tokens: Tokens) -> Result:
    return _changed(session, tokens, "TO", session.account.access.grant)


def _revoke(session: Session, tokens: Tokens) -> Result:
    return _changed(session, tokens, "FROM", session.account.access.revoke)


def _changed(session: Session, tokens: Tokens, word: str, change: Callable[[Grant], None]) -> Result:
    text, role = tokens.text, read(session, tokens)
    tokens.expect(word)
    if not tokens.accept("ROLE"):
        raise unsupported(" ".join(text.split())[:300])  # to a user, another database role, an application
    grantee = session.account.catalogue.get("ROLE", Name("", "", tokens.identifier())).name.name
    tokens.end()
    # The database SNOWFLAKE and its roles are the account administrator's.
    if "ACCOUNTADMIN" not in session.account.access.effective(session.roles):
        raise insufficient_privileges(DATABASE_ROLE, role)
    change(Grant("ROLE", grantee, "USAGE", DATABASE_ROLE, role, granted_by=session.role))
    return status(EXECUTED)


VERBS = {"GRANT DATABASE ROLE": _grant, "REVOKE DATABASE ROLE": _revoke}
