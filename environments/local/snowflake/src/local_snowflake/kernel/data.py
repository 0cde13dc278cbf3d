"""The rows of tables: one DuckDB file, in which each table is called by the id of its object in the catalogue."""

import threading
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from .names import literal, quote


class Connection:
    """A DuckDB connection that may be reused at any time.

    DuckDB 2 refuses a new statement while an earlier one's rows are unread, so those are read off first.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def execute(self, sql: str, parameters: Any = None) -> duckdb.DuckDBPyConnection:
        """Run DuckDB's SQL and return the cursor that holds its rows."""
        self._drain()
        return self._cursor.execute(sql) if parameters is None else self._cursor.execute(sql, parameters)

    def relation(self, sql: str) -> duckdb.DuckDBPyRelation:
        """A query in DuckDB's SQL, bound (so its columns are known) and not yet run."""
        self._drain()
        return self._cursor.sql(sql)

    def register(self, name: str, table: Any) -> None:
        """Make an Arrow table readable under a name, on this connection."""
        self._drain()
        self._cursor.register(name, table)

    def unregister(self, name: str) -> None:
        """Forget a registered table."""
        self._drain()
        self._cursor.unregister(name)

    def interrupt(self) -> None:
        """Stop the statement that runs on this connection, from another thread."""
        self._cursor.interrupt()

    def close(self) -> None:
        """Close the connection; its temporary tables go with it."""
        # One that a query still holds closes when the query, which was interrupted, lets go of it.
        with suppress(duckdb.Error):
            self._cursor.close()

    @property
    def raw(self) -> duckdb.DuckDBPyConnection:
        """DuckDB's own object, for what has no wrapper here (functions)."""
        self._drain()
        return self._cursor

    def _drain(self) -> None:
        # A closed or empty result is what "nothing to read off" looks like.
        with suppress(duckdb.Error):
            self._cursor.fetchall()


# More than cores: where a query calls Python, most of them wait, and a worker gets the rows of all that do.
_THREADS = 16


class Data:
    """The account's tables.

    Args:
        file: the DuckDB file; made when missing.
        macros: what DuckDB is to know, as its SQL.

    """

    def __init__(self, file: Path, macros: str) -> None:
        # DuckDB refuses a second call on a connection that is busy with one, so the root is used in turn.
        self._turn = threading.Lock()
        self._root = duckdb.connect(":memory:", config={"threads": _THREADS})
        self._root.execute("SET GLOBAL TimeZone = 'UTC'")
        # DuckDB reads the macros beside what Python imports meanwhile; the first connection waits for them.
        self._defining = threading.Thread(target=self._root.cursor().execute, args=(macros,))
        self._defining.start()
        self._root.execute(f"ATTACH {literal(str(file))} AS {quote(ROWS)}")

    def connect(self) -> Connection:
        """A new connection of its own: transactions and temporary tables are not shared."""
        self._defining.join()
        with self._turn:
            return Connection(self._root.cursor())

    def names(self) -> set[str]:
        """What the tables, views and sequences in the file are called."""
        return {name for _, name in self._things()}

    def comments(self) -> dict[str, str]:
        """What is written on the tables that have a comment, by their names."""
        found = f"SELECT table_name, comment FROM duckdb_tables() WHERE database_name = {literal(ROWS)}"
        with self._turn:
            return dict(self._root.execute(f"{found} AND comment IS NOT NULL").fetchall())

    def delete(self, ids: Collection[str]) -> None:
        """Delete all that is called by one of these ids, in one transaction.

        Raises:
            duckdb.Error: when another transaction changes some of it; then nothing is deleted.

        """
        if not ids:
            return
        gone = [(kind, name) for kind, name in self._things() if name[:_ID_LENGTH] in ids]
        # A table's defaults need its sequences.
        steps = [
            f"DROP {kind} IF EXISTS {place(name)}" for kind, name in sorted(gone, key=lambda g: g[0] == "SEQUENCE")
        ]
        connection = self.connect()
        try:
            connection.execute("; ".join(["BEGIN", *steps, "COMMIT"]))
        finally:
            connection.close()

    def _things(self) -> list[tuple[str, str]]:
        listed = (("TABLE", "duckdb_tables()"), ("VIEW", "duckdb_views()"), ("SEQUENCE", "duckdb_sequences()"))
        every = " UNION ALL ".join(
            f"SELECT '{kind}', {kind.lower()}_name FROM {source} WHERE database_name = {literal(ROWS)}"
            for kind, source in listed
        )
        with self._turn:
            return self._root.execute(every).fetchall()

    def close(self) -> None:
        """Write everything down and close."""
        self._defining.join()
        # A query that still runs holds DuckDB open; what was committed is in the files all the same.
        with self._turn, suppress(duckdb.Error):
            self._root.close()


STORED = ("TABLE", "DYNAMIC TABLE")  # the kinds of objects that have rows of their own
ROWS = "rows"  # what DuckDB calls the file
_ID_LENGTH = 36


def place(name: str) -> str:
    """A table's, view's or sequence's full name in DuckDB, quoted."""
    return f"{quote(ROWS)}.main.{quote(name)}"
