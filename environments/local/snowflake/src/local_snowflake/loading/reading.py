"""Staged files in queries: `SELECT $1, $2:name::INT FROM @stage (FILE_FORMAT => 'f')` and DIRECTORY(@stage)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from ..kernel.errors import invalid
from ..kernel.names import quote
from ..sql import datatypes
from ..sql.faults import translated
from ..stages import formats, kinds, locations

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..sql.scope import Scope

# Where the relation keeps what it knows of its files.
_STAGED = "staged"
# Types of files -> those of Snowflake that hold the same values: there is nothing to convert.
_SAME = {
    "BIGINT": {datatypes.parse("NUMBER")},
    "INTEGER": {datatypes.parse("NUMBER")},
    "DOUBLE": {datatypes.parse("FLOAT")},
    "VARCHAR": {datatypes.parse("VARCHAR")},
    "BOOLEAN": {datatypes.parse("BOOLEAN")},
    "DATE": {datatypes.parse("DATE")},
    "TIMESTAMP": {datatypes.parse("TIMESTAMP_NTZ")},
}
_SEMI_STRUCTURED = {exp.DType.VARIANT, exp.DType.OBJECT, exp.DType.ARRAY}


def _on_select(scope: Scope, select: exp.Select) -> None:
    """Make a SELECT's staged files relations, and let its `$1` and `$1:name` mean their columns."""
    sources = [select.args["from_"], *select.args.get("joins", [])] if select.args.get("from_") else []
    for source in sources:
        if (place := place_of(source.this)) is not None:
            source.this.replace(relation(source.this, _read(scope, source.this, place)))
    if any(_STAGED in source.this.meta for source in sources):
        point(select)


def place_of(node: exp.Expression | None) -> str | None:
    """The location that a table in a query is, as text; None for other tables."""
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Var | exp.Literal):
        return None
    return node.name if node.name.startswith(("@", "snow://")) else None


def _read(scope: Scope, node: exp.Table, place: str) -> formats.Staged:
    location = locations.resolve(scope.session, place)
    pattern = node.args.get("pattern")
    files = locations.files(location, pattern.name if pattern is not None else None)
    written = node.args.get("format")
    chosen = formats.read_format(scope.session, _format_name(written) if written is not None else None, location)
    scope.computes = True
    return staged(scope, chosen, location, files)


def staged(
    scope: Scope, chosen: formats.Format, location: locations.Location, files: list[locations.StagedFile]
) -> formats.Staged:
    """The files as a relation.

    Raises:
        SnowflakeError: when a file cannot be read in that format.

    """
    try:
        return formats.staged(scope.session.connection, chosen, location, files)
    except duckdb.Error as error:
        raise translated(error) from error


def relation(node: exp.Table, read: formats.Staged) -> exp.Table:
    """The staged files in the place of the table that named them, under its alias."""
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier("STAGED", quoted=True))
    new = exp.Table(this=exp.Var(this=f"({read.sql})"), alias=alias)
    for key in ("joins", "laterals", "pivots", "sample"):
        new.set(key, node.args.get(key))
    new.meta[_STAGED] = read
    return new


def point(select: exp.Select) -> None:
    """Replace the `$1`, `a.$1` and `$1:name` of a SELECT that reads staged files by the relations' columns."""
    sources = [select.args["from_"].this, *(j.this for j in select.args.get("joins", []))]
    known = {s.alias: s.meta[_STAGED] for s in sources if _STAGED in s.meta}
    for node in list(select.find_all(exp.Parameter)):
        if node.this.name.isdigit() and node.find_ancestor(exp.Select) is select:
            _replace(node, known)


def _replace(node: exp.Parameter, known: dict[str, formats.Staged]) -> None:
    # `a.$1` is a column whose name is the parameter.
    written = node.parent if isinstance(node.parent, exp.Column) else node
    table = written.args.get("table") if isinstance(written, exp.Column) else None
    read = known.get(table.name) if table is not None else next(iter(known.values()))
    if read is None:
        return
    number = int(node.this.name)
    name = _field(written.parent) if number == 1 else None
    cast = written.parent.parent if name is not None and read.types else None
    if isinstance(cast, exp.Cast) and cast.to.this not in _SEMI_STRUCTURED:
        _replace_field(cast, read, name, table)
    else:
        written.replace(_column(f"${number}", table) if number <= read.width else exp.Null())


def _replace_field(cast: exp.Cast, read: formats.Staged, name: str, table: exp.Identifier | None) -> None:
    """Take a field that goes to a plain type from its own column, typed as in the file, instead of the row as JSON."""
    if name not in read.fields:
        cast.this.replace(exp.Null())
    elif datatypes.parse(cast.to.sql("snowflake")) in _SAME.get(read.types[name], ()):
        cast.replace(_column(read.fields[name], table))
    else:
        cast.this.replace(_column(read.fields[name], table))


def _column(name: str, table: exp.Identifier | None) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True), table=table.copy() if table is not None else None)


def _field(node: exp.Expression | None) -> str | None:
    """The name in `$1:name` or `$1['name']`; None for longer paths, which are taken from the row as JSON."""
    if isinstance(node, exp.Bracket) and len(node.expressions) == 1 and node.expressions[0].is_string:
        return node.expressions[0].name
    if not isinstance(node, exp.JSONExtract) or not isinstance(node.expression, exp.JSONPath):
        return None
    _, *steps = node.expression.expressions
    return steps[0].this if len(steps) == 1 and isinstance(steps[0], exp.JSONPathKey) else None


def _format_name(node: exp.Expression) -> str:
    if isinstance(node, exp.Table):
        return ".".join(quote(part.name) for part in node.parts)
    return node.name


def _on_table(scope: Scope, node: exp.Table) -> exp.Expression | None:
    """DIRECTORY(@stage): the files of a stage as a table."""
    call = node.this
    if not isinstance(call, exp.Anonymous) or call.name.upper() != "DIRECTORY" or len(call.expressions) != 1:
        return None
    written = call.expressions[0]
    location = locations.resolve(scope.session, written.name if isinstance(written, exp.Literal) else written.sql())
    if not kinds.has_directory(location.stage):
        raise invalid(f"Directory table is not enabled on stage '{location.stage.name}'.", "002296", "02000")
    table = scope.table(_directory(scope.session.account, location))
    table.set("alias", node.args.get("alias"))
    return table


def _directory(account: Account, location: locations.Location) -> pa.Table:
    found = locations.files(location)
    sums = [locations.shown_md5(account, f) for f in found]
    columns: dict[str, Any] = {
        "RELATIVE_PATH": pa.array([f.relative for f in found], pa.string()),
        "SIZE": pa.array([f.size for f in found], pa.int64()),
        "LAST_MODIFIED": pa.array([f.modified for f in found], pa.timestamp("us", "UTC")),
        "MD5": pa.array(sums, pa.string()),
        "ETAG": pa.array(sums, pa.string()),
        "FILE_URL": pa.array([f.path.as_uri() for f in found], pa.string()),
    }
    return pa.table(columns)


REWRITES = {"Select": _on_select, "Table": _on_table}
