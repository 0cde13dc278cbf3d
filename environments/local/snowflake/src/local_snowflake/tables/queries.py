"""Queries: what they answer, and of which types their columns are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from ..kernel.result import Result
from ..sql import engine, lineage, spelling
from ..sql.binding import inlined
from ..sql.parsing import parse
from ..sql.scope import Scope
from . import whole_rows
from .translate import generated, resolved

if TYPE_CHECKING:
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens
    from ..kernel.types import Column


@dataclass(frozen=True)
class Compiled:
    """A query that is ready to run.

    Attributes:
        sql: DuckDB's SQL.
        declared: Snowflake's types of the columns that a stored table passes through, by name.

    """

    sql: str
    declared: dict[str, Column]


def compiled(scope: Scope, tree: exp.Expression) -> Compiled:
    """The query in DuckDB's SQL, with what is known of its columns. The tree is used up."""
    spelling.check(scope, tree)
    declared = lineage.columns(scope, tree)
    return Compiled(generated(scope, resolved(scope, tree)), declared)


def answer(scope: Scope, query: Compiled, *, describe: bool = False) -> Result:
    """The query's rows, or only its columns, with the types that its tables declare."""
    result = engine.query(scope.session.connection, query.sql, describe=describe)
    return replace(result, columns=tuple(lineage.refined(c, query.declared) for c in result.columns))


def select(session: Session, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001 - the registry's signature
    """SELECT and what else answers rows. Constants need no warehouse; what is read FROM somewhere does.

    SHOW needs none, the answers of RESULT_SCAN and INFORMATION_SCHEMA do:
    https://docs.snowflake.com/en/sql-reference/info-schema
    """
    with Scope(session, describing=describe) as scope:
        tree = parse(inlined(tokens.text, tokens.bindings, describe=describe))
        reads = not describe and tree.find(exp.From) is not None
        known = whole_rows.answer(scope, tree) if reads else None
        query = None if known else compiled(scope, tree)
        if not describe and (reads or scope.computes):
            session.require_warehouse()
        return known or answer(scope, query, describe=describe)


QUERIES = dict.fromkeys(("SELECT", "(", "VALUES"), select)  # WITH may name procedures, too: python.procedures has it
