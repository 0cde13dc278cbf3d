"""Results and bindings as the clients' protocol carries them."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..kernel import timestamp_tz
from ..kernel.result import DDL
from ..kernel.types import SEMI_STRUCTURED, Column
from ..sql.binding import LocalMoment
from .shapes import Open, Required, bad_request, check, number

if TYPE_CHECKING:
    from ..kernel.result import Result
    from ..kernel.session import Session

# A result of more rows travels in chunks that the client fetches in parallel; the first rows go along inline.
_INLINE_ROWS, _CHUNK_ROWS = 10_000, 250_000
_CHUNKED_FROM = 200_000
_DML = range(0x3000, 0x4000)
_MICRO = 1_000_000
_MOST_DIGITS = 38
_LEAST, _MOST = -(2**31), 2**31 - 1  # what 32 bits hold


def answer(result: Result, session: Session, describe: bool) -> dict[str, Any]:  # noqa: FBT001 - the protocol's own flag
    """The `data` of a query's answer: row type, rows, and where the session stands now."""
    if result.transfer is not None:
        return {**result.transfer, "queryId": result.query_id, "statementTypeId": result.statement_type}
    head = {
        "queryId": result.query_id,
        "parameters": [{"name": "TIMEZONE", "value": session.parameters["TIMEZONE"]}],
        "rowtype": [c.wire() for c in result.columns],
        "total": result.rows.num_rows,
        "returned": result.rows.num_rows,
        "statementTypeId": result.statement_type,
        "finalDatabaseName": session.database,
        "finalSchemaName": session.schema,
        "finalWarehouseName": session.warehouse,
        "finalRoleName": session.role,
        "numberOfBinds": 0,
        "arrayBindSupported": result.statement_type in _DML,
        "version": 1,
        "sqlState": "00000",
    }
    return head | _rows(result, session, describe)


def _rows(result: Result, session: Session, describe: bool) -> dict[str, Any]:  # noqa: FBT001
    if describe:
        return {"queryResultFormat": "json", "rowset": [], "total": 0, "returned": 0}
    if result.children:
        return {
            "queryResultFormat": "json",
            "rowset": [["Multiple statements executed successfully."]],
            "resultIds": ",".join(c.query_id for c in result.children),
            "resultTypes": ",".join(str(c.statement_type) for c in result.children),
        }
    if result.statement_type in _DML or result.statement_type == DDL:
        cells = [[None if v is None else str(v) for v in row.values()] for row in result.rows.to_pylist()]
        return {"queryResultFormat": "json", "rowset": cells}
    return _arrow(result, session)


def _arrow(result: Result, session: Session) -> dict[str, Any]:
    count, indent = result.rows.num_rows, session.parameters["JSON_INDENT"]
    if count < _CHUNKED_FROM:
        return {"queryResultFormat": "arrow", "rowsetBase64": _base64(encode(result, indent)) if count else ""}
    inline = _base64(encode(_part(result, 0, _INLINE_ROWS), indent))
    chunks = [_offer(result, session, start) for start in range(_INLINE_ROWS, count, _CHUNK_ROWS)]
    return {"queryResultFormat": "arrow", "rowsetBase64": inline, "chunkHeaders": {}, "chunks": chunks}


def _part(result: Result, start: int, count: int) -> Result:
    return replace(result, rows=result.rows.slice(start, count).combine_chunks())


def _offer(result: Result, session: Session, start: int) -> dict[str, Any]:
    """Where a chunk can be fetched; it is encoded when somebody does."""
    part = result.rows.slice(start, _CHUNK_ROWS)
    url = f"{session.account.address}/chunks/{result.query_id}/{start}?indent={session.parameters['JSON_INDENT']}"
    return {"url": url, "rowCount": part.num_rows, "uncompressedSize": part.nbytes, "compressedSize": part.nbytes}


def chunk(result: Result, start: int, indent: int) -> memoryview:
    """A chunk of a large result, as an Arrow stream; see `encode`."""
    return _stream(encode(_part(result, start, _CHUNK_ROWS), indent))


def _base64(table: pa.Table) -> str:
    return base64.b64encode(_stream(table)).decode()


def _stream(table: pa.Table) -> memoryview:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())  # no copy: a chunk has megabytes


