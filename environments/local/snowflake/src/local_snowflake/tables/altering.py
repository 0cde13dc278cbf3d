"""ALTER TABLE and CREATE OR ALTER TABLE: each change goes to DuckDB and to the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from ..kernel.errors import SnowflakeError, already_exists, invalid, unsupported
from ..kernel.names import Name, quote
from ..kernel.result import EXECUTED, Result, status
from ..policies import attaching
from ..sql import clustering, columns, datatypes, engine, places
from ..sql.columns import TableColumn
from ..streams import changes
from . import storage

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens
    from .tables import Table

_Change = Callable[["Table", "Session", "Object", "Tokens"], Result]


def alter(kind: Table, session: Session, table: Object, tokens: Tokens) -> Result | None:
    """The clause's answer, or None for what is the same for every kind of object (TAG)."""
    for words, change in _CLAUSES:
        if tokens.accept(*words.split(" ")):
            return change(kind, session, table, tokens)
    if tokens.peek(1).upper != "TAG" and tokens.accept("SET"):
        return kind.set_options(session, table.name, tokens)
    if tokens.peek(1).upper != "TAG" and tokens.accept("UNSET"):
        return kind.unset_options(session, table.name, tokens)
    return None


def reconcile(kind: Table, session: Session, new: Object, wanted: list[TableColumn]) -> Result:
    """CREATE OR ALTER TABLE on a table that is there: columns are added, dropped and changed; rows stay.

    Raises:
        SnowflakeError: 000002 when a column changes in a way that ALTER TABLE cannot follow.

    """
    table = session.own(kind.word, new.name)
    have, want = {c.name: c for c in columns.of(table)}, {c.name: c for c in wanted}
    for gone in have.keys() - want.keys():
        _drop_column(kind, session, session.own(kind.word, new.name), gone)
    for column in wanted:
        if column.name not in have:
            _add(kind, session, session.own(kind.word, new.name), column)
        elif column.type != have[column.name].type:
            _retype(kind, session, session.own(kind.word, new.name), column.name, column.type)
    for name in have.keys() & want.keys():
        if have[name].nullable != want[name].nullable:
            _set_nullable(kind, session, session.own(kind.word, new.name), name, nullable=want[name].nullable)
    current = _current(kind, session, new.name)
    documents = [replace(want[c.name], mask=c.mask).document() for c in current]
    properties = {**new.properties, "columns": documents, "row_access": table.properties.get("row_access")}
    kind.change(session, new.name, lambda o: replace(o, properties=properties, comment=new.comment))
    return status(f"Table {new.name.name} successfully created or altered.")


# ---- columns
def _add_either(kind: Table, session: Session, table: Object, tokens: Tokens) -> Result:
    """ADD a key, or columns."""
    key = columns.starts_constraint(tokens)
    return (_add_key if key else _add_columns)(kind, session, table, tokens)


def _add_columns(kind: Table, session: Session, table: Object, tokens: Tokens) -> Result:
    tokens.accept("COLUMN")
    quiet = tokens.accept("IF", "NOT", "EXISTS")
    new = [columns.column(tokens)]
    while tokens.accept(","):
        tokens.accept("COLUMN")
        new.append(columns.column(tokens))
    tokens.end()
    names = set(_names(table))
    new = [column for column in new if not (quiet and column.name in names)]
    for column in new:  # all, before the first is added
        _check_new(column, names)
        names.add(column.name)
    for column in new:
        _add(kind, session, session.own(kind.word, table.name), column)
    return status(EXECUTED)


def _check_new(column: TableColumn, names: Collection[str]) -> None:
    """A column that a table with these columns can get."""
    if column.name in names:
        raise SnowflakeError(f"SQL compilation error:\ncolumn '{column.name}' already exists", "001430", "42601")
    if column.identity:
        raise unsupported("ALTER TABLE ... ADD COLUMN ... AUTOINCREMENT")


def _add(kind: Table, session: Session, table: Object, column: TableColumn) -> None:
    _check_new(column, _names(table))
    have = columns.of(table)
    column = attaching.added(session, table, column)
    if column.limit:
        storage.rebuild(session, table, have, [*have, column])
    else:
        definition = replace(column, nullable=True).definition(storage.default(session, table, column))
        required = [] if column.nullable else [f"ALTER COLUMN {quote(column.name)} SET NOT NULL"]
        _run(session, table, [f"ADD COLUMN {definition}", *required])
    _put(kind, session, table, [*columns.of(table), column])


