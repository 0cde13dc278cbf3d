"""INSERT, UPDATE, DELETE, MERGE and TRUNCATE: rows change in DuckDB, and Snowflake's counts are answered."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from ..kernel import timestamp_tz
from ..kernel.errors import execution_error, unsupported
from ..kernel.result import DELETE, EXECUTED, INSERT, MERGE, UPDATE, Result, counts, status
from ..policies import applying
from ..sql import engine, places, spelling, transactions
from ..sql.binding import LocalMoment, inlined
from ..sql.naming import merge_action, privileges_on, relation_named, written_parts
from ..sql.parsing import parse
from ..sql.scope import Scope
from ..sql.wide import wide
from ..stages import history
from ..streams import changes, reading
from . import assigning, multi_insert, storage
from .translate import generated, resolved

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens


def insert(session: Session, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001 - the registry's signature
    """INSERT [OVERWRITE] INTO ... VALUES | SELECT; with lists as bindings, a row for each of their elements."""
    if multi_insert.asked(tokens):
        return multi_insert.insert(session, tokens, describe, _changed)
    if describe:
        return counts(INSERT, rows_inserted=0)
    if any(isinstance(value, list) for value in tokens.bindings):
        return counts(INSERT, rows_inserted=_insert_lists(session, tokens))
    return counts(INSERT, rows_inserted=_changed(session, parse(inlined(tokens.text, tokens.bindings))))


def update(session: Session, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001
    """UPDATE ... SET ... FROM ... WHERE; a row that several source rows match takes one of them, and is counted."""
    if describe:
        return _updated(0, 0)
    session.require_warehouse()
    with Scope(session, consuming=True) as scope:
        statement = _unqualified(parse(inlined(tokens.text, tokens.bindings)))
        spelling.check(scope, statement)
        _widen(scope, statement)
        tree = resolved(scope, applying.seen(scope, assigning.typed(scope, statement)))
        with transactions.changing(session, _target(tree)), changes.recorded(session, _changed_table(session, tree)):
            several = _multi_joined(scope, tree) if tree.args.get("from_") else 0
            if several and session.parameters["ERROR_ON_NONDETERMINISTIC_UPDATE"]:
                raise execution_error("Duplicate row detected during DML action", "100090", "42P18")
            changed = transactions.write(session, generated(scope, tree))[0][0]
        reading.consumed(scope)
    return _updated(changed, several)


def _updated(changed: int, several: int) -> Result:
    return counts(UPDATE, **{"rows updated": changed, "multi-joined rows updated": several})


def _multi_joined(scope: Scope, statement: exp.Update) -> int:
    """How many rows of the target more than one row of FROM matches."""
    target, source = statement.this.copy(), statement.args["from_"].this.copy()
    rows = exp.select("1").from_(source).join(target, join_type="cross")
    rows.set("where", statement.args["where"].copy() if statement.args.get("where") else None)
    found = rows.group_by(exp.column("rowid", target.alias)).having("count(*) > 1")
    sql = f"SELECT count(*) FROM ({generated(scope, found)}) AS found"
    return engine.execute(scope.session.connection, sql)[0][0]


def delete(session: Session, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001
    """DELETE FROM ... USING ... WHERE."""
    changed = 0 if describe else _changed(session, parse(inlined(tokens.text, tokens.bindings)))
    return counts(DELETE, rows_deleted=changed)


def merge(session: Session, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001
    """MERGE: a count for each kind of change that the statement's clauses can make."""
    statement = _unqualified(parse(inlined(tokens.text, tokens.bindings, describe=describe)))
    asked = {merge_action(when) for when in statement.args["whens"].expressions}
    done: Counter[str] = Counter()
    if not describe:
        statement.set("returning", exp.Returning(expressions=[exp.column("merge_action")]))
        done.update(row[0] for row in _run(session, statement))
    return counts(MERGE, **{f"rows {word}": done[action] for action, word in _WORDS.items() if action in asked})


_WORDS = {"INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted"}


def _unqualified(statement: exp.Expression) -> exp.Expression:
    """`SET t.a = 1` as `SET a = 1`: only the target's columns can stand there."""
    for update in statement.find_all(exp.Update):
        for assignment in update.expressions:
            assignment.this.set("table", None)
    return statement


def _changed(session: Session, statement: exp.Expression) -> int:
    return _run(session, statement)[0][0]


