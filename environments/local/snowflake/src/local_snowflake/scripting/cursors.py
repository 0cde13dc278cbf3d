"""Rows in a block: SELECT ... INTO, cursors, RESULTSETs, and EXECUTE IMMEDIATE, whose rows a RESULTSET takes.

https://docs.snowflake.com/en/developer-guide/snowflake-scripting/cursors
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..kernel.blocks import split
from ..kernel.errors import SnowflakeError
from ..sql.binding import inlined
from ..statements import syntax
from . import values
from .variables import NULL, Cursor, Value, cell

if TYPE_CHECKING:
    from ..kernel.result import Result
    from . import tree
    from .running import Run


def single(result: Result, into: tuple[str, ...]) -> list[Value]:
    """The only row of an answer, for the variables of INTO.

    Raises:
        SnowflakeError: when there are no rows or several, or another number of columns.

    """
    count = result.rows.num_rows
    if count != 1:
        text = f"A SELECT INTO statement expects exactly 1 returned row, but got {count}."
        raise SnowflakeError(text, "090236", "P0000")
    if len(into) != len(result.columns):
        text = f"SELECT INTO has {len(into)} variables for {len(result.columns)} columns."
        raise SnowflakeError(f"SQL compilation error:\n{text}", "002020", "21S01")
    return next(_rows(result))


def _rows(result: Result) -> Iterator[list[Value]]:
    """The rows of an answer, one by one; no more of them than a batch become Python's at a time."""
    for batch in result.rows.to_batches(max_chunksize=1000):
        for i in range(batch.num_rows):
            cells = zip(batch.columns, result.columns, strict=True)
            yield [cell(column[i].as_py(), described) for column, described in cells]


def each(run: Run, name: str) -> Iterator[dict[str, Value]]:
    """The rows of a RESULTSET, or of a cursor, by column; a cursor that is closed is opened for the loop."""
    found = run.rows(name)
    if isinstance(found, Cursor) and found.left is None:
        _open(run, found, ())
    if found.result is None:
        raise _empty(name)
    left = found.left if isinstance(found, Cursor) and found.left else _rows(found.result)
    names = [c.name for c in found.result.columns]
    for row in left:
        yield dict(zip(names, row, strict=True))
    if isinstance(found, Cursor):
        found.left = None


def answer(run: Run, name: str) -> Result:
    """What TABLE(name) returns: the rows of a RESULTSET, or those of an open cursor."""
    found = run.rows(name)
    if found.result is None:
        raise _empty(name)
    return found.result


def _empty(name: str) -> SnowflakeError:
    return SnowflakeError(f"'{name}' has no rows: assign it a query, or open it.", "090237", "P0000")


# ---- cursors
def open_(run: Run, statement: tree.Open) -> None:
    """OPEN: the query runs."""
    _open(run, _cursor(run, statement.name), tuple(run.value(text) for text in statement.using))


def _open(run: Run, cursor: Cursor, using: tuple[Value, ...]) -> None:
    if cursor.over:
        cursor.result = answer(run, cursor.over)
    elif cursor.query:
        text = values.filled(run.session, run.names, cursor.query)
        cursor.result = run.execute(inlined(text, [v.data for v in using]) if using else text)
    cursor.left = _rows(cursor.result) if cursor.result else None


def fetch(run: Run, statement: tree.Fetch) -> None:
    """FETCH: the next row; behind the last one the variables are NULL."""
    cursor = _cursor(run, statement.name)
    if cursor.left is None:
        raise SnowflakeError(f"Cursor '{statement.name}' is not open.", "090240", "P0000")
    row = next(cursor.left, None)
    run.into(statement.into, row[: len(statement.into)] if row else [NULL] * len(statement.into))


def close(run: Run, statement: tree.Close) -> None:
    """CLOSE: the rows are let go."""
    cursor = _cursor(run, statement.name)
    cursor.result = cursor.left = None


def _cursor(run: Run, name: str) -> Cursor:
    found = run.rows(name)
    if not isinstance(found, Cursor):
        raise SnowflakeError(f"SQL compilation error:\n'{name}' is not a cursor", "000904", "42000")
    return found


# ---- statements out of texts
def immediate(run: Run, statement: tree.Execute) -> Result:
    """EXECUTE IMMEDIATE: the text of an expression as a statement, with values for its `?`."""
    text = values.texted(run.session, run.names, statement.text)
    using = [run.value(u).data for u in statement.using]
    pieces = split(text)
    if len(pieces) != 1:
        raise SnowflakeError(
            f"SQL compilation error:\n{len(pieces)} statements in EXECUTE IMMEDIATE", "000006", "0A000"
        )
    syntax.check_immediate(pieces[0])
    return run.execute(inlined(pieces[0], using) if using else pieces[0])
