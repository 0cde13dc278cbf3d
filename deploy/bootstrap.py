"""The administrator's part, once for each environment: deploy/sql/*.sql, rendered and run.

The files use `<% name %>` for values, as `snow sql -f` does, so they can be run with the CLI too:

    snow sql -f deploy/sql/10_database.sql --enable-templating STANDARD -D database=ML_DEV -D ...

Every statement can be repeated: a second bootstrap changes nothing.
"""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy import names
from deploy.errors import DeployError, MissingObjectError

if TYPE_CHECKING:
    from deploy.requests import Connection
    from ml_pipeline.config import Environment

SQL = Path(__file__).parent / "sql"
ADMINISTRATOR = "ACCOUNTADMIN"

TEMPORARY_SCHEMAS = "40_temporary_schemas.sql"
_TASK_GRAPH = "35_task_graph.sql"
_PUBLIC_KEY = "60_public_key.sql"
# Every account may have the sample data; older ones have to fetch it.
_SHARE = "as ACCOUNTADMIN: CREATE DATABASE SNOWFLAKE_SAMPLE_DATA FROM SHARE SFC_SAMPLES.SAMPLE_DATA"
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----")
_BASE64 = re.compile(r"[A-Za-z0-9+/=]+")


def scripts(environment: "Environment", public_key: str = "") -> dict[str, str]:
    """Return the SQL of each file that this environment needs, by file name, in order.

    `public_key` is the service user's, in PEM or as its base64 text; without one, its sign-in is left as it is.
    """
    left_out = set()
    if environment.name != names.TEMPORARY_ENVIRONMENT:
        left_out.add(TEMPORARY_SCHEMAS)
    if environment.deploy.backend != "task_graph":
        left_out.add(_TASK_GRAPH)
    if not public_key:
        left_out.add(_PUBLIC_KEY)
    values = _values(environment) | {"public_key": _key_text(public_key)}
    files = (path for path in sorted(SQL.glob("*.sql")) if path.name not in left_out)
    return {path.name: _render(path.read_text(encoding="utf-8"), values) for path in files}


def _values(environment: "Environment") -> dict[str, Any]:
    snowflake = dataclasses.asdict(environment.snowflake)
    database = snowflake["database"]
    return snowflake | {
        "environment": environment.name,
        "access_role": f"{database}_ACCESS",
        "compute_role": f"{database}_COMPUTE",
        "tag": names.TAG,
    }


def _key_text(public_key: str) -> str:
    """Return a key as Snowflake takes it: the base64 text between the lines of the PEM file."""
    pem = _PEM.search(public_key)
    text = re.sub(r"\s", "", pem.group(1) if pem else public_key)
    if text and not _BASE64.fullmatch(text):
        raise DeployError(
            "not a public key in PEM",
            "make one: openssl rsa -in rsa_key.p8 -pubout -out rsa_key.pub",
        )
    return text


def _render(text: str, values: dict[str, Any]) -> str:
    import jinja2

    environment = jinja2.Environment(
        variable_start_string="<%",
        variable_end_string="%>",
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - SQL, not HTML; the values are checked names, see config.py and _key_text
    )
    return environment.from_string(text).render(values)


def as_administrator(environment: "Environment") -> "Environment":
    """Return the environment with the role that may do all this; the user is the administrator's own."""
    return dataclasses.replace(environment, snowflake=dataclasses.replace(environment.snowflake, role=ADMINISTRATOR))


def bootstrap(connection: "Connection", texts: dict[str, str], say: Callable[[str], None]) -> None:
    """Run the rendered files, one request each. Raises DeployError at the first that fails."""
    for name, text in texts.items():
        try:
            connection.script(text)
        except MissingObjectError as error:
            remedy = _SHARE if "SNOWFLAKE_SAMPLE_DATA" in error.cause else error.remedy
            raise DeployError(f"{name}: {error.cause}", remedy) from error
        say(f"ran {name}")
