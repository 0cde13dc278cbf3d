"""COPY INTO a location: rows of a table or query become staged files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from ..kernel.errors import SnowflakeError, invalid, unsupported
from ..kernel.names import literal, quote
from ..kernel.result import COPY, Result, rows
from ..sql.faults import translated
from ..sql.scope import Scope
from ..stages import formats, locations
from ..streams.reading import consumed
from ..tables.translate import translate

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb.sqltypes import DuckDBPyType

    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

_OPTIONS = {
    *("FILE_FORMAT", "HEADER", "OVERWRITE", "SINGLE", "DETAILED_OUTPUT"),
    # One file is written whatever the size: the local account has one writer.
    "MAX_FILE_SIZE",
}
# What DuckDB writes as it is by default, whatever else is asked for.
_AS_WRITTEN = {"RECORD_DELIMITER": "\n", "ESCAPE": "NONE", "EMPTY_FIELD_AS_NULL": "TRUE"}
_SUFFIX = {"AUTO": ".gz", "GZIP": ".gz", "ZSTD": ".zst", "NONE": ""}
_PARQUET = {"AUTO": "snappy", "SNAPPY": "snappy", "NONE": "uncompressed"}


def unload(session: Session, tokens: Tokens) -> Result:
    """COPY INTO @stage/path FROM table | (query), as one CSV or Parquet file.

    Raises:
        SnowflakeError: 001030 when there is a file and OVERWRITE is not set.

    """
    location = locations.read(session, tokens, "WRITE")
    tokens.expect("FROM")
    query = tokens.parenthesised() if tokens.looking_at("(") else _whole_table(tokens)
    partitioned = tokens.accept("PARTITION", "BY")
    if partitioned:
        tokens.parenthesised()
    options = tokens.options()
    _check(options, partitioned=partitioned)
    if unknown := options.keys() - _OPTIONS:
        raise unsupported(f"COPY INTO location option {min(unknown)}")
    session.require_warehouse()
    format_ = formats.read_format(session, options.get("FILE_FORMAT"), location)
    target = location.folder / _file_name(location, format_, single=_flag(options, "SINGLE"))
    incoming = locations.incoming(session.account)
    count = _write(session, query, incoming, format_, header=_flag(options, "HEADER"))
    size = incoming.stat().st_size
    if not locations.place(incoming, target, overwrite=_flag(options, "OVERWRITE")):
        what = "Files already existing at the unload destination: use overwrite option to force unloading"
        raise SnowflakeError(f"{what}: {location.prefix}{target.name}", "001030", "22000")
    names = ("rows_unloaded", "input_bytes", "output_bytes")
    return rows([(name, "fixed") for name in names], [dict(zip(names, (count, size, size), strict=True))], COPY)


def _check(options: dict[str, Any], *, partitioned: bool) -> None:
    """Refuse what cannot stand together: https://docs.snowflake.com/en/sql-reference/sql/copy-into-location.

    Raises:
        SnowflakeError: 001008; 000002 for PARTITION BY that could stand.

    """
    whole = [name for name in ("SINGLE", "OVERWRITE") if _flag(options, name)]
    with_id = str(options.get("INCLUDE_QUERY_ID", partitioned)).upper() == "TRUE"
    if partitioned and not with_id:
        raise invalid("INCLUDE_QUERY_ID = FALSE is not supported with PARTITION BY.")
    if whole and with_id:
        what = "PARTITION BY" if partitioned else "INCLUDE_QUERY_ID = TRUE"
        raise invalid(f"{whole[0]} = TRUE is not supported with {what}.")
    if partitioned:
        raise unsupported("COPY INTO a location ... PARTITION BY")


def _whole_table(tokens: Tokens) -> str:
    start = tokens.peek().start
    tokens.name()
    return f"SELECT * FROM {tokens.text[start : tokens.previous.end]}"


def _flag(options: dict[str, Any], name: str) -> bool:
    return str(options.get(name, "FALSE")).upper() == "TRUE"


def _file_name(location: locations.Location, format_: formats.Format, *, single: bool) -> str:
    """The file's path: the location's own for SINGLE, else Snowflake's numbered name that begins with it."""
    start = location.path + "data" if location.path in {"", location.directory} else location.path
    if single:
        return start
    compression = format_.text("COMPRESSION", "AUTO").upper() or "NONE"
    if format_.kind == "PARQUET":
        return f"{start}_0_0_0{'.snappy' if compression in {'AUTO', 'SNAPPY'} else ''}.parquet"
    extension = format_.text("FILE_EXTENSION").removeprefix(".") or f"csv{_SUFFIX[compression]}"
    return f"{start}_0_0_0.{extension}"


