"""Who may do what: roles, their hierarchy and the privileges granted to them.

https://docs.snowflake.com/en/user-guide/security-access-control-overview
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace

from .errors import insufficient_privileges
from .names import Name
from .store import Store

ACCOUNT = Name("", "", "")
OWNERSHIP = "OWNERSHIP"

# What the system roles may do at the account's level, of what the local account knows.
_SYSTEM = {
    "ACCOUNTADMIN": {
        "CREATE COMPUTE POOL",
        "EXECUTE TASK",
        "EXECUTE MANAGED TASK",
        "CREATE INTEGRATION",
        "MONITOR",
        "APPLY AUTHENTICATION POLICY",
        "APPLY MASKING POLICY",
        "APPLY ROW ACCESS POLICY",
        "BIND SERVICE ENDPOINT",
        "VIEW LINEAGE",
        "IMPORT SHARE",
    },
    "SECURITYADMIN": {"MANAGE GRANTS", "CREATE NETWORK POLICY"},
    "USERADMIN": {"CREATE USER", "CREATE ROLE"},
    "SYSADMIN": {"CREATE DATABASE", "CREATE WAREHOUSE"},
}
_HIERARCHY = {"ACCOUNTADMIN": ("SYSADMIN", "SECURITYADMIN"), "SECURITYADMIN": ("USERADMIN",)}
SYSTEM_ROLES = ("ACCOUNTADMIN", "SECURITYADMIN", "USERADMIN", "SYSADMIN", "PUBLIC")


@dataclass(frozen=True)
class Grant:
    """One privilege on one object, held by a role (or, for a role, by a user).

    Attributes:
        grantee_kind: "ROLE" or "USER".
        privilege: "USAGE", "CREATE TASK", "OWNERSHIP" and so on.
        kind: the object's kind; "ACCOUNT" for account privileges; "FUTURE TABLE" and so on for future grants,
            whose name is the schema or database.

    """

    grantee_kind: str
    grantee: str
    privilege: str
    kind: str
    name: Name
    grant_option: bool = False
    granted_by: str = ""

    @property
    def key(self) -> str:
        """What makes a grant the same grant."""
        n = self.name
        return "\x1f".join((self.grantee_kind, self.grantee, self.privilege, self.kind, n.database, n.schema, n.name))


class Access:
    """The grants, in memory and written through to the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.RLock()
        # Twice, by what is granted on and by who holds it: each statement asks for a few of many grants.
        self._on: dict[tuple[str, Name], dict[str, Grant]] = {}
        self._to: dict[tuple[str, str], dict[str, Grant]] = {}
        self._inherited: dict[frozenset[str], frozenset[str]] = {}
        self._load()
        store.reload.append(self._load)

    def _load(self) -> None:
        with self._lock:
            self._on.clear()
            self._to.clear()
            self._inherited.clear()
            for _, body in self._store.all("grant"):
                self._index(Grant(**{**body, "name": Name(**body["name"])}))

    # ---- changing
    def grant(self, new: Grant) -> None:
        """Add a grant; granting it again changes nothing but the grant option."""
        with self._store.lock:
            self._store.put("grant", new.key, asdict(new))
            with self._lock:
                self._index(new)

    def revoke(self, gone: Grant) -> None:
        """Take a grant back; one that is not there is no error, as in Snowflake."""
        with self._store.lock:
            self._store.remove("grant", gone.key)
            with self._lock:
                self._on.get((gone.kind, gone.name), {}).pop(gone.key, None)
                self._to.get((gone.grantee_kind, gone.grantee), {}).pop(gone.key, None)
                self._inherited.clear()

    def _index(self, grant: Grant) -> None:
        self._on.setdefault((grant.kind, grant.name), {})[grant.key] = grant
        self._to.setdefault((grant.grantee_kind, grant.grantee), {})[grant.key] = grant
        self._inherited.clear()

    def forget(self, kind: str, name: Name) -> None:
        """Remove every grant on a dropped object."""
        for grant in self.on(kind, name):
            self.revoke(grant)

    def forget_grantee(self, grantee_kind: str, grantee: str) -> None:
        """Remove every grant to a dropped role or user."""
        for grant in self.to(grantee_kind, grantee):
            self.revoke(grant)

    def move(self, kind: str, name: Name, new: Name) -> None:
        """The grants on an object that is called otherwise now."""
        for grant in self.on(kind, name):
            self.revoke(grant)
            self.grant(replace(grant, name=new))

    # ---- asking
    def on(self, kind: str, name: Name) -> list[Grant]:
        """The grants on an object."""
        with self._lock:
            return list(self._on.get((kind, name), {}).values())

    def future_in(self, container: Name) -> list[Grant]:
        """The grants on objects still to come in a schema or database."""
        with self._lock:
            future = [held for (kind, name), held in self._on.items() if kind[:7] == "FUTURE " and name == container]
        return [grant for held in future for grant in held.values()]

    def to(self, grantee_kind: str, grantee: str) -> list[Grant]:
        """The grants to a role or a user."""
        with self._lock:
            return list(self._to.get((grantee_kind, grantee), {}).values())

    def roles_of(self, user: str) -> set[str]:
        """The roles granted to a user directly, and PUBLIC."""
        return {g.name.name for g in self.to("USER", user) if g.kind == "ROLE"} | {"PUBLIC"}

    def effective(self, roles: Iterable[str]) -> frozenset[str]:
        """The roles and all that they inherit."""
        asked = frozenset(roles)
        with self._lock:
            if asked not in self._inherited:
                self._inherited[asked] = self._reached(asked)
            return self._inherited[asked]

    def _reached(self, roles: frozenset[str]) -> frozenset[str]:
        found: set[str] = {"PUBLIC"}
        todo = list(roles)
        while todo:
            role = todo.pop()
            if role not in found or role == "PUBLIC":
                found.add(role)
                todo += _HIERARCHY.get(role, ())
                todo += [g.name.name for g in self.to("ROLE", role) if g.kind == "ROLE" and g.privilege == "USAGE"]
                todo = [r for r in todo if r not in found]
        return frozenset(found)

    def holds(self, roles: Iterable[str], privilege: str, kind: str, name: Name, owner: str = "") -> bool:
        """Whether the roles, with what they inherit, have the privilege on the object or own it."""
        return self._settled(lambda: self._holds(roles, privilege, kind, name, owner))

    def _settled(self, answer: Callable[[], bool]) -> bool:
        """The answer; a No is asked again once what others are changing is changed: they may be replacing a grant."""
        if answer():
            return True
        if not self._store.changing:
            return False
        with self._store.lock:
            return answer()

    def _holds(self, roles: Iterable[str], privilege: str, kind: str, name: Name, owner: str) -> bool:
        held = self.effective(roles)
        if kind == "ACCOUNT":
            granted = {g.privilege for g in self.on("ACCOUNT", ACCOUNT) if g.grantee in held}
            return privilege in granted or any(privilege in _SYSTEM.get(role, ()) for role in held)
        if owner in held:
            return True
        wanted = {privilege, "ALL", OWNERSHIP}
        return any(
            g.grantee_kind == "ROLE" and g.grantee in held and g.privilege in wanted for g in self.on(kind, name)
        )

    def any(self, roles: Iterable[str], kind: str, name: Name, owner: str) -> bool:
        """Whether the roles have any privilege on the object: what makes it visible."""

        def answer() -> bool:
            held = self.effective(roles)
            return owner in held or any(g.grantee in held for g in self.on(kind, name))

        return self._settled(answer)

    def require(self, roles: Iterable[str], privilege: str, kind: str, name: Name, owner: str = "") -> None:
        """The roles must have the privilege.

        Raises:
            SnowflakeError: 003001, naming the object.

        """
        if not self.holds(roles, privilege, kind, name, owner):
            raise insufficient_privileges(kind, name if kind != "ACCOUNT" else "LOCAL")
