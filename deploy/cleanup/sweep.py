"""Drop the temporary schemas that have grown old: those of pull requests and branches that nobody tore down.

Three things make a schema ours to drop, all of them needed: it is in DEV, it is called as ours are, and it carries
our tag with its own name. Nothing else is ever touched.
"""

import dataclasses
import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy import names
from deploy.cleanup import temporary as target
from deploy.errors import USAGE, DeployError

if TYPE_CHECKING:
    from deploy.account.connection import Connection
    from ml_pipeline.config import Environment

OLDER_THAN_DAYS = 14


@dataclass(frozen=True)
class Swept:
    """A schema that is called as temporary ones are: whether it goes, and why."""

    schema: str
    days: float
    drop: bool
    reason: str
    error: str = ""


def sweep(
    connection: "Connection",
    environment: "Environment",
    *,
    older_than: float = OLDER_THAN_DAYS,
    keep: Collection[int] = (),
    dry_run: bool = False,
) -> list[Swept]:
    """Drop temporary schemas that are older than so many days; return the verdicts on all of them.

    `keep` are pull requests whose schemas stay. A schema that cannot be dropped has an `error`, and the others go all
    the same. Raises DeployError outside of DEV.
    """
    require_dev(environment)
    made = _made(connection, environment)
    marks = target.marked(connection, environment, made)
    verdicts = judge(made, marks, older_than, keep, datetime.datetime.now(datetime.UTC))
    if dry_run:
        return verdicts
    return [_dropped(connection, environment, verdict) if verdict.drop else verdict for verdict in verdicts]


def require_dev(environment: "Environment") -> None:
    """Raise DeployError for an environment that has no temporary schemas."""
    if environment.name != names.TEMPORARY_ENVIRONMENT:
        raise DeployError(
            f"temporary schemas are in {names.TEMPORARY_ENVIRONMENT} only, not in {environment.name}",
            f"python -m deploy sweep --env {names.TEMPORARY_ENVIRONMENT}",
            USAGE,
        )


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


def _made(connection: "Connection", environment: "Environment") -> dict[str, datetime.datetime]:
    """Read which schemas are called as temporary ones are, and when they were made."""
    rows = connection.rows(f"SHOW SCHEMAS IN DATABASE {names.database(environment)}")
    return {row["name"]: row["created_on"] for row in rows if _may_be_temporary(environment, row["name"])}


def _may_be_temporary(environment: "Environment", schema: str) -> bool:
    return names.names_temporary(schema) and schema != environment.snowflake.schema


def _dropped(connection: "Connection", environment: "Environment", verdict: Swept) -> Swept:
    try:
        connection.run(target.removal(environment.in_schema(verdict.schema)))
    except DeployError as error:
        return dataclasses.replace(verdict, error=error.cause)
    return verdict


def text(verdicts: Sequence[Swept], *, dry_run: bool) -> str:
    """Say it for people."""
    if not verdicts:
        return "there are no temporary schemas"
    return "\n".join(f"{_deed(verdict, dry_run=dry_run):<10} {verdict.schema}: {_why(verdict)}" for verdict in verdicts)


def _deed(verdict: Swept, *, dry_run: bool) -> str:
    if verdict.error:
        return "failed"
    if not verdict.drop:
        return "kept"
    return "would drop" if dry_run else "dropped"


def _why(verdict: Swept) -> str:
    return f"{verdict.reason}; {verdict.error}" if verdict.error else verdict.reason


def to_dict(verdicts: Iterable[Swept]) -> dict[str, Any]:
    """Say it for machines."""
    listed = list(verdicts)
    return {
        "dropped": [verdict.schema for verdict in listed if verdict.drop and not verdict.error],
        "failed": {verdict.schema: verdict.error for verdict in listed if verdict.error},
        "schemas": [dataclasses.asdict(verdict) for verdict in listed],
    }
