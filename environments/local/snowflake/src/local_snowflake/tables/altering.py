"""ALTER TABLE and CREATE OR ALTER TABLE: each change goes to DuckDB and to the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..kernel.errors import SnowflakeError, already_exists, invalid, unsupported
from ..kernel.names import quote
from ..kernel.repair import ALTERED
from ..kernel.result import EXECUTED, Result, status
from ..policies import attaching
from ..sql import clustering, columns, datatypes, places
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
    with session.account.catalogue.making(kind.word, new.name):
        table = session.own(kind.word, new.name)
        have, want = {c.name: c for c in columns.of(table)}, {c.name: c for c in wanted}
        gone = [name for name in have if name not in want]
        for name in gone:
            attaching.refuse_change(table, name)
        retyped = [c.name for c in wanted if c.name in have and c.type != have[c.name].type]
        for name in retyped:
            _check_retyped(table, name, want[name].type)
        added = [_checked(session, table, c) for c in wanted if c.name not in have]
        kept = [replace(want[name], mask=c.mask) for name, c in have.items() if name in want]
        if retyped or any(c.limit for c in added):
            steps = storage.rebuilt(session, table, kept, [*kept, *added])
        else:
            steps = [
                *(step for c in added for step in _adding(session, table, c)),
                *(f"DROP COLUMN {quote(name)}" for name in gone),
                *(_nulls(c) for c in kept if c.nullable != have[c.name].nullable),
            ]
            steps = _of_table(session, table, steps)
        properties = {**new.properties, "row_access": table.properties.get("row_access")}
        _put(
            kind,
            session,
            table,
            [*kept, *added],
            steps,
            lambda o: replace(o, properties=properties, comment=new.comment),
        )
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
    have, added = columns.of(table), [_checked(session, table, column) for column in new]
    if any(column.limit for column in added):
        steps = storage.rebuilt(session, table, have, [*have, *added])
    else:
        steps = _of_table(session, table, [step for column in added for step in _adding(session, table, column)])
    _put(kind, session, table, [*have, *added], steps)
    return status(EXECUTED)


def _check_new(column: TableColumn, names: Collection[str]) -> None:
    """A column that a table with these columns can get."""
    if column.name in names:
        raise SnowflakeError(f"SQL compilation error:\ncolumn '{column.name}' already exists", "001430", "42601")
    if column.identity:
        raise unsupported("ALTER TABLE ... ADD COLUMN ... AUTOINCREMENT")


def _checked(session: Session, table: Object, column: TableColumn) -> TableColumn:
    """A new column, with what its tags or the schema attach to it."""
    _check_new(column, _names(table))
    return attaching.added(session, table, column)


def _adding(session: Session, table: Object, column: TableColumn) -> list[str]:
    definition = replace(column, nullable=True).definition(storage.default(session, table, column))
    return [f"ADD COLUMN {definition}", *([] if column.nullable else [_nulls(column)])]


def _nulls(column: TableColumn) -> str:
    return f"ALTER COLUMN {quote(column.name)} {'DROP' if column.nullable else 'SET'} NOT NULL"


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
    left = [c for c in columns.of(table) if c.name not in gone]
    _put(kind, session, table, left, _of_table(session, table, [f"DROP COLUMN {quote(name)}" for name in gone]))
    return status(EXECUTED)


def _rename_column(kind: Table, session: Session, table: Object, tokens: Tokens) -> Result:
    old = tokens.identifier()
    tokens.expect("TO")
    new = tokens.column()
    tokens.end()
    _column(table, old)
    if new in _names(table):
        raise SnowflakeError(f"SQL compilation error:\ncolumn '{new}' already exists", "001430", "42601")
    steps = _of_table(session, table, [f"RENAME COLUMN {quote(old)} TO {quote(new)}"])
    _apply(kind, session, table, attaching.renamed(table, old, new), steps)
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
        _update(kind, session, table, name, f"ALTER COLUMN {quote(name)} DROP DEFAULT", default="")
    elif tokens.accept("COMMENT"):
        _update(kind, session, table, name, "", comment=tokens.value())
    elif tokens.accept("SET", "DATA", "TYPE") or tokens.accept("TYPE"):
        _retype(kind, session, table, name, str(datatypes.read(tokens, vectors=True)))
    else:
        raise unsupported(f"ALTER TABLE ... ALTER COLUMN {tokens.rest}")
    tokens.end()
    return status(EXECUTED)


def _set_nullable(kind: Table, session: Session, table: Object, name: str, *, nullable: bool) -> None:
    step = _nulls(replace(_column(table, name), nullable=nullable))
    _update(kind, session, table, name, step, nullable=nullable)


def _retype(kind: Table, session: Session, table: Object, name: str, wanted: str) -> None:
    _check_retyped(table, name, wanted)
    have = columns.of(table)
    new = [replace(c, type=wanted) if c.name == name else c for c in have]
    _put(kind, session, table, new, storage.rebuilt(session, table, have, new))


def _check_retyped(table: Object, name: str, wanted: str) -> None:
    """Snowflake lets a type only grow: a longer VARCHAR, a NUMBER of more digits and the same scale."""
    old, new = _column(table, name).datatype, datatypes.parse(wanted)
    scales = (old.arguments[1:], new.arguments[1:])
    if old.name != new.name or scales[0] != scales[1] or new.arguments < old.arguments:
        text = f"cannot change column {name} from type {old} to {new}"
        raise invalid(text, "002108", "22000")


# ---- the table itself
def _rename(kind: Table, session: Session, table: Object, tokens: Tokens) -> Result:
    name = session.qualify(tokens.name())
    tokens.end()
    catalogue = session.account.catalogue
    if any(catalogue.find(k, name) for k in ("TABLE", "VIEW")):
        raise already_exists(name)
    if name.container != table.name.container or table.properties.get("temporary"):
        raise unsupported("ALTER TABLE ... RENAME TO another schema, or of a temporary table")
    with catalogue.together():
        catalogue.rename(table, name)
        session.account.access.move(kind.word, table.name, name)
    return status(EXECUTED)


def _swap(kind: Table, session: Session, table: Object, tokens: Tokens) -> Result:
    """SWAP WITH: each table gets the other's name, in one step; grants stay with their table."""
    other = session.own(kind.word, session.qualify(tokens.name()))
    tokens.end()
    if other.name.container != table.name.container or table.properties.get("temporary"):
        raise unsupported("ALTER TABLE ... SWAP WITH a table of another schema, or of a temporary table")
    catalogue, access, between = session.account.catalogue, session.account.access, table.name.sibling(table.id)
    with catalogue.together():
        catalogue.swap(table, other)
        for old, new in ((table.name, between), (other.name, table.name), (between, other.name)):
            access.move(kind.word, old, new)
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
def _of_table(session: Session, table: Object, steps: list[str]) -> list[str]:
    name = places.sql_name(session, table)
    return [f"ALTER TABLE {name} {step}" for step in steps]


