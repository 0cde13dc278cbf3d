"""The columns of tables and views as the catalogue keeps them, and how CREATE TABLE writes them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ..kernel.errors import SnowflakeError, invalid, unsupported
from ..kernel.names import quote, shown
from ..kernel.types import MAX_TEXT
from . import datatypes
from .datatypes import DataType
from .wide import SAFE_DIGITS, wide

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.tokens import Tokens
    from ..kernel.types import Column


@dataclass(frozen=True)
class TableColumn:
    """A column of a table.

    Attributes:
        name: as Snowflake stores it.
        type: its Snowflake type, "" for a view's column whose type is not known yet.
        default: its default as written, in Snowflake's SQL; "" for none.
        identity: (start, increment) of AUTOINCREMENT.
        key: whether it belongs to the primary key, which Snowflake records and does not enforce.
        mask: its masking policy's id, and the columns that are the policy's arguments ("policy", "using"); while
            CREATE is being read, the policy's name as written.

    """

    name: str
    type: str
    nullable: bool = True
    default: str = ""
    identity: tuple[int, int] | None = None
    key: bool = False
    unique: bool = False
    comment: str = ""
    mask: dict[str, Any] | None = None

    @property
    def datatype(self) -> DataType:
        """The declared type."""
        return datatypes.parse(self.type)

    @property
    def limit(self) -> str:
        """What DuckDB must check, as its type is wider: a text's length, an integer's digits; "" for nothing.

        More digits than 18 fill 64 bits, which it checks itself.
        """
        kind, name = self.datatype, quote(self.name)
        if kind.name == "VARCHAR" and kind.arguments[0] < MAX_TEXT:
            return f"length({name}) <= {kind.arguments[0]}"
        if kind.name == "NUMBER" and (wide() or kind.arguments[0] <= SAFE_DIGITS) and not kind.arguments[1]:
            most = 10 ** kind.arguments[0] - 1
            return f"{name} BETWEEN {-most} AND {most}"
        return ""

    def definition(self, default: str = "") -> str:
        """The column in DuckDB's CREATE TABLE; the default is already in DuckDB's SQL."""
        pieces = [quote(self.name), self.datatype.duckdb]
        pieces += [] if self.nullable else ["NOT NULL"]
        pieces += [f"DEFAULT ({default})"] if default else []
        pieces += [f"CHECK ({self.limit})"] if self.limit else []
        return " ".join(pieces)

    def document(self) -> dict[str, Any]:
        """For the catalogue."""
        return asdict(self)


def of(thing: Object) -> list[TableColumn]:
    """The columns of a table or view of the catalogue."""
    return [TableColumn(**document) for document in thing.properties["columns"]]


def from_result(columns: tuple[Column, ...]) -> list[TableColumn]:
    """The columns that CREATE TABLE ... AS SELECT makes of a query's."""
    return [TableColumn(c.name, str(datatypes.type_of(c))) for c in columns]


def read(tokens: Tokens) -> list[TableColumn]:
    """The parenthesised definitions of CREATE TABLE; without types for `CREATE TABLE t (a, b) AS SELECT`.

    Raises:
        SnowflakeError: 001003; 000002 for what would change how the table behaves and is not supported.

    """
    tokens.expect("(")
    found: list[TableColumn] = []
    keys: list[Key] = []
    while not found or tokens.accept(","):
        if starts_constraint(tokens):
            keys.append(table_constraint(tokens))
        else:
            found.append(column(tokens))
    tokens.expect(")")
    check_distinct(found)
    if sum(c.key for c in found) > 1:
        raise _second_key()
    return keyed(found, keys)


def _second_key() -> SnowflakeError:
    return invalid("A table has one primary key.", "001008", "42601")


@dataclass(frozen=True)
class Key:
    """A key over columns: the primary one, or one that only says that its values are unique."""

    columns: tuple[str, ...]
    primary: bool


def keyed(found: list[TableColumn], keys: list[Key]) -> list[TableColumn]:
    """The columns with their keys.

    Raises:
        SnowflakeError: 000904 for a key on a column that is not there; 002025 for one that names a column twice;
            001008 for a second primary key.

    """
    names = [c.name for c in found]
    for key in keys:
        check_known(key.columns, names)
        _check_once(key.columns)
    primary = [key for key in keys if key.primary]
    if len(primary) + any(c.key for c in found) > 1:
        raise _second_key()
    within = set(primary[0].columns) if primary else set()
    return [replace(c, key=True, nullable=False) if c.name in within else c for c in found]


def check_known(names: Iterable[str], known: Collection[str]) -> None:
    """Each name is that of a column.

    Raises:
        SnowflakeError: 000904.

    """
    for name in names:
        if name not in known:
            raise invalid(f"invalid identifier '{shown(name)}'", "000904", "42000")


def check_distinct(found: list[TableColumn]) -> None:
    """No two columns have the same name; DuckDB, unlike Snowflake, tells names apart by their letters only.

    Raises:
        SnowflakeError: 002025.

    """
    _check_once(column_.name for column_ in found)


