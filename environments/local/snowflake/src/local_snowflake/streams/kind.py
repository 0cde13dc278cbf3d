"""STREAM: CREATE, DROP, SHOW and DESCRIBE.

https://docs.snowflake.com/en/sql-reference/sql/create-stream
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..kernel.access import OWNERSHIP
from ..kernel.catalogue import Object
from ..kernel.errors import already_exists, unsupported
from ..kernel.kinds import STAMP, Create, Kind, Show, read_tags
from ..kernel.result import Result, rows
from ..sql import columns
from ..sql.columns import TableColumn
from ..sql.naming import RELATIONS
from . import changes
from .reading import source

if TYPE_CHECKING:
    from ..kernel.names import Name
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

_METADATA = (
    TableColumn("METADATA$ACTION", "VARCHAR(16777216)"),
    TableColumn("METADATA$ISUPDATE", "BOOLEAN"),
    TableColumn("METADATA$ROW_ID", "VARCHAR(16777216)"),
)
_OPTIONS = {"APPEND_ONLY", "SHOW_INITIAL_ROWS", "COMMENT"}
_KEPT_DAYS = 14  # MAX_DATA_EXTENSION_TIME_IN_DAYS: how long an offset stays good
_TERSE = (("created_on", STAMP), "name", "kind", "database_name", "schema_name", "tableOn")


class Stream(Kind):
    """STREAM: the changes of a table since an offset."""

    word, plural = changes.WORD, "STREAMS"
    columns = (
        ("created_on", STAMP),
        "name",
        "database_name",
        "schema_name",
        "owner",
        "comment",
        "table_name",
        "source_type",
        "base_tables",
        "type",
        "stale",
        "mode",
        ("stale_after", STAMP),
        "invalid_reason",
        "owner_role_type",
    )

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE [OR REPLACE] STREAM [IF NOT EXISTS] name ON TABLE table."""
        if create.or_alter or create.modifiers:
            raise unsupported(" ".join(tokens.text.split())[:300])
        name = self.read_name(session, tokens)
        tags = _tags(session, tokens)
        create = replace(create, copy_grants=tokens.accept("COPY", "GRANTS"))
        _expect_table(tokens)
        table = _source(session, self.read_name(session, tokens))
        options = _options(tokens)
        if any(session.account.catalogue.find(kind, name) for kind in RELATIONS):
            raise already_exists(name)
        new = Object(self.word, name, session.role, _properties(table, options), options.comment, tags)
        changes.create(session, new, table)
        try:
            return self.add(session, create, new)
        finally:
            if session.account.catalogue.find(self.word, name) != new:
                session.account.remains.rows(new.id)

    def furnish(self, session: Session, new: Object) -> None:
        """Its table tracks its changes from now on."""
        table = source(session.account, new)
        if table:
            session.account.catalogue.change("TABLE", table.name, lambda o: o.with_properties(change_tracking="TRUE"))

    def show(self, session: Session, show: Show) -> Result:
        """SHOW [TERSE] STREAMS."""
        listed = super().show(session, show)
        if not show.terse:
            return listed
        return rows(_TERSE, [{**r, "kind": r["type"], "tableOn": r["table_name"]} for r in listed.rows.to_pylist()])

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW STREAMS."""
        table = source(session.account, thing)
        called = str(table.name) if table else thing.properties["table_name"]
        since = datetime.fromisoformat(thing.properties["consumed_on"] or thing.created)
        shown = {"table_name": called, "source_type": "Table", "base_tables": called, "type": "DELTA"}
        shown |= {"stale": str(table is None).lower(), "invalid_reason": "N/A"}
        return {**super().row(session, thing), **shown, "stale_after": since + timedelta(days=_KEPT_DAYS)}

    def remove(self, session: Session, name: Name) -> None:
        """Take the stream out, with the changes that it kept."""
        gone = session.account.catalogue.get(self.word, name)
        super().remove(session, name)
        session.account.remains.rows(gone.id)


@dataclass(frozen=True)
class _Options:
    append_only: bool
    initial: bool
    comment: str


def _tags(session: Session, tokens: Tokens) -> dict[str, str]:
    if not (tokens.accept("WITH", "TAG", "(") or tokens.accept("TAG", "(")):
        return {}
    found = read_tags(session, tokens)
    tokens.expect(")")
    return found


def _expect_table(tokens: Tokens) -> None:
    """ON TABLE; the other sources and variants are refused by name."""
    if not tokens.accept("ON", "TABLE"):
        raise unsupported(f"CREATE STREAM ... {tokens.rest}")


def _source(session: Session, name: Name) -> Object:
    """The table: who creates its first stream owns it, as that begins to track its changes."""
    table = session.get("TABLE", name, "SELECT")
    if table.properties.get("temporary"):
        raise unsupported("CREATE STREAM ... ON TABLE with a temporary table")
    if any(c.datatype.name == "VECTOR" for c in columns.of(table)):
        raise unsupported("CREATE STREAM ... ON TABLE with a VECTOR column")
    if str(table.properties.get("change_tracking", "FALSE")).upper() != "TRUE":
        session.get("TABLE", name, OWNERSHIP)
    return table


def _options(tokens: Tokens) -> _Options:
    if tokens.looking_at("AT") or tokens.looking_at("BEFORE"):
        raise unsupported(f"CREATE STREAM ... {tokens.rest}")
    given = tokens.options()
    tokens.end()
    for key in given.keys() - _OPTIONS:
        raise unsupported(f"CREATE STREAM ... {key}")
    said = {key: str(given.get(key, "FALSE")).upper() == "TRUE" for key in ("APPEND_ONLY", "SHOW_INITIAL_ROWS")}
    return _Options(said["APPEND_ONLY"], said["SHOW_INITIAL_ROWS"], str(given.get("COMMENT", "")))


def _properties(table: Object, options: _Options) -> dict[str, Any]:
    plain = [TableColumn(c.name, c.type) for c in columns.of(table)]
    return {
        "table_name": str(table.name),
        "table_id": table.id,
        "mode": changes.APPEND_ONLY if options.append_only else "DEFAULT",
        "columns": [c.document() for c in (*plain, *_METADATA)],
        "initial": changes.next_batch() if options.initial else None,
        "consumed": [],
        "consumed_on": None,
    }


KINDS = (Stream(),)
