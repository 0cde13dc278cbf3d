"""Databases and schemas."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import sample_data
from ..kernel.access import ACCOUNT
from ..kernel.catalogue import Object, inside
from ..kernel.errors import already_exists, does_not_exist, invalid, unsupported
from ..kernel.kinds import STAMP, Create, Kind, Show, read_tags
from ..kernel.names import Name
from ..kernel.parameters.table import can_set
from ..kernel.registry import kinds
from ..kernel.result import DESCRIBE, Result, rows, status
from ..policies import attached
from ..sample_data import SampleData
from . import options
from .clauses import merged

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

INFORMATION_SCHEMA = "INFORMATION_SCHEMA"
_OPTIONS = {"COMMENT": options.TEXT}
_SHOWN = (("created_on", STAMP), "name", "is_default", "is_current")
_TERSE = (("created_on", STAMP), "name", "kind", "database_name", "schema_name")
_SHOWN_LAST = ("owner", "comment", "options", "retention_time", "owner_role_type")


class Container(Kind):
    """What databases and schemas share: options, cascading removal, and being current once created."""

    terse = _TERSE
    inside: tuple[str, ...] = ()  # the kinds that DESCRIBE lists

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE DATABASE | SCHEMA; it becomes the current one, as in Snowflake."""
        name = self.read_name(session, tokens)
        if tokens.accept("FROM", "SHARE"):
            return self.imported(session, create, name, tokens)
        new = self._read(session, Object(self.word, name, session.role), create, tokens)
        answer = self.add(session, create, new)
        session.use_schema(name.database or name.name, name.name if name.database else None)
        return answer

    def imported(self, session: Session, create: Create, name: Name, tokens: Tokens) -> Result:
        """CREATE ... FROM SHARE: the tokens stand at the share."""
        raise unsupported(f"CREATE {self.word} ... FROM SHARE")

    def redefine(self, session: Session, old: Object, new: Object) -> Result:
        """CREATE OR ALTER of one that exists: it stays as permanent or transient as it is."""
        if old.properties.get("transient", False) != new.properties["transient"]:
            raise invalid(f"CREATE OR ALTER {self.word} cannot change whether '{old.name}' is TRANSIENT.", "001506")
        return super().redefine(session, old, new)

    def _read(self, session: Session, new: Object, create: Create, tokens: Tokens) -> Object:
        properties: dict[str, Any] = {"transient": "TRANSIENT" in create.modifiers}
        while not tokens.done:
            if tokens.accept("WITH", "MANAGED", "ACCESS"):
                properties["managed_access"] = True
            elif tokens.accept("WITH", "TAG", "(") or tokens.accept("TAG", "("):
                new = replace(new, tags=read_tags(session, tokens))
                tokens.expect(")")
            elif tokens.peek().upper in {"CLONE", "FROM", "AS"} or tokens.looking_at("WITH", "CONTACT"):
                raise unsupported(tokens.text)
            else:
                properties |= options.properties(session, self.word, tokens.options("WITH", "TAG"), _OPTIONS)
        _check_retention(properties)
        return replace(new, comment=properties.pop("comment", ""), properties=properties)

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER ... SET retention and comment, ENABLE | DISABLE MANAGED ACCESS."""
        managed = tokens.accept_any("ENABLE", "DISABLE")
        if managed:
            tokens.expect("MANAGED", "ACCESS")
            return self.change(session, name, lambda o: o.with_properties(managed_access=managed == "ENABLE"))
        if tokens.looking_at("SET") and self._is_option(tokens.peek(1).upper):
            tokens.expect("SET")
            return self._changed(
                session, name, options.properties(session, self.word, tokens.options(), _OPTIONS), set()
            )
        if tokens.looking_at("UNSET") and self._is_option(tokens.peek(1).upper):
            tokens.expect("UNSET")
            return self._changed(session, name, {}, set(options.names(tokens)))
        return super().alter(session, name, tokens)

    def check_removal(self, session: Session, name: Name, going: Collection[tuple[str, Name]] = ()) -> None:
        """All that is inside goes too, so nothing else may need any of it."""
        inside = list(session.account.catalogue.within(name))
        together = {*going, (self.word, name), *((thing.kind, thing.name) for thing in inside)}
        for thing in inside:
            if thing.kind != "SCHEMA":  # what is in a database's schemas is in the database
                kinds()[thing.kind].check_removal(session, thing.name, together)

    def halt(self, session: Session, name: Name) -> None:
        """End what runs for the objects inside."""
        for thing in session.account.catalogue.within(name):
            if thing.kind != "SCHEMA":
                kinds()[thing.kind].halt(session, thing.name)

    def _is_option(self, key: str) -> bool:
        return key in _OPTIONS or can_set(self.word, key)

    def _changed(self, session: Session, name: Name, changes: dict[str, Any], gone: set[str]) -> Result:
        """With other properties, and without some."""
        if unknown := [key for key in sorted(gone) if not self._is_option(key.upper())]:
            raise unsupported(f"ALTER {self.word} ... UNSET {unknown[0].upper()}")
        _check_retention(merged(session.own(self.word, name), changes, gone).properties)
        return self.change(session, name, lambda o: merged(o, changes, gone))

    def empty(self, session: Session, container: Name) -> None:
        """Remove everything inside: the catalogue's entries one by one, so that each kind lets go of its files.

        Schemas come last, policies after what has them; the session's own temporary objects hide others, so they go
        first.
        """
        for kind, name in [key for key in session.temporary if inside(key[1], container)]:
            kinds()[kind].remove(session, name)
        for thing in sorted(session.account.catalogue.within(container), key=_last):
            kind = kinds()[thing.kind]
            # What is in a database's schemas is in the database.
            remove = Kind.remove if thing.kind == "SCHEMA" else type(kind).remove
            remove(kind, session, thing.name)
        session.account.catalogue.afterwards(lambda: self._left(session, container))

    def _left(self, session: Session, container: Name) -> None:
        for other in session.account.opened():
            other.leave(container)

    def show(self, session: Session, show: Show) -> Result:
        """SHOW [TERSE]: the kind, and where it lies, are NULL for what has none."""
        listed = super().show(session, show)
        if not show.terse:
            return listed
        nothing = {"kind": None, "schema_name": None} | ({"database_name": None} if self.scope == "account" else {})
        return rows(_TERSE, [row | nothing for row in listed.rows.to_pylist()])

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE DATABASE: its schemas; DESCRIBE SCHEMA: its tables and views.

        https://docs.snowflake.com/en/sql-reference/sql/desc-schema
        """
        tokens.end()
        found = [o for kind in self.inside for o in kinds()[kind].listed(session, Show(within=thing.name))]
        described = [{"created_on": o.created_on, "name": o.name.name, "kind": o.kind.replace(" ", "_")} for o in found]
        return rows(_TERSE[:3], described, DESCRIBE)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW."""
        retention = thing.properties.get("data_retention_time_in_days")
        named = [
            n
            for n, on in (("TRANSIENT", "transient"), ("MANAGED ACCESS", "managed_access"))
            if thing.properties.get(on)
        ]
        current = thing.name.name == (session.schema if thing.name.database else session.database)
        return {
            **super().row(session, thing),
            "is_default": "N",
            "is_current": "Y" if current else "N",
            "options": ", ".join(named),
            "retention_time": str(1 if retention is None else retention),
            "origin": thing.properties.get("origin", ""),
            "kind": thing.properties.get("kind", "STANDARD"),
        }


def _check_retention(container: dict[str, Any]) -> None:
    """What is transient keeps its past for a day at most: https://docs.snowflake.com/en/user-guide/data-time-travel."""
    days = container.get("data_retention_time_in_days")
    if container.get("transient") and days is not None and days > 1:
        raise invalid(f"invalid value [{days}] for parameter 'DATA_RETENTION_TIME_IN_DAYS': a transient one has 0 or 1")


