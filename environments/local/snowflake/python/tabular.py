"""Table functions: their rows, as a relation that the query reads.

https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-tabular-functions
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from ..errors import unsupported
from ..sql import translate
from ..types import SEMI_STRUCTURED, arrow_type
from . import imports, inline
from .calls import kind
from .interpreter import values
from .workers import WorkerGoneError, crashed, failed

if TYPE_CHECKING:
    from ..sql.scope import Scope
    from .routines import Routine
    from .workers import Worker


def call(scope: Scope, routine: Routine, arguments: list[exp.Expression]) -> exp.Expression:
    """The rows for these arguments.

    Raises:
        SnowflakeError: 000002 when the arguments are a table's columns and the function is in Python; 100357 with the
            traceback of its failure.

    """
    if routine.definition.language == "SQL":
        return inline.call(scope, routine, arguments)
    if any(argument.find(exp.Column) for argument in arguments):
        raise unsupported(f"TABLE({routine.name}(...)) with columns of a table as arguments")
    return scope.table(_typed(_rows(scope, routine, _row(scope, routine, arguments)), routine))


def _typed(rows: pa.RecordBatch, routine: Routine) -> pa.Table:
    """The rows with semi-structured columns marked as JSON, which DuckDB then knows them to be."""
    semi = {c.name for c in routine.definition.columns if c.column.type in SEMI_STRUCTURED}
    made = {n: a.cast(pa.json_()) if n in semi else a for n, a in zip(rows.schema.names, rows.columns, strict=True)}
    return pa.table(made)


def _row(scope: Scope, routine: Routine, arguments: list[exp.Expression]) -> pa.RecordBatch:
    declared = routine.definition.arguments
    given = translate.constants(scope, arguments) if arguments else []
    arrays = [pa.array([v]).cast(arrow_type(a.column)) for a, v in zip(declared, given, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=[a.name for a in declared])


def _rows(scope: Scope, routine: Routine, row: pa.RecordBatch) -> pa.RecordBatch:
    session, definition = scope.session, routine.definition
    if scope.describing:
        return _none(routine)
    owner = replace(session, role=routine.owner, secondary=False)
    with session.account.workers.worker() as worker:
        imports.copy(owner, definition.imports, worker.place.imports)
        with session.stopped_by(worker.end):
            return _answer(worker, routine, row)


def _none(routine: Routine) -> pa.RecordBatch:
    columns = [c.column for c in routine.definition.columns]
    return pa.RecordBatch.from_arrays([pa.array([], arrow_type(c)) for c in columns], names=[c.name for c in columns])


def _answer(worker: Worker, routine: Routine, row: pa.RecordBatch) -> pa.RecordBatch:
    definition = routine.definition
    request = worker.start(
        kind="table function",
        body=definition.body,
        handler=definition.handler,
        arguments=[kind(a.column) for a in definition.arguments],
        columns=[kind(c.column) for c in definition.columns],
    )
    try:
        head, payload = worker.ask(request, values.write_batch(row))
    except WorkerGoneError as gone:
        raise crashed(gone, routine.name, definition.handler) from gone
    if "error" in head:
        raise failed(head["error"], routine.name, definition.handler)
    return values.read(payload)
