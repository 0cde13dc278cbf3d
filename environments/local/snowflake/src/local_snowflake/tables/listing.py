"""SHOW OBJECTS and SHOW COLUMNS."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..kernel.kinds import Kind, Show, like_pattern
from ..kernel.names import Name
from ..kernel.registry import kinds
from ..kernel.result import Result, rows
from ..sql import columns
from ..sql.columns import TableColumn
from ..sql.datatypes import DataType
from ..sql.naming import RELATIONS, relation_named
from ..sql.scope import Scope
from .tables import Table

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens


class AnyObject(Kind):
    """What SHOW OBJECTS lists: tables and views together."""

    word, plural = "OBJECT", "OBJECTS"
    columns = tuple(c for c in Table.columns if c not in {"automatic_clustering", "change_tracking"})

    def listed(self, session: Session, show: Show) -> Iterable[Object]:
        """The tables and views of the scope, by name."""
        every = [o for kind in RELATIONS if kind in kinds() for o in kinds()[kind].listed(session, show)]
        return sorted(every, key=lambda o: o.name)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row: a view has no numbers."""
        shown = kinds()[thing.kind].row(session, thing)
        return {**shown, "kind": thing.kind} if thing.kind != "TABLE" else shown


_COLUMNS = (
    "table_name",
    "schema_name",
    "column_name",
    "data_type",
    "null?",
    "default",
    "kind",
    "expression",
    "comment",
    "database_name",
    "autoincrement",
)


def _show_columns(session: Session, tokens: Tokens) -> Result:
    like = tokens.value() if tokens.accept("LIKE") else "%"
    relations = _relations(session, tokens) if tokens.accept("IN") else _inside(session, None)
    tokens.end()
    found = [_row(r, c) for r in relations for c in columns.of(r) if like_pattern(like).match(c.name)]
    return rows(_COLUMNS, found)


def _relations(session: Session, tokens: Tokens) -> list[Object]:
    word = tokens.accept_any("TABLE", "VIEW", "SCHEMA", "DATABASE", "ACCOUNT")
    if word == "ACCOUNT":
        return _inside(session, None)
    parts = tokens.name()
    if word == "DATABASE":
        return _inside(session, Name("", "", parts[-1]))
    if word == "SCHEMA":
        return _inside(session, Name(parts[-2] if len(parts) > 1 else session.database or "", "", parts[-1]))
    return [relation_named(Scope(session), parts)]


def _inside(session: Session, container: Name | None) -> list[Object]:
    return list(AnyObject().listed(session, Show(within=container)))


def _row(relation: Object, column: TableColumn) -> dict[str, Any]:
    return {
        "table_name": relation.name.name,
        "schema_name": relation.name.schema,
        "column_name": column.name,
        "data_type": json.dumps(_data_type(column.datatype, nullable=column.nullable)),
        "null?": "true" if column.nullable else "NOT_NULL",
        "default": column.default,
        "kind": "COLUMN",
        "expression": "",
        "comment": column.comment,
        "database_name": relation.name.database,
        "autoincrement": ""
        if not column.identity
        else "IDENTITY START {} INCREMENT {} NOORDER".format(*column.identity),
    }


def _data_type(kind: DataType, *, nullable: bool) -> dict[str, Any]:
    """The type as SHOW COLUMNS writes it: `{"type": "FIXED", "precision": 38, "scale": 0, "nullable": true}`."""
    described = kind.column("")
    if kind.name == "NUMBER":
        return {"type": "FIXED", "precision": described.precision, "scale": described.scale, "nullable": nullable}
    if kind.name in {"VARCHAR", "BINARY"}:
        return {
            "type": described.type.upper(),
            "length": described.length,
            "byteLength": described.length,
            "nullable": nullable,
            "fixed": False,
        }
    if described.scale is not None:
        return {"type": kind.name, "precision": 0, "scale": described.scale, "nullable": nullable}
    return {"type": described.type.upper(), "nullable": nullable}


KINDS = (AnyObject(),)
VERBS = {"SHOW COLUMNS": _show_columns}
