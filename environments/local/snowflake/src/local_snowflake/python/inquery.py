"""Python functions inside queries: DuckDB calls them with batches for as long as the query runs."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Protocol

import duckdb
import pyarrow as pa
from sqlglot import exp

from ..kernel.types import SEMI_STRUCTURED, Column, arrow_type
from ..sql.datatypes import type_of
from ..sql.scope import RESOLVED
from .calls import plain
from .gathering import Gathering
from .residents import Handler, Residents, Use

if TYPE_CHECKING:
    from ..kernel.data import Connection
    from ..kernel.session import Session
    from ..sql.scope import Scope

_serial = itertools.count(1)
# DuckDB crashes when a connection that registered a function is collected early; these end with the query, in order.
_registering = threading.Lock()


class Caller(Protocol):
    """What answers the batches of one query."""

    def __call__(self, batch: pa.RecordBatch) -> pa.Array:
        """The function's values for a batch of arguments."""

    def stop(self) -> None:
        """The query was cancelled."""


def call(
    scope: Scope, handler: Handler, arguments: list[exp.Expression], caller: Caller | None = None
) -> exp.Expression:
    """The call of a function, as DuckDB can make it until the query's scope ends.

    Args:
        scope: the query's.
        handler: the function.
        arguments: one expression for each of its arguments; they are cast to the declared types.
        caller: what answers, where that is not a worker that has loaded the function.

    """
    scope.computes = True
    use = caller or Use(scope.session.account[Residents], handler)
    name = scope.endings.enter_context(_registered(scope.session, handler, use))
    cast = [_cast(argument, column) for argument, column in zip(arguments, handler.arguments, strict=True)]
    # A function without arguments is told by a column how many rows to make.
    made = exp.Anonymous(this=name, expressions=cast or [exp.Literal.number(0)])
    made.meta[RESOLVED] = True
    return made


def _cast(argument: exp.Expression, column: Column) -> exp.Expression:
    return exp.cast(argument, exp.DataType.build(str(type_of(column)), dialect="snowflake"), copy=False)


@contextmanager
def _registered(session: Session, handler: Handler, use: Caller) -> Iterator[str]:
    name = f"python_{next(_serial)}"
    takes = [type_of(c).duckdb for c in handler.arguments] or ["BIGINT"]
    with _connection(session) as connection:
        with _registering:
            # side_effects: without it DuckDB would call it while planning, even to describe a query.
            connection.raw.create_function(
                name, _fitted(use, handler), takes, type_of(handler.returns).duckdb,
                type="arrow", null_handling="special", side_effects=True,
            )  # fmt: skip
        try:
            with session.stopped_by(use.stop):
                yield name
        finally:
            # A transaction that a failed query has aborted takes the function with it.
            with _registering, suppress(duckdb.Error):
                connection.raw.remove_function(name)


@contextmanager
def _connection(session: Session) -> Iterator[Connection]:
    """Where to register: an open transaction sees only functions that are registered in it."""
    if session.in_transaction:
        yield session.connection
        return
    own = session.account.data.connect()
    try:
        yield own
    finally:
        with _registering:
            own.close()


def _fitted(use: Caller, handler: Handler) -> Callable[..., pa.Array]:
    """A function of exactly as many arguments as DuckDB is told: it checks."""
    answer = Gathering(partial(_answer, use, handler))

    def apply(*columns: pa.ChunkedArray) -> pa.Array:
        return answer(pa.RecordBatch.from_arrays([_whole(c) for c in columns], names=names))

    names = [f"c{i}" for i in range(len(handler.arguments) or 1)]
    source = f"lambda {', '.join(names)}: apply({', '.join(names)})"
    return eval(source, {"apply": apply})  # noqa: S307 - the text is made of numbers only


def _answer(use: Caller, handler: Handler, given: pa.RecordBatch) -> pa.Array:
    """The values in the types that were declared, as DuckDB is to get them."""
    cast = [plain(c).cast(arrow_type(k)) for c, k in zip(given.columns, handler.arguments, strict=False)]
    # A function without arguments keeps the column that tells how many rows to make.
    made = use(pa.RecordBatch.from_arrays(cast or given.columns, names=given.schema.names))
    made = made.cast(arrow_type(handler.returns))
    return made.cast(pa.json_()) if handler.returns.type in SEMI_STRUCTURED else made


def _whole(values: pa.ChunkedArray) -> pa.Array:
    return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()
