"""The sessions that containers open: as the service's own user, which has the role of its owner and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.errors import invalid
from ..kernel.session import Session

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object


class ContainerSession(Session):
    """Whatever users there are by the service's name, their roles are not its."""

    @property
    def roles(self) -> set[str]:
        """The owner's role."""
        return {self.role}

    def use_role(self, role: str) -> None:
        """Take the role that it has.

        Raises:
            SnowflakeError: 003013 for any other.

        """
        if role != self.role:
            text = f"Requested role '{role}' is not assigned to the executing user. Specify another role to activate."
            raise invalid(text, "003013", "42501")


def opened(account: Account, service: Object) -> ContainerSession:
    """A session of a service's container, in the service's schema."""
    session = ContainerSession(account, service.name.name, service.owner, account.data.connect(), secondary=False)
    session.use_schema(service.name.database, service.name.schema)
    return session
