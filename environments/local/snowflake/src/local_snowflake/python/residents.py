"""Workers that stay: a function is loaded once, and answers batch after batch, query after query."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from ..kernel.parts import Part
from ..kernel.types import Column
from . import visibility
from .calls import kind
from .interpreter import values
from .workers import Worker, WorkerGoneError, Workers, crashed, failed

if TYPE_CHECKING:
    from ..kernel.account import Account

# Idle workers kept, over all functions: each holds what its function has loaded.
_KEPT = 6


@dataclass(frozen=True)
class Handler:
    """A function in Python, as a worker needs it.

    Attributes:
        key: equal keys mean the same code.
        name: as errors call it.
        strict: whether a NULL argument makes the value NULL without a call.
        hidden: what its code must not see.
        prepare: puts what the code imports into a folder.
        imports: the folder that holds it already, instead.

    """

    key: str
    name: str
    handler: str
    arguments: tuple[Column, ...]
    returns: Column
    body: str = ""
    strict: bool = False
    hidden: dict[str, list[str]] = field(default_factory=lambda: visibility.ALL, compare=False)
    prepare: Callable[[Path], None] = field(default=lambda _: None, compare=False)
    imports: Path | None = None


class Residents(Part):
    """The loaded functions of an account."""

    def __init__(self, account: Account) -> None:
        self._workers = account[Workers]
        self._lock = threading.Lock()
        self._idle: list[tuple[str, Worker]] = []  # the longest idle first

    def take(self, handler: Handler) -> tuple[Worker, bool]:
        """A worker that has loaded the function, or a new one; and whether it is new."""
        with self._lock:
            for at in reversed(range(len(self._idle))):
                if self._idle[at][0] == handler.key:
                    return self._idle.pop(at)[1], False
        worker = self._workers.worker()
        handler.prepare(worker.place.imports)
        return worker, True

    def give(self, handler: Handler, worker: Worker) -> None:
        """Put a worker back; when there are too many, the longest idle one ends."""
        with self._lock:
            self._idle.append((handler.key, worker))
            gone = [self._idle.pop(0)[1] for _ in range(len(self._idle) - _KEPT)]
        for old in gone:
            old.close()


class Use:
    """A function in one query: called with batches, from the threads that run the query.

    Args:
        residents: where its workers come from.
        handler: the function.

    """

    def __init__(self, residents: Residents, handler: Handler) -> None:
        self._residents, self._handler = residents, handler
        self._busy: list[Worker] = []
        self._stopped = False

    def __call__(self, batch: pa.RecordBatch) -> pa.Array:
        """The function's values for a batch of arguments.

        Raises:
            SnowflakeError: 100357 with the traceback.

        """
        worker, new = self._residents.take(self._handler)
        self._busy.append(worker)
        if self._stopped:
            worker.end()
        try:
            head, payload = worker.ask(self._first(worker) if new else {}, values.write_batch(batch))
        except WorkerGoneError as gone:
            worker.close()
            raise crashed(gone, self._handler.name, self._handler.handler) from gone
        finally:
            self._busy.remove(worker)
        if "error" in head:
            # Loading it may have failed: the next query loads it anew.
            worker.close()
            raise failed(head["error"], self._handler.name, self._handler.handler)
        self._residents.give(self._handler, worker)
        return values.read(payload).column(0)

    def stop(self) -> None:
        """End the workers that this query waits for."""
        self._stopped = True
        for worker in list(self._busy):
            worker.end()

    def _first(self, worker: Worker) -> dict[str, object]:
        handler = self._handler
        request = worker.start(
            kind="function",
            body=handler.body,
            handler=handler.handler,
            strict=handler.strict,
            arguments=[kind(c) for c in handler.arguments],
            returns=kind(handler.returns),
            **handler.hidden,
        )
        return request | ({"imports": str(handler.imports)} if handler.imports else {})
