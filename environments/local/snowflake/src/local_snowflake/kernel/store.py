"""What survives a restart besides the tables: JSON documents in one SQLite file, written through at once."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


class Store:
    """Documents by collection and key.

    Args:
        path: the SQLite file; made when missing.

    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # NORMAL with WAL: a killed server loses nothing; only a power cut could lose the last writes.
        self._db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            "CREATE TABLE IF NOT EXISTS document"
            "(collection TEXT, key TEXT, body TEXT, PRIMARY KEY (collection, key)) WITHOUT ROWID"
        )

    def put(self, collection: str, key: str, body: dict[str, Any]) -> None:
        """Write a document, replacing the one with that key."""
        row = (collection, key, json.dumps(body, default=str))
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO document VALUES (?, ?, ?)", row)

    def put_many(self, collection: str, bodies: dict[str, dict[str, Any]]) -> None:
        """Write several documents of a collection at once: all of them or none."""
        rows = [(collection, key, json.dumps(body, default=str)) for key, body in bodies.items()]
        self._all_or_none("INSERT OR REPLACE INTO document VALUES (?, ?, ?)", rows)

    def remove_many(self, collection: str, keys: Iterable[str]) -> None:
        """Remove several documents of a collection at once."""
        rows = [(collection, key) for key in keys]
        self._all_or_none("DELETE FROM document WHERE collection = ? AND key = ?", rows)

    def _all_or_none(self, statement: str, rows: list[tuple[str, ...]]) -> None:
        with self._lock:
            self._db.execute("BEGIN")
            try:
                self._db.executemany(statement, rows)
            except sqlite3.Error:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def remove(self, collection: str, key: str) -> None:
        """Remove a document; a missing one is no error."""
        with self._lock:
            self._db.execute("DELETE FROM document WHERE collection = ? AND key = ?", (collection, key))

    def get(self, collection: str, key: str) -> dict[str, Any] | None:
        """One document, or None."""
        with self._lock:
            row = self._db.execute(
                "SELECT body FROM document WHERE collection = ? AND key = ?", (collection, key)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def all(self, collection: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Key and document of a collection, in key order."""
        with self._lock:
            rows = self._db.execute(
                "SELECT key, body FROM document WHERE collection = ? ORDER BY key", (collection,)
            ).fetchall()
        return ((key, json.loads(body)) for key, body in rows)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()
