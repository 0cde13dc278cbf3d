"""Remove releases from the stage that are no longer needed, and no others.

Needed is what a record of a passed delivery names, what the deployed tasks load, what a delivery that did not end or
a run that has not ended uses; and what is younger than a day, as it may be waiting for its apply. All of it is read
in one request, and nothing is removed if any of it cannot be read. The deploy lock is taken by compare-and-swap on
what was read, so no delivery comes in between.
"""

import contextlib
import datetime
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from deploy import names
from deploy.account.connection import Connection
from deploy.account.gathering import Answer, Answers, Rows, Unread, readable
from deploy.account.sql import literal
from deploy.errors import USAGE, DeployError
from deploy.plan import deployed
from deploy.records import lock, record
from deploy.records.lock import Lock
from deploy.release import stage
from deploy.release.manifest import MANIFEST
from ml_pipeline.config import Environment

YOUNG = datetime.timedelta(days=1)
_MOST_ROWS = 10_000
_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_FILE = re.compile(r"[^/]+/(?P<digest>[0-9a-f]{64})/.+", re.DOTALL)


@dataclass(frozen=True)
class Staged:
    """A release on the stage: its size in bytes, and when its newest file came; None if that cannot be read."""

    digest: str
    size: int
    newest: datetime.datetime | None

    def young(self, now: datetime.datetime) -> bool:
        """Whether it may be waiting for its apply."""
        return self.newest is None or now - self.newest < YOUNG


@dataclass(frozen=True)
class Verdict:
    """What becomes of a release, and why: an empty reason is none to keep it."""

    release: Staged
    reason: str = ""


@dataclass(frozen=True)
class Usage:
    """Who needs which releases: reason by digest. `unknown` says what is going on that does not name its release."""

    needed: Mapping[str, str]
    unknown: str = ""


def judge(releases: Iterable[Staged], usage: Usage, now: datetime.datetime) -> tuple[Verdict, ...]:
    """Judge each release on the stage."""
    verdicts = []
    for release in releases:
        young = "younger than a day" if release.young(now) else ""
        verdicts.append(Verdict(release, usage.needed.get(release.digest, "") or young or usage.unknown))
    return tuple(verdicts)


def collect(
    connection: Connection, environment: Environment, *, keep: int | None = None, dry_run: bool = False
) -> tuple[Verdict, ...]:
    """Remove what nothing needs and return the verdicts on all releases.

    `keep` lets only that many of the newest recorded releases count. Raises DeployError if somebody is deploying, or
    if what is needed cannot be read.
    """
    if keep is not None and keep < 1:
        raise DeployError(f"cannot keep {keep} releases: the one in use is needed", "pass --keep 1 or more", USAGE)
    answers, expected = connection.gather(**_reads(environment)), names.graphs(environment)
    graphs = (*expected, *(each.name for each in deployed.others(answers, expected)))
    found = deployed.complete(environment, answers, connection.gather, graphs)
    files = found["files"]
    releases = () if isinstance(files, Unread) and files.missing else staged(_rows(environment, files))
    if not releases:
        return ()
    read = Lock.of(_rows(environment, found["lock"]))
    if read.live:
        raise DeployError(*lock.taken_over(environment, read))
    # Snowflake's clock dates the files too.
    now = datetime.datetime.fromtimestamp(float(_rows(environment, found["clock"])[0]["seconds"]), datetime.UTC)
    verdicts = judge(releases, _usage(environment, found, keep), now)
    gone = [verdict.release.digest for verdict in verdicts if not verdict.reason]
    if gone and not dry_run:
        # In one request, with the lock in hand; the journal of an unfinished delivery stays in it.
        held = lock.acquire(connection, environment, read, read.journal)
        try:
            held.run([*removal(environment, gone), held.abandonment])
        except DeployError:
            with contextlib.suppress(DeployError):
                connection.run([held.abandonment])
            raise
    return verdicts


