"""Which policies a table or view has: kept by the policy's id, on its columns and on the object itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from ..sql import columns as table_columns

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object

MASKING, ROW_ACCESS = "MASKING POLICY", "ROW ACCESS POLICY"
_HOLDERS = ("TABLE", "VIEW", "DYNAMIC TABLE")


@dataclass(frozen=True)
class Attachment:
    """A policy on an object.

    Attributes:
        policy: the policy's id.
        over: the columns that are its arguments; for a masking policy the masked one first.
        column: the column that it masks; "" for a row access policy.

    """

    policy: str
    over: tuple[str, ...]
    column: str = ""


def on(thing: Object) -> list[Attachment]:
    """What a table or view has."""
    masked = [c for c in table_columns.of(thing) if c.mask]
    found = [Attachment(c.mask["policy"], tuple(c.mask["using"]), c.name) for c in masked if c.mask]
    rows = thing.properties.get("row_access")
    return [*found, *([Attachment(rows["policy"], tuple(rows["on"]))] if rows else [])]


def policy(account: Account, attachment: Attachment) -> Object:
    """The policy, under whatever name."""
    kind = MASKING if attachment.column else ROW_ACCESS
    return next(p for p in account.catalogue.of(kind) if p.id == attachment.policy)


def having(account: Account, wanted: Object) -> Iterator[tuple[Object, Attachment]]:
    """The tables and views of the account that have a policy."""
    temporary = chain.from_iterable(s.temporary.values() for s in account.opened())
    stored = chain.from_iterable(account.catalogue.of(kind) for kind in _HOLDERS)
    for thing in chain(stored, temporary):
        if "columns" in thing.properties:
            yield from ((thing, found) for found in on(thing) if found.policy == wanted.id)


def depend_on(thing: Object, column: str) -> list[Attachment]:
    """The policies for which a column is an argument."""
    return [found for found in on(thing) if column in found.over]
