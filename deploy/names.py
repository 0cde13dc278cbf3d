"""Where a release goes: which schema, which stage path, which tasks."""

from typing import TYPE_CHECKING

from deploy.errors import USAGE, DeployError
from deploy.sql_text import qualified

if TYPE_CHECKING:
    from ml_pipeline.config import Environment

# Pull requests live beside main in DEV and nowhere else.
PR_ENVIRONMENT = "dev"
_PR_PREFIX = "PR_"
STAGE = "RELEASES"


def in_pull_request(environment: "Environment", number: int) -> "Environment":
    """Return the environment in the schema of a pull request. Raises DeployError outside of DEV."""
    if environment.name != PR_ENVIRONMENT:
        raise DeployError(
            f"pull requests are deployed to {PR_ENVIRONMENT} only, not to {environment.name}",
            f"python -m deploy release --env {PR_ENVIRONMENT} --pr {number}",
            USAGE,
        )
    if number < 1:
        raise DeployError(
            f"not the number of a pull request: {number}", "pass --pr the number that GitHub shows", USAGE
        )
    return environment.in_schema(f"{_PR_PREFIX}{number}")


def is_pull_request(environment: "Environment") -> bool:
    """Whether the target is the schema of a pull request."""
    return environment.snowflake.schema.startswith(_PR_PREFIX)


def arguments(environment: "Environment") -> str:
    """Return the command line options that name this target, for messages."""
    schema = environment.snowflake.schema
    pr = f" --pr {schema.removeprefix(_PR_PREFIX)}" if is_pull_request(environment) else ""
    return f"--env {environment.name}{pr}"


def schema(environment: "Environment") -> str:
    """Return the quoted schema."""
    return qualified(environment.snowflake.database, environment.snowflake.schema)


def named(environment: "Environment", name: str) -> str:
    """Return the quoted name of a task, table or stage of this target."""
    return qualified(environment.snowflake.database, environment.snowflake.schema, name)


def root(environment: "Environment") -> str:
    """Return the quoted name of the root task."""
    return named(environment, environment.graph.name)


def stage_path(environment: "Environment", digest: str) -> str:
    """Return the stage path of a release, without a trailing slash."""
    return f"@{environment.snowflake.database}.{environment.snowflake.schema}.{STAGE}/{digest}"
