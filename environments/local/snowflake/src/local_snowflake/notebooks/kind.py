"""NOTEBOOK PROJECT: CREATE, DROP and SHOW; its files are a copy of what lay on the stage.

Snowflake calls the same objects CODE BUNDLE now: see bundles.py.
https://docs.snowflake.com/en/sql-reference/sql/create-notebook-project
https://docs.snowflake.com/en/sql-reference/sql/show-notebook-projects
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel.catalogue import Object
from ..kernel.errors import does_not_exist, invalid, unsupported
from ..kernel.kinds import STAMP, Create, Kind
from ..kernel.result import Result
from ..stages import locations

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.names import Name
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

WORD = "NOTEBOOK PROJECT"


class NotebookProject(Kind):
    """NOTEBOOK PROJECT, or CODE BUNDLE: files to execute."""

    word, plural = WORD, "NOTEBOOK PROJECTS"
    columns = (("created_on", STAMP), "name", "database_name", "schema_name", "owner", "comment")

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE [OR REPLACE] NOTEBOOK PROJECT [IF NOT EXISTS] name FROM '@stage[/path]' [COMMENT = '...']."""
        if create.or_alter or create.modifiers:
            raise unsupported(" ".join(tokens.text.split())[:300])
        name = self.read_name(session, tokens)
        tokens.expect("FROM")
        source = tokens.value()
        options = tokens.options()
        if unknown := options.keys() - {"COMMENT"}:
            raise unsupported(f"CREATE {WORD} ... {min(unknown)}")
        if not source.startswith("@"):
            raise unsupported(f"CREATE {WORD} ... FROM '{source}'")
        files = locations.resolve(session, source.rstrip("/") + "/", "READ")
        if not locations.files(files):
            raise invalid(f"The stage path '{source}' has no files.", "391404", "02000")
        new = Object(self.word, name, session.role, {"source": source}, str(options.get("COMMENT", "")))
        shutil.copytree(files.folder / files.path.rstrip("/"), folder(session.account, new))
        try:
            return self.add(session, create, new)
        finally:
            if session.account.catalogue.find(self.word, name) != new:
                session.account.remains.folder(folder(session.account, new))

    def remove(self, session: Session, name: Name) -> None:
        """Remove it with its files."""
        gone = session.account.catalogue.get(self.word, name)
        super().remove(session, name)
        session.account.remains.folder(folder(session.account, gone))


def folder(account: Account, project: Object) -> Path:
    """Where a project's files lie."""
    return account.home / "notebooks" / project.id


def entrypoint(account: Account, project: Object, written: str, kinds: tuple[str, ...]) -> Path:
    """A file of the project that can be executed, by its ending.

    Raises:
        SnowflakeError: 002003 when it has no such file; 001008 for a file of another kind.

    """
    root = folder(account, project).resolve()
    path = (root / written).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise does_not_exist("FILE", written)
    if path.suffix not in kinds:
        raise invalid(f"'{written}' cannot be executed: it ends with none of {', '.join(kinds)}.")
    return path


KINDS = (NotebookProject(),)
