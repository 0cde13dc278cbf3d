"""A team's own source data: SQL beside the environments that an administrator runs on a new local Snowflake.

The sample data is there in any case. What else the pipeline reads, environments/local/seed.sql makes, if it is there:
as many statements as it takes, which can be repeated. No real account ever sees it.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from .errors import RehearsalError

if TYPE_CHECKING:
    from pathlib import Path

    from .server import Server

FILE = "environments/local/seed.sql"
_WAREHOUSE = "COMPUTE_WH"  # which every new account has


def run(server: Server, project: Path) -> str:
    """Run the project's file, and say so; nothing where there is none.

    Raises:
        RehearsalError: a statement of it is refused.
    """
    path = project / FILE
    if not path.is_file():
        return ""
    import snowflake.connector
    from snowflake.connector import errors

    options = {"host": "127.0.0.1", "port": server.port, "protocol": "http", "account": "local"}
    who = {"user": server.administrator["SNOWFLAKE_USER"], "password": server.password}
    where = {"role": "ACCOUNTADMIN", "warehouse": _WAREHOUSE}
    with closing(snowflake.connector.connect(**options, **who, **where)) as connection:
        try:
            for cursor in connection.execute_string(path.read_text(encoding="utf-8")):
                cursor.close()
        except errors.Error as error:
            cause = " ".join(str(error.msg or error).split())
            raise RehearsalError(f"{FILE}: {cause}\nnext: correct that statement, then: make rehearse") from error
    return f"ran {FILE}"
