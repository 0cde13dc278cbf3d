"""Snowflake's types, as the wire names them, against Arrow's."""

from dataclasses import dataclass

import pyarrow as pa

from . import timestamp_tz

MAX_TEXT = 16_777_216
MAX_BINARY = 8_388_608
SEMI_STRUCTURED = {"variant", "object", "array"}


@dataclass(frozen=True)
class Column:
    """A column of a result.

    Attributes:
        name: as the client shows it.
        type: Snowflake's internal name: fixed, real, text, boolean, date, time, timestamp_ntz, timestamp_ltz,
            timestamp_tz, binary, variant, object, array, vector.
        precision, scale: digits of `fixed`; `scale` is also the digits of a second of times.
        length: characters of `text`, bytes of `binary`, elements of `vector`.
        element: FLOAT or INT, of `vector`.

    """

    name: str
    type: str
    precision: int | None = None
    scale: int | None = None
    length: int | None = None
    nullable: bool = True
    element: str = ""

    def wire(self) -> dict[str, object]:
        """The `rowtype` entry that the clients read."""
        temporal = self.type.startswith("time")
        length = self.length or {"text": MAX_TEXT, "binary": MAX_BINARY}.get(self.type)
        fixed = self.type == "fixed"
        return {
            "name": self.name,
            "database": "",
            "schema": "",
            "table": "",
            "nullable": self.nullable,
            "type": self.type,
            "byteLength": length,
            "length": length,
            "precision": (self.precision or 38) if fixed else (0 if temporal else None),
            "scale": (self.scale or 0) if fixed else ((9 if self.scale is None else self.scale) if temporal else None),
            "collation": None,
            **(self._vector() if self.element else {}),
        }

    def _vector(self) -> dict[str, object]:
        element = Column("", {"FLOAT": "real", "INT": "fixed"}[self.element]).wire()
        return {"length": None, "byteLength": None, "vectorDimension": self.length, "fields": [element]}


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type in which the account holds a column's values."""
    if column.type == "fixed" and column.scale:
        return pa.decimal128(column.precision or 38, column.scale)
    return _ARROW.get(column.type, pa.string())


_ARROW = {
    "fixed": pa.int64(),
    "real": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "binary": pa.binary(),
    "timestamp_ntz": pa.timestamp("us"),
    "timestamp_ltz": pa.timestamp("us", "UTC"),
    "timestamp_tz": timestamp_tz.ARROW,
}