def _last(thing: Object) -> tuple[bool, bool]:
    return thing.kind == "SCHEMA", thing.kind in {attached.MASKING, attached.ROW_ACCESS}


class Database(Container):
    """DATABASE: the schemas in it."""

    word, plural, scope, redefined = "DATABASE", "DATABASES", "account", True
    columns = (*_SHOWN, "origin", *_SHOWN_LAST[:-1], "kind", "owner_role_type")
    inside = ("SCHEMA",)

    def imported(self, session: Session, create: Create, name: Name, tokens: Tokens) -> Result:
        """CREATE DATABASE SNOWFLAKE_SAMPLE_DATA FROM SHARE SFC_SAMPLES.SAMPLE_DATA, where the account has it not.

        https://docs.snowflake.com/en/user-guide/sample-data-using
        """
        share = ".".join(tokens.name())
        tokens.end()
        if share != sample_data.SHARE:
            raise does_not_exist("Share", share)
        if name != sample_data.DATABASE:
            raise unsupported(f"CREATE DATABASE {name} FROM SHARE {share}: here it is {sample_data.DATABASE}")
        session.require("IMPORT SHARE", "ACCOUNT", ACCOUNT)
        if session.account.catalogue.find(self.word, name):
            if create.if_not_exists:
                return status(f"{name} already exists, statement succeeded.")
            raise already_exists(name)
        session.account[SampleData].furnish()
        return status(f"Database {name} successfully created.")

    def furnish(self, session: Session, new: Object) -> None:
        """A new database has a schema PUBLIC."""
        session.account.catalogue.add(Object("SCHEMA", Name(new.name.name, "", "PUBLIC"), session.role))

    def check_removal(self, session: Session, name: Name, going: Collection[tuple[str, Name]] = ()) -> None:
        """The sample data stays, and so does what others need."""
        if session.account.catalogue.get("DATABASE", name).properties.get("share"):
            raise invalid(f"Cannot drop the shared database '{name}' of the local Snowflake.", "003001", "42501")
        super().check_removal(session, name, going)

    def remove(self, session: Session, name: Name) -> None:
        """Remove the database with all that is in it."""
        self.empty(session, name)
        super().remove(session, name)


class Schema(Container):
    """SCHEMA: the tables, stages, tasks and other objects in it."""

    word, plural, scope, redefined = "SCHEMA", "SCHEMAS", "database", True
    columns = (*_SHOWN, "database_name", *_SHOWN_LAST)
    inside = ("TABLE", "DYNAMIC TABLE", "VIEW")

    def remove(self, session: Session, name: Name) -> None:
        """Remove the schema with all that is in it."""
        self.empty(session, name)
        super().remove(session, name)

    def listed(self, session: Session, show: Show) -> Iterable[Object]:
        """The schemas that the session sees, and each database's INFORMATION_SCHEMA."""
        databases = [d for d in session.account.catalogue.of("DATABASE") if session.sees(d)]
        inside = [
            d for d in databases if show.within is None or d.name.name == (show.within.database or show.within.name)
        ]
        virtual = [Object("SCHEMA", Name(d.name.name, "", INFORMATION_SCHEMA), "", created=d.created) for d in inside]
        within = show.within if show.within is None or not show.within.database else Name("", "", show.within.database)
        seen = [o for o in session.account.catalogue.of("SCHEMA", within) if session.sees(o)]
        return sorted(seen + virtual, key=lambda o: o.name)


KINDS = (Database(), Schema())
