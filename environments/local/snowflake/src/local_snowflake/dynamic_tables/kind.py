"""DYNAMIC TABLE: CREATE, ALTER, DROP, SHOW and DESCRIBE.

Every refresh computes all rows anew, whatever REFRESH_MODE says; the rows are those that an incremental one leaves.
https://docs.snowflake.com/en/sql-reference/sql/create-dynamic-table
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..kernel.access import OWNERSHIP
from ..kernel.catalogue import Object, now
from ..kernel.errors import invalid, unsupported
from ..kernel.kinds import STAMP, Create
from ..kernel.names import Name
from ..kernel.result import EXECUTED, Result, status
from ..sql import clustering, columns
from ..sql.binding import remaining
from ..sql.parsing import parse
from ..sql.scope import Scope
from ..tables import queries, storage
from ..tables.relations import Relation, renamed
from ..tables.tables import check_retention
from . import history, incremental, options, refreshing
from .clock import Clock

if TYPE_CHECKING:
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens
    from ..sql.columns import TableColumn


class DynamicTable(Relation):
    """A query whose rows are kept, and refreshed."""

    word, plural = history.WORD, "DYNAMIC TABLES"
    columns = (
        *(("created_on", STAMP), "name", "database_name", "schema_name", "cluster_by", ("rows", "fixed")),
        *(("bytes", "fixed"), "owner", "target_lag", "refresh_mode", "refresh_mode_reason", "warehouse", "comment"),
        *("text", "automatic_clustering", "scheduling_state", ("last_suspended_on", STAMP), "is_clone", "is_replica"),
        *("is_iceberg", ("data_timestamp", STAMP), "owner_role_type", "initialization_warehouse", "scheduler"),
    )

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE [OR REPLACE] [TRANSIENT] DYNAMIC TABLE [IF NOT EXISTS] name (columns) TARGET_LAG = ... AS query."""
        if create.or_alter or create.modifiers - {"TRANSIENT"}:
            raise unsupported(" ".join(tokens.text.split())[:300])
        name = self.read_name(session, tokens)
        defined = columns.read(tokens) if tokens.looking_at("(") else []
        clauses = options.read(session, tokens)
        if "TRANSIENT" in create.modifiers:
            check_retention(clauses.given.get("data_retention_time_in_days", "0"), "TRANSIENT")
        query = remaining(tokens)
        sources, found = _read(session, query, defined)
        properties = clauses.given | found | _beginning(clauses.given)
        properties |= _mode(session, name, query, clauses.given["refresh_mode"])
        clustering.check(clauses.given.get("cluster_by"), [c["name"] for c in properties["columns"]])
        properties |= {"query": query, "text": tokens.text}
        new = Object(self.word, name, session.role, properties, clauses.comment, clauses.tags)

        def build() -> None:
            refreshing.fill(session, new, empty=not new.properties["initialized"])

        def track() -> None:
            for source in sources:
                session.account.catalogue.change("TABLE", source.name, _tracked)

        result = self.place(session, replace(create, copy_grants=clauses.copy_grants), new, build, track)
        session.account[Clock].wake()
        return result

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER DYNAMIC TABLE ... REFRESH | SUSPEND | RESUME | SET ..., and what every kind has."""
        for word, change in (("SUSPEND", refreshing.suspended), ("RESUME", _resumed)):
            if tokens.accept(word):
                tokens.end()
                return self._operate(session, name, change)
        if tokens.accept("REFRESH"):
            tokens.end()
            thing = session.get(self.word, name, "OPERATE")
            refreshing.refresh(session.account, thing, history.MANUAL)
            return status(EXECUTED)
        if tokens.looking_at("SET") and tokens.peek(1).upper not in {"COMMENT", "TAG"}:
            tokens.expect("SET")
            session.get(self.word, name, "OPERATE")
            changed = options.changes(session, tokens)
            return self._operate(session, name, lambda o: o.with_properties(**changed))
        return super().alter(session, name, tokens)

    def _operate(self, session: Session, name: Name, change: Any) -> Result:
        session.get(self.word, name, "OPERATE")
        session.account.catalogue.change(self.word, name, change)
        session.account[Clock].wake()
        return status(EXECUTED)

    def furnish(self, session: Session, new: Object) -> None:
        """Its history begins with the refresh that filled it."""
        refreshing.created(session.account, new)

    def discard(self, session: Session, gone: Object) -> None:
        """Delete the rows and the history."""
        storage.drop(session, gone)
        history.forget(session.account, gone)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW DYNAMIC TABLES."""
        number = storage.count(session, thing)
        moments = {key: _moment(thing.properties[key]) for key in ("data_timestamp", "last_suspended_on")}
        shown = {
            "rows": number,
            "bytes": None,
            "automatic_clustering": "OFF",
            "cluster_by": thing.properties.get("cluster_by", ""),
        }
        shown |= dict.fromkeys(("is_clone", "is_replica", "is_iceberg"), "false")
        return {**super().row(session, thing), **shown, **moments}


def _read(session: Session, query: str, defined: list[TableColumn]) -> tuple[list[Object], dict[str, Any]]:
    """The sources whose changes are to be tracked; the query's columns under the listed names, and its own."""
    with Scope(session) as scope:
        untracked = [s for s in refreshing.sources(scope, parse(query)) if _must_track(session, s)]
        answer = queries.answer(scope, queries.compiled(scope, parse(query)), describe=True)
    found = columns.from_result(answer.columns)
    if defined and len(defined) != len(found):
        raise invalid("Invalid column definition list", "002026", "42601")
    made = renamed(defined, found)
    columns.check_distinct(made)
    return untracked, {"columns": [c.document() for c in made], "given": [c.name for c in answer.columns]}


def _mode(session: Session, name: Name, query: str, mode: str) -> dict[str, Any]:
    with Scope(session) as scope:
        trees = list(refreshing.read(scope, parse(query)))
        incremental.check(trees)
        return incremental.resolved(name, mode, trees, refreshing.sources(scope, trees[0]))


def _must_track(session: Session, source: Object) -> bool:
    """Refreshing follows the changes of a table: its owner turns that on, by this or before."""
    if source.kind == "STREAM":
        raise invalid(f"A dynamic table cannot read a stream: {source.name}.", "002711", "42601")
    if source.kind != "TABLE" or str(source.properties.get("change_tracking", "FALSE")).upper() == "TRUE":
        return False
    if source.properties.get("temporary"):
        raise unsupported("a dynamic table that reads a temporary table")
    session.get("TABLE", source.name, OWNERSHIP)
    return True


def _tracked(table: Object) -> Object:
    return table.with_properties(change_tracking="TRUE")


def _beginning(given: dict[str, Any]) -> dict[str, Any]:
    filled = given["initialize"] == "ON_CREATE"
    return {
        "scheduling_state": "ACTIVE",
        "initialized": filled,
        "data_timestamp": now().isoformat() if filled else None,
        "last_suspended_on": None,
        "failures": 0,
    }


def _resumed(thing: Object) -> Object:
    return thing.with_properties(scheduling_state="ACTIVE", failures=0)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


KINDS = (DynamicTable(),)
