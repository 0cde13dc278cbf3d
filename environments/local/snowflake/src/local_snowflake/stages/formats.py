"""File formats: their options, and DuckDB's reader for staged files of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..kernel.errors import does_not_exist, invalid, unsupported
from ..kernel.names import literal, quote
from ..kernel.tokens import Tokens

if TYPE_CHECKING:
    from ..kernel.data import Connection
    from ..kernel.session import Session
    from .locations import Location, StagedFile

_CSV = {
    *("FIELD_DELIMITER", "SKIP_HEADER", "PARSE_HEADER", "FIELD_OPTIONALLY_ENCLOSED_BY", "ESCAPE", "TRIM_SPACE"),
    *("NULL_IF", "EMPTY_FIELD_AS_NULL", "ERROR_ON_COLUMN_COUNT_MISMATCH", "FILE_EXTENSION"),
}
_PARQUET = {"BINARY_AS_TEXT", "USE_LOGICAL_TYPE", "USE_VECTORIZED_SCANNER", "SNAPPY_COMPRESSION"}
_KNOWN = {
    "CSV": _CSV | {"COMPRESSION", "TYPE"},
    "JSON": {"STRIP_OUTER_ARRAY", "COMPRESSION", "TYPE", "FILE_EXTENSION"},
    "PARQUET": _PARQUET | {"COMPRESSION", "TYPE"},
}
# Options that change how values are read. Their defaults are what DuckDB does; other values are refused.
_TEXTS = {
    **dict.fromkeys(("DATE_FORMAT", "TIME_FORMAT", "TIMESTAMP_FORMAT"), ("AUTO",)),
    "BINARY_FORMAT": ("HEX",),
    "MULTI_LINE": ("TRUE",),
    "SKIP_BYTE_ORDER_MARK": ("TRUE",),
    "REPLACE_INVALID_CHARACTERS": ("FALSE",),
}
_DEFAULTS = {
    "CSV": _TEXTS
    | {
        "RECORD_DELIMITER": ("\n", "\r\n", "NONE"),
        "ENCODING": ("UTF8", "UTF-8"),
        "SKIP_BLANK_LINES": ("FALSE",),
        "ESCAPE_UNENCLOSED_FIELD": ("NONE", "\\"),
    },
    "JSON": _TEXTS
    | dict.fromkeys(("ENABLE_OCTAL", "ALLOW_DUPLICATE", "STRIP_NULL_VALUES", "IGNORE_UTF8_ERRORS"), ("FALSE",)),
    "PARQUET": {"REPLACE_INVALID_CHARACTERS": ("FALSE",)},
}
_DELIMITERS = {"FIELD_DELIMITER": ",", "RECORD_DELIMITER": "\n"}
_COMPRESSIONS = {"AUTO": "auto", "GZIP": "gzip", "ZSTD": "zstd", "NONE": "none"}
# Types of Parquet files that no Snowflake table has.
_PLAIN = {
    **dict.fromkeys(("TIMESTAMP_MS", "TIMESTAMP_S"), ("TIMESTAMP", "{}::TIMESTAMP")),
    "TIMESTAMP_NS": ("TIMESTAMP", "_sf_from_nanoseconds({})"),
    "TIMESTAMPTZ_NS": ("TIMESTAMP WITH TIME ZONE", "timezone('UTC', _sf_from_nanoseconds({}))"),
    "UUID": ("VARCHAR", "{}::VARCHAR"),
}
# Names of what DuckDB adds to each row.
_FILE, _ROW = "__file", "file_row_number"


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        kind: CSV, JSON or PARQUET.
        options: as written, by upper-case name.

    """

    kind: str = "CSV"
    options: dict[str, Any] = field(default_factory=dict)

    def flag(self, name: str, *, default: bool) -> bool:
        """An option that is TRUE or FALSE."""
        return str(self.options.get(name, default)).upper() == "TRUE"

    def text(self, name: str, default: str = "") -> str:
        """An option that is a text; NONE is empty."""
        value = str(self.options.get(name, default))
        return "" if value.upper() == "NONE" else value


