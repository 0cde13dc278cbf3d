"""Who may call a service: its owner, and who has its service role ALL_ENDPOINTS_USAGE.

https://docs.snowflake.com/en/sql-reference/sql/grant-service-role
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.errors import SnowflakeError
from ..objects.privileges import SERVICE_ROLE

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..kernel.session import Session


def may_call(account: Account, roles: set[str], service: Object) -> bool:
    """Whether the roles, with what they inherit, may use the service's endpoints."""
    return account.access.holds(roles, SERVICE_ROLE, "SERVICE", service.name, service.owner)


def require_endpoint(session: Session, service: Object) -> None:
    """The session may use the service's endpoints.

    Raises:
        SnowflakeError: 003001.

    """
    if not may_call(session.account, session.roles, service):
        text = f"Insufficient privileges to use the endpoints of service '{service.name}'."
        raise SnowflakeError(f"SQL access control error:\n{text}", "003001", "42501")