def _write(session: Session, query: str, path: Path, format_: formats.Format, *, header: bool) -> int:
    with Scope(session, consuming=True) as scope:
        sql = translate(scope, query)
        relation = session.connection.relation(sql)
        columns = relation.columns
        # Without HEADER the names are lost, in Parquet as in CSV.
        names = columns if header else [f"_COL_{i}" for i in range(len(columns))]
        values = [_unloaded(format_, quote(name), kind) for name, kind in zip(names, relation.types, strict=True)]
        source = f"SELECT {', '.join(values)} FROM ({sql}) AS unloaded({', '.join(map(quote, names))})"
        try:
            done = session.connection.execute(f"COPY ({source}) TO {literal(str(path))} ({_options(format_, header)})")
        except duckdb.Error as error:
            raise translated(error) from error
        written = done.fetchall()[0][0]
        consumed(scope)
        return written


def _unloaded(format_: formats.Format, name: str, kind: DuckDBPyType) -> str:
    """A column as a file has it: in CSV, times and bytes as Snowflake writes them.

    https://docs.snowflake.com/en/sql-reference/data-types-vector#loading-and-unloading-vector-data
    https://docs.snowflake.com/en/sql-reference/sql/copy-into-location: no TIMESTAMP_TZ and TIMESTAMP_LTZ in Parquet.
    """
    if kind.id == "array":
        raise unsupported("unloading a VECTOR: unload TO_ARRAY of it")
    if format_.kind == "CSV" and kind.id in _WRITTEN:
        return f"sf_to_varchar({name}) AS {name}"
    if format_.kind == "PARQUET" and kind.id in {"interval", "timestamp with time zone"}:
        raise invalid("Unsupported data type in Parquet: TIMESTAMP_TZ and TIMESTAMP_LTZ cannot be unloaded.", "001029")
    return name


_WRITTEN = {"timestamp", "timestamp with time zone", "interval", "blob", "double"}


def _options(format_: formats.Format, header: bool) -> str:  # noqa: FBT001 - one of the options
    compression = format_.text("COMPRESSION", "AUTO").upper() or "NONE"
    if format_.kind == "PARQUET":
        if compression not in _PARQUET:
            raise unsupported(f"FILE_FORMAT option COMPRESSION = {compression}")
        return f"FORMAT parquet, COMPRESSION {_PARQUET[compression]}"
    if format_.kind == "JSON":
        raise unsupported("COPY INTO location with FILE_FORMAT of type JSON")
    for name, default in _AS_WRITTEN.items():
        if (given := str(format_.options.get(name, default)).upper()) != default:
            raise unsupported(f"COPY INTO location with FILE_FORMAT option {name} = {given}")
    nulls = format_.options.get("NULL_IF", ["\\N"])
    enclosed = format_.text("FIELD_OPTIONALLY_ENCLOSED_BY", "NONE")
    return ", ".join(
        (
            "FORMAT csv",
            f"HEADER {str(header).lower()}",
            f"DELIMITER {literal(format_.text('FIELD_DELIMITER', ','))}",
            f"NULLSTR {literal(nulls if isinstance(nulls, str) else nulls[0] if nulls else '')}",
            f"QUOTE {literal(enclosed)}",
            f"ESCAPE {literal(enclosed)}",
            f"COMPRESSION {'gzip' if compression == 'AUTO' else compression.lower()}",
        )
    )
