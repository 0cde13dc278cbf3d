"""A client's session: who it is, where it stands, and what belongs to it alone."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from .access import OWNERSHIP
from .errors import cannot_be_performed, does_not_exist, invalid
from .names import Name, literal, qualify
from .parameters.settings import Settings
from .warehouses import most_at_once

if TYPE_CHECKING:
    from .account import Account
    from .catalogue import Object
    from .data import Connection
    from .executions import Execution

_ids = itertools.count(1)
_REMEMBERED = 10_000  # ids of past queries


@dataclass(eq=False)
class Session:
    """One signed-in session.

    Attributes:
        role: the primary role; `secondary` whether the user's other roles count too.
        connection: its own DuckDB connection, so its own transaction and temporary tables.
        parameters: the session parameters; made from what the user and the account give a new session.
        variables: what SET set, as SQL literals.
        temporary: (kind, name) of the session's temporary tables and stages -> the catalogue entry that shadows
            a permanent object of that name.
        task: what the session runs for, when it is a task's (a task run of the `tasks` package); else None.
        stops: called to end what runs for the session outside DuckDB, such as a procedure's process.
        in_transaction: whether BEGIN (or AUTOCOMMIT = FALSE) opened a transaction that has not ended.
        transaction: that one's id, or the id of the one before.
        client: what its client calls itself, with the version.
        aborted: whether an error has aborted that transaction.
        enclosed: whether it works inside a transaction of its caller's, which it cannot end.
        caller: whose call of a procedure it works for.
        owners_rights: the language of the procedure with its owner's rights that it works for; "" outside of such.
        handed_over: long values of a block's variables that the running statement names instead of spelling them.
        at_commit: called when the open transaction commits, and dropped when it rolls back.
        heard: when its client last asked something.
        past_queries: the ids of the queries that it ran, those inside of blocks too; the newest is the last.
        at_end: called when the session ends, to let go of what it has outside DuckDB, such as temporary files.

    """

    account: Account
    user: str
    role: str
    connection: Connection
    warehouse: str | None = None
    database: str | None = None
    schema: str | None = None
    secondary: bool = True
    parameters: Settings = field(default_factory=Settings)
    variables: dict[str, str] = field(default_factory=dict)
    temporary: dict[tuple[str, Name], Object] = field(default_factory=dict)
    in_transaction: bool = False
    transaction: int = 0
    client: str = "PythonConnector"
    aborted: bool = False
    enclosed: bool = False
    at_commit: list[Callable[[], object]] = field(default_factory=list)
    past_queries: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    heard: float = field(default_factory=time.monotonic)
    handed_over: dict[str, Any] = field(default_factory=dict)
    caller: Session | None = None
    owners_rights: str = ""
    task: Any = None
    stops: list[Callable[[], object]] = field(default_factory=list)
    at_end: list[Callable[[], object]] = field(default_factory=list)
    id: int = field(default_factory=lambda: next(_ids))
    lock: threading.RLock = field(default_factory=threading.RLock)

    # ---- parameters
    def put_parameter(self, name: str, value: Any) -> None:
        """Set a session parameter to a typed value; None unsets it."""
        if value is None:
            self.parameters.drop(name)
        else:
            self.parameters.put(name, value)
        if name == "TIMEZONE":
            self.follow_timezone()

    @property
    def timezone(self) -> ZoneInfo:
        """The session's time zone."""
        return ZoneInfo(self.parameters["TIMEZONE"])

    def follow_timezone(self) -> None:
        """DuckDB reads and writes times of its connection in the session's time zone."""
        self.connection.execute(f"SET TimeZone = {literal(self.parameters['TIMEZONE'])}")

    # ---- roles
    @property
    def roles(self) -> set[str]:
        """The roles whose privileges count (before inheritance)."""
        extra = self.account.access.roles_of(self.user) if self.secondary else set()
        return {self.role} | extra

    def require(self, privilege: str, kind: str, name: Name) -> None:
        """The session must have a privilege on a catalogue object (or on "ACCOUNT").

        Raises:
            SnowflakeError: 003001.

        """
        thing = self.account.catalogue.find(kind, name)
        self.account.access.require(self.roles, privilege, kind, name, thing.owner if thing else "")

    def may(self, privilege: str, thing: Object) -> bool:
        """Whether the session has the privilege on the object, or owns it."""
        if (thing.kind, thing.name) in self.temporary:
            return True
        return self.account.access.holds(self.roles, privilege, thing.kind, thing.name, thing.owner)

    def sees(self, thing: Object) -> bool:
        """Whether the object is listed for the session: any privilege on it will do."""
        return self.account.access.any(self.roles, thing.kind, thing.name, thing.owner)

    # ---- names
    def qualify(self, parts: tuple[str, ...]) -> Name:
        """The full name of a schema object from its written parts."""
        return qualify(parts, self.database, self.schema)

    def find(self, kind: str, name: Name) -> Object | None:
        """The object of that full name, the session's temporary one first; None when missing or invisible."""
        shadow = self.temporary.get((kind, name))
        if shadow:
            return shadow
        found = self.account.catalogue.find(kind, name)
        return found if found and self._reaches(name) else None

    def get(self, kind: str, name: Name, privilege: str | None = None) -> Object:
        """The object of that full name, which the session may use.

        Args:
            kind: such as "STAGE".
            name: its full name.
            privilege: what the session needs on it; None for anything at all.

        Raises:
            SnowflakeError: 002003 when it is missing or the session has no privilege on it; 003001 when it has some
                privilege, but not this one.

        """
        found = self.find(kind, name)
        if found is None or not (self.sees(found) or (kind, name) in self.temporary):
            raise does_not_exist(kind, name)
        if privilege and not self.may(privilege, found):
            self.require(privilege, kind, name)
        return found

    def own(self, kind: str, name: Name) -> Object:
        """The object, which the session must own: what ALTER and DROP ask."""
        return self.get(kind, name, OWNERSHIP)

    def check_container(self, name: Name) -> None:
        """The database and schema of a name must be there, and the session must have USAGE on them.

        Raises:
            SnowflakeError: 002043.

        """
        if not self._reaches(name):
            raise cannot_be_performed()

    def _reaches(self, name: Name) -> bool:
        catalogue, container = self.account.catalogue, name.container
        while container:
            kind = "SCHEMA" if container.database else "DATABASE"
            holder = catalogue.find(kind, container)
            if holder is None or not self.may("USAGE", holder):
                return False
            container = container.container
        return True

    # ---- where it stands
    def use_schema(self, database: str, schema: str | None) -> None:
        """Make a database (and a schema of it; PUBLIC when there is one) current.

        Raises:
            SnowflakeError: 002043 when it is missing or the role has no USAGE on it.

        """
        holder = self.account.catalogue.find("DATABASE", Name("", "", database))
        if holder is None or not self.may("USAGE", holder):
            raise cannot_be_performed()
        wanted = Name(database, "", schema or "PUBLIC")
        found = self.account.catalogue.find("SCHEMA", wanted)
        usable = found is not None and self.may("USAGE", found)
        if schema and not usable:
            raise cannot_be_performed()
        self.database, self.schema = database, wanted.name if usable else None

    def leave(self, container: Name) -> None:
        """A database or schema is gone: it is no longer the current one."""
        if (container.database or container.name) != self.database:
            return
        if not container.database:
            self.database = self.schema = None
        elif self.schema == container.name:
            self.schema = None

    def use_role(self, role: str) -> None:
        """Take another of the user's roles as the primary one.

        Raises:
            SnowflakeError: 003013 when the role is missing or not granted to the user.

        """
        granted = self.account.access.effective(self.account.access.roles_of(self.user))
        if role not in granted:
            text = f"Requested role '{role}' is not assigned to the executing user. Specify another role to activate."
            raise invalid(text, "003013", "42501")
        self.role = role

    def use_warehouse(self, warehouse: str) -> None:
        """Take a warehouse.

        Raises:
            SnowflakeError: 002043 when it is missing or the role has no USAGE on it.

        """
        found = self.account.catalogue.find("WAREHOUSE", Name("", "", warehouse))
        if found is None or not self.may("USAGE", found):
            raise cannot_be_performed()
        self.warehouse = warehouse

    def require_warehouse(self) -> None:
        """Queries of rows, changes of rows and Python need a current warehouse, but in a serverless task.

        https://docs.snowflake.com/en/user-guide/warehouses-tasks

        Raises:
            SnowflakeError: 000606 without one, and when it is suspended and does not resume by itself; 000630 after
                waiting too long for its turn.

        """
        if self.task and self.task.serverless:
            return
        current = self._current_warehouse()
        if current is None or not self.account.warehouses.resumes(current):
            text = (
                "No active warehouse selected in the current session.  "
                "Select an active warehouse with the 'use warehouse' command."
            )
            raise invalid(text, "000606", "57P03")
        most = most_at_once(current, self.account.parameters.get("MAX_CONCURRENCY_LEVEL"))
        if most and (running := self.running):
            seconds = self._least("STATEMENT_QUEUED_TIMEOUT_IN_SECONDS")
            self.account.warehouses.admit(current, running[-1], most, seconds)
        self.account.warehouses.use(current.name.name)

    @property
    def time_limit(self) -> int:
        """After how many seconds a statement is cancelled, as the session or its warehouse says; 0 for never.

        https://docs.snowflake.com/en/sql-reference/parameters#statement-timeout-in-seconds
        """
        return self._least("STATEMENT_TIMEOUT_IN_SECONDS")

    def _least(self, key: str) -> int:
        """The smaller of what the session and its warehouse say; 0 says nothing."""
        current = self._current_warehouse()
        limits = (self.parameters.get(key), current.properties.get(key.lower()) if current else 0)
        return min((int(limit) for limit in limits if limit), default=0)

    def _current_warehouse(self) -> Object | None:
        return self.account.catalogue.find("WAREHOUSE", Name("", "", self.warehouse)) if self.warehouse else None

    # ---- what runs
    @property
    def last_query_id(self) -> str | None:
        """The id of the query that it ran last."""
        return self.past_queries[-1] if self.past_queries else None

    @last_query_id.setter
    def last_query_id(self, query_id: str) -> None:
        self.past_queries.append(query_id)

    @property
    def running(self) -> list[Execution]:
        """The queries that run in it and in its callers: what cancels one of them stops what it does."""
        mine = [e for e in self.account.executions.of(self) if e.begun]
        return mine + (self.caller.running if self.caller else [])

    @property
    def result_owner(self) -> tuple[str, str]:
        """Whose its results are: its user's, or, of a task, its role's."""
        return ("ROLE", self.role) if self.task else ("USER", self.user)

    @property
    def result_owners(self) -> set[tuple[str, str]]:
        """Whose results it may read again: https://docs.snowflake.com/en/sql-reference/functions/result_scan."""
        return {("ROLE", self.role), self.result_owner}

    # ---- its end
    @property
    def silent(self) -> float:
        """For how many seconds its client has asked nothing."""
        return time.monotonic() - self.heard

    @contextmanager
    def stopped_by(self, stop: Callable[[], object]) -> Iterator[None]:
        """While this lasts, interrupting the session calls `stop` too."""
        self.stops.append(stop)
        try:
            yield
        finally:
            self.stops.remove(stop)

    def interrupt(self) -> None:
        """Stop the statement that runs, and the processes that work for it; called from another thread."""
        for stop in list(self.stops):
            stop()
        self.connection.interrupt()

    def close_when_idle(self) -> None:
        """End the session once the statement that runs has ended."""
        with self.lock:
            self.close()

    def close(self) -> None:
        """End the session: its temporary objects and its open transaction are gone."""
        for let_go in self.at_end:
            let_go()
        self.connection.close()
        self.account.locks.release(self.connection)
