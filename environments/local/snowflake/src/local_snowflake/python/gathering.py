"""Larger batches: DuckDB calls a function with 2,048 rows at a time, but from several threads, and these can wait."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future

import pyarrow as pa

# Each holds what the function has loaded: a model, perhaps.
_WORKERS = min(os.cpu_count() or 1, 4)


class Gathering:
    """A function whose callers wait until a worker is free, which then gets the rows of all who wait.

    What a call costs beside its rows (a message, a data frame, the checks of a model's `predict`) is paid once for
    them all: the dynamic batching of model servers, without a delay, since nobody waits while a worker is free.

    Args:
        function: answers a batch; called from as many threads at once as there are workers.
        workers: how many.

    """

    def __init__(self, function: Callable[[pa.RecordBatch], pa.Array], workers: int = _WORKERS) -> None:
        self._function = function
        self._free = workers
        self._changed = threading.Condition()
        self._waiting: list[_Call] = []

    def __call__(self, batch: pa.RecordBatch) -> pa.Array:
        """The function's values for a batch; what it raises, all those raise whose rows it had."""
        call = _Call(batch)
        with self._changed:
            self._waiting.append(call)
            self._changed.wait_for(lambda: call.values.done() or (self._free and self._waiting))
            taken = [] if call.values.done() else self._take()
        if taken:
            self._answer(taken)
        return call.values.result()

    def _take(self) -> list[_Call]:
        """A worker and all who wait; perhaps not the caller, whom another thread's worker then has already."""
        taken, self._waiting = self._waiting, []
        self._free -= 1
        return taken

    def _answer(self, calls: list[_Call]) -> None:
        try:
            made = self._function(pa.concat_batches([call.batch for call in calls]))
        except BaseException as error:  # noqa: BLE001 - it is raised in the threads that asked
            for call in calls:
                call.values.set_exception(error)
        else:
            start = 0
            for call in calls:
                call.values.set_result(made.slice(start, call.batch.num_rows))
                start += call.batch.num_rows
        with self._changed:
            self._free += 1
            self._changed.notify_all()


class _Call:
    def __init__(self, batch: pa.RecordBatch) -> None:
        self.batch = batch
        self.values: Future[pa.Array] = Future()
