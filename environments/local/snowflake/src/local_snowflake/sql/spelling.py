"""Names that differ in case only, which Snowflake tells apart and DuckDB does not.

A column made as "price" cannot be read as PRICE in Snowflake. DuckDB would find it, and the mistake would be met in
the account; so it is looked for here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlglot import exp

from ..kernel.errors import SnowflakeError, unsupported
from .naming import is_cte, relation_named, written_parts

if TYPE_CHECKING:
    from ..kernel.names import Name
    from ..kernel.session import Session
    from .scope import Scope


def check(scope: Scope, tree: exp.Expression) -> None:
    """Every column must be written as some table or alias of the statement has it.

    Statements that read table functions or staged files are let through: their columns are not known yet.

    Raises:
        SnowflakeError: 000904 for a name that is there in other letters only.

    """
    written = {column.name for column in tree.find_all(exp.Column)}
    if not written or any(tree.find_all(exp.TableFromRows, exp.Lateral, exp.Pivot)):
        return
    known = set(_known(scope, tree))
    folded = {name.upper() for name in known}
    for name in sorted(written - known):
        if name.upper() in folded:
            raise SnowflakeError(f"SQL compilation error:\ninvalid identifier '{_shown(name)}'", "000904", "42000")


def check_table(session: Session, name: Name) -> None:
    """A new table or view must not differ from another of its schema in case only: DuckDB would take it for that one.

    Raises:
        SnowflakeError: 000002.

    """
    here = [*session.temporary.values(), *session.account.catalogue.within(name.container)]
    twins = [o.name for o in here if o.kind in {"TABLE", "VIEW"} and o.name.container == name.container]
    if any(twin != name and twin.name.upper() == name.name.upper() for twin in twins):
        raise unsupported(f"the name {name}, which differs from another table's in case only")


def _known(scope: Scope, tree: exp.Expression) -> Iterator[str]:
    for alias in tree.find_all(exp.Alias, exp.TableAlias, exp.Aliases):
        yield alias.alias
        yield from (column.name for column in alias.args.get("columns") or ())
    for select in tree.find_all(exp.Values):
        yield from (f"COLUMN{i + 1}" for i in range(len(select.expressions[0].expressions)))
    for table in tree.find_all(exp.Table):
        yield from _columns(scope, table)


def _columns(scope: Scope, table: exp.Table) -> Iterator[str]:
    parts = written_parts(scope, table)
    if not parts or (len(parts) == 1 and is_cte(table, parts[0])) or "INFORMATION_SCHEMA" in parts:
        return
    try:
        relation = relation_named(scope, parts)
    except SnowflakeError:
        # Missing or hidden: whoever resolves the name says so.
        return
    yield from (column["name"] for column in relation.properties["columns"])


def _shown(name: str) -> str:
    return name if name == name.upper() else f'"{name}"'
