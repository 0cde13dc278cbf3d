"""DATASET: CREATE, ALTER ... ADD | DROP VERSION, DROP, SHOW, and its files under `snow://dataset/...`.

https://docs.snowflake.com/en/sql-reference/sql/create-dataset
"""

from __future__ import annotations

import json
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import Object, now
from ..kernel.errors import SnowflakeError, invalid, unsupported
from ..kernel.kinds import STAMP, Create, Kind, Show
from ..kernel.names import literal
from ..kernel.result import Result, rows, status
from ..kernel.tokens import Tokens
from ..models import lineage
from ..sql import engine
from ..sql.parsing import parse
from ..sql.scope import Scope
from ..stages import locations
from ..tables import queries

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ..kernel.account import Account
    from ..kernel.names import Name
    from ..kernel.session import Session

_FILE = "data_0_0_0.snappy.parquet"


class Dataset(Kind):
    """A dataset; its versions are kept in its catalogue entry, their rows in files."""

    word, plural = "DATASET", "DATASETS"
    columns = (("created_on", STAMP), "name", "database_name", "schema_name", "owner", "comment", "owner_role_type")

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE [OR REPLACE] DATASET [IF NOT EXISTS] name."""
        if create.or_alter or create.modifiers:
            raise unsupported(" ".join(tokens.text.split())[:300])
        name = self.read_name(session, tokens)
        tokens.end()
        return self.add(session, create, Object(self.word, name, session.role, {"versions": {}}))

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER DATASET ... ADD VERSION 'v' FROM (query) | DROP VERSION 'v', and what every kind has."""
        dataset = _owned(session, name)
        if tokens.accept("ADD", "VERSION"):
            return self._add_version(session, dataset, tokens)
        if tokens.accept("DROP", "VERSION"):
            return self._drop_version(session, dataset, tokens)
        return super().alter(session, name, tokens)

    def versions(self, session: Session, show: Show, tokens: Tokens) -> Result:
        """SHOW VERSIONS [LIKE '...'] IN DATASET name."""
        return _versions(session, show, tokens)

    def _add_version(self, session: Session, dataset: Object, tokens: Tokens) -> Result:
        version = tokens.value()
        tokens.expect("FROM")
        query = tokens.parenthesised()
        if tokens.looking_at("PARTITION"):
            raise unsupported(f"ALTER DATASET ... ADD VERSION ... {tokens.rest[:60]}")
        given = tokens.options()
        if unknown := given.keys() - {"COMMENT", "METADATA"}:
            raise invalid(f"invalid property '{min(unknown)}' for 'DATASET'", "001420")
        _check_metadata(given.get("METADATA", "{}"))
        kept = {"id": uuid.uuid4().hex, "created": now().isoformat()}
        kept |= {"comment": given.get("COMMENT", ""), "metadata": given.get("METADATA", "{}")}
        kept |= {"sources": lineage.of_query(session, query)}
        _check_new(version, dataset)
        folder = session.account.folder("datasets", kept["id"])
        try:
            _write(session, query, folder)
            return self.change(session, dataset.name, partial(_with_version, version, kept))
        except SnowflakeError:
            session.account.remains.folder(folder)
            raise

    def _drop_version(self, session: Session, dataset: Object, tokens: Tokens) -> Result:
        version = tokens.value()
        tokens.end()
        gone = find(dataset, version)
        result = self.change(session, dataset.name, partial(_without_version, version))
        session.account.remains.folder(_folder(session.account, gone))
        return result

    def drop(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """DROP DATASET name."""
        tokens.end()
        _owned(session, name)
        self.end(session, name)
        return status(f"{name.name} successfully dropped.")

    def remove(self, session: Session, name: Name) -> None:
        """The files go with the dataset."""
        dataset = session.account.catalogue.get(self.word, name)
        super().remove(session, name)
        for version in dataset.properties["versions"].values():
            session.account.remains.folder(_folder(session.account, version))


def _owned(session: Session, name: Name) -> Object:
    """The dataset, which the session must own.

    Raises:
        SnowflakeError: 399019 when there is none that the session sees.

    """
    if session.find("DATASET", name) is None:
        raise SnowflakeError(f"Dataset '{name}' does not exist or not authorized.", "399019", "02000")
    return session.own("DATASET", name)


def _check_metadata(text: str) -> None:
    try:
        json.loads(text)
    except ValueError as error:
        raise invalid(f"Invalid JSON in METADATA: {error}") from error


def _check_new(version: str, dataset: Object) -> None:
    if version in dataset.properties["versions"]:
        text = f"Dataset version '{version}' already exists in dataset '{dataset.name}'."
        raise SnowflakeError(text, "399020", "42710")


def _with_version(version: str, kept: dict[str, Any], dataset: Object) -> Object:
    _check_new(version, dataset)  # another statement may have added it meanwhile
    return dataset.with_properties(versions={**dataset.properties["versions"], version: kept})


def _without_version(version: str, dataset: Object) -> Object:
    left = {name: kept for name, kept in dataset.properties["versions"].items() if name != version}
    return dataset.with_properties(versions=left)


def find(dataset: Object, version: str) -> dict[str, Any]:
    """What is kept of a version; names of versions are told apart by case.

    Raises:
        SnowflakeError: 399012.

    """
    if version not in dataset.properties["versions"]:
        text = f"Dataset version '{version}' does not exist in dataset '{dataset.name}'."
        raise SnowflakeError(text, "399012", "02000")
    return dataset.properties["versions"][version]


def _write(session: Session, query: str, folder: Path) -> None:
    """Write the query's rows as the version's file."""
    session.require_warehouse()
    with Scope(session) as scope:
        sql = queries.compiled(scope, parse(query)).sql
        target = literal(str(folder / _FILE))
        engine.execute(session.connection, f"COPY ({sql}) TO {target} (FORMAT parquet, COMPRESSION snappy)")


def _folder(account: Account, version: dict[str, Any]) -> Path:
    return account.home / "datasets" / version["id"]


# ---- SHOW VERSIONS, files
_VERSION_COLUMNS = (("created_on", STAMP), "version", "comment", "metadata")


def _versions(session: Session, show: Show, tokens: Tokens) -> Result:
    name = session.qualify(tokens.name())
    tokens.end()
    if session.find("DATASET", name) is None:
        raise SnowflakeError(f"Dataset '{name}' does not exist or not authorized.", "002043", "02000")
    known = session.get("DATASET", name).properties["versions"]
    found = [
        {"created_on": _moment(kept["created"]), "version": version, **kept}
        for version, kept in sorted(known.items())
        if show.admits(version)
    ]
    return rows(_VERSION_COLUMNS, found[: show.limit])


def _moment(text: str) -> datetime:
    return type(now()).fromisoformat(text)


def _files(session: Session, rest: str) -> locations.Location:
    """`snow://dataset/<name>/versions/<version>/<path>`."""
    written, _, inside = rest.partition("/versions/")
    version, _, path = inside.partition("/")
    dataset = session.get("DATASET", session.qualify(Tokens(written).name()), "USAGE")
    folder = _folder(session.account, find(dataset, version))
    return locations.Location(dataset, folder, locations.checked_path(path), f"versions/{version}/")


SCHEMES = {"dataset": _files}
KINDS = (Dataset(),)
