"""A scalar function: rows in, one value for each out, batch after batch until the server closes the channel."""

import socket
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import threadpoolctl

from . import channel as messages
from . import guard, loading, values

Batch = Callable[[pa.RecordBatch], pa.Array]


def answer(channel: socket.socket, request: dict[str, Any], payload: bytes) -> None:
    """Load the function once, then answer each batch; a failing batch is answered with its error.

    A query has a worker for each core (gathering.py): more threads in each would only wait for each other.
    """
    with guard.user_code():
        function = loading.handler(request)
    apply = applied(function, request)
    threadpoolctl.threadpool_limits(1)
    while True:
        try:
            messages.send(channel, {}, values.write(apply(values.read(payload))))
        except Exception as error:  # noqa: BLE001 - the function lives on for the next query
            messages.send(channel, {"error": loading.report(error)})
        _, payload = messages.receive(channel)


def applied(function: Callable[..., Any], request: dict[str, Any]) -> Batch:
    """The function of batches that a handler is: `arguments`, `returns` and `strict` of the request say how."""
    kinds, returns, strict = request["arguments"], request["returns"], request["strict"]
    if is_vectorised(function):
        return lambda batch: _vectorized(function, batch, kinds, returns)

    def one_by_one(batch: pa.RecordBatch) -> pa.Array:
        columns = [values.to_python(column, kind) for column, kind in zip(batch, kinds, strict=bool(kinds))]
        rows = zip(*columns, strict=True) if columns else [()] * batch.num_rows
        with guard.user_code():
            made = [None if strict and None in row else function(*row) for row in rows]
        return values.to_arrow(made, returns)

    return one_by_one


def is_vectorised(function: Any) -> bool:
    """Whether the handler takes data frames.

    Raises:
        HandlerError: it does, and there are none without pandas.

    """
    if getattr(function, "_sf_vectorized_input", None) is None:
        return False
    if not guard.sees("pandas"):
        raise loading.HandlerError("A vectorized handler takes data frames: list pandas in PACKAGES.")
    return True


def _vectorized(
    function: Callable[..., Any], batch: pa.RecordBatch, kinds: list[values.Type], returns: values.Type
) -> pa.Array:
    """Call the function with a data frame of at most as many rows as it declared."""
    size = getattr(function, "_sf_max_batch_size", None) or max(batch.num_rows, 1)
    flat = getattr(function, "_sf_flatten_object_input", False)
    parts = []
    for start in range(0, batch.num_rows, size):
        frame = frame_of(batch.slice(start, size), kinds, flat=flat)
        with guard.user_code():
            made = function(frame)
        parts.append(_column(made, len(frame), returns))
    return pa.concat_arrays(parts) if parts else pa.array([], values.arrow_type(returns))


def frame_of(batch: pa.RecordBatch, kinds: list[values.Type], *, flat: bool) -> Any:
    """A data frame whose columns are numbered, as vectorised handlers get it."""
    import pandas as pd

    frame = pd.DataFrame(
        {i: _series(column, kind) for i, (column, kind) in enumerate(zip(batch, kinds, strict=True))},
        index=range(batch.num_rows),
    )
    return pd.DataFrame(list(frame[0])) if flat else frame


def _series(column: pa.Array, kind: values.Type) -> Any:
    if kind["type"] in values.SEMI_STRUCTURED:
        import pandas as pd

        return pd.Series(values.to_python(column, kind), dtype=object)
    if pa.types.is_interval(column.type):
        return pa.array(values.to_python(column, kind), pa.timestamp("us", "UTC")).to_pandas()
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    return column.to_pandas()


def _column(returned: Any, rows: int, returns: values.Type) -> pa.Array:
    if len(returned) != rows:
        raise ValueError(f"The handler returned {len(returned)} values for a batch of {rows} rows.")
    if returns["type"] == "real":
        return pa.array(returned, pa.float64(), from_pandas=True)
    return values.to_arrow(returned, returns)
