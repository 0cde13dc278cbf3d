"""Table functions: their rows, as a relation that the query reads.

https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-tabular-functions
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from ..kernel.errors import unsupported
from ..kernel.types import SEMI_STRUCTURED, arrow_type
from ..tables import translate
from . import imports, inline, packages, visibility
from .calls import kind
from .interpreter import values
from .workers import WorkerGoneError, Workers, crashed, failed

if TYPE_CHECKING:
    from ..sql.scope import Scope
    from .routines import Routine
    from .workers import Worker

BELONGS = ["input row", "partition"]
"""The columns that say what a row was given for."""


def call(scope: Scope, routine: Routine, arguments: list[exp.Expression]) -> exp.Expression:
    """The rows for constant arguments; for those of a table's rows see `partitions`.

    Raises:
        SnowflakeError: 000002 when the arguments are columns of no table; 100357 with the traceback of its failure.

    """
    if routine.definition.language == "SQL":
        return inline.call(scope, routine, arguments)
    if any(argument.find(exp.Column) for argument in arguments):
        raise unsupported(f"TABLE({routine.name}(...)) with columns as arguments that stand in no FROM before it")
    return scope.table(over(scope, routine, _row(scope, routine, arguments), [1]).drop_columns(BELONGS))


def over(scope: Scope, routine: Routine, rows: pa.RecordBatch, partitions: list[int]) -> pa.Table:
    """Run the function over partitions of rows.

    Args:
        scope: the query's.
        routine: a table function in Python.
        rows: its arguments, partition after partition.
        partitions: how many rows each has.

    Returns:
        Its columns, then `input row` (the number of the row that it was given for; NULL for what end_partition gave)
        and `partition`.

    """
    return _typed(_rows(scope, routine, rows, partitions), routine)


def _typed(rows: pa.RecordBatch, routine: Routine) -> pa.Table:
    """The rows with semi-structured columns marked as JSON, which DuckDB then knows them to be."""
    semi = {c.name for c in routine.definition.columns if c.column.type in SEMI_STRUCTURED}
    made = {n: a.cast(pa.json_()) if n in semi else a for n, a in zip(rows.schema.names, rows.columns, strict=True)}
    return pa.table(made)


def _row(scope: Scope, routine: Routine, arguments: list[exp.Expression]) -> pa.RecordBatch:
    declared = routine.definition.arguments
    given = translate.constants(scope, arguments) if arguments else []
    arrays = [pa.array([v]).cast(arrow_type(a.column)) for a, v in zip(declared, given, strict=True)]
    if not arrays:
        return pa.RecordBatch.from_arrays([pa.nulls(1)], names=["no argument"])
    return pa.RecordBatch.from_arrays(arrays, names=[a.name for a in declared])


def _rows(scope: Scope, routine: Routine, rows: pa.RecordBatch, partitions: list[int]) -> pa.RecordBatch:
    session, definition = scope.session, routine.definition
    if scope.describing:
        return _none(routine)
    packages.require(session, definition)
    owner = replace(session, role=routine.owner, secondary=False)
    with session.account[Workers].worker() as worker:
        imports.copy(owner, definition.imports, worker.place.imports)
        with session.stopped_by(worker.end):
            return _answer(worker, routine, rows, partitions)


def _none(routine: Routine) -> pa.RecordBatch:
    columns = [c.column for c in routine.definition.columns]
    arrays = [pa.array([], arrow_type(c)) for c in columns] + [pa.array([], pa.int64()) for _ in BELONGS]
    return pa.RecordBatch.from_arrays(arrays, names=[*(c.name for c in columns), *BELONGS])


def _answer(worker: Worker, routine: Routine, rows: pa.RecordBatch, partitions: list[int]) -> pa.RecordBatch:
    definition = routine.definition
    request = worker.start(
        kind="table function",
        body=definition.body,
        handler=definition.handler,
        arguments=[kind(a.column) for a in definition.arguments],
        columns=[kind(c.column) for c in definition.columns],
        partitions=partitions,
        **visibility.hidden(definition.brought),
    )
    try:
        head, payload = worker.ask(request, values.write_batch(rows))
    except WorkerGoneError as gone:
        raise crashed(gone, routine.name, definition.handler) from gone
    if "error" in head:
        raise failed(head["error"], routine.name, definition.handler)
    return values.read(payload)
