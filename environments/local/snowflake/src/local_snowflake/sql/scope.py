"""What one query needs while it is translated and run: whose names it reads, and tables made for it alone."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from ..kernel.catalogue import now
from ..kernel.types import SEMI_STRUCTURED

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from ..kernel.catalogue import Object
    from ..kernel.result import Result
    from ..kernel.session import Session

# Marks a table or a call in a tree whose name is DuckDB's already.
RESOLVED = "resolved"
# More rows than there are. DuckDB tries no condition before a LIMIT that stands behind it, so this one is a barrier.
EVERY_ROW = 2**62
# Functions that tell of the session's roles, and so the same inside of views and policies as outside.
_OF_SESSION = {
    "CURRENT_ROLE",
    "CURRENT_ROLE_TYPE",
    "CURRENT_SECONDARY_ROLES",
    "CURRENT_AVAILABLE_ROLES",
    "IS_ROLE_IN_SESSION",
}
_OF_INVOKER = {"INVOKER_ROLE", "IS_GRANTED_TO_INVOKER_ROLE"}
# How DuckDB recognises JSON in Arrow.
_JSON = {"ARROW:extension:name": "arrow.json", "ARROW:extension:metadata": ""}
_serial = itertools.count(1)


@dataclass(eq=False)
class Scope:
    """A query's surroundings; a context manager that forgets its tables and functions at the end.

    Attributes:
        session: whose rights count. Inside a view, a copy that stands in the view's schema with its owner's role.
        endings: what is undone when the query has ended: tables and functions that DuckDB knows for it alone.
        describing: whether only the columns are asked for, so that nothing may happen.
        computes: whether the query reads stored rows or calls a user's function, which takes a warehouse.
        consuming: whether it belongs to a statement that moves the offsets of the streams that it reads.
        streams: the streams that were read, by their id, with the batches of changes that were found.
        started: what CURRENT_TIMESTAMP is.
        asker: who runs the statement, seen from inside of a view or policy.
        invoker: the role of the object that reads, seen from inside of a policy; "" for the session's.
        guards: the ids of the policies whose bodies this is inside of.
        sources: the tables and views that its own text names.
        outdated: the views whose sources are not what they were when the view was made, with their resolved text.

    """

    session: Session
    endings: ExitStack = field(default_factory=ExitStack)
    describing: bool = False
    computes: bool = False
    consuming: bool = False
    streams: dict[str, tuple[Object, list[int]]] = field(default_factory=dict)
    started: datetime = field(default_factory=now)
    asker: Session | None = None
    invoker: str = ""
    guards: tuple[str, ...] = ()
    sources: list[Object] = field(default_factory=list)
    outdated: list[tuple[Object, exp.Expression]] = field(default_factory=list)

    @property
    def shapes(self) -> list[list[Any]]:
        """The sources by name, with the names and types of their columns."""
        return [[str(o.name), [[c["name"], c["type"]] for c in o.properties["columns"]]] for o in self.sources]

    def within(self, view: Object) -> Scope:
        """The surroundings of a view's text: its schema and its owner's rights."""
        return self._inside(view, "", self.guards)

    def guarded(self, policy: Object) -> Scope:
        """The surroundings of a policy's body: its schema and its owner's rights."""
        return self._inside(policy, self.invoker or self.session.role, (*self.guards, policy.id))

    def _inside(self, thing: Object, invoker: str, guards: tuple[str, ...]) -> Scope:
        place = {"database": thing.name.database, "schema": thing.name.schema}
        return Scope(
            replace(self.session, role=thing.owner, secondary=False, **place),
            self.endings,
            self.describing,
            consuming=self.consuming,
            streams=self.streams,
            started=self.started,
            asker=self.asker or self.session,
            invoker=invoker,
            guards=guards,
            outdated=self.outdated,
        )

    def asking(self, function: str) -> Session:
        """The session that a context function tells of.

        https://docs.snowflake.com/en/sql-reference/functions/invoker_role
        """
        if function in _OF_SESSION:
            return self.asker or self.session
        if function in _OF_INVOKER and self.invoker:
            return replace(self.session, role=self.invoker, secondary=False)
        return self.session

    def table(self, rows: pa.Table) -> exp.Table:
        """An Arrow table as a relation that the query can read; no rows are copied."""
        name = f"__rows_{next(_serial)}"
        self.session.connection.register(name, rows)
        self.endings.callback(self.session.connection.unregister, name)
        table = exp.to_table(name)
        table.meta[RESOLVED] = True
        return table

    def result(self, found: Result) -> exp.Table:
        """An earlier answer as a relation; what is JSON in it is JSON for the query too."""
        documents = [c.type in SEMI_STRUCTURED for c in found.columns]
        fields = [f.with_metadata(_JSON) if json else f for f, json in zip(found.rows.schema, documents, strict=True)]
        return self.table(pa.Table.from_arrays(found.rows.columns, schema=pa.schema(fields)))

    def __enter__(self) -> Scope:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        self.endings.close()
