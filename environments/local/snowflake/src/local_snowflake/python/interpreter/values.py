"""Values in Python against values in Arrow, by Snowflake's types.

https://docs.snowflake.com/en/developer-guide/udf-stored-procedure-data-type-mapping
"""

import datetime
import decimal
import json
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import pyarrow as pa

SEMI_STRUCTURED = {"variant", "object", "array"}
Type = dict[str, Any]  # "type" as the wire names it, "precision", "scale"


def read(payload: bytes) -> pa.RecordBatch:
    """The rows of a message."""
    with pa.ipc.open_stream(pa.py_buffer(payload)) as reader:
        table = reader.read_all()
    return table.combine_chunks().to_batches()[0] if table.num_rows else pa.RecordBatch.from_pylist([], table.schema)


def write(column: pa.Array) -> bytes:
    """One column as a message's payload."""
    return write_batch(pa.record_batch([column], names=["value"]))


def write_batch(batch: pa.RecordBatch) -> bytes:
    """Rows as a message's payload."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def to_python(column: pa.Array, kind: Type) -> list[Any]:
    """A column's values as a handler gets them: dicts and lists for semi-structured ones."""
    values = column.to_pylist()
    reader = _READERS.get(kind["type"])
    if kind["type"] == "fixed":
        reader = decimal.Decimal if kind.get("scale") else int
    return values if reader is None else [None if v is None else reader(v) for v in values]


def to_arrow(values: Iterable[Any], kind: Type) -> pa.Array:
    """A handler's results in the Arrow type of the declared Snowflake type.

    Raises:
        TypeError, ValueError, pyarrow.ArrowInvalid: a value is not of that type.

    """
    convert = _writer(kind)
    # Dictionaries are what inferences give, millions of them.
    return pa.array(
        [convert(v) if type(v) is dict else None if _null(v) else convert(_plain(v)) for v in values], arrow_type(kind)
    )


# A TIMESTAMP_TZ comes and goes as `kernel/timestamp_tz.py` has it, which is not here.
_MARK, _FIRST_DAY, _LEAST_OFFSET = 2_000_000_000, 4_000_000, 1440
_DAY = 86_400_000_000
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def _read_zoned(value: Any) -> datetime.datetime:
    offset = datetime.timedelta(minutes=value.nanoseconds // 1000 // _DAY - _LEAST_OFFSET)
    micros = (value.days - _FIRST_DAY) * _DAY + value.nanoseconds // 1000
    return (_EPOCH + datetime.timedelta(microseconds=micros)).astimezone(datetime.timezone(offset))


def _written_zoned(moment: datetime.datetime) -> pa.MonthDayNano:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    minutes = (aware.utcoffset() or datetime.timedelta()) // datetime.timedelta(minutes=1) + _LEAST_OFFSET
    days, rest = divmod((aware - _EPOCH) // datetime.timedelta(microseconds=1), _DAY)
    return pa.MonthDayNano([_MARK, days + _FIRST_DAY - minutes, (rest + minutes * _DAY) * 1000])


def arrow_type(kind: Type) -> pa.DataType:
    """The Arrow type that stands for a Snowflake type."""
    if kind["type"] == "fixed":
        return pa.decimal128(kind.get("precision") or 38, kind["scale"]) if kind.get("scale") else pa.int64()
    return _ARROW.get(kind["type"], pa.string())


def _null(value: Any) -> bool:
    # NaN in a float column is a value; pandas' own missing values are NULL.
    return value is None or type(value).__name__ in {"NAType", "NaTType"}


def _plain(value: Any) -> Any:
    """A NumPy scalar as Python's own."""
    return value.item() if hasattr(value, "dtype") and getattr(value, "shape", None) == () else value


def _writer(kind: Type) -> Callable[[Any], Any]:
    if kind["type"] in SEMI_STRUCTURED:
        return to_json
    if kind["type"] == "fixed":
        return _scaled(kind["scale"]) if kind.get("scale") else int
    return _WRITERS.get(kind["type"], str)


def _scaled(scale: int) -> Callable[[Any], decimal.Decimal]:
    digits = decimal.Decimal(1).scaleb(-scale)
    return lambda value: decimal.Decimal(str(value)).quantize(digits)


def to_json(value: Any) -> str:
    """A value as VARIANT holds it."""
    try:
        return orjson.dumps(value, _jsonable, _JSON).decode()
    except TypeError:
        # Whole numbers beyond 64 bits, text with lone surrogates; and what JSON cannot hold, which fails here again.
        return json.dumps(value, default=_jsonable, separators=(",", ":"))


def _jsonable(value: Any) -> Any:
    if hasattr(value, "tolist"):  # NumPy
        return value.tolist()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if _null(value):
        return None
    if hasattr(value, "as_dict"):  # a Snowpark Row
        return value.as_dict()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


# A dictionary of an inference's two values: 0.4 microseconds, where json's encoder takes 2.
_JSON = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"Expected bool but got {type(value).__name__}")
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(SEMI_STRUCTURED, json.loads),
    "timestamp_tz": _read_zoned,
}
_WRITERS: dict[str, Callable[[Any], Any]] = {
    "real": float,
    "text": _text,
    "boolean": _truth,
    "binary": bytes,
    "date": lambda v: v,
    "time": lambda v: v,
    "timestamp_ntz": lambda v: v,
    "timestamp_ltz": lambda v: v,
    "timestamp_tz": _written_zoned,
}
_ARROW = {
    "real": pa.float64(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp_ntz": pa.timestamp("us"),
    "timestamp_ltz": pa.timestamp("us", "UTC"),
    "timestamp_tz": pa.month_day_nano_interval(),
}
