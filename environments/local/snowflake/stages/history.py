"""Which files a table was loaded from: COPY INTO loads a file once, unless it changed or FORCE is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalogue import now

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..account import Account
    from ..catalogue import Object
    from ..session import Session
    from .locations import Location, StagedFile

_COLLECTION = "load"


def has(session: Session, table: Object, location: Location, file: StagedFile) -> bool:
    """Whether the table was loaded from this file, with this content."""
    known = session.account.store.get(_COLLECTION, table.id) or {}
    return known.get(_key(location, file), {}).get("md5") == file.md5


def add(session: Session, table: Object, location: Location, files: Iterable[StagedFile]) -> None:
    """Remember that the table was loaded from the files."""
    new = {_key(location, f): {"md5": f.md5, "loaded": now().isoformat()} for f in files}
    if new:
        known = session.account.store.get(_COLLECTION, table.id) or {}
        session.account.store.put(_COLLECTION, table.id, known | new)


def forget(account: Account, table: Object) -> None:
    """The table is dropped or truncated: its files may be loaded again."""
    account.store.remove(_COLLECTION, table.id)


def _key(location: Location, file: StagedFile) -> str:
    return f"{location.stage.id}/{file.relative}"
