"""Reading a stream: what changed since its offset, and how DML that reads it moves the offset when it commits.

The offset is the set of batches that were consumed, as transactions that overlap do not commit in the order of theirs.
https://docs.snowflake.com/en/user-guide/streams-intro
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import now
from ..kernel.errors import SnowflakeError, invalid
from ..kernel.names import quote
from ..kernel.tokens import Tokens
from ..sql import columns, engine, transactions
from .changes import APPEND_ONLY, WORD, WRITER, kept_in

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..kernel.result import Result
    from ..kernel.session import Session
    from ..sql.scope import Scope

_REMEMBERED = 10_000  # consumed batches, which transactions that began before may still see


def source(account: Account, stream: Object) -> Object | None:
    """The table that a stream is on, under whatever name; None when it was dropped or replaced."""
    return account.catalogue.identified(stream.properties["table_id"])


def read(scope: Scope, stream: Object) -> Result:
    """The stream's rows; a statement that consumes them has the stream to itself until its transaction ends.

    Raises:
        SnowflakeError: when the source is gone; 003001 without SELECT on it.

    """
    session = scope.session
    table = _readable(session, stream)
    if scope.consuming and stream.id not in scope.streams:
        scope.endings.enter_context(transactions.changing(session, (WORD, stream.id)))
    if stream.id not in scope.streams:
        stream = session.account.catalogue.get(WORD, stream.name)
        scope.streams[stream.id] = stream, _unread(session, stream)
    found = engine.query(session.connection, _changes(stream, table, scope.streams[stream.id][1]))
    declared = [c.datatype.column(c.name, nullable=True) for c in columns.of(stream)]
    return replace(found, columns=tuple(declared))


def consumed(scope: Scope) -> None:
    """The statement that read the scope's streams has changed rows: their offsets move when that is committed."""
    account = scope.session.account
    for stream, batches in scope.streams.values():
        transactions.once_committed(scope.session, lambda s=stream, b=batches: _advance(account, s, b))


def has_data(session: Session, written: str) -> bool:
    """Whether a stream has changes: SYSTEM$STREAM_HAS_DATA.

    Raises:
        SnowflakeError: 002003, 003001; as `read`.

    """
    stream = session.get(WORD, session.qualify(Tokens(written).name()), "SELECT")
    query = _changes(stream, _readable(session, stream), _unread(session, stream))
    return bool(engine.execute(session.connection, f"SELECT count(*) FROM ({query})")[0][0])


def _readable(session: Session, stream: Object) -> Object:
    table = source(session.account, stream)
    if table is None:
        gone = stream.properties["table_name"]
        raise invalid(f"Base table '{gone}' dropped, cannot read from stream '{stream.name.name}'.")
    return session.get("TABLE", table.name, "SELECT")


def _unread(session: Session, stream: Object) -> list[int]:
    """The batches behind the offset, but those of the open transaction: it sees the stream as it was at its start."""
    initial, done = stream.properties["initial"], set(stream.properties["consumed"])
    if initial and initial not in done:
        return [initial]
    sql = f"SELECT DISTINCT batch FROM {kept_in(stream)} WHERE writer <> {WRITER}"
    return [batch for (batch,) in engine.execute(session.connection, sql) if batch not in done]


def _changes(stream: Object, table: Object, batches: list[int]) -> str:
    """DuckDB's SQL for the rows: for an append-only stream what was added, else the difference from first to last."""
    names = [f"c{i}" for i in range(len(columns.of(table)))]
    shown = ", ".join(f"{kept} AS {quote(c.name)}" for kept, c in zip(names, columns.of(table), strict=True))
    given = f"FROM {kept_in(stream)} WHERE batch IN ({', '.join(map(str, batches)) or 'NULL'})"
    changed = f"SELECT *, FALSE AS both_sides {given}"
    if stream.properties["mode"] != APPEND_ONLY:
        changed = _net(names, given)
    return (
        f'SELECT {shown}, action AS "METADATA$ACTION", both_sides AS "METADATA$ISUPDATE", '
        f'row_id AS "METADATA$ROW_ID" FROM ({changed})'
    )


def _net(names: list[str], given: str) -> str:
    """Of each row what it was at first and what it is at last; nothing for one that came and went, or is as it was."""
    ends = (
        "SELECT *, row_number() OVER (PARTITION BY row_id ORDER BY batch, action) AS nth, "
        f"row_number() OVER (PARTITION BY row_id ORDER BY batch DESC, action DESC) AS nth_last {given}"
    )
    kept = f"SELECT * FROM ({ends}) WHERE (nth = 1 AND action = 'DELETE') OR (nth_last = 1 AND action = 'INSERT')"
    alike = f"count(*) OVER (PARTITION BY row_id, ROW({', '.join(names)})) = 2 AS alike"
    counted = f"SELECT *, count(*) OVER (PARTITION BY row_id) = 2 AS both_sides, {alike} FROM ({kept})"
    return f"SELECT * FROM ({counted}) WHERE NOT alike"


def _advance(account: Account, stream: Object, batches: list[int]) -> None:
    present = account.catalogue.find(WORD, stream.name)
    if present is None or present.id != stream.id:
        return
    done = [*present.properties["consumed"], *batches][-_REMEMBERED:]
    stamp = now().isoformat()
    account.catalogue.change(WORD, stream.name, lambda o: o.with_properties(consumed=done, consumed_on=stamp))
    account.catalogue.afterwards(lambda: _delete(account, stream, done))


def _delete(account: Account, stream: Object, batches: list[int]) -> None:
    connection = account.data.connect()
    try:
        engine.change(connection, f"DELETE FROM {kept_in(stream)} WHERE batch IN ({', '.join(map(str, batches))})")
    finally:
        connection.close()


def _stream_has_data(session: Session, arguments: list[Any]) -> bool:
    if len(arguments) != 1:
        raise SnowflakeError("SYSTEM$STREAM_HAS_DATA takes one argument: a stream's name.", "000939", "22023")
    return has_data(session, str(arguments[0]))


FUNCTIONS = {"SYSTEM$STREAM_HAS_DATA": _stream_has_data}
