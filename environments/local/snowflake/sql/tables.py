"""Tables: their definition in the catalogue, their rows in DuckDB."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..catalogue import Object
from ..kinds import STAMP, Create, Kind
from ..names import Name, quote
from ..result import DESCRIBE, Result, rows
from . import columns, engine
from .binding import inlined
from .columns import TableColumn
from .parsing import parse, parse_expression
from .scope import Scope
from .translate import generated, resolved

if TYPE_CHECKING:
    from ..session import Session
    from ..tokens import Tokens

_DESCRIBED = (
    "name",
    "type",
    "kind",
    "null?",
    "default",
    "primary key",
    "unique key",
    "check",
    "expression",
    "comment",
    "policy name",
    "privacy domain",
)


class Table(Kind):
    """CREATE TABLE and its relatives."""

    word, plural = "TABLE", "TABLES"
    columns = (
        ("created_on", STAMP),
        "name",
        "database_name",
        "schema_name",
        "kind",
        "comment",
        "cluster_by",
        ("rows", "fixed"),
        ("bytes", "fixed"),
        "owner",
        "retention_time",
        "owner_role_type",
    )

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE TABLE with columns, AS SELECT, LIKE or CLONE."""
        name = self.read_name(session, tokens)
        defined = columns.read(tokens) if tokens.looking_at("(") else []
        new = Object(self.word, name, session.role, {"columns": [c.document() for c in defined]})
        if tokens.accept("AS"):
            return self._create_as(session, create, new, tokens)
        tokens.end()
        answer = self.add(session, create, new)
        engine.execute(session.connection, f"CREATE OR REPLACE TABLE {name.sql} ({_definitions(session, defined)})")
        return answer

    def _create_as(self, session: Session, create: Create, new: Object, tokens: Tokens) -> Result:
        with Scope(session) as scope:
            sql = generated(resolved(scope, parse(inlined(tokens.rest, tokens.bindings))))
            found = columns.from_result(engine.query(session.connection, sql, describe=True).columns)
            made = [
                replace(b, name=a.name, type=a.type or b.type)
                for a, b in zip(columns.of(new) or found, found, strict=True)
            ]
            answer = self.add(session, create, new.with_properties(columns=[c.document() for c in made]))
            cast = ", ".join(f"{quote(c.name)}::{c.datatype.duckdb} AS {quote(c.name)}" for c in made)
            names = ", ".join(quote(c.name) for c in made)
            engine.execute(
                session.connection,
                f"CREATE OR REPLACE TABLE {new.name.sql} AS SELECT {cast} FROM ({sql}) AS q({names})",
            )
        return answer

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE TABLE: a row for each column."""
        return described(thing)

    def remove(self, session: Session, name: Name) -> None:
        """Drop the table and its rows."""
        super().remove(session, name)
        engine.execute(session.connection, f"DROP TABLE IF EXISTS {name.sql}")


def _definitions(session: Session, defined: list[TableColumn]) -> str:
    with Scope(session) as scope:
        defaults = [generated(resolved(scope, parse_expression(c.default))) if c.default else "" for c in defined]
    return ", ".join(columns.definition(c, d) for c, d in zip(defined, defaults, strict=True))


def described(thing: Object) -> Result:
    """The rows of DESCRIBE for a table or view."""
    return rows(_DESCRIBED, [_described(c) for c in columns.of(thing)], DESCRIBE)


def _described(column: TableColumn) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "kind": "COLUMN",
        "null?": "Y" if column.nullable else "N",
        "default": column.default or None,
        "primary key": "Y" if column.key else "N",
        "unique key": "Y" if column.unique else "N",
        "comment": column.comment or None,
    }


class View(Kind):
    """Views: a query under a name, run with its owner's rights."""

    word, plural = "VIEW", "VIEWS"

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE VIEW n (columns) AS query."""
        name = self.read_name(session, tokens)
        defined = columns.read(tokens) if tokens.looking_at("(") else []
        tokens.expect("AS")
        text = inlined(tokens.rest, tokens.bindings)
        with Scope(session) as scope:
            sql = generated(resolved(scope, parse(text)))
            found = columns.from_result(engine.query(session.connection, sql, describe=True).columns)
        made = [replace(b, name=a.name, comment=a.comment) for a, b in zip(defined or found, found, strict=True)]
        return self.add(
            session,
            create,
            Object(self.word, name, session.role, {"columns": [c.document() for c in made], "text": text}),
        )

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE VIEW: a row for each column."""
        return described(thing)


KINDS = (Table(), View())