def encode(result: Result, indent: int = 0) -> pa.Table:
    """The rows in the Arrow layout that the connector decodes: its metadata, and structs for times.

    Args:
        result: the rows.
        indent: by how many spaces what is inside of semi-structured values is indented; 0: they are one line.

    """
    arrays = [_encoded(result.rows.column(i), c, indent) for i, c in enumerate(result.columns)]
    fields = [pa.field(c.name, a.type, metadata=_metadata(c)) for c, a in zip(result.columns, arrays, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _metadata(column: Column) -> dict[str, str]:
    wire = column.wire()
    return {
        "logicalType": column.type.upper(),
        "precision": str(wire["precision"] or 38),
        "scale": str(wire["scale"] or 0),
        "charLength": str(wire["length"] or 0),
    }


def _encoded(values: pa.ChunkedArray, column: Column, indent: int = 0) -> pa.ChunkedArray | pa.Array:
    kind = values.type
    if column.type in SEMI_STRUCTURED:
        text = values.cast(pa.string()) if not pa.types.is_string(kind) else values
        if not indent:
            return text
        return pa.array([None if v is None else indented(v, indent) for v in text.to_pylist()], pa.string())
    if pa.types.is_timestamp(kind):
        return _timestamps(values)
    if pa.types.is_interval(kind):
        return _zoned(_combined(values))
    if pa.types.is_time(kind):
        return pc.multiply(values.cast(pa.time64("us")).cast(pa.int64()), 1000)
    if pa.types.is_float32(kind):
        return values.cast(pa.float64())
    if pa.types.is_unsigned_integer(kind) or (pa.types.is_decimal(kind) and not kind.scale):
        return _whole(values)
    if pa.types.is_decimal(kind):
        return _scaled(values)
    if pa.types.is_null(kind):
        return values.cast(pa.string())
    return values


_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def indented(text: str, indent: int) -> str:
    """JSON as Snowflake shows it: each element on a line of its own. Numbers stay as they are written."""
    if not text.startswith(("{", "[")):
        return text
    pieces: list[str] = []
    depth, before = 0, ""
    for piece in _JSON.findall(text):
        closes = piece in {"}", "]"}
        depth -= closes
        opened = before in {"{", "["}
        if (opened or before == ",") if not closes else not opened:
            pieces.append("\n" + " " * indent * depth)
        pieces.append(": " if piece == ":" else piece)
        depth += piece in {"{", "["}
        before = piece
    return "".join(pieces)


def _whole(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Integers in 64 bits, which pandas has, where they fit; DuckDB's sums are wider."""
    try:
        return values.cast(pa.int64())
    except pa.ArrowInvalid:
        return values.cast(pa.decimal128(_MOST_DIGITS, 0))


def _scaled(values: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """Decimals as integers, times ten to the scale, where 64 bits hold them: of these the clients make floats.

    As Snowflake's, they have 32 bits where that is enough, and travel in half the time. A decimal is two words of 64
    bits, the lower one first; it fits where the upper one only repeats the sign.
    """
    one = _combined(values)
    words = np.frombuffer(one.buffers()[1], "<i8")[2 * one.offset : 2 * (one.offset + len(one))]
    low, high = words[::2], words[1::2]
    missing = np.asarray(one.is_null()) if one.null_count else None
    fits = high == low >> 63
    if not (fits if missing is None else fits | missing).all():
        return values
    narrow = len(low) and low.min() >= _LEAST and low.max() <= _MOST
    return pa.array(low.astype(np.int32 if narrow else np.int64), mask=missing)


def _combined(values: pa.ChunkedArray) -> pa.Array:
    one = values.combine_chunks()
    return pa.concat_arrays(one.chunks) if isinstance(one, pa.ChunkedArray) else one


def _timestamps(values: pa.ChunkedArray) -> pa.Array:
    one = _combined(values)
    return _moments(one, one.cast(pa.timestamp("us", one.type.tz)).cast(pa.int64()).fill_null(0).to_numpy())


def _zoned(values: pa.Array) -> pa.Array:
    """TIMESTAMP_TZ: with the minutes east of UTC, plus 1440, as the protocol has it."""
    micros, minutes = timestamp_tz.parts(values)
    return _moments(values, micros, timezone=(minutes + 1440).astype(np.int32))


def _moments(values: pa.Array, micros: np.ndarray, **more: np.ndarray) -> pa.Array:
    """Seconds and nanoseconds, as the protocol has moments; NULL where the values are."""
    whole, fraction = np.divmod(micros, _MICRO)
    parts = {"epoch": whole, "fraction": (fraction * 1000).astype(np.int32), **more}
    fields = [pa.field(name, pa.from_numpy_dtype(a.dtype), nullable=False) for name, a in parts.items()]
    return pa.StructArray.from_arrays([pa.array(a) for a in parts.values()], fields=fields, mask=values.is_null())


def bindings(sent: dict[str, dict[str, Any]]) -> list[Any]:
    """The values of a request's bindings in order; an array binding becomes a list.

    Raises:
        SnowflakeError: 390400 for one that cannot be read.

    """
    found = {number(key, "a binding's number"): check(value, _BINDING, f"binding {key}") for key, value in sent.items()}
    numbers = range(1, len(found) + 1)
    if missing := next((key for key in numbers if key not in found), None):
        raise bad_request(f"binding {missing} is missing")
    return [_read(key, found[key]) for key in numbers]


_BINDING = Open({"type": Required(str)})


def _read(key: int, sent: dict[str, Any]) -> Any:
    try:
        return _bound(sent["type"], sent.get("value"))
    except (ValueError, ArithmeticError, LookupError) as error:
        raise bad_request(f"binding {key} is no {sent['type']}: {str(sent['value'])[:50]!r}") from error


def _bound(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return [_bound(kind, v) for v in value]
    reader = _READERS.get(kind)
    return reader(str(value)) if reader else value


def _micros(nanoseconds: str) -> timedelta:
    return timedelta(microseconds=int(nanoseconds.split()[0]) // 1000)


def _zoned_moment(sent: str) -> datetime:
    """`nanoseconds minutes`, of which the minutes are those east of UTC, plus 1440."""
    _, _, minutes = sent.partition(" ")
    offset = timezone(timedelta(minutes=int(minutes) - 1440)) if minutes else UTC
    return (datetime(1970, 1, 1, tzinfo=UTC) + _micros(sent)).astimezone(offset)


_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_READERS = {
    "FIXED": lambda v: int(v) if v.lstrip("-").isdigit() else Decimal(v),
    "REAL": float,
    "BOOLEAN": lambda v: _BOOLEANS[v.lower()],
    "BINARY": bytes.fromhex,
    "DATE": lambda v: (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(v))).date(),
    "TIME": lambda v: (datetime(1970, 1, 1, tzinfo=UTC) + _micros(v)).time(),
    "TIMESTAMP_NTZ": lambda v: datetime(1970, 1, 1) + _micros(v),
    "TIMESTAMP_LTZ": lambda v: LocalMoment(1970, 1, 1, tzinfo=UTC) + _micros(v),
    "TIMESTAMP_TZ": _zoned_moment,
}
