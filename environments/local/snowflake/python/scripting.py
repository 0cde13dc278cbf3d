"""Snowflake Scripting: BEGIN ... END with statements and a RETURN, on its own or as a procedure's or a task's body.

More of it (variables, conditions, loops, handlers) is refused, when a procedure or task is created already.
https://docs.snowflake.com/en/developer-guide/snowflake-scripting/blocks
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from .. import statements
from ..blocks import BLOCK, opens, split
from ..errors import unsupported
from ..registry import queries
from ..result import CALL, Result, rows
from ..sql.binding import inlined, sql_literal
from ..tokens import Tokens, tokenize
from ..types import arrow_type
from . import inner
from .calls import plain, returned

if TYPE_CHECKING:
    from ..session import Session
    from .routines import Routine

_REFUSED = {
    *("DECLARE", "LET", "IF", "CASE", "FOR", "WHILE", "REPEAT", "LOOP", "BREAK", "CONTINUE", "NULL"),
    *("EXCEPTION", "RAISE", "OPEN", "FETCH", "CLOSE", "ASYNC", "AWAIT"),
}

_VALUE = "anonymous block"


def read(body: str) -> list[str]:
    """The statements of a body in order, those of the blocks in it too.

    Raises:
        SnowflakeError: 000002, naming what is not supported; 001003 for a block that does not end.

    """
    return [statement for piece in split(body) for statement in _statements(piece)]


def _statements(piece: str) -> list[str]:
    tokens = Tokens(piece)
    first = tokens.peek()
    if first.upper == "BEGIN" and opens(tokens):
        return read(_inside(tokens))
    if first.upper in _REFUSED or tokens.peek(1).text == ":":
        raise unsupported(f"{first.upper} in a block (Snowflake Scripting)")
    return [piece]


def _inside(block: Tokens) -> str:
    """What stands between a block's BEGIN and its END, which only a semicolon precedes."""
    begin, before = block.take(), ""
    while not block.done and not (before == ";" and block.looking_at("END") and block.peek(1).kind == "end"):
        before = block.take().text
    end = block.peek()
    block.expect("END")
    return block.text[begin.end : end.start]


def run(session: Session, routine: Routine, arguments: pa.RecordBatch) -> Result:
    """Run the statements; the value is that of RETURN, NULL without one. RETURN TABLE(...) returns a query's rows."""
    names = {a.name: arguments.column(i)[0].as_py() for i, a in enumerate(routine.definition.arguments)}
    with inner.opened(session, routine) as own:
        value = _carried_out(own, routine.definition.body, names)
        if value:
            return _returned(own, routine, value)
    column = returned(routine)[0]
    return Result((column,), pa.table({column.name: pa.array([None], arrow_type(column))}), CALL)


def _carried_out(session: Session, body: str, names: dict[str, Any]) -> Tokens | None:
    """Run the statements up to the first RETURN; what stands behind it, None without one."""
    for statement in read(body):
        tokens = Tokens(_filled(statement, names))
        if tokens.accept("RETURN"):
            return Tokens(_named(tokens.rest, names))
        statements.statement(session, tokens.text)
    return None


def _block(session: Session, tokens: Tokens, describe: bool) -> Result:  # noqa: FBT001 - the registry's signature
    """A block on its own: it runs with the session's rights, and its value has a column of a fixed name."""
    body = inlined(tokens.text, tokens.bindings, describe=describe)
    if describe:
        read(body)
        return rows([_VALUE], [], CALL)
    value = _carried_out(session, body, {})
    if value is None:
        return rows([_VALUE], [{}], CALL)
    if value.accept("TABLE"):
        return statements.statement(session, value.parenthesised())
    return queries()["SELECT"](session, Tokens(f'SELECT ({value.text}) AS "{_VALUE}"'), False)  # noqa: FBT003


def _returned(own: Session, routine: Routine, tokens: Tokens) -> Result:
    if routine.definition.tabular:
        tokens.expect("TABLE")
        result = statements.statement(own, tokens.parenthesised())
        return Result(result.columns, result.rows, CALL)
    column = returned(routine)[0]
    query = Tokens(f"SELECT ({tokens.text})::{routine.definition.returns}")
    value = plain(queries()["SELECT"](own, query, False).rows.column(0))  # noqa: FBT003 - the registry's signature
    return Result((column,), pa.table({column.name: value.cast(arrow_type(column))}), CALL)


def _filled(statement: str, names: dict[str, Any]) -> str:
    """The statement with `:argument` replaced by its value."""
    pieces, at = [], 0
    tokens = tokenize(statement)
    for colon, word in pairwise(tokens):
        if colon.text == ":" and colon.end == word.start and word.upper in names:
            pieces += [statement[at : colon.start], sql_literal(names[word.upper])]
            at = word.end
    return "".join(pieces) + statement[at:]


def _named(expression: str, names: dict[str, Any]) -> str:
    """An expression of RETURN, where an argument needs no colon."""
    pieces, at = [], 0
    for token in tokenize(expression):
        if token.kind == "word" and token.upper in names:
            pieces += [expression[at : token.start], sql_literal(names[token.upper])]
            at = token.end
    return "".join(pieces) + expression[at:]


QUERIES = {BLOCK: _block}
