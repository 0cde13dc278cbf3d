"""Procedures in SQL: one statement, or BEGIN ... END with statements and a RETURN.

More of Snowflake Scripting (variables, conditions, loops, handlers) is refused when the procedure is created.
https://docs.snowflake.com/en/developer-guide/snowflake-scripting/blocks
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from .. import statements
from ..errors import unsupported
from ..registry import queries
from ..result import CALL, Result
from ..sql.binding import sql_literal
from ..tokens import Tokens, split, tokenize
from ..types import arrow_type
from . import inner
from .calls import plain, returned

if TYPE_CHECKING:
    from ..session import Session
    from .routines import Routine

_REFUSED = {
    *("DECLARE", "LET", "IF", "CASE", "FOR", "WHILE", "REPEAT", "LOOP", "BREAK", "CONTINUE", "NULL"),
    *("EXCEPTION", "RAISE", "OPEN", "FETCH", "CLOSE", "AWAIT"),
}


def read(body: str) -> list[str]:
    """The statements of a body.

    Raises:
        SnowflakeError: 000002, naming what is not supported.

    """
    tokens = tokenize(body.strip().rstrip(";"))
    if tokens and tokens[0].upper == "BEGIN":
        if tokens[-1].upper != "END":
            raise Tokens(body).unexpected()
        body = body.strip()[tokens[0].end : tokens[-1].start]
    found = split(body)
    for statement in found:
        first = Tokens(statement).peek()
        if first.upper in _REFUSED or Tokens(statement).peek(1).text == ":":
            raise unsupported(f"{first.upper} in a procedure's body (Snowflake Scripting)")
    return found


def run(session: Session, routine: Routine, arguments: pa.RecordBatch) -> Result:
    """Run the statements; the value is that of RETURN, NULL without one. RETURN TABLE(...) returns a query's rows."""
    names = {a.name: arguments.column(i)[0].as_py() for i, a in enumerate(routine.definition.arguments)}
    with inner.opened(session, routine) as own:
        for statement in read(routine.definition.body):
            tokens = Tokens(_filled(statement, names))
            if tokens.accept("RETURN"):
                return _returned(own, routine, Tokens(_named(tokens.rest, names)))
            statements.statement(own, tokens.text)
    column = returned(routine)[0]
    return Result((column,), pa.table({column.name: pa.array([None], arrow_type(column))}), CALL)


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
