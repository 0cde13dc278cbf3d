"""Names in a statement: which table, view or variable each stands for, and what may be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from ..kernel.data import STORED, place
from ..kernel.errors import SnowflakeError, does_not_exist, invalid
from ..kernel.tokens import Tokens
from .parsing import parse_expression

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.session import Session
    from .scope import Scope

# Marks on a table in a tree: which privileges on it the statement needs, whether DuckDB's row ids are read with it.
PRIVILEGES, ROW_ID = "privileges", "row_id"
# The kinds of objects that a query can read, which share their names; streams are not listed among them.
RELATIONS = ("TABLE", "VIEW", "DYNAMIC TABLE")
READABLE = (*RELATIONS, "STREAM")
_ONLY_READ = ("STREAM", "DYNAMIC TABLE")


def written_parts(scope: Scope, node: exp.Table) -> tuple[str, ...]:
    """The folded parts of a table's name as written, or as IDENTIFIER() says; none for what is no plain name."""
    if isinstance(node.this, exp.DynamicIdentifier):
        return Tokens(_text(scope, node.this.this)).name()
    if isinstance(node.this, exp.Identifier):
        # DB..NAME leaves the schema out: PUBLIC.
        schema = node.db or ("PUBLIC" if node.catalog else "")
        return tuple(part for part in (node.catalog, schema, node.name) if part)
    return ()


def _text(scope: Scope, node: exp.Expression) -> str:
    return (variable(scope, node) if isinstance(node, exp.Parameter) else node).name


def privileges_on(node: exp.Table) -> tuple[str, ...]:
    """What the statement needs on the table: INSERT for what it inserts into, SELECT for what it reads."""
    if PRIVILEGES in node.meta:
        return node.meta[PRIVILEGES]
    parent = _changing(node)
    if parent is None:
        return ("SELECT",)
    if isinstance(parent, exp.Insert) and parent.args.get("overwrite"):
        return ("INSERT", "DELETE")
    if isinstance(parent, exp.Merge):
        return tuple(sorted({merge_action(when) for when in parent.args["whens"].expressions}))
    return (_WRITES[type(parent)],)


def is_changed(node: exp.Table) -> bool:
    """Whether the statement changes the table, rather than reads it."""
    return _changing(node) is not None


def _changing(node: exp.Table) -> exp.Expression | None:
    """The statement that changes the table."""
    below = node.parent if isinstance(node.parent, exp.Schema) else node
    parent = below.parent
    changes = isinstance(parent, exp.Merge | exp.Insert | exp.Update | exp.Delete) and parent.this is below
    return parent if changes else None


_WRITES = {exp.Insert: "INSERT", exp.Update: "UPDATE", exp.Delete: "DELETE"}


def merge_action(when: exp.When) -> str:
    """What a clause of MERGE does: INSERT, UPDATE or DELETE."""
    then = when.args["then"]
    return then.name.upper() if isinstance(then, exp.Var) else type(then).__name__.upper()


def relation_named(scope: Scope, parts: tuple[str, ...], *privileges: str) -> Object:
    """The table or view of that name, on which the session has the privileges (SELECT, unless others are given).

    Raises:
        SnowflakeError: 002003, 003001; 001008 for a stream or dynamic table whose rows are to be changed.

    """
    name = scope.session.qualify(parts)
    for kind in READABLE:
        if scope.session.find(kind, name):
            if kind in _ONLY_READ and {*privileges} - {"SELECT"}:
                raise invalid(f"{kind.capitalize()} '{name}' can only be read.")
            found = [scope.session.get(kind, name, privilege) for privilege in privileges or ("SELECT",)]
            return _in_transaction(scope.session, found[0], reads={*privileges} <= {"SELECT"})
    raise does_not_exist("OBJECT", name)


def _in_transaction(session: Session, thing: Object, *, reads: bool) -> Object:
    """What the open transaction sees: where another session has replaced a table since it began, what was replaced.

    Raises:
        SnowflakeError: 000625 for a table that is too new to be read, or whose rows are to be changed and are gone.

    """
    catalogue = session.account.catalogue
    while (session.in_transaction or session.enclosed) and catalogue.came(thing) > session.transaction:
        before = catalogue.replaced_by(thing)
        if _has_rows(session, thing):
            break
        if before is None or not reads:
            what = "replaced" if before else "created"
            raise SnowflakeError(
                f"Table '{thing.name}' was {what} after this transaction began. Begin it anew after a ROLLBACK.",
                "000625",
                "57014",
            )
        thing = before
    return thing


def _has_rows(session: Session, thing: Object) -> bool:
    if thing.kind not in STORED:
        return True
    try:
        session.connection.relation(f"FROM {place(thing.id)}")
    except duckdb.CatalogException:
        return False
    return True


def is_cte(node: exp.Table, name: str) -> bool:
    """Whether a WITH around the node defines the name. A CTE that reads its own name reads the table behind it."""
    below: exp.Expression = node
    above = node.parent
    while above is not None:
        clause = above.args.get("with_")
        if isinstance(above, exp.With) and isinstance(below, exp.CTE):
            earlier = above.expressions if above.recursive else above.expressions[: above.expressions.index(below)]
            if name in {cte.alias for cte in earlier}:
                return True
        elif clause is not None and clause is not below and name in {cte.alias for cte in clause.expressions}:
            return True
        below, above = above, above.parent
    return False


def variable(scope: Scope, node: exp.Parameter) -> exp.Expression:
    """The value of a session variable, `$name`.

    Raises:
        SnowflakeError: 002211 when the session has no such variable.

    """
    name = node.this.name.upper()
    value = scope.session.variables.get(name)
    if value is None:
        text = f"SQL compilation error: error line 1 at position 0\nSession variable '${name}' does not exist"
        raise SnowflakeError(text, "002211", "02000")
    return parse_expression(value)
