"""SELECT ARRAY_AGG(OBJECT_CONSTRUCT(*)) FROM TABLE(RESULT_SCAN(...)) [WHERE a = 'b']: earlier rows as one document.

That is how a block hands on what SHOW answered, and one may do so a thousand times. The rows are here already; to make
them known to DuckDB takes many times as long as to write them down.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from ..kernel.result import Result
from ..kernel.types import Column
from .translate import table_function

if TYPE_CHECKING:
    from ..sql.scope import Scope

_OBJECTS = {"OBJECT_CONSTRUCT": False, "OBJECT_CONSTRUCT_KEEP_NULL": True}
# What Python's JSON and DuckDB's write alike. Other columns count as such when they hold nothing.
_PLAIN = {"text", "boolean", "fixed"}


@dataclass(frozen=True)
class _Wanted:
    """Whether the objects keep what is NULL, and the column and the text that its rows must have."""

    keeps_null: bool
    column: str = ""
    value: str = ""


def answer(scope: Scope, query: exp.Expression) -> Result | None:
    """The query's answer; None for any other query, and for rows that only DuckDB can write down."""
    wanted = _wanted(query)
    if wanted is None:
        return None
    found = table_function(scope, query.args["from_"].this)
    document = None if found is None else _document(found, wanted)
    if document is None:
        return None
    name = query.expressions[0].alias
    return Result((Column(name, "variant"),), pa.table({name: [document]}))


def _wanted(query: exp.Expression) -> _Wanted | None:
    """What the query asks for; None when it is another one."""
    parts = {key for key, value in query.args.items() if value}
    if not isinstance(query, exp.Select) or parts - {"where"} != {"expressions", "from_"}:
        return None
    keeps_null = _keeps_null(query)
    if keeps_null is None or "where" not in parts:
        return None if keeps_null is None else _Wanted(keeps_null)
    test = query.args["where"].this
    if not isinstance(test, exp.EQ) or not isinstance(test.this, exp.Column) or not test.expression.is_string:
        return None
    return _Wanted(keeps_null, test.this.name, test.expression.name) if not test.this.table else None


def _keeps_null(query: exp.Select) -> bool | None:
    if len(query.expressions) != 1:
        return None
    source = query.args["from_"].this
    if not isinstance(source, exp.TableFromRows) or not _is_call(source.this, "RESULT_SCAN"):
        return None
    if any(value for key, value in source.args.items() if key != "this"):
        return None
    items = query.expressions[0].unalias()
    objects = items.expressions[0] if _is_call(items, "ARRAY_AGG") and len(items.expressions) == 1 else None
    if objects is None or not _is_call(objects, *_OBJECTS) or objects.expressions != [exp.Star()]:
        return None
    return _OBJECTS[objects.name.upper()]


def _is_call(node: exp.Expression, *names: str) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.upper() in names


def _document(found: Result, wanted: _Wanted) -> str | None:
    names = [column.name for column in found.columns]
    if wanted.column:
        if Column(wanted.column, "text") not in [replace(c, length=None, nullable=True) for c in found.columns]:
            return None
        of_value = pc.equal(found.rows.column(names.index(wanted.column)), wanted.value)
        found = replace(found, rows=found.rows.filter(of_value))
    if len(set(names)) < len(names) or not all(map(_is_plain, found.columns, found.rows.columns)):
        return None
    rows = zip(*(column.to_pylist() for column in found.rows.columns), strict=True)
    objects = [{n: v for n, v in zip(names, row, strict=True) if wanted.keeps_null or v is not None} for row in rows]
    return json.dumps(objects, ensure_ascii=False, separators=(",", ":"))


def _is_plain(column: Column, values: pa.ChunkedArray) -> bool:
    written = column.type in _PLAIN and not pa.types.is_decimal(values.type)
    return written or values.null_count == len(values)
