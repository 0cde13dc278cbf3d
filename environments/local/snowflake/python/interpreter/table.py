"""A table function: rows of a partition in, any number of rows out."""

import inspect
import socket
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from . import channel as messages
from . import loading, values


def answer(channel: socket.socket, request: dict[str, Any], payload: bytes) -> None:
    """Run the handler class over one partition: `process` for each row, then `end_partition`.

    https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-tabular-functions
    """
    handler = loading.handler(request)
    batch = values.read(payload)
    columns = [values.to_python(column, kind) for column, kind in zip(batch, request["arguments"], strict=True)]
    rows = list(zip(*columns, strict=True)) if columns else [()]
    messages.send(channel, {}, values.write_batch(_arrow(list(_produced(handler, rows)), request["columns"])))


def _produced(handler: Any, rows: list[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
    if not inspect.isclass(handler):
        raise loading.HandlerError("The handler of a table function must be a class with a method `process`.")
    instance = handler()
    for row in rows:
        yield from instance.process(*row) or ()
    if hasattr(instance, "end_partition"):
        yield from instance.end_partition() or ()


def _arrow(rows: list[tuple[Any, ...]], columns: list[values.Type]) -> pa.RecordBatch:
    arrays = [values.to_arrow((row[i] for row in rows), kind) for i, kind in enumerate(columns)]
    return pa.record_batch(arrays, names=[kind["name"] for kind in columns])