def _apply(
    kind: Table,
    session: Session,
    table: Object,
    properties: dict[str, Any],
    steps: Sequence[str] = (),
    also: Callable[[Object], Object] = lambda o: o,
) -> None:
    """Change the table's rows, where there are steps to it, and then its properties in the catalogue.

    The rows carry the definition from the same commit on, with a number that tells which of the two is ahead.
    """
    number = table.properties.get(ALTERED, 0)

    def changed(thing: Object) -> Object:
        return also(thing).with_properties(**properties, **({ALTERED: number} if number else {}))

    if steps:
        changes.refuse(session, table)
        number += 1
        storage.alter(session, table, list(steps), changed(table))
    if steps and not table.properties.get("temporary"):
        session.account.catalogue.follow(table.id, changed)
    else:
        kind.change(session, table.name, changed)


def _put(
    kind: Table,
    session: Session,
    table: Object,
    changed: list[TableColumn],
    steps: Sequence[str] = (),
    also: Callable[[Object], Object] = lambda o: o,
) -> None:
    _apply(kind, session, table, {"columns": [c.document() for c in changed]}, steps, also)


def _update(kind: Table, session: Session, table: Object, name: str, step: str, **changes: object) -> None:
    changed = [replace(c, **changes) if c.name == name else c for c in columns.of(table)]  # type: ignore[arg-type]
    _put(kind, session, table, changed, _of_table(session, table, [step] if step else []))


def _names(table: Object) -> list[str]:
    return [c.name for c in columns.of(table)]


def _column(table: Object, name: str) -> TableColumn:
    for column in columns.of(table):
        if column.name == name:
            return column
    raise SnowflakeError(f"SQL compilation error:\ncolumn '{name}' does not exist", "001412", "42S22")