@dataclass(frozen=True)
class Staged:
    """Staged files as a relation.

    Attributes:
        sql: DuckDB's query. Its columns are `$1`, `$2` and so on, one for each named field, and METADATA$... .
        fields: name of each field that the files name -> the relation's column.
        types: name of each field whose values have a plain type in the files -> DuckDB's type of the column.
        width: how many positional columns there are; for other formats than CSV 1, the row as JSON.

    """

    sql: str
    fields: dict[str, str]
    width: int
    types: dict[str, str] = field(default_factory=dict)


def read_format(session: Session, written: Any, location: Location | None = None) -> Format:
    """The file format that a statement names, or that its stage has, or CSV.

    Args:
        session: resolves a named format.
        written: `{"TYPE": ...}`, `{"FORMAT_NAME": ...}`, a name, or None.
        location: whose stage's format counts when nothing is written.

    Raises:
        SnowflakeError: 002003 for an unknown name, 000002 for what the local account does not read.

    """
    if not written and location is not None:
        written = location.stage.properties.get("file_format")
    if isinstance(written, str):
        written = {"FORMAT_NAME": written}
    options = dict(written or {})
    if name := options.pop("FORMAT_NAME", None):
        named = session.get("FILE FORMAT", session.qualify(Tokens(name).name()))
        options = named.properties["options"] | options
    kind = str(options.get("TYPE", "CSV")).upper()
    if kind not in _KNOWN:
        raise unsupported(f"FILE_FORMAT of type {kind}")
    check(options)
    _check_known(kind, options)
    return Format(kind, options)


def check(options: dict[str, Any]) -> None:
    """Refuse options that rule each other out: https://docs.snowflake.com/en/sql-reference/sql/create-file-format.

    Raises:
        SnowflakeError: 001008.

    """
    if str(options.get("PARSE_HEADER", "")).upper() == "TRUE" and int(options.get("SKIP_HEADER", 0)):
        raise invalid("SKIP_HEADER isn't supported with PARSE_HEADER = TRUE.")
    delimiters = [str(options.get(name, default)) for name, default in _DELIMITERS.items()]
    short, long = sorted(delimiters, key=len)
    if short and short in long and "NONE" not in {short.upper(), long.upper()}:
        raise invalid(f"Neither of {' and '.join(_DELIMITERS)} can be a part of the other.")


def _check_known(kind: str, options: dict[str, Any]) -> None:
    for name, value in options.items():
        if name in _DEFAULTS[kind] and str(value).upper() not in _DEFAULTS[kind][name]:
            raise unsupported(f"FILE_FORMAT option {name} = {value}")
        if name not in _DEFAULTS[kind] and name not in _KNOWN[kind]:
            raise invalid(f"invalid parameter '{name}' for file format {kind}", "001420")
    compression = str(options.get("COMPRESSION", "AUTO")).upper()
    if kind != "PARQUET" and compression not in _COMPRESSIONS:
        raise unsupported(f"FILE_FORMAT option COMPRESSION = {compression}")


def staged(connection: Connection, format_: Format, location: Location, files: list[StagedFile]) -> Staged:
    """The relation over the files, which may be none.

    Raises:
        SnowflakeError: when a file cannot be read in that format.

    """
    readable = [f for f in files if f.size]
    if not readable:
        return Staged('SELECT NULL::VARCHAR AS "$1", NULL::VARCHAR AS "METADATA$FILENAME" WHERE FALSE', {}, 1)
    if format_.kind == "PARQUET":
        return _parquet(connection, format_, location, readable)
    one = _csv if format_.kind == "CSV" else _json
    parts = [one(connection, format_, location, file) for file in readable]
    sql = " UNION ALL BY NAME ".join(part.sql for part in parts)
    return Staged(sql, parts[0].fields, max(part.width for part in parts))


