"""Where staged files lie: `@stage/path` and its other spellings, resolved to folders; and the files there."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel import rights
from ..kernel.access import OWNERSHIP
from ..kernel.errors import SnowflakeError, invalid, syntax_error, unsupported
from ..kernel.names import Name, fold
from ..kernel.registry import schemes, writable_schemes

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

MOST_FILES = 1000  # that FILES of COPY may name
_PART = r'(?:"(?:[^"]|"")*"|[\w$]+)'
_AT = re.compile(
    rf"@(?:(?P<user>~)|(?P<names>(?:(?:{_PART})?\.){{0,2}}(?P<table>%?){_PART}))(?:/(?P<path>.*))?\Z", re.DOTALL
)


@dataclass(frozen=True)
class Location:
    """A place in a stage.

    Attributes:
        stage: the stage's catalogue entry; for a user's or a table's own stage, that of the user or table.
        folder: holds all of the stage's files.
        path: what follows the stage's name: the beginning of the names of the files that are meant, "" for all.
            It never leaves the folder.
        prefix: what LIST prints before a file's path in the stage.

    """

    stage: Object
    folder: Path
    path: str
    prefix: str = ""

    @property
    def directory(self) -> str:
        """The path as a directory: with a slash at its end unless it is empty."""
        return self.path if not self.path or self.path.endswith("/") else self.path + "/"


@dataclass(frozen=True)
class StagedFile:
    """A file in a stage.

    Attributes:
        name: as LIST prints it.
        relative: its path in the stage.
        path: where it really lies.
        size: bytes.
        modified: when it was written, UTC, aware.

    """

    name: str
    relative: str
    path: Path
    size: int
    modified: datetime

    @property
    def md5(self) -> str:
        """The digest that LIST prints, hexadecimal."""
        return _md5(self.path, self.size, self.modified)


def resolve(session: Session, location: str, privilege: str = "READ") -> Location:
    """The place that a text such as `@db.schema.stage/path`, `@~/path`, `@%table` or `snow://model/...` names.

    Args:
        session: resolves short names and needs the privilege.
        location: as written in the statement, without the single quotes around it.
        privilege: READ or WRITE on a named stage. A user's own stage needs none, a table's own the ownership.

    Raises:
        SnowflakeError: 002003 when the stage is missing, 003001 without the privilege, 001003 for anything else.

    """
    if location.startswith("snow://"):
        return _elsewhere(session, location, privilege)
    found = _AT.match(location)
    if not found:
        raise syntax_error(f"line 1 at position 0 unexpected '{location}'.")
    path = checked_path(found["path"] or "")
    if found["user"]:
        rights.check_location(session)
        user = session.account.catalogue.get("USER", Name("", "", session.user))
        return Location(user, session.account.folder("stages", f"user-{user.id}"), path)
    name = session.qualify(_parts(found["names"]))
    if found["table"]:
        table = session.get("TABLE", name, OWNERSHIP)
        return Location(table, _table_stage(session.account, table), path)
    stage = session.get("STAGE", name, privilege)
    return Location(stage, folder(session.account, stage), path, name.name.lower() + "/")


def read(session: Session, tokens: Tokens, privilege: str = "READ") -> Location:
    """The place that stands next in a statement, quoted or not."""
    token = tokens.peek()
    if tokens.accept("IDENTIFIER", "("):
        text = tokens.value()
        tokens.expect(")")
        return resolve(session, text, privilege)
    if token.kind not in {"location", "string", "url"}:
        raise tokens.unexpected()
    return resolve(session, tokens.take().value, privilege)


def folder(account: Account, stage: Object) -> Path:
    """The folder of a named stage. It is keyed by the object's id: a stage that is created anew is empty."""
    if stage.properties.get("temporary"):
        return account.folder("temporary", "stages", stage.id)
    return account.folder("stages", stage.id)


def drop_table_stage(account: Account, table: Object) -> None:
    """Delete the files of a dropped table's own stage."""
    path = account.home / "stages" / _table_stage_of(table)
    if path.exists():
        account.remains.folder(path)


