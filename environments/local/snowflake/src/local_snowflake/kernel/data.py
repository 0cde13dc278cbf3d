"""The rows of tables: one DuckDB file for each database of the account, all attached to one process."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from .names import Name, literal, quote


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
        folder: where the database files lie; made when missing.
        macros: what DuckDB is to know, as its SQL.

    """

    def __init__(self, folder: Path, macros: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        # DuckDB refuses a second call on a connection that is busy with one, so the root is used in turn.
        self._turn = threading.Lock()
        self._root = duckdb.connect(":memory:", config={"threads": _THREADS})
        self._root.execute("SET GLOBAL TimeZone = 'UTC'")
        # DuckDB reads the macros beside what Python imports meanwhile; the first connection waits for them.
        self._defining = threading.Thread(target=self._root.cursor().execute, args=(macros,))
        self._defining.start()
        for file in sorted(folder.glob("*.duckdb")):
            self._attach(_decoded(file.stem), file)

    def connect(self) -> Connection:
        """A new connection of its own: transactions and temporary tables are not shared."""
        self._defining.join()
        with self._turn:
            return Connection(self._root.cursor())

    def has_database(self, name: str) -> bool:
        """Whether a database of that name is attached."""
        return self._file(name).exists()

    def create_database(self, name: str) -> None:
        """Make an empty database."""
        self._attach(name, self._file(name))

    def drop_database(self, name: str) -> None:
        """Remove a database and its file."""
        self._run(f"DETACH {quote(name)}")
        for file in (self._file(name), self._file(name).with_suffix(".duckdb.wal")):
            file.unlink(missing_ok=True)

    def create_schema(self, schema: Name) -> None:
        """Make a schema (a name with a database)."""
        self._run(f"CREATE SCHEMA IF NOT EXISTS {schema.sql}")

    def drop_schema(self, schema: Name) -> None:
        """Remove a schema and its tables and views."""
        self._run(f"DROP SCHEMA IF EXISTS {schema.sql} CASCADE")

    def close(self) -> None:
        """Write everything down and close."""
        self._defining.join()
        # A query that still runs holds DuckDB open; what was committed is in the files all the same.
        with self._turn, suppress(duckdb.Error):
            self._root.close()

    def _attach(self, name: str, file: Path) -> None:
        self._run(f"ATTACH {literal(str(file))} AS {quote(name)}")

    def _run(self, sql: str) -> None:
        with self._turn:
            self._root.execute(sql)

    def _file(self, name: str) -> Path:
        return self._folder / f"{_encoded(name)}.duckdb"


def _encoded(name: str) -> str:
    # Quoted names may hold any character, and some file systems fold case: letters that do are escaped.
    return "".join(c if c.isupper() or c.isdigit() or c == "_" else f"~{ord(c):x}~" for c in name)


def _decoded(stem: str) -> str:
    parts = stem.split("~")
    return "".join(chr(int(part, 16)) if i % 2 else part for i, part in enumerate(parts))
