"""What tables and views have in common: one namespace, temporary ones, DESCRIBE, and how they are put in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..kernel import kinds
from ..kernel.catalogue import Object, inside
from ..kernel.errors import already_exists, unsupported
from ..kernel.kinds import Create, Kind, Show
from ..kernel.result import DESCRIBE, Result, rows, status
from ..policies import attached
from ..sql import columns, spelling
from ..sql.naming import READABLE

if TYPE_CHECKING:
    from ..kernel.names import Name
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens
    from ..sql.columns import TableColumn

_DESCRIBED = (
    "name",
    "type",
    "kind",
    "null?",
    "default",
    "primary key",
    "unique key",
    "check",
    "expression",
    "comment",
    "policy name",
    "privacy domain",
)


class Relation(Kind):
    """A table or a view."""

    def place(
        self,
        session: Session,
        create: Create,
        new: Object,
        build: Callable[[], None],
        also: Callable[[], None] = lambda: None,
    ) -> Result:
        """Put a new one in the catalogue, once `build` has made what lies behind it under its id.

        Args:
            session: who creates it.
            create: the head of the statement.
            new: what is created.
            build: makes the rows.
            also: changes what else there is to change in the catalogue, in one step with it.

        Raises:
            SnowflakeError: 002002 when there is one; 003001 without the privilege; what `build` raises.

        """
        with session.account.catalogue.making(self.word, new.name):
            return self._placed(session, create, new, build, also)

    def _placed(
        self, session: Session, create: Create, new: Object, build: Callable[[], None], also: Callable[[], None]
    ) -> Result:
        key = (self.word, new.name)
        old = session.temporary.get(key) if create.temporary else session.account.catalogue.find(*key)
        if old and create.if_not_exists:
            return status(f"{new.name.name} already exists, statement succeeded.")
        if old and create.or_alter:
            raise unsupported(f"CREATE OR ALTER {self.word} of one that is there")
        self._authorise(session, create, new.name, old)
        build()
        try:
            with session.account.catalogue.together():
                if create.temporary:
                    session.temporary[key] = new
                else:
                    self._record(session, create, new, old)
                also()
        except BaseException:
            session.account.remains.rows(new.id)
            raise
        return status(f"{self.word.capitalize()} {new.name.name} successfully created.")

    def _authorise(self, session: Session, create: Create, name: Name, old: Object | None) -> None:
        others = [kind for kind in READABLE if kind != self.word and session.account.catalogue.find(kind, name)]
        if (old and not create.or_replace) or (others and not create.temporary):
            raise already_exists(name)
        spelling.check_table(session, name)
        if create.temporary:
            session.check_container(name)
            return
        self.authorise_create(session, name)
        if old:
            session.own(self.word, name)

    def _record(self, session: Session, create: Create, new: Object, old: Object | None) -> None:
        grants, catalogue = kinds.first_grants(session, create, new, old), session.account.catalogue
        if old:
            catalogue.replace(old, new)
            session.account.access.forget(self.word, new.name)
            self.discard(session, old)
        else:
            catalogue.add(new)
        for grant in grants:
            session.account.access.grant(grant)
        self.furnish(session, new)

    def change(self, session: Session, name: Name, alter: Any) -> Result:
        """Replace the object by `alter(object)`, the session's temporary one first."""
        shadow = session.temporary.get((self.word, name))
        if shadow is None:
            return super().change(session, name, alter)
        session.temporary[self.word, name] = alter(shadow)
        return status("Statement executed successfully.")

    def remove(self, session: Session, name: Name) -> None:
        """Take it out of the session, when it is temporary, or out of the catalogue."""
        gone = session.temporary.pop((self.word, name), None)
        if gone is None:
            gone = session.account.catalogue.get(self.word, name)
            super().remove(session, name)
        self.discard(session, gone)

    def discard(self, session: Session, gone: Object) -> None:
        """Delete what lies behind one that was dropped or replaced."""

    def listed(self, session: Session, show: Show) -> Iterable[Object]:
        """Those that SHOW considers, the session's temporary ones among them."""
        own = {n: o for (kind, n), o in session.temporary.items() if kind == self.word and _within(n, show.within)}
        return sorted([*own.values(), *(o for o in super().listed(session, show) if o.name not in own)], key=_by_name)

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE: a row for each column."""
        tokens.accept("TYPE", "=", "COLUMNS")
        tokens.end()
        policies = {a.column: str(attached.policy(session.account, a).name) for a in attached.on(thing)}
        found = [{**_described(c), "policy name": policies.get(c.name)} for c in columns.of(thing)]
        return rows(_DESCRIBED, found, DESCRIBE)


def _within(name: Name, container: Name | None) -> bool:
    return container is None or inside(name, container)


def _by_name(thing: Object) -> Name:
    return thing.name


def _described(column: TableColumn) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "kind": "COLUMN",
        "null?": "Y" if column.nullable else "N",
        "default": column.default or _identity(column),
        "primary key": "Y" if column.key else "N",
        "unique key": "Y" if column.unique else "N",
        "comment": column.comment or None,
    }


def _identity(column: TableColumn) -> str | None:
    if not column.identity:
        return None
    start, step = column.identity
    return f"IDENTITY START {start} INCREMENT {step} NOORDER"


def renamed(defined: list[TableColumn], found: list[TableColumn]) -> list[TableColumn]:
    """A query's columns as a column list names and types them; the query's own without a list."""
    if not defined:
        return found
    return [replace(d, type=d.type or f.type) for d, f in zip(defined, found, strict=True)]
