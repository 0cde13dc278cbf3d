"""CREATE TABLE: columns, AS SELECT, LIKE, CLONE; and what SHOW TABLES tells."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import Object
from ..kernel.errors import invalid, unsupported
from ..kernel.kinds import STAMP, Create, read_tags
from ..kernel.result import Result
from ..policies import attaching
from ..sample_data import DATABASE, SampleData
from ..sql import clustering, columns, places
from ..sql.binding import remaining
from ..sql.columns import TableColumn
from ..sql.naming import relation_named
from ..sql.parsing import parse
from ..sql.scope import Scope
from ..stages import history, locations
from ..streams import reading
from . import altering, queries, storage
from .relations import Relation, renamed

if TYPE_CHECKING:
    from ..kernel.names import Name
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

# Options that only tell Snowflake how to store or keep the rows: recorded, and shown.
_RECORDED = {
    "DATA_RETENTION_TIME_IN_DAYS": "retention_time",
    "MAX_DATA_EXTENSION_TIME_IN_DAYS": "max_extension_time",
    "CHANGE_TRACKING": "change_tracking",
    "ENABLE_SCHEMA_EVOLUTION": "schema_evolution",
}


@dataclass
class _Draft:
    """A CREATE TABLE statement as far as it has been read."""

    columns: list[TableColumn]
    properties: dict[str, Any] = field(default_factory=dict)
    comment: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    copy_grants: bool = False
    row_access: dict[str, Any] | None = None


class Table(Relation):
    """Tables: their definition in the catalogue, their rows in DuckDB."""

    word, plural = "TABLE", "TABLES"
    columns = (
        ("created_on", STAMP),
        "name",
        "database_name",
        "schema_name",
        "kind",
        "comment",
        "cluster_by",
        ("rows", "fixed"),
        ("bytes", "fixed"),
        "owner",
        "retention_time",
        "automatic_clustering",
        "change_tracking",
        "owner_role_type",
    )

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE TABLE in each of its forms."""
        name = self.read_name(session, tokens)
        if tokens.accept("LIKE"):
            return self._create_like(session, create, name, tokens, rows=False)
        if tokens.accept("CLONE"):
            return self._create_like(session, create, name, tokens, rows=True)
        draft = _Draft(columns.read(tokens) if tokens.looking_at("(") else [])
        _options(session, draft, tokens)
        if tokens.accept("AS"):
            return self._create_as(session, create, self._drafted(session, create, name, draft), draft, tokens)
        tokens.end()
        _typed(draft.columns)
        clustering.check(draft.properties.get("cluster_by"), [c.name for c in draft.columns])
        new = self._drafted(session, create, name, draft)
        if create.or_alter and session.find(self.word, name):
            attaching.refuse(new, draft.row_access, "CREATE OR ALTER TABLE")
            return altering.reconcile(self, session, new, draft.columns)
        new = self._protected(session, new, draft)
        create = replace(create, copy_grants=draft.copy_grants)
        return self.place(session, create, new, lambda: storage.build(session, new, draft.columns))

    def _drafted(self, session: Session, create: Create, name: Name, draft: _Draft) -> Object:
        kind = "TEMPORARY" if create.temporary else "TRANSIENT" if "TRANSIENT" in create.modifiers else "TABLE"
        documents = {"columns": [c.document() for c in draft.columns]}
        properties = {"kind": kind, "temporary": create.temporary, **draft.properties, **documents}
        if kind != "TABLE":
            check_retention(draft.properties.get("retention_time", "0"), kind)
        return Object(self.word, name, session.role, properties, draft.comment, draft.tags)

    def _protected(self, session: Session, new: Object, draft: _Draft) -> Object:
        return attaching.created(session, new, draft.row_access)

    def _create_as(self, session: Session, create: Create, new: Object, draft: _Draft, tokens: Tokens) -> Result:
        if draft.copy_grants and not create.or_replace:
            raise invalid("COPY GRANTS of CREATE TABLE ... AS SELECT needs OR REPLACE.", "001003", "42000")
        with Scope(session, consuming=True) as scope:
            query = queries.compiled(scope, parse(remaining(tokens)))
            session.require_warehouse()
            found = columns.from_result(queries.answer(scope, query, describe=True).columns)
            if draft.columns and len(draft.columns) != len(found):
                raise invalid("Invalid column definition list", "002026", "42601")
            made = renamed(draft.columns, found)
            columns.check_distinct(made)
            clustering.check(draft.properties.get("cluster_by"), [c.name for c in made])
            new = self._protected(session, new.with_properties(columns=[c.document() for c in made]), draft)

            create = replace(create, copy_grants=draft.copy_grants)
            return self.place(
                session,
                create,
                new,
                lambda: storage.build(session, new, made, query.sql),
                lambda: reading.consumed(scope),
            )

    def _create_like(self, session: Session, create: Create, name: Name, tokens: Tokens, *, rows: bool) -> Result:
        """LIKE copies the columns, CLONE the rows too; both leave the grants behind unless COPY GRANTS is written."""
        source = relation_named(Scope(session), tokens.name())
        if source.kind != self.word:
            raise unsupported(f"{'CLONE' if rows else 'LIKE'} of a {source.kind}")
        draft = _Draft(columns.of(source), comment=source.comment if rows else "")
        _options(session, draft, tokens)
        tokens.end()
        if draft.row_access or not rows:
            attaching.refuse(source, draft.row_access, f"CREATE TABLE ... {'CLONE' if rows else 'LIKE'}")
        new = self._drafted(session, create, name, draft)
        clustering.check(draft.properties.get("cluster_by"), [c.name for c in draft.columns])
        # A clone has the policies of its source: its rows are all there, and as well protected.
        new = new.with_properties(row_access=source.properties.get("row_access"))
        query = f"SELECT * FROM {places.sql_name(session, source)}" if rows else ""
        create = replace(create, copy_grants=draft.copy_grants, source=source.name)
        return self.place(session, create, new, lambda: storage.build(session, new, draft.columns, query))

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER TABLE: policies, columns, name, clustering, options; COMMENT and TAG as for every kind."""
        with session.account.catalogue.making(self.word, name):
            return self._alter(session, name, tokens)

    def _alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        protected = attaching.alter(self, session, name, tokens)
        if protected is not None:
            return protected
        changed = altering.alter(self, session, session.own(self.word, name), tokens)
        return super().alter(session, name, tokens) if changed is None else changed

    def set_options(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER TABLE ... SET option = value, the comment among them."""
        given = tokens.options()
        comment, options = given.pop("COMMENT", None), _recorded(given)
        table = session.own(self.word, name)
        if table.properties.get("kind") in {"TRANSIENT", "TEMPORARY"}:
            check_retention(options.get("retention_time", "0"), table.properties["kind"])
        comment = table.comment if comment is None else comment
        return self.change(session, name, lambda o: replace(o.with_properties(**options), comment=comment))

    def unset_options(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER TABLE ... UNSET option, ...: each has its default again."""
        gone = {tokens.identifier()}
        while tokens.accept(","):
            gone.add(tokens.identifier())
        if unknown := gone - {*_RECORDED, "COMMENT"}:
            raise unsupported(f"ALTER TABLE ... UNSET {min(unknown)}")
        table = session.own(self.word, name)
        left = {key: value for key, value in table.properties.items() if key not in {_RECORDED.get(g) for g in gone}}
        comment = "" if "COMMENT" in gone else table.comment
        return self.change(session, name, lambda o: replace(o, properties=left, comment=comment))

    def discard(self, session: Session, gone: Object) -> None:
        """Delete the rows, the files of the table's own stage, and what was loaded from which file."""
        storage.drop(session, gone)
        history.forget(session, gone)
        locations.drop_table_stage(session.account, gone)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW TABLES; the sample data is counted, too, and so has to be there."""
        if thing.name.database == DATABASE.name:
            session.account[SampleData].ensure()
        number = storage.count(session, thing)
        tracking = str(thing.properties.get("change_tracking", "FALSE")).upper() == "TRUE"
        shown = {"rows": number, "bytes": 0 if number == 0 else None, "automatic_clustering": "OFF"}
        shown |= {"change_tracking": "ON" if tracking else "OFF", "cluster_by": thing.properties.get("cluster_by", "")}
        return {"retention_time": "1", **super().row(session, thing), **shown}


def _options(session: Session, draft: _Draft, tokens: Tokens) -> None:
    """What stands between the columns and AS, in any order."""
    while not tokens.done and not tokens.looking_at("AS"):
        if tokens.accept("CLUSTER", "BY"):
            draft.properties["cluster_by"] = clustering.read(tokens)
        elif tokens.accept("COPY", "GRANTS"):
            draft.copy_grants = True
        elif row_access := attaching.row_access_clause(tokens):
            draft.row_access = row_access
        elif tokens.accept("WITH", "TAG", "(") or tokens.accept("TAG", "("):
            draft.tags = read_tags(session, tokens)
            tokens.expect(")")
        elif tokens.accept("COMMENT"):
            tokens.accept("=")
            draft.comment = tokens.value()
        elif tokens.peek(1).text != "=":
            raise unsupported(f"CREATE TABLE ... {tokens.rest[:60]}")
        else:
            draft.properties |= _recorded(tokens.options(*_CLAUSES))


def check_retention(days: str, kind: str) -> None:
    """Refuse more than a day: https://docs.snowflake.com/en/user-guide/tables-temp-transient.

    Raises:
        SnowflakeError: 001008.

    """
    if int(days) > 1:
        raise invalid(f"invalid value [{days}] for parameter 'DATA_RETENTION_TIME_IN_DAYS' of a {kind} table")


# Words that begin a clause which is no `KEY = value`.
_CLAUSES = ("AS", "CLUSTER", "COPY", "WITH", "TAG", "COMMENT", "ROW", "AGGREGATION", "JOIN", "STORAGE", "USING", "FROM")


def _recorded(options: dict[str, Any]) -> dict[str, Any]:
    for key, value in options.items():
        if key not in _RECORDED or (key == "ENABLE_SCHEMA_EVOLUTION" and str(value).upper() == "TRUE"):
            raise unsupported(f"table option {key} = {value}")
    return {_RECORDED[key]: value for key, value in options.items()}


def _typed(defined: list[TableColumn]) -> None:
    """Every column needs a type."""
    for column in defined:
        if not column.type:
            raise invalid(f"Missing data type of column '{column.name}'", "001003", "42000")


KINDS = (Table(),)
