"""The values of expressions: computed by the account as SELECT would, but for those that stand there already."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from ..kernel import timestamp_tz
from ..kernel.errors import invalid
from ..kernel.registry import queries
from ..kernel.result import CALL, Result
from ..kernel.tokens import Tokens, unescape
from ..kernel.types import arrow_type
from . import variables
from .variables import NULL, Cursor, Row, Rows, Value, Variable, boolean, cell, number, varchar

if TYPE_CHECKING:
    from ..kernel.session import Session
    from ..sql.datatypes import DataType
    from ..sql.scope import Scope
    from .text import Reference, Text
    from .variables import Names

# A longer value does not stand in the statement's text, which would have to be read again; it is handed over.
_LONGEST_LITERAL = 400
_HANDED_OVER = "__VALUE_"
_WHOLE = re.compile(r"-?\d{1,18}\Z")
# Of the escapes, those that stand for one character whatever follows; DuckDB reads the others.
_STRING = re.compile(r"""'(?:[^'\\]++|''|\\['"\\ntr])*+'\Z""")
_WORDS = {"NULL": NULL, "TRUE": boolean(True), "FALSE": boolean(False)}  # noqa: FBT003


def evaluated(session: Session, names: Names, text: Text) -> Value:
    """The value of an expression. No page says which of them Snowflake computes without a warehouse: none, here.

    Raises:
        SnowflakeError: whatever computing it raises; 000606 without a warehouse.

    """
    known = _known(names, text)
    if known is not None:
        return known
    session.require_warehouse()
    result = select(session, f"({filled(session, names, text)})")
    return first(result)


def first(result: Result) -> Value:
    """The value in the first row and column; NULL without rows."""
    if not result.rows.num_rows:
        return NULL
    return cell(result.rows.column(0)[0].as_py(), result.columns[0])


def _known(names: Names, text: Text) -> Value | None:
    """The value of a lone variable, a literal or an object of such; None for all else."""
    if text.only:
        found = names.find(text.only.name)
        if isinstance(found, Variable) and text.only.field is None:
            return found.value
        if isinstance(found, Row) and text.only.field:
            return found.values.get(text.only.field)
        return _WORDS.get(text.only.name) if found is None else None
    if text.construction:
        document = text.construction.document(lambda part: _known(names, part))
        return None if document is None else Value(document, variables.OBJECT)
    return _literal(text.pieces[0]) if len(text.pieces) == 1 else None


def is_literal(text: Text) -> bool:
    """Whether an expression is a literal, whose value nobody computes."""
    return len(text.pieces) == 1 and _literal(text.pieces[0]) is not None


def _literal(written: str | Reference) -> Value | None:
    if not isinstance(written, str):
        return None
    if _WHOLE.match(written):
        return number(int(written))
    if _STRING.match(written):
        return varchar(unescape(written))
    return None


def select(session: Session, expression: str) -> Result:
    """The answer of SELECT with one expression."""
    try:
        return queries()["SELECT"](session, Tokens(f'SELECT {expression} AS "V"'), False)  # noqa: FBT003
    finally:
        session.handed_over.clear()


def cast(session: Session, value: Value, kind: DataType | None) -> Value:
    """The value in a variable's type.

    Raises:
        SnowflakeError: when it has no value of that type.

    """
    if kind is None or value.data is None or _fits(value, kind):
        return Value(value.data, kind or value.type)
    result = select(session, f"({shown(session, value)})::{kind}")
    return Value(cell(result.rows.column(0)[0].as_py(), kind.column("V")).data, kind)


def _fits(value: Value, kind: DataType) -> bool:
    """Whether a value is of a type as it stands."""
    if value.is_document and kind.name in {"VARIANT", "OBJECT", "ARRAY"}:
        return kind.name == "VARIANT" or value.data.startswith("{" if kind.name == "OBJECT" else "[")
    if value.type is None or value.type.name != kind.name:
        return False
    if kind.name == "NUMBER":
        return isinstance(value.data, int) and not kind.arguments[1] and _digits(value.data) <= kind.arguments[0]
    return kind.name != "VARCHAR" or len(value.data) <= kind.arguments[0]


def _digits(whole: int) -> int:
    return len(str(abs(whole)))


def holds(session: Session, names: Names, condition: Text) -> bool:
    """Whether a condition is true; NULL is not."""
    value = cast(session, evaluated(session, names, condition), variables.BOOLEAN)
    return value.data is True


def whole(session: Session, names: Names, text: Text) -> int:
    """An expression's value as a whole number.

    Raises:
        SnowflakeError: when it is NULL or no number.

    """
    value = cast(session, evaluated(session, names, text), variables.NUMBER)
    if value.data is None:
        raise invalid(f"invalid expression [{text.written}]: NULL where a number is needed", "002044", "42601")
    return int(value.data)


def texted(session: Session, names: Names, text: Text) -> str:
    """An expression's value as text; NULL is empty."""
    return cast(session, evaluated(session, names, text), variables.TEXT).data or ""


# ---- variables in statements
def filled(session: Session, names: Names, text: Text, *, query: bool = True) -> str:
    """The statement or expression with its variables' values in their places.

    Args:
        session: keeps the long values for the statement that is about to run.
        names: the block's.
        text: what was read.
        query: whether it is read as a tree, in which a long value may be handed over.

    Raises:
        SnowflakeError: 002049 when `:name` names nothing.

    """
    return text.filled(lambda reference: _replacement(session, names, reference, query=query))


def _replacement(session: Session, names: Names, reference: Reference, *, query: bool) -> str | None:
    thing = names.find(reference.name)
    if isinstance(thing, Rows | Cursor) and reference.table:
        if thing.result is None:
            raise invalid(f"RESULTSET '{reference.name}' has no rows yet", "090237", "P0000")
        return f"RESULT_SCAN('{thing.result.query_id}')"
    value = _of(thing, reference)
    if value is not None:
        return shown(session, value) if query else value.literal
    if reference.sure and thing is None:
        raise invalid(f"Bind variable {reference.written} not set.", "002049", "42601")
    return None


def _of(thing: object, reference: Reference) -> Value | None:
    if reference.table and not reference.sure:
        return None
    if isinstance(thing, Row) and reference.field:
        return thing.values.get(reference.field)
    return thing.value if isinstance(thing, Variable) and not reference.field else None


def shown(session: Session, value: Value) -> str:
    """The value for a statement that is about to run: as a literal, or handed over when it is long."""
    if not isinstance(value.data, str) or len(value.data) <= _LONGEST_LITERAL:
        return value.literal
    name = f"{_HANDED_OVER}{len(session.handed_over)}"
    session.handed_over[name] = value
    return f":{name}"


def _handed_over(scope: Scope, node: exp.Placeholder) -> exp.Expression | None:
    """A long value as a relation of one row."""
    value = scope.session.handed_over.get(node.name.upper())
    if value is None:
        return None
    rows = scope.result(one("V", value))
    found = exp.Subquery(this=exp.select(exp.column("V", quoted=True)).from_(rows))
    return exp.Anonymous(this="TO_VARIANT", expressions=[found]) if value.is_document else found


def one(name: str, value: Value) -> Result:
    """A result of one row and one column."""
    column = (value.type or variables.TEXT).column(name)
    try:
        zoned = column.type == "timestamp_tz" and value.data is not None
        data = timestamp_tz.written(value.data) if zoned else value.data
        array = pa.array([data], arrow_type(column))
    except (pa.ArrowInvalid, OverflowError):  # a whole number beyond 64 bits
        array = pa.array([Decimal(value.data)], pa.decimal128(38, 0))
    return Result((column,), pa.Table.from_arrays([array], names=[name]), CALL)


REWRITES = {"Placeholder": _handed_over}
