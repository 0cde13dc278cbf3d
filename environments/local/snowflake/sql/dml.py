"""INSERT, UPDATE, DELETE and MERGE: rows change in DuckDB, and Snowflake's counts are answered."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlglot import exp

from ..result import DELETE, INSERT, MERGE, UPDATE, Result, counts
from . import engine
from .binding import inlined
from .parsing import parse
from .scope import Scope
from .translate import generated, resolved

if TYPE_CHECKING:
    from ..session import Session
    from ..tokens import Tokens


def insert(session: Session, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001 - the registry's signature
    """INSERT INTO ... VALUES | SELECT."""
    if describe:
        return counts(INSERT, rows_inserted=0)
    return counts(INSERT, rows_inserted=_changed(session, parse(inlined(tokens.text, tokens.bindings))))


def update(session: Session, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001
    """UPDATE ... SET ... FROM ... WHERE; a row that several source rows match is updated once."""
    if describe:
        return counts(UPDATE, rows_updated=0, **{"multi-joined rows updated": 0})
    statement = parse(inlined(tokens.text, tokens.bindings))
    return counts(UPDATE, rows_updated=_changed(session, statement), **{"multi-joined rows updated": 0})


def delete(session: Session, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001
    """DELETE FROM ... USING ... WHERE."""
    if describe:
        return counts(DELETE, rows_deleted=0)
    return counts(DELETE, rows_deleted=_changed(session, parse(inlined(tokens.text, tokens.bindings))))


def merge(session: Session, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001
    """MERGE: a count for each kind of change that the statement's clauses can make."""
    statement = parse(inlined(tokens.text, tokens.bindings))
    asked = [_ACTIONS[_action(when)] for when in statement.args["whens"].expressions]
    if describe:
        return counts(MERGE, **dict.fromkeys(sorted(set(asked)), 0))
    statement.set("returning", exp.Returning(expressions=[exp.column("merge_action")]))
    done = Counter(row[0] for row in _run(session, statement))
    return counts(MERGE, **{f"rows_{kind}": done[action] for action, kind in _ACTIONS.items() if kind in asked})


_ACTIONS = {"INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted"}


def _action(when: exp.When) -> str:
    then = when.args["then"]
    return then.name.upper() if isinstance(then, exp.Var) else type(then).__name__.upper()


def _changed(session: Session, statement: exp.Expression) -> int:
    return _run(session, statement)[0][0]


def _run(session: Session, statement: exp.Expression) -> list[tuple]:
    session.require_warehouse()
    with Scope(session) as scope:
        return engine.execute(session.connection, generated(resolved(scope, statement)))
