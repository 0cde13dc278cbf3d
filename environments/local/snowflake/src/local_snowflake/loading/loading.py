"""COPY INTO a table: staged files become rows, each file once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ..kernel.errors import SnowflakeError, invalid, unsupported
from ..kernel.names import quote
from ..kernel.result import COPY, Result, rows
from ..kernel.tokens import Tokens
from ..sql import columns, places, transactions
from ..sql.binding import inlined
from ..sql.naming import relation_named
from ..sql.parsing import parse
from ..sql.scope import Scope
from ..stages import formats, history, locations
from ..streams import changes
from ..tables import storage
from ..tables.translate import generated, resolved
from . import reading, transforming, unloading

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.session import Session
    from ..sql.columns import TableColumn

_REPORT = (
    *("file", "status", ("rows_parsed", "fixed"), ("rows_loaded", "fixed"), ("error_limit", "fixed")),
    *(("errors_seen", "fixed"), "first_error", ("first_error_line", "fixed"), ("first_error_character", "fixed")),
    "first_error_column_name",
)
_OPTIONS = {
    *("FILE_FORMAT", "FILES", "PATTERN", "ON_ERROR", "PURGE", "FORCE", "MATCH_BY_COLUMN_NAME", "SIZE_LIMIT"),
    # Files that Snowflake has forgotten: the local account forgets none.
    *("RETURN_FAILED_ONLY", "LOAD_UNCERTAIN_FILES"),
}
_ON_ERROR = ("ABORT_STATEMENT", "CONTINUE", "SKIP_FILE")
# Stands for the file in a generated SELECT, until the file's relation takes its place.
_FILE = "'@~'"


@dataclass(frozen=True)
class Copy:
    """A COPY INTO as written.

    Attributes:
        table: where the rows go.
        targets: the columns that get values.
        query: the SELECT over the files; None when they are read as they are.

    """

    table: Object
    targets: list[TableColumn]
    location: locations.Location
    query: str | None
    format: formats.Format
    options: dict[str, Any]

    def flag(self, name: str) -> bool:
        """An option that is TRUE or FALSE, by default FALSE."""
        return str(self.options.get(name, "FALSE")).upper() == "TRUE"

    def word(self, name: str, default: str) -> str:
        """An option that is a word."""
        return str(self.options.get(name, default)).upper()


def _copy_into(session: Session, tokens: Tokens) -> Result:
    """COPY INTO table FROM files, or INTO files FROM a table or query."""
    tokens = Tokens(inlined(tokens.text, tokens.bindings))
    tokens.expect("COPY", "INTO")
    if tokens.peek().value.startswith("@"):
        return unloading.unload(session, tokens)
    session.require_warehouse()
    return load(session, _read(session, tokens))


def _read(session: Session, tokens: Tokens) -> Copy:
    table = relation_named(Scope(session), tokens.name(), "INSERT")
    if table.kind != "TABLE":
        raise invalid(f"{table.name} is a {table.kind.lower()}: COPY INTO loads tables.", "002070", "42601")
    chosen = columns.identifiers(tokens) if tokens.looking_at("(") else None
    if not tokens.accept("FROM"):
        raise unsupported("COPY INTO a table without FROM")
    targets = _targets(table, chosen)
    query = tokens.parenthesised() if tokens.looking_at("(") else None
    location = locations.read(session, tokens) if query is None else transforming.read(session, query, len(targets))
    # What the stage says of copying counts where the statement says nothing.
    options = {**location.stage.properties.get("copy_options", {}), **tokens.options()}
    _check(query, options)
    if unknown := options.keys() - _OPTIONS:
        raise unsupported(f"COPY INTO option {min(unknown)}")
    format_ = formats.read_format(session, options.get("FILE_FORMAT"), location)
    return Copy(table, targets, location, query, format_, options)


def _check(query: str | None, options: dict[str, Any]) -> None:
    """Refuse what cannot stand together: https://docs.snowflake.com/en/sql-reference/sql/copy-into-table.

    Raises:
        SnowflakeError: 001008, 002326 for columns by name of a query's result.

    """
    by_name = str(options.get("MATCH_BY_COLUMN_NAME", "NONE")).upper() != "NONE"
    if by_name and query is not None:
        raise invalid("match_by_column_name is not supported with copy transform.", "002326", "0A000")
    if by_name and "VALIDATION_MODE" in options:
        raise invalid("MATCH_BY_COLUMN_NAME can't be used with VALIDATION_MODE.")
    if "INCLUDE_METADATA" in options and not by_name:
        raise invalid("INCLUDE_METADATA can only be used with MATCH_BY_COLUMN_NAME.")
    if len(options.get("FILES", ())) > locations.MOST_FILES:
        raise invalid(f"The maximum number of file names that can be specified is {locations.MOST_FILES}.")
    if str(options.get("LOAD_MODE", "FULL_INGEST")).upper() == "ADD_FILES_COPY":
        raise invalid("LOAD_MODE = ADD_FILES_COPY is for Iceberg tables only.")
    if (mode := str(options.get("ON_ERROR", "CONTINUE")).upper()) not in _ON_ERROR:
        raise unsupported(f"ON_ERROR = {mode}")


def _targets(table: Object, chosen: list[str] | None) -> list[TableColumn]:
    known = {column.name: column for column in columns.of(table)}
    if missing := [name for name in chosen or [] if name not in known]:
        raise invalid(f"invalid identifier '{missing[0]}'", "000904", "42000")
    if twice := [name for name in known if (chosen or []).count(name) > 1]:
        raise invalid(f"duplicate column name '{twice[0]}'", "002025", "42S21")
    return [known[name] for name in chosen] if chosen is not None else list(known.values())


def load(session: Session, copy: Copy) -> Result:
    """Load the files that were not loaded before.

    Raises:
        SnowflakeError: with ON_ERROR = ABORT_STATEMENT the first file's error; nothing is loaded then.

    """
    storage.widen(session, copy.table)
    files = [f for f in _files(copy) if copy.flag("FORCE") or not history.has(session, copy.table, copy.location, f)]
    if copy.word("ON_ERROR", "ABORT_STATEMENT") == "ABORT_STATEMENT":
        with transactions.joined(session):
            report = [_loaded(session, copy, file) for file in files]
    else:
        report = [_tolerated(session, copy, file) for file in files]
    done = [f for f, row in zip(files, report, strict=True) if row["status"] != "LOAD_FAILED"]
    _remember(session, copy, done)
    if not report:
        return rows(["status"], [{"status": "Copy executed with 0 files processed."}], COPY)
    failed_only = copy.flag("RETURN_FAILED_ONLY")
    return rows(_REPORT, [row for row in report if not failed_only or row["status"] != "LOADED"], COPY)


def _remember(session: Session, copy: Copy, done: list[locations.StagedFile]) -> None:
    if copy.flag("PURGE"):
        for file in done:
            file.path.unlink(missing_ok=True)
    # What a temporary stage held and lost can never be loaded again.
    if not (copy.flag("PURGE") and copy.location.stage.properties.get("temporary")):
        history.add(session, copy.table, copy.location, done)


def _files(copy: Copy) -> list[locations.StagedFile]:
    found = locations.files(copy.location, copy.options.get("PATTERN"))
    if "FILES" in copy.options:
        named = {str(PurePosixPath(copy.location.directory) / name): name for name in copy.options["FILES"]}
        found = [f for f in found if f.relative in named]
        if missing := named.keys() - {f.relative for f in found}:
            raise invalid(f"Remote file '{min(missing)}' was not found.", "091016", "02000")
    return _within_limit(found, int(copy.options.get("SIZE_LIMIT", 0)))


def _within_limit(files: list[locations.StagedFile], limit: int) -> list[locations.StagedFile]:
    """The files up to the one that reaches the limit (in bytes; 0: no limit)."""
    total, kept = 0, []
    for file in files:
        if limit and total >= limit:
            break
        kept.append(file)
        total += file.size
    return kept


# ---- one file
def _loaded(session: Session, copy: Copy, file: locations.StagedFile) -> dict[str, Any]:
    count = _insert(session, copy, file, tolerant=False)
    return _row(file, "LOADED", count, count)


def _tolerated(session: Session, copy: Copy, file: locations.StagedFile) -> dict[str, Any]:
    try:
        return _loaded(session, copy, file)
    except SnowflakeError as error:
        complaint = {"errors_seen": 1, "first_error": error.message}
    if copy.word("ON_ERROR", "") == "SKIP_FILE":
        return {**_row(file, "LOAD_FAILED", 0, 0), **complaint}
    if copy.query is not None or copy.format.kind != "CSV":
        raise unsupported("ON_ERROR = CONTINUE for other than plain CSV files")
    return _partly(session, copy, file, complaint)


def _partly(session: Session, copy: Copy, file: locations.StagedFile, complaint: dict[str, Any]) -> dict[str, Any]:
    """Load the rows that can be, when at least one cannot."""
    with Scope(session) as scope:
        read = reading.staged(scope, copy.format, copy.location, [file])
        parsed = transactions.write(session, f"SELECT count(*) FROM ({read.sql})")[0][0]
    count = _insert(session, copy, file, tolerant=True)
    status = "PARTIALLY_LOADED" if count else "LOAD_FAILED"
    limits = {"error_limit": parsed, "errors_seen": parsed - count}
    return {**_row(file, status, parsed, count), **complaint, **limits}


def _row(file: locations.StagedFile, status: str, parsed: int, loaded: int) -> dict[str, Any]:
    counted = {"rows_parsed": parsed, "rows_loaded": loaded, "error_limit": 1, "errors_seen": 0}
    return {"file": file.name, "status": status, **counted}


def _insert(session: Session, copy: Copy, file: locations.StagedFile, *, tolerant: bool) -> int:
    """The file's rows into the table; the number of rows."""
    with Scope(session) as scope:
        read = reading.staged(scope, copy.format, copy.location, [file])
        targets, select = _select(session, copy, read, tolerant=tolerant)
        source = select.args["from_"]
        source.set("this", reading.relation(source.this, read))
        reading.point(select)
        query = generated(scope, resolved(scope, select))
        into = f"{places.sql_name(session, copy.table)} ({', '.join(quote(t.name) for t in targets)})"
        target = None if copy.table.properties.get("temporary") else copy.table
        with changes.recorded(session, target, adds=True):
            return transactions.write(session, f"INSERT INTO {into} {query}")[0][0]


