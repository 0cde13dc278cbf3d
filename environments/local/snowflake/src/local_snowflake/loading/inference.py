"""INFER_SCHEMA: the columns of staged files, with the types that DuckDB sees in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from ..kernel.errors import invalid
from ..kernel.names import literal, quote, shown
from ..kernel.result import SELECT, Result, rows
from ..sql.datatypes import column_of, type_of
from ..sql.faults import translated
from ..stages import formats, locations

if TYPE_CHECKING:
    from ..kernel.session import Session

_COLUMNS = ("COLUMN_NAME", "TYPE", ("NULLABLE", "boolean"), "EXPRESSION", "FILENAMES", ("ORDER_ID", "fixed"))
_KNOWN = {"LOCATION", "FILE_FORMAT", "FILES", "IGNORE_CASE", "MAX_FILE_COUNT", "MAX_RECORDS_PER_FILE", "KIND"}
# Names that INFER_SCHEMA uses for types.
_SHORT = {"VARCHAR": "TEXT", "FLOAT": "REAL", "BINARY": "BINARY"}


def _infer_schema(session: Session, positional: list[Any], named: dict[str, Any]) -> Result:
    """TABLE(INFER_SCHEMA(LOCATION => '@stage/path', FILE_FORMAT => 'name'))."""
    if unknown := named.keys() - _KNOWN or positional:
        raise invalid(f"invalid argument '{min(map(str, unknown))}' for function 'INFER_SCHEMA'", "001015", "22023")
    location = locations.resolve(session, named["LOCATION"])
    format_ = formats.named(session, named.get("FILE_FORMAT", ""))
    found = locations.files(location)
    if chosen := named.get("FILES"):
        names = [chosen] if isinstance(chosen, str) else chosen  # ('one') is no list, ('one', 'two') is
        found = [f for f in found if f.relative in {location.directory + name for name in names}]
    if not found:
        return rows(_COLUMNS, [], SELECT)
    described = _described(session, format_, found)
    upper = str(named.get("IGNORE_CASE", False)).upper() == "TRUE"
    files = ", ".join(f.relative for f in found)
    data = [
        _row(format_, i, name, kind, upper=upper) | {"FILENAMES": files} for i, (name, kind) in enumerate(described)
    ]
    return rows(_COLUMNS, data, SELECT)


def _described(session: Session, format_: formats.Format, files: list[locations.StagedFile]) -> list[tuple[str, Any]]:
    """Name and DuckDB type of each column."""
    try:
        relation = session.connection.relation(f"FROM {_reader(format_, files)}")
    except duckdb.Error as error:
        raise translated(error) from error
    header = format_.kind != "CSV" or format_.flag("PARSE_HEADER", default=False)
    names = relation.columns if header else [f"c{i}" for i in range(1, len(relation.columns) + 1)]
    return list(zip(names, relation.types, strict=True))


def _reader(format_: formats.Format, files: list[locations.StagedFile]) -> str:
    paths = f"[{', '.join(literal(str(f.path)) for f in files)}]"
    if format_.kind == "PARQUET":
        text = str(format_.flag("BINARY_AS_TEXT", default=True)).lower()
        return f"read_parquet({paths}, union_by_name=true, binary_as_string={text})"
    if format_.kind == "JSON":
        layout = "array" if format_.flag("STRIP_OUTER_ARRAY", default=False) else "unstructured"
        return f"read_json({paths}, format='{layout}', records=true, maximum_depth=1)"
    options = formats.csv_options(format_).replace("all_varchar=true", "all_varchar=false")
    header = str(format_.flag("PARSE_HEADER", default=False)).lower()
    return f"read_csv({paths}, {options}, header={header}, union_by_name=true)"


def _row(format_: formats.Format, position: int, name: str, kind: Any, *, upper: bool) -> dict[str, Any]:
    type_ = _type(name, kind)
    field = f"${position + 1}" if format_.kind == "CSV" else f"$1:{shown(name) if name.isupper() else quote(name)}"
    expression = f"GET_IGNORE_CASE ($1, {literal(name.upper())})" if upper and format_.kind != "CSV" else field
    shown_name = name.upper() if upper else name
    head = {"COLUMN_NAME": shown_name, "TYPE": type_, "NULLABLE": True, "ORDER_ID": position}
    return head | {"EXPRESSION": f"{expression}::{type_}"}


def _type(name: str, kind: Any) -> str:
    type_ = type_of(column_of(name, kind))
    if type_.name == "NUMBER":
        precision, scale = type_.arguments
        return f"NUMBER({precision}, {scale})"
    return _SHORT.get(type_.name, type_.name)


TABLE_FUNCTIONS = {"INFER_SCHEMA": _infer_schema}
