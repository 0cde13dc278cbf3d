"""Stages and file formats as objects of the catalogue."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..grammar.admission import admit
from ..kernel.catalogue import Object, inside, now
from ..kernel.errors import already_exists, invalid, unsupported
from ..kernel.kinds import STAMP, Create, Kind, read_tags
from ..kernel.result import DESCRIBE, EXECUTED, Result, rows, status
from ..kernel.tokens import Tokens
from . import formats, locations

if TYPE_CHECKING:
    from ..kernel.names import Name
    from ..kernel.session import Session

_OPTIONS = {"FILE_FORMAT", "COPY_OPTIONS", "DIRECTORY", "ENCRYPTION", "COMMENT"}
_EXTERNAL = {"URL", "STORAGE_INTEGRATION", "CREDENTIALS", "ENDPOINT"}


class Stage(Kind):
    """STAGE: a folder of files inside a schema."""

    word, plural = "STAGE", "STAGES"
    columns = (
        ("created_on", STAMP),
        *("name", "database_name", "schema_name", "url", "has_credentials", "has_encryption_key", "owner", "comment"),
        *("region", "type", "cloud", "notification_channel", "storage_integration", "endpoint", "owner_role_type"),
        "directory_enabled",
    )

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE [TEMPORARY] STAGE name [options]: internal stages only."""
        name = self.read_name(session, tokens)
        new = _with_options(session, Object(self.word, name, session.role), tokens)
        if create.temporary:
            return self._add_temporary(session, create, new.with_properties(temporary=True))
        answer = self.add(session, create, new)
        made = session.account.catalogue.get(self.word, name).id == new.id
        return status(f"Stage area {name.name} successfully created.") if made else answer

    def _add_temporary(self, session: Session, create: Create, new: Object) -> Result:
        session.check_container(new.name)
        key = (self.word, new.name)
        if key in session.temporary and create.if_not_exists:
            return status(f"{new.name.name} already exists, statement succeeded.")
        if key in session.temporary and not create.or_replace:
            raise already_exists(new.name)
        if key in session.temporary:
            self.remove(session, new.name)
        session.temporary[key] = new
        # Nobody else can be reading it.
        session.at_end.append(lambda: shutil.rmtree(locations.folder(session.account, new), ignore_errors=True))
        return status(f"Stage area {new.name.name} successfully created.")

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER STAGE ... SET options | RENAME TO | REFRESH, and what every kind knows."""
        if tokens.accept("REFRESH"):
            return self._refresh(session, name, tokens)
        if tokens.accept("RENAME", "TO"):
            return self._rename(session, name, self.read_name(session, tokens))
        if tokens.looking_at("SET") and tokens.peek(1).upper in _OPTIONS:
            tokens.expect("SET")
            return self.change(session, name, lambda o: _with_options(session, o, tokens))
        return super().alter(session, name, tokens)

    def _rename(self, session: Session, name: Name, to: Name) -> Result:
        old = session.own(self.word, name)
        self.authorise_create(session, to)
        with session.account.catalogue.together():
            session.account.catalogue.rename(old, to)
            session.account.access.forget(self.word, name)
        return status(EXECUTED)

    def _refresh(self, session: Session, name: Name, tokens: Tokens) -> Result:
        tokens.end()
        stage = session.get(self.word, name, "WRITE")
        _check_directory(stage)
        # A directory table is read from the folder itself, so it is never out of date.
        session.account.catalogue.change(self.word, name, lambda o: o.with_properties(refreshed=now().isoformat()))
        return rows(["file", "status", "description"], [])

    def remove(self, session: Session, name: Name) -> None:
        """Take the stage out of the catalogue and delete its files."""
        stage = session.temporary.pop((self.word, name), None)
        if stage is None:
            stage = session.account.catalogue.get(self.word, name)
            super().remove(session, name)
        session.account.remains.folder(locations.folder(session.account, stage))

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE STAGE: the properties, one row each."""
        tokens.end()
        names = ("parent_property", "property", "property_type", "property_value", "property_default")
        cells = [dict(zip(names, row, strict=True)) for row in _described(thing)]
        return rows(names, cells, DESCRIBE)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW STAGES."""
        internal = {"url": "", "has_credentials": "N", "has_encryption_key": "N"}
        kind = "INTERNAL TEMPORARY" if thing.properties.get("temporary") else "INTERNAL"
        directory = "Y" if has_directory(thing) else "N"
        return {**super().row(session, thing), **internal, "type": kind, "directory_enabled": directory}

    def listed(self, session: Session, show: Any) -> list[Object]:
        """The stages that the session sees, its temporary ones among them."""
        own = [o for (kind, _), o in session.temporary.items() if kind == self.word and inside_scope(o, show.within)]
        return sorted([*super().listed(session, show), *own], key=lambda o: o.name)


class FileFormat(Kind):
    """FILE FORMAT: how the files of a stage are read."""

    word, plural = "FILE FORMAT", "FILE FORMATS"
    columns = (
        ("created_on", STAMP),
        *("name", "database_name", "schema_name", "type", "owner", "comment", "format_options", "owner_role_type"),
    )

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE [TEMPORARY] FILE FORMAT name TYPE = CSV | JSON | PARQUET [options]."""
        name = self.read_name(session, tokens)
        options = tokens.options()
        comment = options.pop("COMMENT", "")
        kind = formats.read_format(session, options).kind
        new = Object(self.word, name, session.role, {"options": {**options, "TYPE": kind}}, comment)
        if not create.temporary:
            return self.add(session, create, new)
        session.check_container(name)
        if (self.word, name) in session.temporary and not (create.or_replace or create.if_not_exists):
            raise already_exists(name)
        session.temporary[self.word, name] = new
        return status(f"File format {name.name} successfully created.")

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER FILE FORMAT ... SET options, which must be those of its type."""
        if tokens.accept("SET"):
            old = session.own(self.word, name)
            kind = old.properties["options"]["TYPE"]
            admit(Tokens(f"CREATE FILE FORMAT F TYPE = {kind} {tokens.rest}"), "CREATE FILE FORMAT")
            merged = old.properties["options"] | tokens.options()
            comment = merged.pop("COMMENT", old.comment)
            formats.read_format(session, merged)
            return self.change(session, name, lambda o: replace(o.with_properties(options=merged), comment=comment))
        if tokens.accept("RENAME", "TO"):
            raise unsupported("ALTER FILE FORMAT ... RENAME TO")
        return super().alter(session, name, tokens)

    def remove(self, session: Session, name: Name) -> None:
        """Take the format out of the catalogue, or out of the session."""
        if session.temporary.pop((self.word, name), None) is None:
            super().remove(session, name)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW FILE FORMATS."""
        options = thing.properties["options"]
        return {**super().row(session, thing), "type": options["TYPE"], "format_options": str(options)}