def _drop_columns(kind: Table, session: Session, table: Object, tokens: Tokens) -> Result:
    quiet = tokens.accept("IF", "EXISTS")
    gone = [tokens.identifier()]
    while tokens.accept(","):
        gone.append(tokens.identifier())
    tokens.end()
    gone = [name for name in gone if not (quiet and name not in _names(table))]
    for name in gone:  # all, before the first is dropped
        _column(table, name)
        attaching.refuse_change(table, name)
    if len(gone) == len(_names(table)):
        raise invalid("Cannot drop all columns of a table.", "002028", "42601")
    for name in gone:
        _drop_column(kind, session, session.own(kind.word, table.name), name)
    return status(EXECUTED)


def _drop_column(kind: Table, session: Session, table: Object, name: str) -> None:
    attaching.refuse_change(table, name)
    _run(session, table, [f"DROP COLUMN {quote(name)}"])
    _put(kind, session, table, [c for c in columns.of(table) if c.name != name])


def _rename_column(kind: Table, session: Session, table: Object, tokens: Tokens) -> Result:
    old = tokens.identifier()
    tokens.expect("TO")
    new = tokens.column()
    tokens.end()
    _column(table, old)
    if new in _names(table):
        raise SnowflakeError(f"SQL compilation error:\ncolumn '{new}' already exists", "001430", "42601")
    _run(session, table, [f"RENAME COLUMN {quote(old)} TO {quote(new)}"])
    properties = attaching.renamed(table, old, new)
    kind.change(session, table.name, lambda o: o.with_properties(**properties))
    return status(EXECUTED)


def _alter_column(kind: Table, session: Session, table: Object, tokens: Tokens) -> Result:
    tokens.accept("COLUMN")
    name = tokens.identifier()
    _column(table, name)
    if tokens.accept("SET", "NOT", "NULL") or tokens.accept("NOT", "NULL"):
        _set_nullable(kind, session, table, name, nullable=False)
    elif tokens.accept("DROP", "NOT", "NULL"):
        _set_nullable(kind, session, table, name, nullable=True)
    elif tokens.accept("DROP", "DEFAULT"):
        _run(session, table, [f"ALTER COLUMN {quote(name)} DROP DEFAULT"])
        _update(kind, session, table, name, default="")
    elif tokens.accept("COMMENT"):
        _update(kind, session, table, name, comment=tokens.value())
    elif tokens.accept("SET", "DATA", "TYPE") or tokens.accept("TYPE"):
        _retype(kind, session, table, name, str(datatypes.read(tokens, vectors=True)))
    else:
        raise unsupported(f"ALTER TABLE ... ALTER COLUMN {tokens.rest}")
    tokens.end()
    return status(EXECUTED)


def _set_nullable(kind: Table, session: Session, table: Object, name: str, *, nullable: bool) -> None:
    _run(session, table, [f"ALTER COLUMN {quote(name)} {'DROP' if nullable else 'SET'} NOT NULL"])
    _update(kind, session, table, name, nullable=nullable)


def _retype(kind: Table, session: Session, table: Object, name: str, wanted: str) -> None:
    """Snowflake lets a type only grow: a longer VARCHAR, a NUMBER of more digits and the same scale."""
    old, new = _column(table, name).datatype, datatypes.parse(wanted)
    scales = (old.arguments[1:], new.arguments[1:])
    if old.name != new.name or scales[0] != scales[1] or new.arguments < old.arguments:
        text = f"cannot change column {name} from type {old} to {new}"
        raise invalid(text, "002108", "22000")
    have = columns.of(table)
    storage.rebuild(session, table, have, [replace(c, type=wanted) if c.name == name else c for c in have])
    _update(kind, session, table, name, type=wanted)


# ---- the table itself
def _rename(kind: Table, session: Session, table: Object, tokens: Tokens) -> Result:
    name = session.qualify(tokens.name())
    tokens.end()
    catalogue = session.account.catalogue
    if any(catalogue.find(k, name) for k in ("TABLE", "VIEW")):
        raise already_exists(name)
    if name.container != table.name.container or table.properties.get("temporary"):
        raise unsupported("ALTER TABLE ... RENAME TO another schema, or of a temporary table")
    _run(session, table, [f"RENAME TO {quote(name.name)}"])
    _move(kind, session, table, name)
    return status(EXECUTED)


