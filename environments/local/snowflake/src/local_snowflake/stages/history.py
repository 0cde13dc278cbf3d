"""Which files a table was loaded from: COPY INTO loads a file once, unless it changed or FORCE is set.

The history follows the table: what a transaction loaded counts inside it at once, and for others when it commits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import now
from ..sql import transactions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..kernel.catalogue import Object
    from ..kernel.session import Session
    from ..kernel.store import Store
    from .locations import Location, StagedFile

_COLLECTION = "load"


@dataclass(frozen=True)
class _Change:
    """What a statement does to a table's history, when called.

    Attributes:
        table: the table's id.
        files: the files that it loaded, by key; None when it forgot all of them.

    """

    store: Store
    table: str
    files: dict[str, Any] | None

    def over(self, known: dict[str, Any]) -> dict[str, Any]:
        """The history with this change."""
        return {} if self.files is None else known | self.files

    def __call__(self) -> None:
        """Make the change in the store."""
        if self.files is None:
            self.store.remove(_COLLECTION, self.table)
        else:
            known = self.store.get(_COLLECTION, self.table) or {}
            self.store.put(_COLLECTION, self.table, self.over(known))


def has(session: Session, table: Object, location: Location, file: StagedFile) -> bool:
    """Whether the table was loaded from this file, with this content."""
    known = session.account.store.get(_COLLECTION, table.id) or {}
    for change in session.at_commit:
        if isinstance(change, _Change) and change.table == table.id:
            known = change.over(known)
    return known.get(_key(location, file), {}).get("md5") == file.md5


def add(session: Session, table: Object, location: Location, files: Iterable[StagedFile]) -> None:
    """Remember that the table was loaded from the files."""
    new = {_key(location, f): {"md5": f.md5, "loaded": now().isoformat()} for f in files}
    if new:
        transactions.once_committed(session, _Change(session.account.store, table.id, new))


def forget(session: Session, table: Object) -> None:
    """The table is dropped or truncated: its files may be loaded again."""
    transactions.once_committed(session, _Change(session.account.store, table.id, None))


def _key(location: Location, file: StagedFile) -> str:
    return f"{location.stage.id}/{file.relative}"
