"""What one query needs while it is translated and run: whose names it reads, and tables made for it alone."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

if TYPE_CHECKING:
    from types import TracebackType

    import pyarrow as pa

    from ..catalogue import Object
    from ..session import Session

_serial = itertools.count(1)


@dataclass(eq=False)
class Scope:
    """A query's surroundings; a context manager that forgets its tables at the end.

    Attributes:
        session: who asks. Inside a view, a copy that stands in the view's schema with its owner's role.
        registered: DuckDB names of Arrow tables that live as long as the query.
        computes: whether the query reads stored rows, which takes a warehouse.

    """

    session: Session
    registered: list[str] = field(default_factory=list)
    computes: bool = False

    def within(self, view: Object) -> Scope:
        """The surroundings of a view's text: its schema and its owner's rights."""
        place = {"database": view.name.database, "schema": view.name.schema}
        return Scope(replace(self.session, role=view.owner, secondary=False, **place), self.registered)

    def table(self, rows: pa.Table) -> exp.Table:
        """An Arrow table as a relation that the query can read; no rows are copied."""
        name = f"__rows_{next(_serial)}"
        self.session.connection.register(name, rows)
        self.registered.append(name)
        return exp.to_table(name)

    def __enter__(self) -> Scope:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        for name in self.registered:
            self.session.connection.unregister(name)