def files(location: Location, pattern: str | None = None) -> list[StagedFile]:
    """The files at a location, by name.

    Args:
        location: a file's full path means that file, anything else every file whose path begins with it.
        pattern: a regular expression that the whole path in the stage must match.

    Raises:
        SnowflakeError: 100048 when the pattern is no regular expression.

    """
    wanted = _compiled(pattern) if pattern else None
    exact = location.folder / location.path
    paths = [exact] if location.path and exact.is_file() else _beginning_with(location)
    named = sorted((path.relative_to(location.folder).as_posix(), path) for path in paths)
    staged = (_staged(location, name, path) for name, path in named if wanted is None or wanted.fullmatch(name))
    return [file for file in staged if file]


def below(location: Location, file: StagedFile) -> str:
    """A file's path as seen from a location: what COPY FILES keeps of it, and GET shows."""
    if (location.folder / location.path).is_dir():
        return file.relative.removeprefix(location.directory)
    return file.relative[location.path.rfind("/") + 1 :]


def place(incoming: Path, target: Path, *, overwrite: bool) -> bool:
    """Make a complete file appear at its place in a stage, at once.

    Returns:
        Whether it is there now; False when another one was and may not be replaced.

    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise invalid(f"'{target.name}' cannot be staged below a file of the same path.") from error
    if overwrite:
        incoming.replace(target)
        return True
    try:
        os.link(incoming, target)
    except FileExistsError:
        return False
    finally:
        incoming.unlink()
    return True


def incoming(account: Account) -> Path:
    """A fresh path for a file on its way into a stage. It is on the stages' file system, and no stage shows it."""
    return account.folder("temporary", "incoming") / uuid.uuid4().hex


def checked_path(path: str) -> str:
    """A path in a stage without empty steps.

    Raises:
        SnowflakeError: when it would leave the stage.

    """
    steps = path.split("/")
    if ".." in steps or "\0" in path:
        raise invalid(f"Invalid path '{path}': a path in a stage cannot contain '..'.")
    kept = "/".join(step for step in steps if step not in {"", "."})
    return kept + "/" if kept and path.endswith("/") else kept


def _elsewhere(session: Session, location: str, privilege: str) -> Location:
    scheme, _, rest = location.removeprefix("snow://").partition("/")
    if scheme.lower() not in schemes():
        raise invalid(f"Unknown scheme in '{location}'.")
    known = writable_schemes() if privilege == "WRITE" else schemes()
    if scheme.lower() not in known:
        raise unsupported(f"writing to '{location}'")
    return known[scheme.lower()](session, rest)


def _table_stage(account: Account, table: Object) -> Path:
    return account.folder("stages", _table_stage_of(table))


def _table_stage_of(table: Object) -> str:
    return f"table-{table.id}"


def _parts(names: str) -> tuple[str, ...]:
    # An empty step is that of DB..NAME, which leaves the schema out.
    steps = re.findall(rf"{_PART}|(?<=\.)(?=\.)", names)
    return tuple(fold(step) if step else "PUBLIC" for step in steps)


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise SnowflakeError(f"Invalid regular expression: '{pattern}', {error}", "100048", "2201B") from error


def _beginning_with(location: Location) -> Iterator[Path]:
    start = location.folder / location.path[: location.path.rfind("/") + 1]
    for parent, _, names in os.walk(start):
        for name in names:
            path = Path(parent, name)
            if path.relative_to(location.folder).as_posix().startswith(location.path):
                yield path


def _staged(location: Location, name: str, path: Path) -> StagedFile | None:
    try:
        status = path.stat()
    except FileNotFoundError:  # removed meanwhile
        return None
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    return StagedFile(location.prefix + name, name, path, status.st_size, modified)


def shown_md5(account: Account, file: StagedFile) -> str:
    """What LIST shows as the file's md5; where the cloud gives it, that is an eTag which is no MD5.

    https://docs.snowflake.com/en/sql-reference/sql/list
    """
    if not account.profile.etags:
        return file.md5
    return hashlib.md5(bytes.fromhex(file.md5), usedforsecurity=False).hexdigest() + "-1"


@lru_cache(maxsize=10_000)
def _md5(path: Path, _size: int, _modified: datetime) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