def _move(kind: Table, session: Session, table: Object, name: Name) -> None:
    """The catalogue's entry and the grants on it under another name."""
    account = session.account
    grants = account.access.on(kind.word, table.name)
    account.catalogue.remove(kind.word, table.name)
    account.access.forget(kind.word, table.name)
    account.catalogue.add(replace(table, name=name))
    for grant in grants:
        account.access.grant(replace(grant, name=name))


def _swap(kind: Table, session: Session, table: Object, tokens: Tokens) -> Result:
    """SWAP WITH: each table gets the other's name, in one step; grants stay with their table."""
    other = session.own(kind.word, session.qualify(tokens.name()))
    tokens.end()
    if other.name.container != table.name.container or table.properties.get("temporary"):
        raise unsupported("ALTER TABLE ... SWAP WITH a table of another schema, or of a temporary table")
    mine, theirs, between = table.name, other.name, table.name.sibling(f"{table.id} swapped")
    steps = ((mine, between), (theirs, mine), (between, theirs))
    engine.together(session.connection, [f"ALTER TABLE {a.sql} RENAME TO {quote(b.name)}" for a, b in steps])
    _move(kind, session, table, between)
    _move(kind, session, other, mine)
    _move(kind, session, session.account.catalogue.get(kind.word, between), theirs)
    return status(EXECUTED)


def _cluster(kind: Table, session: Session, table: Object, tokens: Tokens) -> Result:
    by = clustering.read(tokens)
    tokens.end()
    clustering.check(by, [c.name for c in columns.of(table)])
    return kind.change(session, table.name, lambda o: o.with_properties(cluster_by=by))


def _uncluster(kind: Table, session: Session, table: Object, tokens: Tokens) -> Result:
    tokens.end()
    return kind.change(session, table.name, lambda o: o.with_properties(cluster_by=""))


def _add_key(kind: Table, session: Session, table: Object, tokens: Tokens) -> Result:
    key = columns.table_constraint(tokens)
    tokens.end()
    found = columns.keyed(columns.of(table), [key])
    nullable = {c.name: c.nullable for c in columns.of(table)}
    _put(kind, session, table, [replace(c, nullable=nullable[c.name]) for c in found])
    return status(EXECUTED)


def _drop_key(kind: Table, session: Session, table: Object, tokens: Tokens) -> Result:
    tokens.end()
    if not any(c.key for c in columns.of(table)):
        raise invalid(f"Table {table.name} has no primary key.", "002003", "02000")
    _put(kind, session, table, [replace(c, key=False) for c in columns.of(table)])
    return status(EXECUTED)


# The longer clause stands before the shorter one that it begins with.
_CLAUSES: tuple[tuple[str, _Change], ...] = (
    ("RENAME TO", _rename),
    ("RENAME COLUMN", _rename_column),
    ("SWAP WITH", _swap),
    ("CLUSTER BY", _cluster),
    ("DROP CLUSTERING KEY", _uncluster),
    ("DROP PRIMARY KEY", _drop_key),
    ("DROP COLUMN", _drop_columns),
    ("DROP", _drop_columns),
    ("ADD", _add_either),
    ("ALTER", _alter_column),
    ("MODIFY", _alter_column),
)


# ---- both sides of a change
def _run(session: Session, table: Object, steps: list[str]) -> None:
    if not steps[0].startswith("RENAME TO"):
        changes.refuse(session, table)
    name = places.sql_name(session, table)
    engine.together(session.connection, [f"ALTER TABLE {name} {step}" for step in steps])


def _put(kind: Table, session: Session, table: Object, changed: list[TableColumn]) -> None:
    documents = [c.document() for c in changed]
    kind.change(session, table.name, lambda o: o.with_properties(columns=documents))


def _update(kind: Table, session: Session, table: Object, name: str, **changes: object) -> None:
    changed = [replace(c, **changes) if c.name == name else c for c in columns.of(table)]  # type: ignore[arg-type]
    _put(kind, session, table, changed)


def _names(table: Object) -> list[str]:
    return [c.name for c in columns.of(table)]


def _current(kind: Table, session: Session, name: Name) -> list[TableColumn]:
    return columns.of(session.own(kind.word, name))


def _column(table: Object, name: str) -> TableColumn:
    for column in columns.of(table):
        if column.name == name:
            return column
    raise SnowflakeError(f"SQL compilation error:\ncolumn '{name}' does not exist", "001412", "42S22")
