"""The views of INFORMATION_SCHEMA.

https://docs.snowflake.com/en/sql-reference/info-schema
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..kernel.kinds import STAMP, ColumnSpec
from ..kernel.names import Name
from ..kernel.result import SELECT, Result, rows
from ..sql import columns as table_columns
from ..sql.naming import RELATIONS
from . import storage, views

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.session import Session
    from ..sql.columns import TableColumn

_TABLE_TYPES = {"TABLE": "BASE TABLE", "VIEW": "VIEW", "DYNAMIC TABLE": "BASE TABLE"}
_View = Callable[["Session", str], Result]


def _view(columns: tuple[ColumnSpec, ...], listed: Callable[[Session, str], Iterable[dict[str, Any]]]) -> _View:
    return lambda session, database: rows(columns, listed(session, database), SELECT)


def _visible(session: Session, kinds: Iterable[str], database: str) -> Iterator[Object]:
    within = Name("", "", database)
    for kind in kinds:
        temporary = {n: o for (k, n), o in session.temporary.items() if k == kind and n.database == database}
        yield from temporary.values()
        found = session.account.catalogue.of(kind, within)
        yield from (o for o in found if o.name not in temporary and session.sees(o))


def _relations(session: Session, database: str) -> Iterator[dict[str, Any]]:
    for thing in _visible(session, RELATIONS, database):
        kind, is_table = thing.properties.get("kind"), thing.kind != "VIEW"
        yield {
            "TABLE_CATALOG": thing.name.database,
            "TABLE_SCHEMA": thing.name.schema,
            "TABLE_NAME": thing.name.name,
            "TABLE_OWNER": thing.owner,
            "TABLE_TYPE": "TEMPORARY TABLE" if kind == "TEMPORARY" else _TABLE_TYPES[thing.kind],
            "IS_TRANSIENT": ("YES" if kind == "TRANSIENT" else "NO") if is_table else None,
            "CLUSTERING_KEY": thing.properties.get("cluster_by") or None,
            "ROW_COUNT": storage.count(session, thing) if is_table else None,
            "CREATED": thing.created_on,
            "LAST_ALTERED": thing.created_on,
            "COMMENT": thing.comment or None,
            "IS_TEMPORARY": "YES" if kind == "TEMPORARY" else "NO",
            "IS_DYNAMIC": "YES" if thing.kind == "DYNAMIC TABLE" else "NO",
        }


_RELATION_COLUMNS: tuple[ColumnSpec, ...] = (
    "TABLE_CATALOG",
    "TABLE_SCHEMA",
    "TABLE_NAME",
    "TABLE_OWNER",
    "TABLE_TYPE",
    "IS_TRANSIENT",
    "CLUSTERING_KEY",
    ("ROW_COUNT", "fixed"),
    ("BYTES", "fixed"),
    ("CREATED", STAMP),
    ("LAST_ALTERED", STAMP),
    "COMMENT",
    "IS_TEMPORARY",
    "IS_DYNAMIC",
)


def _columns(session: Session, database: str) -> Iterator[dict[str, Any]]:
    for thing in _visible(session, RELATIONS, database):
        for position, column in enumerate(table_columns.of(thing), 1):
            yield _column(thing, position, column)


def _column(thing: Object, position: int, column: TableColumn) -> dict[str, Any]:
    kind = column.datatype
    described = kind.column(column.name)
    name = "TEXT" if kind.name == "VARCHAR" else kind.name
    return {
        "TABLE_CATALOG": thing.name.database,
        "TABLE_SCHEMA": thing.name.schema,
        "TABLE_NAME": thing.name.name,
        "COLUMN_NAME": column.name,
        "ORDINAL_POSITION": position,
        "COLUMN_DEFAULT": column.default or None,
        "IS_NULLABLE": "YES" if column.nullable else "NO",
        "DATA_TYPE": name,
        "CHARACTER_MAXIMUM_LENGTH": described.length,
        "NUMERIC_PRECISION": described.precision,
        "NUMERIC_PRECISION_RADIX": 10 if kind.name == "NUMBER" else None,
        "NUMERIC_SCALE": described.scale if kind.name == "NUMBER" else None,
        "DATETIME_PRECISION": described.scale if name.startswith("TIME") else None,
        "IS_IDENTITY": "YES" if column.identity else "NO",
        "COMMENT": column.comment or None,
    }


_COLUMN_COLUMNS: tuple[ColumnSpec, ...] = (
    "TABLE_CATALOG",
    "TABLE_SCHEMA",
    "TABLE_NAME",
    "COLUMN_NAME",
    ("ORDINAL_POSITION", "fixed"),
    "COLUMN_DEFAULT",
    "IS_NULLABLE",
    "DATA_TYPE",
    ("CHARACTER_MAXIMUM_LENGTH", "fixed"),
    ("NUMERIC_PRECISION", "fixed"),
    ("NUMERIC_PRECISION_RADIX", "fixed"),
    ("NUMERIC_SCALE", "fixed"),
    ("DATETIME_PRECISION", "fixed"),
    "IS_IDENTITY",
    "COMMENT",
)


def _views(session: Session, database: str) -> Iterator[dict[str, Any]]:
    for thing in _visible(session, ("VIEW",), database):
        secure = thing.properties.get("is_secure") == "true"
        yield {
            "TABLE_CATALOG": thing.name.database,
            "TABLE_SCHEMA": thing.name.schema,
            "TABLE_NAME": thing.name.name,
            "TABLE_OWNER": thing.owner,
            "VIEW_DEFINITION": views.definition(session, thing),
            "IS_SECURE": "YES" if secure else "NO",
            "CREATED": thing.created_on,
            "COMMENT": thing.comment or None,
        }


_VIEW_COLUMNS: tuple[ColumnSpec, ...] = (
    "TABLE_CATALOG",
    "TABLE_SCHEMA",
    "TABLE_NAME",
    "TABLE_OWNER",
    "VIEW_DEFINITION",
    "IS_SECURE",
    ("CREATED", STAMP),
    "COMMENT",
)


def _schemata(session: Session, database: str) -> Iterator[dict[str, Any]]:
    for thing in _visible(session, ("SCHEMA",), database):
        yield {
            "CATALOG_NAME": database,
            "SCHEMA_NAME": thing.name.name,
            "SCHEMA_OWNER": thing.owner,
            "IS_TRANSIENT": "YES" if thing.properties.get("transient") else "NO",
            "CREATED": thing.created_on,
            "LAST_ALTERED": thing.created_on,
            "COMMENT": thing.comment or None,
        }


_SCHEMA_COLUMNS: tuple[ColumnSpec, ...] = (
    "CATALOG_NAME",
    "SCHEMA_NAME",
    "SCHEMA_OWNER",
    "IS_TRANSIENT",
    ("CREATED", STAMP),
    ("LAST_ALTERED", STAMP),
    "COMMENT",
)


def _databases(session: Session, _: str) -> Iterator[dict[str, Any]]:
    for thing in session.account.catalogue.of("DATABASE"):
        if session.sees(thing):
            yield {
                "DATABASE_NAME": thing.name.name,
                "DATABASE_OWNER": thing.owner,
                "IS_TRANSIENT": "YES" if thing.properties.get("transient") else "NO",
                "CREATED": thing.created_on,
                "COMMENT": thing.comment or None,
            }


_DATABASE_COLUMNS: tuple[ColumnSpec, ...] = (
    "DATABASE_NAME",
    "DATABASE_OWNER",
    "IS_TRANSIENT",
    ("CREATED", STAMP),
    "COMMENT",
)


def _routines(kind: str) -> Callable[[Session, str], Iterator[dict[str, Any]]]:
    def listed(session: Session, database: str) -> Iterator[dict[str, Any]]:
        for thing in _visible(session, (kind,), database):
            name, _, arguments = thing.name.name.partition("(")
            yield {
                f"{kind}_CATALOG": thing.name.database,
                f"{kind}_SCHEMA": thing.name.schema,
                f"{kind}_NAME": name,
                f"{kind}_OWNER": thing.owner,
                "ARGUMENT_SIGNATURE": f"({arguments}",
                "DATA_TYPE": thing.properties.get("returns"),
                f"{kind}_LANGUAGE": str(thing.properties.get("language", "PYTHON")).upper(),
                "RUNTIME_VERSION": thing.properties.get("runtime_version") or None,
                # https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-packages: "the bare name".
                "ARTIFACT_REPOSITORY": thing.properties.get("artifact_repository", "").upper().split(".")[-1] or None,
                "CREATED": thing.created_on,
                "COMMENT": thing.comment or None,
            }

    return listed


def _routine_columns(kind: str) -> tuple[ColumnSpec, ...]:
    own = tuple(f"{kind}_{part}" for part in ("CATALOG", "SCHEMA", "NAME", "OWNER"))
    python = ("RUNTIME_VERSION", "ARTIFACT_REPOSITORY")
    return (*own, "ARGUMENT_SIGNATURE", "DATA_TYPE", f"{kind}_LANGUAGE", *python, ("CREATED", STAMP), "COMMENT")


VIEWS: dict[str, _View] = {
    "TABLES": _view(_RELATION_COLUMNS, _relations),
    "COLUMNS": _view(_COLUMN_COLUMNS, _columns),
    "VIEWS": _view(_VIEW_COLUMNS, _views),
    "SCHEMATA": _view(_SCHEMA_COLUMNS, _schemata),
    "DATABASES": _view(_DATABASE_COLUMNS, _databases),
    "PROCEDURES": _view(_routine_columns("PROCEDURE"), _routines("PROCEDURE")),
    "FUNCTIONS": _view(_routine_columns("FUNCTION"), _routines("FUNCTION")),
}