def _select(
    session: Session, copy: Copy, read: formats.Staged, *, tolerant: bool
) -> tuple[list[TableColumn], exp.Select]:
    """The columns that get values, and the SELECT (in Snowflake's SQL) that gives them."""
    if copy.query is not None:
        return copy.targets, _typed(parse(copy.query), copy.targets)
    if copy.word("MATCH_BY_COLUMN_NAME", "NONE") != "NONE":
        by_name = formats.json_fields(session.connection, read) if copy.format.kind == "JSON" else read.fields
        pairs = _matched(copy, by_name)
    elif copy.format.kind == "CSV":
        pairs = _by_position(copy, read)
    else:
        pairs = _whole_rows(copy)
    cast = "TRY_CAST({} AS {})" if tolerant else "CAST({} AS {})"
    values = [cast.format(field, target.type) for target, field in pairs]
    good = [f"({field} IS NULL OR {value} IS NOT NULL)" for value, (_, field) in zip(values, pairs, strict=True)]
    where = f" WHERE {' AND '.join(good)}" if tolerant else ""
    text = f"SELECT {', '.join(values)} FROM {_FILE}{where}"
    return [target for target, _ in pairs], parse(text)


def _typed(select: exp.Select, targets: list[TableColumn]) -> exp.Select:
    """A transformation whose values are cast to the columns' types where the statement does not say a type itself."""
    values = [p.unalias() for p in select.expressions]
    types = [exp.DataType.build(t.type, dialect="snowflake") for t in targets]
    cast = [v if isinstance(v, exp.Cast) else exp.Cast(this=v, to=t) for v, t in zip(values, types, strict=True)]
    select.set("expressions", [exp.alias_(c, f"C{i}", quoted=True) for i, c in enumerate(cast)])
    return select


