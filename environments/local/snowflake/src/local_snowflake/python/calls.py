"""One call of a Python procedure: its worker, its session, its value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..kernel.catalogue import now
from ..kernel.errors import invalid
from ..kernel.result import CALL, Result
from ..kernel.types import arrow_type
from ..sql import datatypes
from . import imports, inner, visibility
from .interpreter import values
from .workers import WorkerGoneError, Workers, crashed, failed

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.session import Session
    from ..kernel.types import Column
    from .inner import InnerSession
    from .routines import Routine
    from .workers import Worker


def run(session: Session, routine: Routine, arguments: pa.RecordBatch) -> Result:
    """Call the handler and return its value, or its rows.

    Args:
        session: the caller's.
        routine: a procedure in Python.
        arguments: one row, with the columns of the definition's arguments.

    Raises:
        SnowflakeError: 100357 with the traceback, when the code fails, exits or crashes.

    """
    session.require_warehouse()
    with inner.opened(session, routine) as own, session.account[Workers].worker() as worker:
        imports.copy(own, routine.definition.imports, worker.place.imports)
        with session.stopped_by(worker.end):
            head, payload = _answer(worker, routine, inner.credentials(own), arguments)
        _log(session.account, routine, worker)
        if "query_id" in head:
            return _table(own, routine, head["query_id"])
        column = returned(routine)[0]
        return Result((column,), _one(values.read(payload), column), CALL)


def _answer(
    worker: Worker, routine: Routine, credentials: dict[str, Any], arguments: pa.RecordBatch
) -> tuple[dict[str, Any], bytes]:
    definition = routine.definition
    request = worker.start(
        kind="procedure",
        body=definition.body,
        handler=definition.handler,
        session=credentials,
        server=[credentials["host"], credentials["port"]],
        tabular=definition.tabular,
        arguments=[kind(a.column) for a in definition.arguments],
        returns=None if definition.tabular else kind(returned(routine)[0]),
        **visibility.hidden(definition.brought),
    )
    try:
        head, payload = worker.ask(request, values.write_batch(arguments))
    except WorkerGoneError as gone:
        raise crashed(gone, routine.name, definition.handler) from gone
    if "error" in head:
        raise failed(head["error"], routine.name, definition.handler)
    return head, payload


def kind(column: Column) -> dict[str, Any]:
    """A column's type as workers know it."""
    return {"name": column.name, "type": column.type, "precision": column.precision, "scale": column.scale}


def returned(routine: Routine) -> tuple[Column, ...]:
    """The columns of what the routine returns, as far as they are declared."""
    definition = routine.definition
    if definition.tabular:
        return tuple(c.column for c in definition.columns)
    return (datatypes.parse(definition.returns).column(routine.name),)


def _one(batch: pa.RecordBatch, column: Column) -> pa.Table:
    return pa.table({column.name: batch.column(0).cast(arrow_type(column))})


def _table(own: InnerSession, routine: Routine, query_id: str) -> Result:
    """The rows of the query that the handler returned."""
    result = own.account.results.find(query_id)
    if result is None:
        raise invalid(f"Statement {query_id} not found", "000709", "02000")
    return tabled(routine, result)


def tabled(routine: Routine, result: Result | None) -> Result:
    """Rows as a procedure returns them: in the declared columns.

    Raises:
        SnowflakeError: there are none, or they do not fit the declaration.

    """
    declared = returned(routine)
    if result is None:
        raise _mismatch(routine)
    if not declared:
        return Result(result.columns, result.rows, CALL)
    if len(declared) != len(result.columns):
        raise _mismatch(routine)
    try:
        arrays = [plain(a).cast(arrow_type(c)) for a, c in zip(result.rows.columns, declared, strict=True)]
    except pa.ArrowException as error:
        raise _mismatch(routine) from error
    return Result(declared, pa.Table.from_arrays(arrays, names=[c.name for c in declared]), CALL)


def _mismatch(routine: Routine) -> Exception:
    text = f"Data type of returned table does not match expected returned table type {routine.definition.returned}."
    return invalid(text, "100351", "P0000")


def plain(values_: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values without Arrow's extension types: JSON as text."""
    return values_.cast(pa.string()) if isinstance(values_.type, pa.BaseExtensionType) else values_


def _log(account: Account, routine: Routine, worker: Worker) -> None:
    """What the code printed goes to a file of the account: `logs/python.log`."""
    printed = worker.place.printed()
    if printed:
        with (account.folder("logs") / "python.log").open("a") as log:
            log.write(f"--- {now().isoformat(timespec='seconds')} {routine.name}\n{printed}\n")
