"""A table function: the rows of each partition in, any number of rows out."""

import inspect
import socket
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from . import channel as messages
from . import guard, loading, values
from .scalar import frame_of, is_vectorised

# An output row: its values, and the number of the input row that it belongs to; None for what end_partition gives.
Produced = tuple[tuple[Any, ...], int | None]


def answer(channel: socket.socket, request: dict[str, Any], payload: bytes) -> None:
    """Run the handler class over each partition: `process` for each row, then `end_partition`.

    https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-tabular-functions
    """
    with guard.user_code():
        handler = checked(loading.handler(request))
    batch, start = values.read(payload), 0
    made = [_batch([], request["columns"], [], [])]
    for number, size in enumerate(request["partitions"]):
        with guard.user_code():
            instance = handler()
        made += _partition(instance, batch.slice(start, size), request, start, number)
        start += size
    messages.send(channel, {}, values.write_batch(pa.concat_batches(made)))


def checked(handler: Any) -> type:
    """The handler, which must be a class.

    Raises:
        HandlerError: it is something else.

    """
    if not inspect.isclass(handler):
        raise loading.HandlerError("The handler of a table function must be a class with a method `process`.")
    return handler


def _partition(
    instance: Any, rows: pa.RecordBatch, request: dict[str, Any], start: int, number: int
) -> Iterator[pa.RecordBatch]:
    """What one instance of the handler gives for one partition, which begins at the row `start`."""
    process, end = getattr(instance, "process", None), getattr(instance, "end_partition", None)
    if is_vectorised(process):
        raise loading.HandlerError("The local Snowflake does not run a vectorised `process` of a table function.")
    if is_vectorised(end):
        frame = _named(rows, request)
        with guard.user_code():
            frames = list(_frames(end(frame)))
        for made in frames:
            yield _of_frame(made, request["columns"], number)
    else:
        columns = [values.to_python(column, kind) for column, kind in zip(rows, request["arguments"], strict=False)]
        arguments = list(zip(*columns, strict=True)) if request["arguments"] else [()] * rows.num_rows
        with guard.user_code():
            given = list(_one_by_one(process, end, arguments))
        lists = [[row[i] for row, _ in given] for i in range(len(request["columns"]))]
        origins = [None if row is None else start + row for _, row in given]
        yield _batch(lists, request["columns"], origins, [number] * len(given))


def _one_by_one(process: Any, end: Any, arguments: list[tuple[Any, ...]]) -> Iterator[Produced]:
    if process:
        for number, row in enumerate(arguments):
            yield from ((made, number) for made in process(*row) or ())
    if end:
        yield from ((made, None) for made in end() or ())


def _named(rows: pa.RecordBatch, request: dict[str, Any]) -> Any:
    """The partition as a data frame; its columns are called as the function's arguments."""
    frame = frame_of(rows, request["arguments"], flat=False)
    frame.columns = [kind["name"] for kind in request["arguments"]]
    return frame


def _frames(returned: Any) -> Iterable[Any]:
    """What a vectorised end_partition gives: one data frame, one tuple of columns, or several of these."""
    return [returned] if isinstance(returned, tuple) or hasattr(returned, "columns") else returned or ()


def _of_frame(made: Any, columns: list[values.Type], partition: int) -> pa.RecordBatch:
    lists = [made[name] for name in made.columns] if hasattr(made, "columns") else list(made)
    count = len(lists[0]) if lists else 0
    return _batch(lists, columns, [None] * count, [partition] * count)


def _batch(
    lists: list[Any], columns: list[values.Type], numbers: list[int | None], partitions: list[int]
) -> pa.RecordBatch:
    """Output rows as Arrow: the declared columns, then the input row and the partition that each belongs to."""
    filled = lists or [[]] * len(columns)
    arrays = [values.to_arrow(column, kind) for column, kind in zip(filled, columns, strict=True)]
    belongs = [pa.array(numbers, pa.int64()), pa.array(partitions, pa.int64())]
    names = [*(kind["name"] for kind in columns), "input row", "partition"]
    return pa.record_batch([*arrays, *belongs], names=names)
