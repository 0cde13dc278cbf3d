"""Who may change a schema: a lock with a holder, a lease and a fencing number, and the journal of what is under way.

Both are one row of DEPLOY_LOCK, so they are taken together, in one compare-and-swap: it succeeds only if the row is
still as it was read and no lease is running. Each request of a holder begins with its fencing number, which renews the
lease and fails after another holder has taken over: the requests of a holder that was late, asleep or cut off are
rejected. A journal that is left under a free lock, or one whose lease ran out, is a delivery that did not end.

After M. Kleppmann, "How to do distributed locking" (2016), for the fencing number.
"""

import dataclasses
import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from deploy import job, names
from deploy.account.connection import Connection
from deploy.account.gathering import executed, lowered, readable
from deploy.account.sql import literal
from deploy.errors import DeployError, LockLostError, LostReplyError
from deploy.graph.graph import Graph
from deploy.records.record import TIME_FORMAT, Entry
from ml_pipeline.config import Environment

TABLE = "DEPLOY_LOCK"
RELEASED, ABANDONED = "/released", "/abandoned"  # behind the token of a holder who gave it back
_LOST = "DEPLOY_LOCK_LOST"  # the name of the exception that a fence raises
_UNLESS_LOST = f"IF (SQLROWCOUNT = 0) THEN RAISE {_LOST}; END IF;"
_FENCED = 50  # statements between two fences: few enough that a lease never runs out among them
_LOOKS = 4  # at a lease that somebody else has
_MARGIN_SECONDS = 0.5  # of two clocks