def _reads(environment: Environment) -> dict[str, str]:
    """Return the reads, among them the runs of this schema's graphs that have not ended, and those to come."""
    recorded = f"{names.named(environment, record.TABLE)} WHERE verdict = {literal(record.PASSED)}"
    function = f"{names.database(environment)}.INFORMATION_SCHEMA.CURRENT_TASK_GRAPHS(RESULT_LIMIT => {_MOST_ROWS})"
    database, schema = literal(environment.snowflake.database), literal(environment.snowflake.schema)
    here = f"database_name = {database} AND schema_name = {schema}"
    return {
        "files": stage.listing_statement(environment),
        "records": f"SELECT digest FROM {recorded} ORDER BY recorded_at DESC, fence DESC",
        "lock": lock.select(environment),
        **deployed.statements(environment, names.graphs(environment)),
        "runs": f"SELECT root_task_name, state, config FROM TABLE({function}) WHERE {here}",
        "clock": "SELECT DATE_PART(EPOCH_SECOND, CURRENT_TIMESTAMP()) AS seconds",
    }


def _usage(environment: Environment, found: Answers, keep: int | None) -> Usage:
    recorded = list(dict.fromkeys(row["digest"] for row in _rows(environment, found["records"])))
    runs = _rows(environment, found["runs"])
    # An account without TASK GRAPH objects refuses to show them, and any account the changes of a graph it lacks.
    optional = [row for key in found if key.startswith(("graphs", deployed.STAGED)) for row in readable(found[key])]
    reasons = {
        "recorded": recorded[:keep],
        "deployed": digests([*_rows(environment, found["tasks"]), *optional]),
        "unfinished": digests(_rows(environment, found["lock"])),
        "running": digests(runs),
    }
    unnamed = [row["root_task_name"] for row in runs if row["state"] == "EXECUTING" and not digests([row])]
    unknown = f"a run of {unnamed[0]} has not ended that does not say which release it uses" if unnamed else ""
    return Usage({digest: reason for reason, several in reasons.items() for digest in several}, unknown)


def _rows(environment: Environment, answer: Answer) -> Rows:
    """Return the rows. Raises DeployError for what cannot be read: it might name a release that is needed."""
    if isinstance(answer, Unread):
        remedy = f"python -m deploy upload {names.arguments(environment)} makes the tables; bootstrap gives the grants"
        raise DeployError(f"cannot tell which releases are needed: {answer.message}", remedy)
    return answer


def digests(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return every digest that these rows name, wherever they do."""
    return _DIGEST.findall(json.dumps(rows, default=str))


def staged(rows: Iterable[Mapping[str, Any]]) -> tuple[Staged, ...]:
    """Return the releases among the rows of LIST; what is in no folder of a digest's name is nobody's business."""
    folders: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if found := _FILE.fullmatch(str(row["name"])):
            folders.setdefault(found["digest"], []).append(row)
    releases = []
    for digest, files in sorted(folders.items()):
        times = [_time(file["last_modified"]) for file in files]
        newest = max(time for time in times if time) if all(times) else None
        releases.append(Staged(digest, sum(int(file["size"]) for file in files), newest))
    return tuple(releases)


def _time(text: Any) -> datetime.datetime | None:
    """Read a time as LIST prints it: `Sun, 22 Nov 2026 19:10:00 GMT`."""
    try:
        time = parsedate_to_datetime(str(text))
    except ValueError:
        return None
    return time.replace(tzinfo=time.tzinfo or datetime.UTC)


def removal(environment: Environment, gone: Sequence[str]) -> list[str]:
    """Return the statements: every manifest first, so that a release whose removal is cut counts as incomplete."""
    folders = [f"{names.stage_path(environment, digest)}/" for digest in gone]
    return [f"REMOVE {literal(path)}" for path in (*(folder + MANIFEST for folder in folders), *folders)]


def text(verdicts: Sequence[Verdict], *, dry_run: bool) -> str:
    """Say it for people."""
    removed = [verdict.release for verdict in verdicts if not verdict.reason]
    lines = [f"  {verdict.release.digest[:12]}  {verdict.reason or 'removed'}" for verdict in verdicts]
    would = "would remove" if dry_run else "removed"
    total = f"{would} {len(removed)} of {len(verdicts)} releases, {sum(release.size for release in removed):,} bytes"
    return "\n".join([*lines, total])


def to_dict(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Say it for machines."""
    return {
        "removed": [verdict.release.digest for verdict in verdicts if not verdict.reason],
        "kept": {verdict.release.digest: verdict.reason for verdict in verdicts if verdict.reason},
    }
