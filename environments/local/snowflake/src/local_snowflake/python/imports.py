"""Files that procedures and functions import from stages."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel.errors import execution_error
from ..stages import locations

if TYPE_CHECKING:
    from ..kernel.session import Session
    from ..stages.locations import StagedFile


def check(session: Session, imports: Iterable[str]) -> None:
    """Every file of IMPORTS must be on its stage, which the session must be able to read.

    Raises:
        SnowflakeError: 002003 for the stage, 100357 for the file.

    """
    for written in imports:
        _staged(session, written)


def copy(session: Session, imports: Iterable[str], folder: Path) -> None:
    """Put the files as they are now into a folder. Copies, not links: user code may write to what it imports.

    Raises:
        SnowflakeError: as `check`.

    """
    for written in imports:
        for file in _staged(session, written):
            shutil.copyfile(file.path, folder / file.path.name)


def _staged(session: Session, written: str) -> list[StagedFile]:
    location = locations.resolve(session, written)
    found = [f for f in locations.files(location) if _meant(f, location.path)]
    if not found:
        raise execution_error(f"Remote file '{written}' was not found.", "100357")
    return found


def _meant(file: StagedFile, path: str) -> bool:
    """The file itself, or, where a directory was named, the files right in it."""
    if not path or path.endswith("/"):
        return "/" not in file.relative.removeprefix(path)
    return file.relative == path