def _check_once(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.upper() in seen:
            raise SnowflakeError(f"SQL compilation error:\nduplicate column name '{name}'", "002025", "42S21")
        seen.add(name.upper())


def column(tokens: Tokens) -> TableColumn:
    """One definition: name, type and what follows.

    Raises:
        SnowflakeError: 002023 for a text as the default of what is no text.

    """
    name = tokens.column()
    typeless = tokens.peek().upper in {",", ")", "COMMENT", "WITH", "MASKING"}
    found = TableColumn(name, "" if typeless else str(datatypes.read(tokens, vectors=True)))
    while not tokens.done and tokens.peek().upper not in {",", ")"}:
        found = _attribute(found, tokens)
    if _LITERAL.fullmatch(found.default) and found.type.startswith(("NUMBER", "FLOAT", "BOOLEAN")):
        what = f"Default value data type does not match data type for column {name}"
        raise SnowflakeError(f"SQL compilation error:\n{what}", "002023", "22000")
    return found


_LITERAL = re.compile(r"'([^']|'')*'")


def starts_constraint(tokens: Tokens) -> bool:
    """Whether a key over several columns stands next, and not a column."""
    return tokens.peek().upper in {"CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN"}


def _attribute(found: TableColumn, tokens: Tokens) -> TableColumn:
    if tokens.accept("NOT", "NULL"):
        return replace(found, nullable=False)
    if tokens.accept("NULL"):
        return found
    if tokens.accept("DEFAULT"):
        return replace(found, default=_expression(tokens))
    if tokens.accept_any("AUTOINCREMENT", "IDENTITY"):
        if found.default or not found.type.startswith(("NUMBER", "FLOAT")):
            raise invalid(f"Column '{found.name}' cannot be an identity: it has a default, or is no number.")
        return replace(found, identity=_identity(tokens))
    if tokens.accept("COMMENT"):
        return replace(found, comment=tokens.value())
    if tokens.accept("WITH", "MASKING", "POLICY") or tokens.accept("MASKING", "POLICY"):
        policy = list(tokens.name())
        return replace(found, mask={"policy": policy, "using": identifiers(tokens) if tokens.accept("USING") else []})
    if tokens.accept("CONSTRAINT"):
        tokens.identifier()
        return found
    return _key(found, tokens)


def _key(found: TableColumn, tokens: Tokens) -> TableColumn:
    if tokens.accept("PRIMARY", "KEY"):
        found = replace(found, key=True, nullable=False)
    elif tokens.accept("UNIQUE"):
        found = replace(found, unique=True)
    else:
        raise (
            unsupported(f"column option {tokens.peek().text}") if tokens.peek().kind == "word" else tokens.unexpected()
        )
    _enforcement(tokens)
    return found


def _enforcement(tokens: Tokens) -> None:
    """ENFORCED and the like: Snowflake records keys and enforces none but NOT NULL."""
    while tokens.accept_any("NOT", "ENFORCED", "ENABLE", "DISABLE", "RELY", "NORELY", "VALIDATE", "NOVALIDATE"):
        pass


def _identity(tokens: Tokens) -> tuple[int, int]:
    start, step = 1, 1
    if tokens.accept("("):
        start = _whole(tokens)
        tokens.expect(",")
        step = _whole(tokens)
        tokens.expect(")")
    if tokens.accept("START"):
        tokens.accept("WITH")
        start = _whole(tokens)
    if tokens.accept("INCREMENT"):
        tokens.accept("BY")
        step = _whole(tokens)
    tokens.accept_any("ORDER", "NOORDER")
    if not step:
        raise invalid("Invalid value 0 of INCREMENT: it must not be 0.")
    return start, step


def _whole(tokens: Tokens) -> int:
    sign = -1 if tokens.accept("-") else 1
    if not tokens.peek().text.isdigit():
        raise tokens.unexpected()
    return sign * int(tokens.take().text)


def _expression(tokens: Tokens) -> str:
    """A default's text: up to the comma, the parenthesis or the word that ends the column's definition."""
    start = end = tokens.peek().start
    while not tokens.done and (tokens.peek().upper not in _ENDS or (start == end and tokens.looking_at("NULL"))):
        if tokens.looking_at("("):
            tokens.parenthesised()
            end = tokens.previous.end
        else:
            end = tokens.take().end
    return tokens.text[start:end]


# The grammar has the same words, in shared_columns.txt.
_ENDS = {",", ")", "NOT", "NULL", "COMMENT", "PRIMARY", "UNIQUE", "CONSTRAINT", "WITH", "MASKING"}


def table_constraint(tokens: Tokens) -> Key:
    """A key over several columns."""
    if tokens.accept("CONSTRAINT"):
        tokens.identifier()
    if tokens.accept("FOREIGN"):
        raise unsupported("FOREIGN KEY")
    primary = bool(tokens.accept("PRIMARY", "KEY"))
    if not primary and not tokens.accept("UNIQUE"):
        raise tokens.unexpected()
    names = identifiers(tokens)
    _enforcement(tokens)
    return Key(tuple(names), primary)


def identifiers(tokens: Tokens) -> list[str]:
    """A parenthesised list of names."""
    tokens.expect("(")
    found = [tokens.identifier()]
    while tokens.accept(","):
        found.append(tokens.identifier())
    tokens.expect(")")
    return found
