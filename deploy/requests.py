"""One connection to Snowflake: rows out, batches in one request, and errors that say what to do next."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from deploy.errors import DeployError, MissingObjectError
from deploy.sql_text import literal

if TYPE_CHECKING:
    from snowflake.snowpark import Session

    from ml_pipeline.config import Environment

_MISSING_GRANT = {"42501"}
_MISSING_OBJECT = {"02000", "42S02"}


class Connection:
    """An open connection to one environment.

    Every method raises DeployError for what Snowflake refuses; the message carries Snowflake's own and the query id.
    """

    def __init__(self, session: "Session", environment: "Environment") -> None:
        self._session = session
        self._connection = session.connection
        self._environment = environment

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # In this order: a session that closes its own connection asks the server first what there is to cancel.
        self._connection.close()
        self._session.close()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of one statement, with column names in lower case."""
        with self._explained(), self._connection.cursor() as cursor:
            cursor.execute(sql)
            names = [column.name.lower() for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def run(self, statements: Sequence[str]) -> None:
        """Run several statements in one request. Snowflake stops at the first that fails; the earlier ones stay."""
        with self._explained(), self._connection.cursor() as cursor:
            # A semicolon on a line of its own ends a statement whose last line is a comment, too.
            cursor.execute("\n;\n".join(statements), num_statements=0)

    def put(self, file: Path, stage_path: str) -> None:
        """Upload a file as it is, unless one of that name is there."""
        where = f"{literal(file.resolve().as_uri())} {literal(stage_path)}"
        self.rows(f"PUT {where} AUTO_COMPRESS = FALSE OVERWRITE = FALSE")

    def get(self, stage_path: str, directory: Path) -> None:
        """Download a file into a directory."""
        self.rows(f"GET {literal(stage_path)} {literal(directory.resolve().as_uri() + '/')}")

    def script(self, text: str) -> None:
        """Run a file of SQL in one request."""
        self.run([text])

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        from snowflake.connector import errors

        try:
            yield
        except errors.Error as error:
            raise explained(error, self._environment.name) from error


def explained(error: Any, environment: str) -> DeployError:
    """Turn a connector's error as cause and remedy."""
    cause = " ".join(str(error.msg or error).split())
    if error.sqlstate in _MISSING_GRANT:
        return DeployError(
            f"missing grant: {cause}", f"ask an administrator: python -m deploy bootstrap --env {environment}"
        )
    if error.sqlstate in _MISSING_OBJECT:
        remedy = f"if it was never set up, ask an administrator: python -m deploy bootstrap --env {environment}"
        return MissingObjectError(cause, remedy)
    return DeployError(cause, f"python -m deploy status --env {environment}")


def open_connection(environment: "Environment") -> Connection:
    """Sign in to this environment. Raises DeployError if it cannot be reached or refuses."""
    from dag import connection

    try:
        return Connection(connection.connect(environment), environment)
    except connection.SignInError as error:
        cause, *remedy = re.split(r"\nnext: |; type: ", str(error), maxsplit=1)
        usual = f"mend the variable, then: python -m deploy status --env {environment.name}"
        raise DeployError(cause, remedy[0] if remedy else usual) from error