def _run(session: Session, statement: exp.Expression) -> list[tuple]:
    session.require_warehouse()
    with Scope(session, consuming=True) as scope:
        spelling.check(scope, statement)
        if isinstance(statement, exp.Merge):
            applying.refuse(scope, statement.this, "MERGE INTO")
        _widen(scope, statement)
        tree = resolved(scope, applying.seen(scope, assigning.typed(scope, statement)))
        overwrites = isinstance(tree, exp.Insert) and tree.args.get("overwrite")
        adds = isinstance(tree, exp.Insert) and not overwrites
        noted = changes.recorded(session, _changed_table(session, tree), adds=adds)
        with transactions.changing(session, _target(tree)), noted:
            done = _overwrite(scope, tree) if overwrites else transactions.write(session, generated(scope, tree))
        reading.consumed(scope)
        return done


def _widen(scope: Scope, statement: exp.Expression) -> None:
    """What holds a number of more than 64 bits from now on."""
    if wide():
        into = statement.this
        table = into.this if isinstance(into, exp.Schema) else into
        storage.widen(scope.session, relation_named(scope, written_parts(scope, table), *privileges_on(table)))


def _target(tree: exp.Expression) -> tuple[str, str, str] | None:
    """What to have to oneself: the table that is changed; none for INSERT, which only adds, or a temporary table."""
    if isinstance(tree, exp.Insert) and not tree.args.get("overwrite"):
        return None
    return _shared(tree.this.this if isinstance(tree.this, exp.Schema) else tree.this)


def _changed_table(session: Session, tree: exp.Expression) -> Object | None:
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return None if table.catalog == "temp" else session.account.catalogue.identified(table.name)


def _shared(table: exp.Table) -> tuple[str, str, str] | None:
    return None if table.catalog == "temp" else _reversed(table)


def _overwrite(scope: Scope, statement: exp.Expression) -> list[tuple]:
    """INSERT OVERWRITE: the old rows go and the new ones come in one transaction."""
    statement.args.pop("overwrite")
    target = statement.this.this if isinstance(statement.this, exp.Schema) else statement.this
    statement.this.find(exp.Table).set("alias", None)
    session, sql = scope.session, generated(scope, statement)
    with transactions.joined(session):
        transactions.write(session, f"DELETE FROM {exp.table_(*_reversed(target)).sql('duckdb', identify=True)}")
        return transactions.write(session, sql)


def _reversed(table: exp.Table) -> tuple[str, str, str]:
    return table.name, table.db, table.catalog


def _insert_lists(session: Session, tokens: Tokens) -> int:
    """Array binding: the lists become the columns of a table that INSERT ... SELECT reads."""
    statement = parse(tokens.text)
    values = statement.expression
    if not isinstance(values, exp.Values) or len(values.expressions) != 1:
        raise unsupported("lists as bindings outside of INSERT ... VALUES (?, ...)")
    with Scope(session) as scope:
        names = [f"C{i}" for i in range(len(tokens.bindings))]
        rows = scope.table(pa.table([_listed(values) for values in tokens.bindings], names=names))
        for name, placeholder in zip(names, list(values.find_all(exp.Placeholder, bfs=False)), strict=True):
            placeholder.replace(exp.column(name, quoted=True))
        statement.set("expression", exp.select(*values.expressions[0].expressions).from_(rows))
        return _changed(session, statement)


def _listed(values: list[Any]) -> pa.Array:
    """Bound values as a column: those with a time zone of their own keep it."""
    zoned = any(isinstance(v, datetime) and v.tzinfo and not isinstance(v, LocalMoment) for v in values)
    if not zoned:
        try:
            return pa.array(values)
        except (OverflowError, pa.ArrowInvalid):  # a whole number beyond 64 bits
            return pa.array(values, pa.decimal128(38, 0))
    return pa.array([None if v is None else timestamp_tz.written(v) for v in values], timestamp_tz.ARROW)


def truncate(session: Session, tokens: Tokens) -> Result:
    """TRUNCATE [TABLE] [IF EXISTS] name."""
    tokens.accept("TABLE")
    quiet = tokens.accept("IF", "EXISTS")
    parts = tokens.name()
    tokens.end()
    if quiet and session.find("TABLE", session.qualify(parts)) is None:
        return status(EXECUTED)
    table = relation_named(Scope(session), parts, "TRUNCATE")
    target = None if table.properties.get("temporary") else table
    place = _shared(places.relation(session, table))
    with transactions.changing(session, place), changes.recorded(session, target):
        transactions.write(session, f"DELETE FROM {places.sql_name(session, table)}")
    history.forget(session, table)
    return status(EXECUTED)


QUERIES = {"INSERT": insert, "UPDATE": update, "DELETE": delete, "MERGE": merge}
VERBS = {"TRUNCATE": truncate}
