"""Grants that depend on other grants: what was granted by a grant option, and privileges that presuppose others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..kernel.errors import SnowflakeError
from ..kernel.result import EXECUTED, Result, status
from . import privileges

if TYPE_CHECKING:
    from ..kernel.access import Grant
    from ..kernel.session import Session


def taken_back(session: Session, grants: list[Grant], *, only_option: bool, cascade: bool) -> Result:
    """Revoke grants, or only their grant option, and with CASCADE what their holders granted by it.

    Raises:
        SnowflakeError: 003146 without CASCADE, when there is such a grant; then nothing is revoked.

    """
    access = session.account.access
    held = [each for grant in grants for each in access.on(grant.kind, grant.name) if each.key == grant.key]
    dependent = [each for grant in held for each in _granted_by_it(session, grant)]
    if dependent and not cascade:
        raise depends(dependent[0])
    for each in dependent:
        access.revoke(each)
    for grant in held:
        access.revoke(grant)
        if only_option:
            access.grant(replace(grant, grant_option=False))
    return status(EXECUTED)


def _granted_by_it(session: Session, grant: Grant) -> list[Grant]:
    """The grants of the same privilege that the holder of a grant option made, and those that these led to."""
    if not grant.grant_option:
        return []
    made = [
        each
        for each in session.account.access.on(grant.kind, grant.name)
        if each.privilege == grant.privilege and each.granted_by == grant.grantee and each.grantee != grant.grantee
    ]
    return [*made, *(further for each in made for further in _granted_by_it(session, each))]


def depends(grant: Grant) -> SnowflakeError:
    """What a statement is refused with that would leave this grant without the one that it was made by."""
    text = "SQL execution error: Dependent grant of privilege '{}' on securable exists. It must be revoked first."
    return SnowflakeError(text.format(grant.privilege), "003146", "42501")


def check_presupposed(session: Session, grants: list[Grant], *, revoking: bool) -> None:
    """A privilege that presupposes another is granted with it or later, and revoked with it or earlier.

    Raises:
        SnowflakeError: 003147.

    """
    named = {(grant.name, grant.privilege) for grant in grants}
    for (kind, privilege), needed in privileges.PRESUPPOSES.items():
        for grant in (g for g in grants if g.kind.removeprefix("FUTURE ") == kind):
            there = session.account.access.on(grant.kind, grant.name)
            holds = {g.privilege for g in there if g.grantee == grant.grantee}
            lacks = grant.privilege == privilege and needed not in holds and (grant.name, needed) not in named
            keeps = grant.privilege == needed and privilege in holds and (grant.name, privilege) not in named
            if keeps if revoking else lacks:
                order = f"{needed} must be granted first"
                if revoking:
                    order = f"{privilege} must be revoked before {needed}"
                text = f"SQL compilation error:\nPrivilege {grant.privilege} on {kind} '{grant.name}': {order}."
                raise SnowflakeError(text, "003147", "42501")