@dataclass(frozen=True)
class Journal:
    """A delivery under way: what is put there and why, and the digest of the release that was in use before it."""

    action: str
    digest: str
    commit: str
    plan_hash: str
    graph: Graph
    before: str = ""

    def to_json(self) -> str:
        """Return the text that the row of DEPLOY_LOCK keeps."""
        return json.dumps({**self.__dict__, "graph": self.graph.to_text()}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        values = json.loads(text)
        return cls(**{**values, "graph": Graph.from_text(values["graph"])})

    def entry(self, verdict: str, fence: int) -> Entry:
        """Return what is recorded of it in the end; `fence` is its number of the lock."""
        return Entry(self.action, self.commit, self.digest, self.plan_hash, self.graph, verdict, fence)

    @property
    def told(self) -> str:
        """The delivery in a few words."""
        return f"{self.action} of {self.digest[:12]}"


@dataclass(frozen=True)
class Lock:
    """The row as it was read. `seconds_left` of the lease is 0 or less if it ran out or was given back."""

    fence: int = 0
    token: str = ""
    holder: str = ""
    run_url: str = ""
    taken_at: str = ""
    seconds_left: float = 0.0
    journal: Journal | None = None

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> Self:
        """Read the row of `select`; without one the lock is free, and nobody ever had it."""
        if not rows:
            return cls()
        row, journal = rows[0], rows[0]["journal"]
        return cls(
            fence=int(row["fence"]),
            token=row["token"],
            holder=row["holder"],
            run_url=row["run_url"],
            taken_at=row["taken_at"],
            seconds_left=float(row["milliseconds_left"]) / 1000,
            journal=Journal.from_json(journal) if journal else None,
        )

    @property
    def live(self) -> bool:
        """Whether somebody holds it."""
        return self.seconds_left > 0

    @property
    def unfinished(self) -> Journal | None:
        """The delivery that did not end, if there is one and nobody is at it."""
        return None if self.live else self.journal

    @property
    def told(self) -> str:
        """Who has (or had) it, since when and from which run."""
        run = f" in {self.run_url}" if self.run_url else ""
        return f"{self.holder}{run}, since {self.taken_at}"


def table(environment: Environment) -> str:
    """Make the table, unless it is there."""
    columns = (
        "id NUMBER, fence NUMBER, token VARCHAR, holder VARCHAR, run_url VARCHAR, "
        "taken_at TIMESTAMP_LTZ, expires_at TIMESTAMP_LTZ, journal VARCHAR"
    )
    comment = literal("Who is deploying here, and what; python -m deploy status reads it.")
    return f"CREATE TABLE IF NOT EXISTS {names.named(environment, TABLE)} ({columns}) COMMENT = {comment}"


def select(environment: Environment) -> str:
    """Read the row; Snowflake's own clock says what is left of the lease."""
    left = "DATEDIFF('millisecond', CURRENT_TIMESTAMP(), expires_at)"
    return (
        f"SELECT fence, token, holder, run_url, TO_VARCHAR(taken_at, {literal(TIME_FORMAT)}) AS taken_at, "
        f"{left} AS milliseconds_left, journal FROM {names.named(environment, TABLE)}"
    )


@dataclass(frozen=True)
class Taking:
    """The lock as it was seen, and the journal with which it is to be taken."""

    seen: Lock
    journal: Journal | None

    def still_to_do(self, now: Lock) -> bool:
        """Whether the row is as it was seen: nobody has taken the lock, and neither have we."""
        return (now.fence, now.token) == (self.seen.fence, self.seen.token)


@dataclass(frozen=True)
class Held:
    """The lock in our hands: the token that nobody else knows, and its fencing number.

    With `taking` it is ours only once the first request of `run` has taken it.
    """

    connection: Connection
    environment: Environment
    token: str
    number: int
    taking: Taking | None = None

    def run(self, statements: Sequence[str]) -> None:
        """Run statements in one request, as long as the lock is ours. Raises LockLostError if it no longer is.

        The fence is before the first statement, and again before every 50th. What takes the lock is a fence too: if
        somebody else was first, nothing is run.
        """
        chunks = [statements[start : start + _FENCED] for start in range(0, len(statements), _FENCED)]
        first = self.check
        if self.taking:
            first = f"{_merged(self.environment, self.taking, self.token)}\n{_UNLESS_LOST}"
        fences = [first, *(self.check for _ in chunks[1:])]
        lines = [line for fence, chunk in zip(fences, chunks, strict=True) for line in (fence, *map(executed, chunk))]
        self._sent("\n".join(lines))

    def block(self, body: str) -> Any:
        """Run the statements of a scripting block's body behind the fence and return the block's value."""
        return self._sent(f"{self.check}\n{body}")

    def _sent(self, body: str) -> Any:
        declared = f"DECLARE {_LOST} EXCEPTION (-20001, 'the deploy lock was taken over');"
        try:
            return self.connection.block(f"{declared}\nBEGIN\n{body}\nEND")
        except DeployError as error:
            if f"exception of type '{_LOST}'" not in error.cause:
                raise
            winner = read(self.connection, self.environment)
            if self.taking and winner.token in (self.token, self.token + RELEASED):
                raise LostReplyError("it was sent before, and is at work", status(self.environment)) from error
            raise LockLostError(*taken_over(self.environment, winner)) from error

    @property
    def check(self) -> str:
        """Renew the lease, or raise."""
        lease = self.environment.deploy.lease_seconds
        return (
            f"UPDATE {names.named(self.environment, TABLE)} "
            f"SET expires_at = DATEADD('second', {lease}, CURRENT_TIMESTAMP()) WHERE {self._ours};\n{_UNLESS_LOST}"
        )

    @property
    def release(self) -> str:
        """Give the lock back, with nothing left to do."""
        return self._ending(RELEASED) + f", journal = '' WHERE {self._ours}"

    @property
    def abandonment(self) -> str:
        """Give the lock back at once, with the journal as it is: the next command has something to end."""
        return self._ending(ABANDONED) + f" WHERE {self._ours}"

    def _ending(self, how: str) -> str:
        lock = names.named(self.environment, TABLE)
        return f"UPDATE {lock} SET expires_at = CURRENT_TIMESTAMP(), token = {literal(self.token + how)}"

    @property
    def _ours(self) -> str:
        return f"token = {literal(self.token)} AND fence = {self.number}"


def read(connection: Connection, environment: Environment) -> Lock:
    """Read the lock alone; a free one where there is none yet."""
    return Lock.of(readable(connection.gather(lock=select(environment))["lock"]))


def acquire(connection: Connection, environment: Environment, seen: Lock, journal: Journal | None) -> Held:
    """Take the lock that was seen, with the journal of what is to be done.

    Raises DeployError if somebody else was first. After a lost reply it is sent again: if it had been done, it finds
    its own token in the row.
    """
    held = wanted(connection, environment, seen, journal)
    body = f"BEGIN\n{_merged(environment, Taking(seen, journal), held.token)}\n{_found(environment)}\nEND"
    found = Lock.of(lowered([connection.block(body, again=True)]))
    if found.token != held.token:
        raise DeployError(*taken_over(environment, found))
    return dataclasses.replace(held, taking=None)


def wanted(connection: Connection, environment: Environment, seen: Lock, journal: Journal | None) -> Held:
    """Return the lock that was seen as it will be when the first request sent with it has taken it."""
    return Held(connection, environment, uuid.uuid4().hex, seen.fence + 1, Taking(seen, journal))


def await_end(connection: Connection, environment: Environment, seen: Lock, say: Callable[[str], None]) -> Lock:
    """Wait until the lease that was seen has run out, and return the lock as it is then: its holder is dead.

    Raises DeployError as soon as the holder shows that it is not, by renewing its lease or by ending its work.
    """
    say(f"waiting: {names.schema(environment)} is being deployed by {seen.told}")
    most = max(1.0, environment.deploy.lease_seconds / _LOOKS)
    end = time.monotonic() + seen.seconds_left
    now = seen
    while now.live:
        time.sleep(min(most, max(0.0, end - time.monotonic()) + _MARGIN_SECONDS))
        with connection.step("wait for the lock"):
            now = read(connection, environment)
        renewed = now.live and time.monotonic() + now.seconds_left > end + _MARGIN_SECONDS
        if renewed or now.token not in (seen.token, seen.token + ABANDONED):
            raise DeployError(*taken_over(environment, now))
    return now


def advance(held: Held) -> Held | None:
    """Take the next fencing number, so that what was sent with the last one and is still on its way does nothing.

    Returns None if the lock was given back: what was sent was done to its end. Where what was to take the lock never
    came to it, the lock is as it was, still to be taken. Raises LockLostError if somebody else took it.
    """
    lock, mine = names.named(held.environment, TABLE), literal(held.token)
    body = f"BEGIN\nUPDATE {lock} SET fence = fence + 1 WHERE token = {mine};\n{_found(held.environment)}\nEND"
    row = held.connection.block(body, again=True)
    now = Lock.of(lowered([row] if row else ()))
    if now.token == held.token:
        return dataclasses.replace(held, number=now.fence, taking=None)
    if now.token == held.token + RELEASED:
        return None
    if held.taking and held.taking.still_to_do(now):
        return held
    raise LockLostError(*taken_over(held.environment, now))


def taken_over(environment: Environment, winner: Lock) -> tuple[str, str]:
    """Say who was first."""
    where = names.schema(environment)
    remedy = f"wait for it, then look: {status(environment)}"
    if winner.live:
        return f"{where} is being deployed by {winner.told}", remedy
    return f"{where} was deployed meanwhile by {winner.told}: what was planned here is out of date", remedy


def status(environment: Environment) -> str:
    """Return the command that shows what is there."""
    return f"python -m deploy status {names.arguments(environment)}"


def _merged(environment: Environment, taking: Taking, token: str) -> str:
    """Take the lock if it is as it was seen: the statement changes one row, or none."""
    lock = names.named(environment, TABLE)
    expiry = f"DATEADD('second', {environment.deploy.lease_seconds}, CURRENT_TIMESTAMP())"
    written = literal(taking.journal.to_json() if taking.journal else "")
    values = {
        "fence": str(taking.seen.fence + 1),
        "token": literal(token),
        "holder": f"CURRENT_USER() || {literal(f' ({job.who()})')}",
        "run_url": literal(job.run_url()),
        "taken_at": "CURRENT_TIMESTAMP()",
        "expires_at": expiry,
        "journal": "wanted.journal",
    }
    changes = ", ".join(f"{column} = {value}" for column, value in values.items())
    return f"""LET written VARCHAR := {written};
MERGE INTO {lock} AS held USING (SELECT 1 AS id, :written AS journal) AS wanted ON held.id = wanted.id
WHEN MATCHED AND held.fence = {taking.seen.fence} AND held.expires_at <= CURRENT_TIMESTAMP()
  THEN UPDATE SET {changes}
WHEN NOT MATCHED THEN INSERT (id, {", ".join(values)}) VALUES (1, {", ".join(values.values())});"""


def _found(environment: Environment) -> str:
    """Return the row from a block."""
    row = f"SELECT OBJECT_CONSTRUCT_KEEP_NULL(*) FROM ({select(environment)})"
    return f"LET found OBJECT := ({row});\nRETURN found;"
