"""What a statement answers: columns with Snowflake's types, rows as Arrow, and the kind of statement."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from .types import Column, arrow_type

# Statement type ids, as the connector reads them (snowflake.connector.constants and its DML ranges).
SELECT, INSERT, UPDATE, DELETE, MERGE, MULTI_INSERT, COPY = 0x1000, 0x3100, 0x3200, 0x3300, 0x3400, 0x3500, 0x3600
SHOW, DESCRIBE, USE, ALTER_SESSION, TRANSACTION, DDL, LIST = 0x4400, 0x4500, 0x4300, 0x4100, 0x5000, 0x6000, 0x4700
PUT, GET, CALL, MULTI = 0x7000, 0x7000, 0x1000, 0xA000


@dataclass(frozen=True)
class Result:
    """A statement's answer.

    Attributes:
        columns: name and Snowflake type of each column.
        rows: the same columns in Arrow.
        statement_type: one of the ids above.
        transfer: what PUT and GET tell the client instead of rows.
        children: the answers of the statements of a multi-statement request.

    """

    columns: tuple[Column, ...]
    rows: pa.Table
    statement_type: int = SELECT
    transfer: dict[str, Any] | None = None
    children: tuple["Result", ...] = ()
    query_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def with_transfer(self, transfer: dict[str, Any]) -> "Result":
        """A copy that tells the client to move files."""
        return replace(self, transfer=transfer)


def rows(
    columns: Iterable[str | tuple[str, str]], data: Iterable[dict[str, Any]], statement_type: int = SHOW
) -> Result:
    """A result from dicts; a column is a name (text) or a name with its type ("fixed", "boolean", "timestamp_ltz").

    A key that a row lacks is NULL there.
    """
    described = tuple(Column(*((c, "text") if isinstance(c, str) else c)) for c in columns)
    listed = list(data)
    arrays = [pa.array([_plain(row.get(c.name), c) for row in listed], arrow_type(c)) for c in described]
    return Result(described, pa.Table.from_arrays(arrays, names=[c.name for c in described]), statement_type)


def _plain(value: Any, column: Column) -> Any:
    if value is None or column.type != "text":
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)


def status(message: str, statement_type: int = DDL) -> Result:
    """The one-cell answer of DDL: a column `status` with a sentence."""
    return rows(["status"], [{"status": message}], statement_type)


EXECUTED = "Statement executed successfully."


def counts(statement_type: int, **numbers: int) -> Result:
    """The answer of DML: `number of rows inserted` and the like, from `inserted=3`."""
    named = {f"number of {name.replace('_', ' ')}": n for name, n in numbers.items()}
    return rows([(name, "fixed") for name in named], [named], statement_type)
