"""What survives a restart besides the tables: JSON documents in one SQLite file, written through at once."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import full_disk


class Store:
    """Documents by collection and key.

    Args:
        path: the SQLite file; made when missing.

    Attributes:
        lock: held by whoever writes, so through the whole of what is written `together`. What keeps documents in
            memory too takes it before a lock of its own.
        reload: called when what was written together could not be kept: the memory must be as the file again.

    """

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self.reload: list[Callable[[], None]] = []
        self._depth = 0
        self._afterwards: list[Callable[[], object]] = []
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # NORMAL with WAL: a killed server loses nothing; only a power cut could lose the last writes.
        self._db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            "CREATE TABLE IF NOT EXISTS document"
            "(collection TEXT, key TEXT, body TEXT, PRIMARY KEY (collection, key)) WITHOUT ROWID"
        )

    @property
    def changing(self) -> bool:
        """Whether several writes are on their way that belong together."""
        return self._depth > 0

    @contextmanager
    def together(self) -> Iterator[None]:
        """Keep all that is written inside, or none of it. Nothing that waits for another thread may stand inside."""
        with self.lock:
            if self._depth:  # inside of another one, which keeps both
                yield
                return
            self._execute("BEGIN")
            self._depth += 1
            try:
                yield
                self._execute("COMMIT")
            except BaseException:
                self._undo()
                raise
            finally:
                self._depth -= 1
            actions, self._afterwards = self._afterwards, []
        for action in actions:
            action()

    def _undo(self) -> None:
        self._afterwards.clear()
        if self._db.in_transaction:  # a full disk has ended it
            self._db.execute("ROLLBACK")
        for again in self.reload:
            again()

    def afterwards(self, action: Callable[[], object]) -> None:
        """Do something once what is being written together is kept; at once when nothing is."""
        with self.lock:
            if self._depth:
                self._afterwards.append(action)
                return
        action()

    def put(self, collection: str, key: str, body: dict[str, Any]) -> None:
        """Write a document, replacing the one with that key."""
        row = (collection, key, json.dumps(body, default=str))
        with self.lock:
            self._execute("INSERT OR REPLACE INTO document VALUES (?, ?, ?)", row)

    def put_many(self, collection: str, bodies: dict[str, dict[str, Any]]) -> None:
        """Write several documents of a collection at once: all of them or none."""
        rows = [(collection, key, json.dumps(body, default=str)) for key, body in bodies.items()]
        with self.together():
            for row in rows:
                self._execute("INSERT OR REPLACE INTO document VALUES (?, ?, ?)", row)

    def remove_many(self, collection: str, keys: Iterable[str]) -> None:
        """Remove several documents of a collection at once."""
        rows = [(collection, key) for key in keys]
        with self.together():
            for row in rows:
                self._execute("DELETE FROM document WHERE collection = ? AND key = ?", row)

    def remove(self, collection: str, key: str) -> None:
        """Remove a document; a missing one is no error."""
        with self.lock:
            self._execute("DELETE FROM document WHERE collection = ? AND key = ?", (collection, key))

    def _execute(self, sql: str, row: tuple[str, ...] = ()) -> None:
        """Write.

        Raises:
            SnowflakeError: 100132 when the disk is full.

        """
        try:
            self._db.execute(sql, row)
        except sqlite3.OperationalError as error:
            if "full" not in str(error):
                raise
            raise full_disk() from error

    def get(self, collection: str, key: str) -> dict[str, Any] | None:
        """One document, or None."""
        with self.lock:
            row = self._db.execute(
                "SELECT body FROM document WHERE collection = ? AND key = ?", (collection, key)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def all(self, collection: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Key and document of a collection, in key order."""
        with self.lock:
            rows = self._db.execute(
                "SELECT key, body FROM document WHERE collection = ? ORDER BY key", (collection,)
            ).fetchall()
        return ((key, json.loads(body)) for key, body in rows)

    def text(self, collection: str) -> str:
        """All documents of a collection as one text."""
        with self.lock:
            rows = self._db.execute("SELECT body FROM document WHERE collection = ?", (collection,)).fetchall()
        return "\n".join(body for (body,) in rows)

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self._db.close()
