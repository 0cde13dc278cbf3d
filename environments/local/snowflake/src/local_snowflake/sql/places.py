"""Where rows lie in DuckDB: a table's under its id, a temporary one's in its session's own catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from ..kernel.data import ROWS
from .scope import RESOLVED

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.session import Session


def relation(session: Session, thing: Object) -> exp.Table:
    """The table's DuckDB name, for a tree."""
    name = thing.name
    temporary = session.temporary.get((thing.kind, name)) is thing or thing.properties.get("temporary")
    place = (str(name), "main", "temp") if temporary else (thing.id, "main", ROWS)
    found = exp.table_(*place, quoted=True)
    # It is no name of the account's: PIVOT reads what it stands on once more, for its values.
    found.meta[RESOLVED] = True
    return found


def sql_name(session: Session, thing: Object) -> str:
    """The table's DuckDB name, quoted, for a text."""
    return relation(session, thing).sql("duckdb")