def _parquet(connection: Connection, format_: Format, location: Location, files: list[StagedFile]) -> Staged:
    text = str(format_.flag("BINARY_AS_TEXT", default=True)).lower()
    listed = ", ".join(literal(str(f.path)) for f in files)
    reader = (
        f"read_parquet([{listed}], filename={literal(_FILE)}, {_ROW}=true, union_by_name=true, binary_as_string={text})"
    )
    found = connection.relation(f"FROM {reader}")
    kinds = {n: str(kind) for n, kind in zip(found.columns, found.types, strict=True) if n not in {_FILE, _ROW}}
    row = ", ".join(f"{quote(n)} := {quote(n)}" for n in kinds)
    fields = {n: f"$1:{n}" for n in kinds}
    plain = {n: _PLAIN.get(kind, (kind, "{}")) for n, kind in kinds.items()}
    columns = ", ".join(f"{read.format(quote(n))} AS {quote(fields[n])}" for n, (_, read) in plain.items())
    start = len(str(location.folder)) + 2
    sql = (
        f'SELECT to_json(struct_pack({row})) AS "$1", {columns}, substr({_FILE}, {start}) AS "METADATA$FILENAME", '
        f'{_ROW} + 1 AS "METADATA$FILE_ROW_NUMBER" FROM {reader}'
    )
    return Staged(sql, fields, 1, {n: kind for n, (kind, _) in plain.items()})


def _csv(connection: Connection, format_: Format, location: Location, file: StagedFile) -> Staged:
    header = format_.flag("PARSE_HEADER", default=False)
    reader = f"read_csv({literal(str(file.path))}, {csv_options(format_)}, header={str(header).lower()})"
    names = connection.relation(f"FROM {reader}").columns
    trim = "trim({})" if format_.flag("TRIM_SPACE", default=False) else "{}"
    columns = [f'{trim.format(quote(n))} AS "${i}"' for i, n in enumerate(names, 1)]
    sql = f"SELECT {', '.join(columns)}, {_metadata(file)} FROM {reader}"
    fields = {n: f"${i}" for i, n in enumerate(names, 1)} if header else {}
    return Staged(sql, fields, len(names))


def csv_options(format_: Format) -> str:
    """The dialect. Backslashes in fields that are not enclosed stay as they are."""
    enclosed = format_.text("FIELD_OPTIONALLY_ENCLOSED_BY", "NONE")
    nulls = format_.options.get("NULL_IF", ["\\N"])
    nulls = [nulls] if isinstance(nulls, str) else list(nulls)
    if format_.flag("EMPTY_FIELD_AS_NULL", default=True):
        nulls.append("")
    strict = format_.flag("ERROR_ON_COLUMN_COUNT_MISMATCH", default=True)
    return ", ".join(
        (
            "all_varchar=true",
            f"delim={literal(format_.text('FIELD_DELIMITER', ','))}",
            f"quote={literal(enclosed)}",
            f"escape={literal(format_.text('ESCAPE', 'NONE') or enclosed)}",
            f"skip={int(format_.options.get('SKIP_HEADER', 0))}",
            f"nullstr=[{', '.join(map(literal, nulls))}]",
            "allow_quoted_nulls=false",
            f"null_padding={str(not strict).lower()}",
            f"compression={literal(_compression(format_))}",
        )
    )


def _json(connection: Connection, format_: Format, location: Location, file: StagedFile) -> Staged:
    layout = "array" if format_.flag("STRIP_OUTER_ARRAY", default=False) else "unstructured"
    reader = (
        f"read_json_objects({literal(str(file.path))}, format='{layout}', compression={literal(_compression(format_))})"
    )
    return Staged(f'SELECT json AS "$1", {_metadata(file)} FROM {reader}', {}, 1)


def json_fields(connection: Connection, read: Staged) -> dict[str, str]:
    """The fields of JSON rows, which are known only when they have been read."""
    found = connection.execute(f'SELECT DISTINCT unnest(json_keys("$1")) AS name FROM ({read.sql}) ORDER BY name')
    return {name: f"$1:{name}" for (name,) in found.fetchall()}


def _metadata(file: StagedFile) -> str:
    name = f'{literal(file.relative)} AS "METADATA$FILENAME"'
    return f'{name}, row_number() OVER () AS "METADATA$FILE_ROW_NUMBER"'


def _compression(format_: Format) -> str:
    return _COMPRESSIONS[str(format_.options.get("COMPRESSION", "AUTO")).upper()]


def named(session: Session, name: str) -> Format:
    """A format by its name alone, as INFER_SCHEMA and queries give it.

    Raises:
        SnowflakeError: 002003.

    """
    if not name:
        raise does_not_exist("FILE FORMAT", name)
    return read_format(session, name)
