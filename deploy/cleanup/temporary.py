"""The schema that a release goes to: prepared before, and, if it is a temporary one, dropped afterwards."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deploy import names
from deploy.account.sql import like, literal, qualified
from deploy.errors import USAGE, DeployError
from deploy.names import Temporary
from deploy.records import lock, record

if TYPE_CHECKING:
    from deploy.account.connection import Connection
    from deploy.account.gathering import Rows, Unread
    from ml_pipeline.config import Environment

_LONGEST_PURPOSE = 200  # characters of a comment that is for people only


def prepare(connection: "Connection", environment: "Environment") -> None:
    """Make what a release needs in its schema, and a temporary schema itself, unless they are there."""
    connection.run(preparation(environment))


def preparation(environment: "Environment") -> list[str]:
    """Return the statements of `prepare`; each can be repeated."""
    own = [_schema(environment)] if isinstance(environment, Temporary) else []
    return [*own, stage(environment), record.table(environment), lock.table(environment)]


def _schema(environment: Temporary) -> str:
    """Make a temporary schema with our tag on it, in one statement: it is never there without.

    https://docs.snowflake.com/en/sql-reference/sql/create-schema
    """
    comment = literal(purpose(environment))
    mark = f"{names.tag(environment)} = {literal(environment.snowflake.schema)}"
    return (
        f"CREATE SCHEMA IF NOT EXISTS {names.schema(environment)} WITH MANAGED ACCESS "
        f"COMMENT = {comment} WITH TAG ({mark})"
    )


def purpose(environment: Temporary) -> str:
    """Return the comment of a temporary schema."""
    return f"ml-pipeline: {environment.purpose[:_LONGEST_PURPOSE]}"


def stage(environment: "Environment") -> str:
    """Make the stage of releases. Encrypted by the server, it lists the true size and md5 of its files."""
    comment = literal("One folder a release, named by its digest, never overwritten.")
    stage = names.named(environment, names.STAGE)
    return f"CREATE STAGE IF NOT EXISTS {stage} ENCRYPTION = (TYPE = 'SNOWFLAKE_SSE') COMMENT = {comment}"


def teardown(connection: "Connection", environment: "Environment") -> bool:
    """Drop a temporary schema with everything in it. Returns False if there is none.

    Raises DeployError for any other schema, and for one that does not carry our tag.
    """
    require_temporary(environment)
    schema = environment.snowflake.schema
    marks = marked(connection, environment, [schema])
    if schema not in marks:
        return False
    if not marks[schema]:
        where = names.schema(environment)
        raise DeployError(
            f"{where} was not made by this deployer: it lacks the tag {names.tag(environment)} with its name",
            f"if it may go, drop it by hand: DROP SCHEMA {where}",
        )
    connection.run(removal(environment))
    return True


def removal(environment: "Environment") -> list[str]:
    """Return the statements that drop the target's schema, its graph included: that has no schedule to stop first."""
    return [f"DROP SCHEMA IF EXISTS {names.schema(environment)}"]


def marked(connection: "Connection", environment: "Environment", schemas: Iterable[str]) -> dict[str, bool]:
    """Read in one request which of these schemas carry our tag with their own name; those that are gone are left out.

    Raises DeployError if the tag itself is missing.
    https://docs.snowflake.com/en/sql-reference/functions/system_get_tag
    """
    asked = {f"schema_{number}": schema for number, schema in enumerate(schemas)}
    if not asked:
        return {}
    reads = {key: _mark(environment, schema) for key, schema in asked.items()}
    answers = connection.gather(tag=_tag(environment), **reads)
    _require_tag(environment, answers.pop("tag"))
    return {asked[key]: _carries(answer, asked[key]) for key, answer in answers.items() if not _gone(answer)}


def _tag(environment: "Environment") -> str:
    return f"SHOW TAGS LIKE {literal(like(names.TAG))} IN SCHEMA {names.home(environment)}"


def _require_tag(environment: "Environment", found: "Rows | Unread") -> None:
    # Without it every schema would look as if it had gone.
    if not isinstance(found, list) or not found:
        cause = f"there is no tag {names.tag(environment)}, which marks temporary schemas"
        raise DeployError(cause, f"ask an administrator: python -m deploy bootstrap --env {environment.name}")


def _mark(environment: "Environment", schema: str) -> str:
    where = literal(qualified(environment.snowflake.database, schema))
    return f"SELECT SYSTEM$GET_TAG({literal(names.tag(environment))}, {where}, 'SCHEMA') AS mark"


def _gone(answer: "Rows | Unread") -> bool:
    return not isinstance(answer, list) and answer.missing


def _carries(answer: "Rows | Unread", schema: str) -> bool:
    # What cannot be read is not known to be ours.
    return isinstance(answer, list) and [row["mark"] for row in answer] == [schema]


def require_temporary(environment: "Environment") -> None:
    """Raise DeployError for a schema that is neither a pull request's nor a branch's."""
    if not names.is_temporary(environment):
        raise DeployError(
            f"{names.schema(environment)} is no temporary schema: it is never torn down",
            f"python -m deploy teardown --env {names.TEMPORARY_ENVIRONMENT} --pr <number>",
            USAGE,
        )