def _matched(copy: Copy, fields: dict[str, str]) -> list[tuple[TableColumn, str]]:
    """Each column with the field of its name; columns without one get their default."""
    folded = str if copy.word("MATCH_BY_COLUMN_NAME", "NONE") == "CASE_SENSITIVE" else str.upper
    known = {folded(name): column for name, column in fields.items()}
    pairs = [(t, _reference(known[folded(t.name)])) for t in copy.targets if folded(t.name) in known]
    if not pairs:
        raise invalid("MATCH_BY_COLUMN_NAME: no column of the table is in the file.", "001757")
    return pairs


def _reference(column: str) -> str:
    """A relation's column as Snowflake writes it: `$2`, or `$1:"name"`."""
    head, _, name = column.partition(":")
    return f"{head}:{quote(name)}" if name else head


def _by_position(copy: Copy, read: formats.Staged) -> list[tuple[TableColumn, str]]:
    strict = copy.format.flag("ERROR_ON_COLUMN_COUNT_MISMATCH", default=True)
    if strict and read.width != len(copy.targets):
        what = (
            f"Number of columns in file ({read.width}) does not match that of the corresponding table "
            f"({len(copy.targets)}), use file format option error_on_column_count_mismatch=false to ignore this error"
        )
        raise SnowflakeError(what, "100080", "22000")
    return [(target, f"${i}") for i, target in enumerate(copy.targets[: read.width], 1)]


def _whole_rows(copy: Copy) -> list[tuple[TableColumn, str]]:
    if len(copy.targets) != 1:
        raise invalid(
            f"{copy.format.kind} file format can produce one and only one column of type variant, object, or array. "
            "Load data into separate columns using the MATCH_BY_COLUMN_NAME copy option or copy with transformation.",
            "002019",
            "0A000",
        )
    return [(copy.targets[0], "$1")]


VERBS = {"COPY INTO": _copy_into}
