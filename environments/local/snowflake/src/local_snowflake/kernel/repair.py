"""Opening the files of an account: what a killed server left is put right, and what is not ours is named."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb

from . import remains
from .data import STORED, Data

if TYPE_CHECKING:
    from pathlib import Path

    from .catalogue import Catalogue
    from .store import Store

# How often a table's columns were altered: a property of its object, and part of what is written on its rows.
ALTERED = "altered"
_ROWS = "rows.duckdb"


class HomeError(Exception):
    """A file in the account's folder cannot be used."""


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """While a file of the account is read: what is wrong with it is told by its name.

    Raises:
        HomeError: it is torn, or none of ours.

    """
    try:
        yield
    except (sqlite3.DatabaseError, duckdb.Error, ValueError, KeyError, TypeError, AttributeError) as error:
        cause = str(error).split("\n", 1)[0]
        raise HomeError(f"{file} cannot be read: {cause}") from error


def rows(home: Path, store: Store, catalogue: Catalogue, macros: str) -> Data:
    """The account's tables, as the catalogue has them.

    Raises:
        HomeError: a file cannot be read, or is none of this version's.

    """
    if (home / "databases").exists():
        raise HomeError(
            f"{home / 'databases'} is of an earlier version of the local Snowflake, which kept its rows there."
        )
    file = home / _ROWS
    with readable(file):
        data = Data(file, macros)
    names = data.names()
    if names and not catalogue.of("ROLE"):
        raise HomeError(f"{file} holds {len(names)} tables, and the catalogue beside it is new and knows none of them.")
    # What nobody owns is the sample data, which is generated anew.
    stored = [thing for kind in STORED for thing in catalogue.of(kind) if thing.owner]
    if lost := [thing for thing in stored if thing.id not in names]:
        raise HomeError(f"{file} lacks the rows of {len(lost)} tables, {lost[0].name} among them.")
    _finish(data, catalogue)
    store.reload.append(lambda: _finish(data, catalogue))
    remains.sweep(data, home, catalogue.ids(), store.text("object"))
    return data


def _finish(data: Data, catalogue: Catalogue) -> None:
    """A table whose rows were altered when the server was killed: the catalogue takes what is written on them."""
    for id_, note in data.comments().items():
        table, new = catalogue.identified(id_), json.loads(note)
        if table and new["properties"][ALTERED] > table.properties.get(ALTERED, 0):
            catalogue.follow(id_, lambda o, new=new: replace(o, **new))
