"""A schema of one's own: where a person works, beside main's schema and those of pull requests.

It belongs to the role for developers, which reads main's schema and writes nothing there, and it is swept like a pull
request's: it carries the tag of temporary schemas with its own name.
"""

import getpass
import re
import subprocess
from pathlib import Path

from ml_pipeline.config import Environment

TAG = "ML_PIPELINE_TEMPORARY"
"""In main's schema: the tag of temporary schemas, whose value is the name of the schema itself."""

PREFIX = "OF_"
ME = "me"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")


class OwnSchemaError(ValueError):
    """There is no such schema of one's own; `remedy` is the next command to type."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(f"{cause}\nnext: {remedy}")
        self.cause, self.remedy = cause, remedy


def developer_role(environment: Environment) -> str:
    """Return the role that people work with."""
    return f"{environment.snowflake.database}_DEVELOPER"


def target(environment: Environment, person: str | None, folder: Path, command: str) -> Environment:
    """Return where to work: in the person's schema, or where nothing is delivered. Raises OwnSchemaError elsewhere."""
    if person is not None:
        return moved(environment, who(person, folder))
    if environment.delivery.pull_requests or environment.delivery.after:
        schema = f"{environment.snowflake.schema} of {environment.name}"
        cause = f"{schema} is for what was merged; work in a schema of your own in the first environment"
        where = environment.name if environment.delivery.pull_requests else environment.delivery.after
        raise OwnSchemaError(cause, f"{command} --env {where} --schema-of me")
    return environment


def moved(environment: Environment, person: str) -> Environment:
    """Return the environment in the person's schema, with the role for developers. Raises OwnSchemaError."""
    if not environment.delivery.pull_requests:
        cause = f"people have schemas of their own where pull requests have them, not in {environment.name}"
        raise OwnSchemaError(cause, "python -m deploy chain shows which environment is the first: pass it as --env")
    return as_developer(environment.in_schema(name(person)))


def as_developer(environment: Environment) -> Environment:
    """Return the environment with the role for developers."""
    return environment.changed(snowflake={"role": developer_role(environment)})


def name(person: str) -> str:
    """Return the schema of a person. Raises OwnSchemaError for what is no plain name."""
    if not _NAME.fullmatch(person):
        remedy = "pass letters, digits and underscores, such as: --schema-of anna"
        raise OwnSchemaError(f"not the name of a person: {person!r}", remedy)
    return PREFIX + re.sub(r"[^A-Z0-9]+", "_", person.upper())


def who(text: str, folder: Path) -> str:
    """Return the person whom an option names; "me" is who commits in `folder`, as git has the address."""
    if text != ME:
        return text
    done = subprocess.run(["git", "config", "user.email"], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.strip().partition("@")[0].partition("+")[0] or getpass.getuser()


def creation(environment: Environment, home: str) -> str:
    """Return the statement that makes the schema, unless it is there; `home` is main's.

    https://docs.snowflake.com/en/sql-reference/sql/create-schema
    """
    database, schema = environment.snowflake.database, environment.snowflake.schema
    return (
        f'CREATE SCHEMA IF NOT EXISTS "{database}"."{schema}" WITH MANAGED ACCESS '
        f"""COMMENT = 'ml-pipeline: a developer''s own' WITH TAG ("{database}"."{home}"."{TAG}" = '{schema}')"""
    )
