"""The schema that a release goes to: prepared before, and, if it is a temporary one, dropped afterwards.

Temporary are the schemas of pull requests and branches. A sweep drops those that have grown old, as nobody tore them
down. Three things make a schema ours to drop, all of them needed: it is in DEV, it is called as ours are, and it
carries our tag with its own name. Nothing else is ever touched.
"""

import dataclasses
import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy import names
from deploy.account.connection import Connection
from deploy.account.gathering import Unread, readable
from deploy.account.sql import like, literal, qualified
from deploy.errors import USAGE, DeployError
from deploy.names import Temporary
from deploy.records import lock, record
from ml_pipeline.config import Environment

OLDER_THAN_DAYS = 14
_LONGEST_PURPOSE = 200  # characters of a comment that is for people only


def prepare(connection: Connection, environment: Environment) -> None:
    """Make what a release needs in its schema, and a temporary schema itself, unless they are there."""
    connection.run(preparation(environment))


def preparation(environment: Environment) -> list[str]:
    """Return the statements of `prepare`; each can be repeated.

    A temporary schema is made with our tag on it, in one statement: it is never there without.
    https://docs.snowflake.com/en/sql-reference/sql/create-schema
    """
    own = []
    if isinstance(environment, Temporary):
        mark = f"{names.tag(environment)} = {literal(environment.snowflake.schema)}"
        own.append(
            f"CREATE SCHEMA IF NOT EXISTS {names.schema(environment)} WITH MANAGED ACCESS "
            f"COMMENT = {literal(purpose(environment))} WITH TAG ({mark})"
        )
    return [*own, stage(environment), record.table(environment), lock.table(environment)]


def purpose(environment: Temporary) -> str:
    """Return the comment of a temporary schema."""
    return f"ml-pipeline: {environment.purpose[:_LONGEST_PURPOSE]}"


def stage(environment: Environment) -> str:
    """Make the stage of releases. Encrypted by the server, it lists the true size and md5 of its files."""
    comment = literal("One folder a release, named by its digest, never overwritten.")
    stage = names.named(environment, names.STAGE)
    return f"CREATE STAGE IF NOT EXISTS {stage} ENCRYPTION = (TYPE = 'SNOWFLAKE_SSE') COMMENT = {comment}"


def teardown(connection: Connection, environment: Environment) -> bool:
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
    _drop(connection, environment)
    return True


def _drop(connection: Connection, environment: Environment) -> None:
    """Drop the target's schema, its graph included: that has no schedule to stop first."""
    connection.run([f"DROP SCHEMA IF EXISTS {names.schema(environment)}"])


def marked(connection: Connection, environment: Environment, schemas: Iterable[str]) -> dict[str, bool]:
    """Read in one request which of these schemas carry our tag with their own name; those that are gone are left out.

    Raises DeployError if the tag itself is missing.
    https://docs.snowflake.com/en/sql-reference/functions/system_get_tag
    """
    asked = {f"schema_{number}": schema for number, schema in enumerate(schemas)}
    if not asked:
        return {}
    tag = names.tag(environment)
    own = {key: literal(qualified(environment.snowflake.database, schema)) for key, schema in asked.items()}
    answers = connection.gather(
        tag=f"SHOW TAGS LIKE {literal(like(names.TAG))} IN SCHEMA {names.home(environment)}",
        **{key: f"SELECT SYSTEM$GET_TAG({literal(tag)}, {name}, 'SCHEMA') AS mark" for key, name in own.items()},
    )
    if not readable(answers.pop("tag")):  # without it every schema would look as if it had gone
        cause = f"there is no tag {tag}, which marks temporary schemas"
        raise DeployError(cause, f"ask an administrator: python -m deploy bootstrap --env {environment.name}")
    return {
        asked[key]: [row["mark"] for row in readable(answer)] == [asked[key]]  # what cannot be read is not ours
        for key, answer in answers.items()
        if not (isinstance(answer, Unread) and answer.missing)
    }


def require_temporary(environment: Environment) -> None:
    """Raise DeployError for a schema that is neither a pull request's nor a branch's."""
    if not names.is_temporary(environment):
        raise DeployError(
            f"{names.schema(environment)} is no temporary schema: it is never torn down",
            f"python -m deploy teardown --env {environment.name} --pr <number>",
            USAGE,
        )


@dataclass(frozen=True)
class Swept:
    """A schema that is called as temporary ones are: whether it goes, and why."""

    schema: str
    days: float
    drop: bool
    reason: str
    error: str = ""


def sweep(
    connection: Connection,
    environment: Environment,
    *,
    older_than: float = OLDER_THAN_DAYS,
    keep: Collection[int] = (),
    dry_run: bool = False,
) -> list[Swept]:
    """Drop temporary schemas that are older than so many days; return the verdicts on all of them.

    `keep` are pull requests whose schemas stay. A schema that cannot be dropped has an `error`, and the others go all
    the same. Raises DeployError for an environment without temporary schemas.
    """
    names.require_temporaries(environment, "temporary schemas")
    rows = connection.rows(f"SHOW SCHEMAS IN DATABASE {names.database(environment)}")
    home = environment.snowflake.schema
    made = {
        row["name"]: row["created_on"] for row in rows if names.names_temporary(row["name"]) and row["name"] != home
    }
    verdicts = judge(made, marked(connection, environment, made), older_than, keep, datetime.datetime.now(datetime.UTC))
    for number, verdict in enumerate(verdicts):
        if verdict.drop and not dry_run:
            try:
                _drop(connection, environment.in_schema(verdict.schema))
            except DeployError as error:
                verdicts[number] = dataclasses.replace(verdict, error=error.cause)
    return verdicts


def judge(
    made: Mapping[str, datetime.datetime],
    marks: Mapping[str, bool],
    older_than: float,
    keep: Collection[int],
    now: datetime.datetime,
) -> list[Swept]:
    """Judge the schemas by when they were made and whether they carry our tag; those that have gone are left out."""
    kept = {names.pull_request_schema(number): number for number in keep}
    found = []
    for schema, time in sorted(made.items()):
        days = (now - time) / datetime.timedelta(days=1)
        if not marks.get(schema, True):
            found.append(Swept(schema, days, drop=False, reason="not ours: it lacks our tag"))
        elif schema in kept:
            found.append(Swept(schema, days, drop=False, reason=f"pull request {kept[schema]} is to be kept"))
        elif schema in marks:
            old = days > older_than
            reason = f"made {days:.1f} days ago, {'more' if old else 'not more'} than {older_than:g}"
            found.append(Swept(schema, days, drop=old, reason=reason))
    return found


def text(verdicts: Sequence[Swept], *, dry_run: bool) -> str:
    """Say it for people."""
    lines = []
    for verdict in verdicts:
        deed = "failed" if verdict.error else "kept" if not verdict.drop else "would drop" if dry_run else "dropped"
        why = f"{verdict.reason}; {verdict.error}" if verdict.error else verdict.reason
        lines.append(f"{deed:<10} {verdict.schema}: {why}")
    return "\n".join(lines) or "there are no temporary schemas"


def to_dict(verdicts: Iterable[Swept]) -> dict[str, Any]:
    """Say it for machines."""
    listed = list(verdicts)
    return {
        "dropped": [verdict.schema for verdict in listed if verdict.drop and not verdict.error],
        "failed": {verdict.schema: verdict.error for verdict in listed if verdict.error},
        "schemas": [dataclasses.asdict(verdict) for verdict in listed],
    }
