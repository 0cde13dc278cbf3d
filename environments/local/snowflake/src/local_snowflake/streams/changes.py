"""What DML changes in a table that has streams: each stream keeps it in a table of its own until it is consumed.

A statement's changes are one batch. They are found by comparing the table before and after it by DuckDB's row ids,
which stay the same within a transaction; over several statements a row is known again by its values.
"""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..kernel.data import place
from ..kernel.errors import unsupported
from ..kernel.names import literal, quote
from ..sql import columns, engine, places, transactions

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.session import Session

WORD, APPEND_ONLY = "STREAM", "APPEND_ONLY"
# Who wrote a batch: the transaction, told apart from those of earlier servers.
WRITER = f"{literal(uuid.uuid4().hex)} || txid_current()"
_NEW_ID = "sha1(uuid()::VARCHAR)"
_KEY = "__rowid"  # what a copy calls the row ids of the table that it was made of
_batches, _serial = itertools.count(time.time_ns()), itertools.count(1)


def of_table(session: Session, table: Object) -> list[Object]:
    """The streams on a table."""
    return [s for s in session.account.catalogue.of(WORD) if s.properties["table_id"] == table.id]


def refuse(session: Session, table: Object) -> None:
    """The columns of a table with streams stay as they are.

    Raises:
        SnowflakeError: 000002.

    """
    if of_table(session, table):
        raise unsupported(f"ALTER TABLE on the columns of {table.name}, which has streams")


# ---- where they are kept
def kept_in(stream: Object) -> str:
    """The DuckDB table that keeps a stream's changes."""
    return place(f"{stream.id} changes")


def create(session: Session, stream: Object, table: Object) -> None:
    """Make a stream's table; with SHOW_INITIAL_ROWS its first batch is the rows that are there."""
    first = stream.properties["initial"]
    source = places.sql_name(session, table)
    rows = f"SELECT {first or 0}::BIGINT, '', 'INSERT', {_NEW_ID}, {_listed(table)} FROM {source}"
    names = ", ".join(["batch", "writer", "action", "row_id", *_kept(table)])
    limit = "" if first else " LIMIT 0"
    engine.change(session.connection, f"CREATE TABLE {kept_in(stream)} AS SELECT * FROM ({rows}) AS q({names}){limit}")


def next_batch() -> int:
    """A batch that is later than all others."""
    return next(_batches)


# ---- keeping them
@contextmanager
def recorded(session: Session, table: Object | None, *, adds: bool = False) -> Iterator[None]:
    """While a statement changes a table, note what it changes for the table's streams, in the same transaction.

    Args:
        session: who changes it.
        table: the table; None for a temporary one.
        adds: whether the statement can only add rows.

    """
    streams = of_table(session, table) if table else []
    if not table or not streams:
        yield
        return
    with transactions.joined(session):
        compared = _Added(session, table) if adds else _Compared(session, table)
        yield
        for stream in streams:
            compared.keep(stream, next_batch())
        compared.forget()


class _Added:
    """The rows that came after those that were there."""

    def __init__(self, session: Session, table: Object) -> None:
        self.session, self.table, self.place = session, table, places.sql_name(session, table)
        self.last = engine.execute(session.connection, f"SELECT coalesce(max(rowid), -1) FROM {self.place}")[0][0]

    def keep(self, stream: Object, batch: int) -> None:
        """Note the rows for one stream."""
        added = f"FROM {self.place} WHERE rowid > {self.last}"
        _insert(self.session, stream, batch, f"'INSERT', {_NEW_ID}, {_listed(self.table)} {added}")

    def forget(self) -> None:
        """Nothing was copied."""


class _Compared:
    """The rows as they were and as they are."""

    def __init__(self, session: Session, table: Object) -> None:
        self.session, self.table, self.place = session, table, places.sql_name(session, table)
        self.before, self.ids = (f'temp.main."{what} {next(_serial)}"' for what in ("before", "ids"))
        self._run(f"CREATE TEMPORARY TABLE {self.before} AS SELECT rowid AS {_KEY}, * FROM {self.place}")

    def keep(self, stream: Object, batch: int) -> None:
        """Note what is different for one stream."""
        new = f"FROM {self.place} AS a ANTI JOIN {self.before} AS b ON a.rowid = b.{_KEY}"
        _insert(self.session, stream, batch, f"'INSERT', {_NEW_ID}, {_listed(self.table, 'a')} {new}")
        if stream.properties["mode"] == APPEND_ONLY:
            return
        self._identify(stream, batch)
        for action, side, key in (("DELETE", self.before, _KEY), ("INSERT", self.place, "rowid")):
            values = f"'{action}', i.row_id, {_listed(self.table, 's')}"
            _insert(self.session, stream, batch, f"{values} FROM {self.ids} AS i JOIN {side} AS s ON s.{key} = i.id")
        self._run(f"DROP TABLE {self.ids}")

    def _identify(self, stream: Object, batch: int) -> None:
        """Give each row that is gone or changed the id under which the stream knows it, or a new one."""
        kept, named = ", ".join(_kept(self.table)), _listed(self.table, "b")
        log = kept_in(stream)
        self._run(
            f"CREATE TEMPORARY TABLE {self.ids} AS WITH gone AS (SELECT b.{_KEY}, {named} "
            f"FROM {self.before} AS b LEFT JOIN {self.place} AS a ON a.rowid = b.{_KEY} "
            f"WHERE a.rowid IS NULL OR ROW({_listed(self.table, 'a')}) IS DISTINCT FROM ROW({named})), "
            f"counted AS (SELECT *, row_number() OVER (PARTITION BY {kept} ORDER BY id) AS k "
            f"FROM gone AS g(id, {kept})), "
            f"live AS (SELECT row_id, {kept}, row_number() OVER (PARTITION BY {kept} ORDER BY batch) AS k "
            f"FROM {log} AS l WHERE action = 'INSERT' AND batch < {batch} AND NOT EXISTS (SELECT 1 FROM {log} AS d "
            "WHERE d.row_id = l.row_id AND d.action = 'DELETE' AND d.batch > l.batch)) "
            f"SELECT c.id, coalesce(l.row_id, {_NEW_ID}) AS row_id FROM counted AS c LEFT JOIN live AS l ON c.k = l.k "
            + "".join(f"AND c.{name} IS NOT DISTINCT FROM l.{name} " for name in _kept(self.table))
        )

    def forget(self) -> None:
        """Drop the copy."""
        self._run(f"DROP TABLE {self.before}")

    def _run(self, sql: str) -> None:
        engine.execute(self.session.connection, sql)


def _insert(session: Session, stream: Object, batch: int, query: str) -> None:
    engine.execute(session.connection, f"INSERT INTO {kept_in(stream)} SELECT {batch}, {WRITER}, {query}")


def _kept(table: Object) -> list[str]:
    """The source's columns as a stream's table calls them."""
    return [f"c{i}" for i in range(len(columns.of(table)))]


def _listed(table: Object, alias: str = "") -> str:
    prefix = f"{alias}." if alias else ""
    return ", ".join(prefix + quote(c.name) for c in columns.of(table))
