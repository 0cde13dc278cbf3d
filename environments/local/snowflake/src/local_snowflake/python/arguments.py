"""The arguments of a call: read from the statement, matched with the definition, evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from ..kernel.errors import SnowflakeError
from ..kernel.registry import queries
from ..kernel.tokens import Tokens
from ..kernel.types import arrow_type
from ..sql import datatypes
from .calls import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..kernel.session import Session
    from ..kernel.types import Column
    from .definitions import Argument
    from .routines import Routine


@dataclass(frozen=True)
class Given:
    """The arguments as written: expressions by position, and by name (`name => expression`)."""

    positional: tuple[str, ...] = ()
    named: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.positional) + len(self.named)

    @property
    def expressions(self) -> list[str]:
        """All of them."""
        return [*self.positional, *(expression for _, expression in self.named)]


def read(tokens: Tokens) -> Given:
    """`(1, 'a', name => 2)`: the tokens stand at the parenthesis."""
    inner = Tokens(tokens.parenthesised())
    positional, named = [], []
    while not inner.done:
        if inner.peek(1).text == "=>":
            name = inner.identifier()
            inner.expect("=>")
            named.append((name, _expression(inner)))
        else:
            positional.append(_expression(inner))
    return Given(tuple(positional), tuple(named))


def _expression(tokens: Tokens) -> str:
    """The text up to the next comma that is not inside parentheses or brackets."""
    start = last = tokens.peek()
    depth = 0
    while not tokens.done and (depth or tokens.peek().text != ","):
        last = tokens.take()
        if last.kind == "symbol":
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(last.text, 0)
    tokens.accept(",")
    return tokens.text[start.start : last.end]


def types(session: Session, given: Given) -> list[str]:
    """The types of the arguments, by Snowflake's names; "" for NULL."""
    if not given.expressions:
        return []
    query = "SELECT " + ", ".join(f"{e} AS A{i}" for i, e in enumerate(given.expressions))
    columns = queries()["SELECT"](session, Tokens(query), True).columns  # noqa: FBT003 - the registry's signature
    nulls = [e.strip().upper() == "NULL" for e in given.expressions]
    return ["" if null else datatypes.type_of(c).name for null, c in zip(nulls, columns, strict=True)]


def evaluated(session: Session, routine: Routine, given: Given) -> pa.RecordBatch:
    """The arguments' values in the definition's types and order: one row.

    Raises:
        SnowflakeError: 001044 for too many, too few or unknown ones; whatever evaluating them raises.

    """
    matched = _matched(routine, given)
    if not matched:
        return pa.RecordBatch.from_struct_array(pa.array([{}], pa.struct([])))
    query = ", ".join(f"({expression})::{a.type} AS A{i}" for i, (a, expression) in enumerate(matched))
    table = queries()["SELECT"](session, Tokens(f"SELECT {query}"), False).rows  # noqa: FBT003
    arrays = [plain(c).cast(arrow_type(a.column)) for (a, _), c in zip(matched, table.columns, strict=True)]
    names = [a.name for a, _ in matched]
    return pa.Table.from_arrays(arrays, names=names).combine_chunks().to_batches()[0]


def _matched(routine: Routine, given: Given) -> list[tuple[Argument, str]]:
    declared = routine.definition.arguments
    by_name = dict(given.named)
    by_name |= {a.name: expression for a, expression in zip(declared, given.positional, strict=False)}
    matched = [(a, by_name.pop(a.name, a.default)) for a in declared]
    if by_name or len(given.positional) > len(declared) or any(expression is None for _, expression in matched):
        text = "SQL compilation error: error line 0 at position -1\nInvalid argument types for function "
        raise SnowflakeError(f"{text}'{routine.name}': ({', '.join(given.expressions)})", "001044", "42P13")
    return [(a, expression or "NULL") for a, expression in matched]


def empty(columns: Iterable[Column]) -> pa.Table:
    """No rows, in these columns."""
    listed = list(columns)
    arrays = [pa.array([], arrow_type(c)) for c in listed]
    return pa.Table.from_arrays(arrays, names=[c.name for c in listed])
