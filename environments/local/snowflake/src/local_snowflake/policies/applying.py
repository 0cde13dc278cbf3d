"""Policies in queries: wherever a protected table or view is read, its rows and values are what the role may see.

The rows that a policy hides are gone before anything of the query looks at them: its own conditions, which DuckDB
would else be free to try first, could tell by their errors what is in those rows. A LIMIT that nothing reaches is
what keeps them apart.
Policies are evaluated for the role of the session, also inside of views; their own subqueries have the rights of the
policy's owner. https://docs.snowflake.com/en/user-guide/security-column-advanced
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from ..kernel.errors import invalid, unsupported
from ..kernel.names import Name
from ..sql import columns as table_columns
from ..sql import naming
from ..sql.scope import EVERY_ROW
from ..streams import reading
from . import attached, bodies
from .attached import Attachment

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..sql.scope import Scope


Resolve = Callable[["Scope", exp.Expression], exp.Expression]
_BASE, ROW_ID = "_PROTECTED", "_ROW_ID"


def applied(
    scope: Scope,
    thing: Object,
    source: exp.Expression,
    resolve: Resolve,
    *,
    more: tuple[str, ...] = (),
    row_id: bool = False,
) -> exp.Expression:
    """What the scope's role may see of an object; the source itself when it has no policies.

    Args:
        scope: who reads it.
        thing: the table or view.
        source: its rows, unprotected.
        resolve: replaces the names of the account in a policy's body.
        more: further columns of the source, which no policy is about (a stream's).
        row_id: whether DuckDB's row ids are wanted too, as ROW_ID.

    Raises:
        SnowflakeError: from a policy's body; 003549 for one that needs itself.

    """
    policies = attached.on(thing)
    if not policies and not row_id:
        return source
    masks = {a.column: a for a in policies if a.column}
    source.set("alias", exp.TableAlias(this=exp.to_identifier(_BASE, quoted=True)))
    projections = [_projection(scope, c.name, masks.get(c.name), resolve) for c in table_columns.of(thing)]
    projections += [_column(name) for name in more]
    if row_id:
        projections.append(exp.alias_(exp.column("rowid", _BASE), ROW_ID, quoted=True))
    query = exp.select(*projections).from_(source)
    for rows in (a for a in policies if not a.column):
        query = query.where(_value(scope, rows, resolve)).limit(EVERY_ROW)
    return exp.Subquery(this=query)


def applied_to_stream(scope: Scope, stream: Object, source: exp.Expression, resolve: Resolve) -> exp.Expression:
    """What the scope's role may see of a stream's rows: the policies are its table's."""
    table = reading.source(scope.session.account, stream)
    if table is None:
        return source
    of_table = {c.name for c in table_columns.of(table)}
    own = tuple(c.name for c in table_columns.of(stream) if c.name not in of_table)
    return applied(scope, table, source, resolve, more=own)


def _projection(scope: Scope, name: str, mask: Attachment | None, resolve: Resolve) -> exp.Expression:
    return exp.alias_(_value(scope, mask, resolve), name, quoted=True) if mask else _column(name)


def _column(name: str) -> exp.Column:
    return exp.column(name, table=_BASE, quoted=True)


def _value(scope: Scope, has: Attachment, resolve: Resolve) -> exp.Expression:
    """What the policy makes of a row: the masked value, or whether the row comes out."""
    policy = attached.policy(scope.session.account, has)
    if policy.id in scope.guards:
        raise invalid(f"Policy {policy.name} cannot be evaluated, as its body reads what it protects.", "003549")
    body = bodies.of(policy)
    # The columns are DuckDB's already: only what stands around them has names to be replaced.
    expression = resolve(scope.guarded(policy), body.over([_column(name) for name in has.over]))
    return exp.cast(expression, body.returns, dialect="snowflake")


# ---- statements that change rows
def refuse(scope: Scope, table: exp.Table, statement: str) -> None:
    """A statement that cannot follow the policies of what it changes.

    Raises:
        SnowflakeError: 000002.

    """
    if _is_protected(scope, table):
        raise unsupported(f"{statement} a table with masking or row access policies")


def seen(scope: Scope, statement: exp.Expression) -> exp.Expression:
    """UPDATE or DELETE of a protected table: it finds its rows, and computes new values, by what the role may see."""
    if not isinstance(statement, exp.Update | exp.Delete) or not _is_protected(scope, statement.this):
        return statement
    return _delete(statement) if isinstance(statement, exp.Delete) else _update(statement)


def _is_protected(scope: Scope, table: exp.Table) -> bool:
    parts = naming.written_parts(scope, table)
    name = scope.session.qualify(parts) if parts else Name("", "", "")
    thing = scope.session.find("TABLE", name)
    return bool(thing and attached.on(thing))


def _source(statement: exp.Expression, privilege: str) -> tuple[exp.Table, str]:
    """The changed table as a table to read from, with its row ids, and what it is called."""
    table = statement.this.copy()
    table.meta.update({naming.PRIVILEGES: (privilege,), naming.ROW_ID: True})
    return table, table.alias_or_name


def _target(statement: exp.Expression) -> exp.Table:
    table = statement.this.copy()
    table.set("alias", exp.TableAlias(this=exp.to_identifier("_TARGET", quoted=True)))
    return table


def _matching(ids: exp.Expression) -> exp.Expression:
    return exp.EQ(this=exp.column("rowid", "_TARGET"), expression=ids)


def _read(statement: exp.Expression, privilege: str, others: list[exp.Expression]) -> exp.Select:
    table, called = _source(statement, privilege)
    query = exp.select(exp.alias_(exp.column(ROW_ID, called, quoted=True), ROW_ID, quoted=True)).from_(table)
    for other in others:
        query = query.join(other.copy(), join_type="cross")
    query.set("where", statement.args["where"].copy() if statement.args.get("where") else None)
    return query


def _delete(statement: exp.Delete) -> exp.Delete:
    query = _read(statement, "DELETE", statement.args.get("using") or [])
    found = exp.In(this=exp.column("rowid", "_TARGET"), query=exp.Subquery(this=query))
    return exp.Delete(this=_target(statement), where=exp.Where(this=found))


def _update(statement: exp.Update) -> exp.Update:
    source = statement.args.get("from_")
    query = _read(statement, "UPDATE", [source.this] if source else [])
    changes = list(statement.expressions)
    for number, change in enumerate(changes):
        query = query.select(exp.alias_(change.expression.copy(), f"_VALUE_{number}", quoted=True))
        change.set("expression", exp.column(f"_VALUE_{number}", "_SEEN", quoted=True))
    new = query.subquery("_SEEN")
    found = _matching(exp.column(ROW_ID, "_SEEN", quoted=True))
    return exp.Update(
        this=_target(statement), expressions=changes, from_=exp.From(this=new), where=exp.Where(this=found)
    )