def has_directory(stage: Object) -> bool:
    """Whether the stage has a directory table."""
    return str(stage.properties.get("directory", {}).get("ENABLE", "FALSE")).upper() == "TRUE"


def inside_scope(thing: Object, within: Name | None) -> bool:
    """Whether an object of the session belongs to what SHOW was asked for."""
    return within is None or inside(thing.name, within)


def _check_directory(stage: Object) -> None:
    if not has_directory(stage):
        raise invalid(f"Directory table is not enabled on stage '{stage.name}'.", "002296", "02000")


def _with_options(session: Session, stage: Object, tokens: Tokens) -> Object:
    if tokens.looking_at("CLONE"):
        raise unsupported(f"CREATE STAGE ... {tokens.rest[:60]}")
    while not tokens.done:
        if tokens.accept("WITH", "TAG", "(") or tokens.accept("TAG", "("):
            stage = replace(stage, tags=stage.tags | read_tags(session, tokens))
            tokens.expect(")")
        else:
            stage = _set(session, stage, tokens.options("WITH", "TAG"))
    return stage


def _set(session: Session, stage: Object, options: dict[str, Any]) -> Object:
    if external := options.keys() & _EXTERNAL:
        raise unsupported(f"external stage ({', '.join(sorted(external))})")
    if unknown := options.keys() - _OPTIONS:
        raise invalid(f"invalid property '{min(unknown)}' for 'STAGE'", "001420")
    formats.read_format(session, options.get("FILE_FORMAT"))
    comment = options.pop("COMMENT", stage.comment)
    return replace(stage.with_properties(**{k.lower(): v for k, v in options.items()}), comment=comment)


def _described(stage: Object) -> list[tuple[str, str, str, str, str]]:
    written = stage.properties.get("file_format") or {}
    named = written if isinstance(written, dict) else {"FORMAT_NAME": written}
    format_ = {"TYPE": "CSV"} | named
    found = [("STAGE_FILE_FORMAT", k, "String", str(v), "CSV" if k == "TYPE" else "") for k, v in format_.items()]
    copy = {"ON_ERROR": "ABORT_STATEMENT", "PURGE": "false"} | stage.properties.get("copy_options", {})
    found += [("STAGE_COPY_OPTIONS", k, "String", str(v), "") for k, v in copy.items()]
    found.append(("STAGE_LOCATION", "URL", "String", "", ""))
    encryption = stage.properties.get("encryption", {}).get("TYPE", "SNOWFLAKE_FULL")
    found.append(("STAGE_ENCRYPTION", "TYPE", "String", encryption, "SNOWFLAKE_FULL"))
    found.append(("DIRECTORY", "ENABLE", "Boolean", str(has_directory(stage)).lower(), "false"))
    if "refreshed" in stage.properties:
        found.append(("DIRECTORY", "LAST_REFRESHED_ON", "Timestamp", stage.properties["refreshed"], ""))
    return found


KINDS = (Stage(), FileFormat())
