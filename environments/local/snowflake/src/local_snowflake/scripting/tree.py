"""What a block says: a tree of declarations, statements and handlers, each knowing where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..sql.datatypes import DataType
    from .text import Text


@dataclass(frozen=True)
class Place:
    """A line (from 1) and a position in it (from 0), as errors name them."""

    line: int
    position: int


@dataclass(frozen=True)
class Statement:
    """Anything that runs."""

    place: Place


@dataclass(frozen=True)
class Sql(Statement):
    """A SQL statement.

    Attributes:
        text: the statement, without its INTO.
        into: the variables that its row sets; none when it has no INTO.

    """

    text: Text
    into: tuple[str, ...] = ()


@dataclass(frozen=True)
class Execute(Statement):
    """`EXECUTE IMMEDIATE expression [USING (values)]`."""

    text: Text
    using: tuple[Text, ...]


@dataclass(frozen=True)
class Declare(Statement):
    """A new variable: `name type := value`; the type or the value may be missing."""

    name: str
    type: DataType | None
    value: Text | None


@dataclass(frozen=True)
class DeclareException(Statement):
    """`name EXCEPTION (number, 'message')`."""

    name: str
    number: int
    message: str


@dataclass(frozen=True)
class DeclareCursor(Statement):
    """`name CURSOR FOR query`, or for a RESULTSET."""

    name: str
    query: Text
    over: str | None = None


@dataclass(frozen=True)
class DeclareRows(Statement):
    """`name RESULTSET := (statement)`; without a statement it is empty until it is assigned one."""

    name: str
    query: Sql | Execute | None


@dataclass(frozen=True)
class Assign(Statement):
    """`name := expression`, or `name := (statement)` for a RESULTSET."""

    name: str
    value: Text
    query: Sql | Execute | None


@dataclass(frozen=True)
class Return(Statement):
    """`RETURN expression`, `RETURN TABLE(rows)` or `RETURN TABLE(SELECT ...)`."""

    value: Text | None = None
    rows: str | None = None
    query: Sql | Execute | None = None


@dataclass(frozen=True)
class If(Statement):
    """IF and CASE: the body of the first condition that holds, or the last one, which has none."""

    branches: tuple[tuple[Text | None, tuple[Statement, ...]], ...]


@dataclass(frozen=True)
class Case(Statement):
    """CASE (value) WHEN ...: the body of the first value that is equal."""

    value: Text
    branches: tuple[tuple[Text | None, tuple[Statement, ...]], ...]


@dataclass(frozen=True)
class Loop(Statement):
    """LOOP, WHILE and REPEAT: round and round, while a condition holds (before) and until another one does (after)."""

    body: tuple[Statement, ...]
    condition: Text | None = None
    until: Text | None = None
    label: str | None = None


@dataclass(frozen=True)
class ForRange(Statement):
    """`FOR name IN [REVERSE] first TO last DO`."""

    name: str
    first: Text
    last: Text
    reverse: bool
    body: tuple[Statement, ...]
    label: str | None = None


@dataclass(frozen=True)
class ForRows(Statement):
    """`FOR name IN cursor_or_resultset DO`."""

    name: str
    rows: str
    body: tuple[Statement, ...]
    label: str | None = None


@dataclass(frozen=True)
class Leave(Statement):
    """BREAK (or EXIT) and CONTINUE (or ITERATE), of the innermost loop or of the one with the label."""

    again: bool
    label: str | None = None


@dataclass(frozen=True)
class Raise(Statement):
    """`RAISE name`; without a name, what is being handled."""

    name: str | None


@dataclass(frozen=True)
class Open(Statement):
    """`OPEN cursor [USING (values)]`."""

    name: str
    using: tuple[Text, ...]


@dataclass(frozen=True)
class Fetch(Statement):
    """`FETCH cursor INTO variables`."""

    name: str
    into: tuple[str, ...]


@dataclass(frozen=True)
class Close(Statement):
    """`CLOSE cursor`."""

    name: str


@dataclass(frozen=True)
class Nothing(Statement):
    """NULL: nothing happens."""


@dataclass(frozen=True)
class Handler:
    """`WHEN name OR name THEN ...`; OTHER is a name too."""

    names: tuple[str, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class Block(Statement):
    """DECLARE ... BEGIN ... EXCEPTION ... END, with names and handlers of its own."""

    declarations: tuple[Statement, ...]
    body: tuple[Statement, ...]
    handlers: tuple[Handler, ...]
