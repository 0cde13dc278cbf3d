"""What the names of a block stand for: variables, cursors, RESULTSETs, exceptions, the row of a loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..kernel import timestamp_tz
from ..kernel.types import SEMI_STRUCTURED
from ..sql import datatypes
from ..sql.binding import sql_literal

if TYPE_CHECKING:
    from ..kernel.result import Result
    from ..kernel.types import Column
    from ..sql.datatypes import DataType
    from .text import Text

_DOCUMENTS = {kind.upper() for kind in SEMI_STRUCTURED}
_DATED = {"DATE", "TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"}


@dataclass(frozen=True)
class Value:
    """A value and its type.

    Attributes:
        data: as Python has it; JSON as its text.
        type: None for a NULL of which nothing else is known.

    """

    data: Any = None
    type: DataType | None = None

    @property
    def literal(self) -> str:
        """The value in Snowflake's SQL."""
        if self.data is None:
            return "NULL"
        if self.type and self.type.name in _DOCUMENTS:
            return f"PARSE_JSON({sql_literal(self.data)})"
        if self.type and self.type.name in _DATED:
            return f"{sql_literal(str(self.data))}::{self.type.name}"
        return sql_literal(self.data)

    @property
    def is_document(self) -> bool:
        """Whether it is JSON."""
        return self.type is not None and self.type.name in _DOCUMENTS


NULL = Value()
NUMBER = datatypes.parse("NUMBER")
TEXT = datatypes.parse("VARCHAR")
BOOLEAN = datatypes.parse("BOOLEAN")
OBJECT = datatypes.parse("OBJECT")


def number(data: int | None) -> Value:
    """A whole number."""
    return Value(data, NUMBER)


def varchar(data: str | None) -> Value:
    """A text."""
    return Value(data, TEXT)


def boolean(data: bool | None) -> Value:  # noqa: FBT001 - the value itself
    """TRUE, FALSE or NULL."""
    return Value(data, BOOLEAN)


def cell(data: Any, column: Column) -> Value:
    """A value out of a result's column."""
    if column.type == "fixed" and isinstance(data, int):
        return Value(data, NUMBER)
    if column.type == "timestamp_tz":
        data = timestamp_tz.read(data)
    return Value(data, datatypes.type_of(column))


@dataclass
class Variable:
    """A variable: what it holds, and the type that it was declared with or took from its first value."""

    value: Value = NULL
    type: DataType | None = None


@dataclass
class Row:
    """The row that a loop is at: values by column."""

    values: dict[str, Value]


@dataclass
class Rows:
    """A RESULTSET: what its statement answered; None before it has one."""

    result: Result | None = None


@dataclass
class Cursor:
    """A cursor: its query, and the rows that are left once it is open."""

    query: Text | None = None
    over: str | None = None
    result: Result | None = None
    left: Iterator[list[Value]] | None = None


@dataclass(frozen=True)
class Declared:
    """A declared exception."""

    name: str
    number: int
    message: str


Thing = Variable | Row | Rows | Cursor | Declared


@dataclass
class Names:
    """The names of a block, over those of the blocks around it."""

    outer: Names | None = None
    own: dict[str, Thing] = field(default_factory=dict)

    def find(self, name: str) -> Thing | None:
        """What a name stands for; None when the block knows none."""
        names: Names | None = self
        while names is not None:
            found = names.own.get(name)
            if found is not None:
                return found
            names = names.outer
        return None

    def inner(self, **values: Value) -> Names:
        """The names of a part of the block, to begin with these variables."""
        return Names(self, {name: Variable(value) for name, value in values.items()})
