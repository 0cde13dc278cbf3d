"""What the catalogue names no more: rows and files that are deleted once no statement can be reading them.

Rows and files are called by the id of their object. They are made before the catalogue names the object, and deleted
after it has forgotten it: so the catalogue's commit is the one moment at which a statement takes effect, and what a
killed server leaves behind is what no id of the catalogue belongs to.
"""

from __future__ import annotations

import logging
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import duckdb

if TYPE_CHECKING:
    from .data import Data
    from .store import Store

_log = logging.getLogger(__name__)
_ID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
_PAUSE_SECONDS = 0.5  # each commit takes as long as a statement: many tables go with one, or those that were in the way


class Reader(Protocol):
    """A session: what runs statements, for the call of another one or not."""

    @property
    def caller(self) -> Reader | None:
        """Whose call it works for."""


@dataclass(frozen=True)
class _Remainder:
    moment: int
    rows: str = ""
    folder: Path | None = None


class Remains:
    """What waits to be deleted, and the statements that it waits for.

    Args:
        data: where the rows are.
        store: what is deleted goes once the store has kept what is being written together.

    """

    def __init__(self, data: Data, store: Store) -> None:
        self._data, self._store = data, store
        self._moment = 0
        self._began: dict[Reader, int] = {}
        self._waiting: list[_Remainder] = []
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="remains", daemon=True)

    # ---- who reads
    @contextmanager
    def read_by(self, session: Reader) -> Iterator[None]:
        """While a statement runs, what it may have found in the catalogue stays.

        A statement that runs others (CALL, a block) looks its own names up before or after those, so it counts from the
        last of them: else a long procedure would keep everything that is deleted meanwhile.
        """
        outer = session in self._began
        self._began[session] = self._moment
        caller = session.caller
        while caller is not None:
            if caller in self._began:
                self._began[caller] = self._moment
            caller = caller.caller
        try:
            yield
        finally:
            if outer:
                self._began[session] = self._moment
            else:
                del self._began[session]
            if self._waiting:
                self._delete_folders()
                with self._changed:
                    self._changed.notify()

    # ---- what goes
    def rows(self, id_: str) -> None:
        """The rows of an object go, with the sequences of their columns."""
        self._store.afterwards(lambda: self._put(rows=id_))

    def folder(self, folder: Path) -> None:
        """A folder of an object goes."""
        self._store.afterwards(lambda: self._put(folder=folder))

    def _put(self, rows: str = "", folder: Path | None = None) -> None:
        with self._changed:
            self._moment += 1
            self._waiting.append(_Remainder(self._moment, rows, folder))
            if not self._thread.is_alive() and not self._ended.is_set():
                self._thread.start()
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._ended.is_set() and not self._due():
                    self._changed.wait()
            if self._ended.wait(_PAUSE_SECONDS):
                return
            self._delete(self._due())

    def _due(self) -> list[_Remainder]:
        oldest = min(list(self._began.values()), default=self._moment)
        return [r for r in self._waiting if r.moment <= oldest]

    def _delete_folders(self) -> None:
        """At once: who drops a stage expects its files to be gone."""
        with self._changed:
            gone = [r for r in self._due() if r.folder]
            self._forget(gone)
        for remainder in gone:
            shutil.rmtree(remainder.folder or "", ignore_errors=True)

    def _forget(self, gone: list[_Remainder]) -> None:
        moments = {r.moment for r in gone}
        self._waiting = [r for r in self._waiting if r.moment not in moments]

    def _delete(self, due: list[_Remainder]) -> None:
        self._delete_folders()
        try:
            self._data.delete({r.rows for r in due if r.rows})
        except duckdb.Error as error:  # a transaction changes them; the next start deletes what is left
            _log.info("Rows that nobody reads any more wait to be deleted: %s", error)
            return
        with self._changed:
            self._forget([r for r in due if r.rows])

    def close(self) -> None:
        """Delete what is left, and stop."""
        with self._changed:
            self._ended.set()
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self._began.clear()
        self._delete(self._due())


def sweep(data: Data, home: Path, ids: set[str], documents: str) -> None:
    """Delete what a killed server left: rows and folders that are called by an id which nothing has.

    Args:
        data: the rows.
        home: the account's folder.
        ids: the ids of all objects.
        documents: what is known of them, as one text: it has the ids of their versions and runs.

    """
    data.delete({_id(name) for name in data.names()} - ids)
    known = {_OBJECTS: ids, _PARTS: ids | set(_ID.findall(documents))}
    for rooms, have in known.items():
        for entry in (entry for room in rooms for entry in (home / room).glob("*")):
            if _id(entry.name) and _id(entry.name) not in have:
                shutil.rmtree(entry, ignore_errors=True)


# The folders of the home whose entries are called by the id of an object, or of a part of one.
_OBJECTS = ("stages", "notebooks", "monitors", "jobs")
_PARTS = ("models", "datasets", "experiments")
ROOMS = (*_OBJECTS, *_PARTS)


def _id(name: str) -> str:
    found = _ID.search(name)
    return found[0] if found else ""
