"""INSERT ALL and INSERT FIRST: the rows of one query into several tables, in one transaction.

https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from ..kernel.errors import invalid
from ..kernel.names import quote
from ..kernel.result import MULTI_INSERT, Result, rows
from ..sql import columns, engine, transactions
from ..sql.binding import inlined
from ..sql.naming import relation_named
from ..sql.parsing import parse
from ..sql.scope import Scope
from ..streams import reading
from .translate import generated, resolved

if TYPE_CHECKING:
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

# What stands for the query's rows while the statements that insert them are read.
_SOURCE = "_SOURCE_OF_ALL"
Run = Callable[["Session", exp.Expression], int]


@dataclass(frozen=True)
class _Into:
    """An INTO clause.

    Attributes:
        table: the target's name, as parts.
        named: the target's columns, as written; empty for all.
        values: what goes into them, as written; None for all columns of the query.
        condition: which rows; "" for all.

    """

    table: tuple[str, ...]
    named: tuple[str, ...]
    values: tuple[str, ...] | None
    condition: str


def asked(tokens: Tokens) -> bool:
    """Whether the statement inserts into several tables."""
    return tokens.peek(2 if tokens.peek(1).upper == "OVERWRITE" else 1).upper in {"ALL", "FIRST"}


def insert(session: Session, written: Tokens, describe: bool, run: Run) -> Result:  # noqa: FBT001 - as INSERT has it
    """INSERT [OVERWRITE] { ALL | FIRST } ...; `run` runs the INSERT of each clause."""
    tokens = type(written)(inlined(written.text, written.bindings, describe=describe))
    tokens.expect("INSERT")
    overwrites = tokens.accept("OVERWRITE")
    first = tokens.take().upper == "FIRST"
    clauses = _clauses(tokens, first=first)
    query = parse(tokens.rest)
    done = dict.fromkeys((f"number of rows inserted into {clause.table[-1]}" for clause in clauses), 0)
    if describe:
        return _counted(done)
    session.require_warehouse()
    with Scope(session, consuming=True) as scope:
        found = engine.query(session.connection, generated(scope, resolved(scope, query)))
        inserted, names = scope.result(found), [column.name for column in found.columns]
        emptied: set[tuple[str, ...]] = set()
        with transactions.joined(session):
            for clause in clauses:
                statement = _statement(scope, clause, overwrites=overwrites and clause.table not in emptied)
                emptied.add(clause.table)
                done[f"number of rows inserted into {clause.table[-1]}"] += run(
                    session, _pointed(statement, inserted, names)
                )
            reading.consumed(scope)
    return _counted(done)


def _counted(done: dict[str, int]) -> Result:
    return rows([(name, "fixed") for name in done], [done], MULTI_INSERT)


def _clauses(tokens: Tokens, *, first: bool) -> list[_Into]:
    if not tokens.looking_at("WHEN"):
        if first:
            raise tokens.unexpected()
        return _intos(tokens, "")
    found: list[_Into] = []
    earlier: list[str] = []
    while tokens.accept("WHEN"):
        condition = _condition(tokens)
        others = [f"NOT COALESCE({each}, FALSE)" for each in earlier] if first else []
        found += _intos(tokens, " AND ".join([condition, *others]))
        earlier.append(condition)
    if tokens.accept("ELSE"):
        found += _intos(tokens, " AND ".join(f"NOT COALESCE({each}, FALSE)" for each in earlier))
    return found


def _condition(tokens: Tokens) -> str:
    """A condition's text, in parentheses: up to THEN, unless that belongs to a CASE."""
    start, depth = tokens.peek().start, 0
    while depth or not tokens.looking_at("THEN"):
        word = tokens.take().upper
        depth += (word in {"CASE", "("}) - (word in {"END", ")"})
    end = tokens.previous.end
    tokens.expect("THEN")
    return f"({tokens.text[start:end]})"


def _intos(tokens: Tokens, condition: str) -> list[_Into]:
    found = []
    while not found or tokens.looking_at("INTO"):
        tokens.expect("INTO")
        table = tokens.name()
        query = tokens.peek(1).upper in {"SELECT", "WITH", "("}
        named = tuple(columns.identifiers(tokens)) if tokens.looking_at("(") and not query else ()
        values = _values(tokens) if tokens.accept("VALUES") else None
        found.append(_Into(table, named, values, condition))
    return found


def _values(tokens: Tokens) -> tuple[str, ...]:
    tokens.expect("(")
    found, start, depth = [], tokens.peek().start, 0
    while depth or not tokens.looking_at(")"):
        if not depth and tokens.looking_at(","):
            found.append(tokens.text[start : tokens.previous.end])
            start = tokens.peek(1).start
        word = tokens.take().text
        depth += (word == "(") - (word == ")")
    found.append(tokens.text[start : tokens.previous.end])
    tokens.expect(")")
    return tuple(found)


def _statement(scope: Scope, clause: _Into, *, overwrites: bool) -> exp.Expression:
    """The INSERT of one clause. A column that takes its DEFAULT is left out of it."""
    named, values = clause.named, clause.values
    if values is not None and any(value.upper() == "DEFAULT" for value in values):
        named = named or tuple(c.name for c in columns.of(relation_named(scope, clause.table, "INSERT")))
        if len(named) != len(values):
            what = f"Insert value list does not match column list expecting {len(named)} but got {len(values)}"
            raise invalid(what, "002020", "21S01")
        kept = [(n, v) for n, v in zip(named, values, strict=True) if v.upper() != "DEFAULT"]
        named, values = tuple(n for n, _ in kept), tuple(v for _, v in kept)
    into = f"{'OVERWRITE ' if overwrites else ''}INTO {'.'.join(map(quote, clause.table))}"
    listed = f" ({', '.join(map(quote, named))})" if named else ""
    where = f" WHERE {clause.condition}" if clause.condition else ""
    return parse(f"INSERT {into}{listed} SELECT {'*' if values is None else ', '.join(values)} FROM {_SOURCE}{where}")


def _pointed(statement: exp.Expression, rows: exp.Table, names: list[str]) -> exp.Expression:
    """The statement that reads the query's rows; `$1` is their first column."""
    for node in list(statement.find_all(exp.Table, exp.Parameter)):
        if isinstance(node, exp.Table) and node.name == _SOURCE:
            node.replace(rows.copy())
        elif isinstance(node, exp.Parameter) and node.this.name.isdigit():
            number = int(node.this.name)
            node.replace(exp.column(names[number - 1] if number <= len(names) else f"${number}", quoted=True))
    return statement
