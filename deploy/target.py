"""The schema that a release goes to: prepared before, and, for a pull request, dropped afterwards."""

from typing import TYPE_CHECKING

from deploy import apply, names, record
from deploy.errors import USAGE, DeployError
from deploy.sql_text import like, literal, qualified

if TYPE_CHECKING:
    from deploy.requests import Connection
    from ml_pipeline.config import Environment

# The mark of the schemas that this deployer made: nothing else is ever dropped.
_MARK = "ml-pipeline: pull request"


def prepare(connection: "Connection", environment: "Environment") -> None:
    """Make what a release needs in its schema, and a pull request's schema itself, unless they are there."""
    connection.run([*_schema(environment), stage(environment), record.table(environment)])


def _schema(environment: "Environment") -> list[str]:
    if not names.is_pull_request(environment):
        return []
    mark = literal(f"{_MARK} {environment.snowflake.schema}")
    return [f"CREATE SCHEMA IF NOT EXISTS {names.schema(environment)} WITH MANAGED ACCESS COMMENT = {mark}"]


def stage(environment: "Environment") -> str:
    """Make the stage of releases. Encrypted by the server, it lists the true size and md5 of its files."""
    return f"CREATE STAGE IF NOT EXISTS {names.named(environment, names.STAGE)} ENCRYPTION = (TYPE = 'SNOWFLAKE_SSE')"


def teardown(connection: "Connection", environment: "Environment") -> bool:
    """Drop the schema of a pull request with everything in it. Returns False if there is none.

    Raises DeployError for any other schema, and for one that this deployer did not make.
    """
    require_pull_request(environment)
    comment = _comment(connection, environment)
    if comment is None:
        return False
    if not comment.startswith(_MARK):
        remedy = f"if it may go, drop it by hand: DROP SCHEMA {names.schema(environment)}"
        raise DeployError(
            f"{names.schema(environment)} was not made by this deployer: its comment lacks our mark", remedy
        )
    connection.run([*apply.suspension(environment), f"DROP SCHEMA IF EXISTS {names.schema(environment)}"])
    return True


def require_pull_request(environment: "Environment") -> None:
    """Raise DeployError for a schema that is not a pull request's."""
    if not names.is_pull_request(environment):
        raise DeployError(
            f"{names.schema(environment)} is no pull request's schema: it is never torn down",
            f"python -m deploy teardown --env {names.PR_ENVIRONMENT} --pr <number>",
            USAGE,
        )


def _comment(connection: "Connection", environment: "Environment") -> str | None:
    schema = environment.snowflake.schema
    where = qualified(environment.snowflake.database)
    rows = connection.rows(f"SHOW SCHEMAS LIKE {literal(like(schema))} IN DATABASE {where}")
    return next((row["comment"] or "" for row in rows if row["name"] == schema), None)
