"""One connection to Snowflake: few requests, each within a deadline, and errors that say what to do next.

A request ends in one of three ways: an answer; a refusal (DeployError), after which nothing of the refused statement
was done; or silence (LostReplyError), after which nobody knows. A write is then never sent again blindly: who asked
reads back what is there, and goes on from that. After a lost reply, or when its session has expired, the connection
signs in again; what the lost session may still be doing is cancelled first.
"""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from deploy.account import gathering
from deploy.account.deadline import LateError, Step
from deploy.account.gathering import Answer, Rows
from deploy.account.sql import literal
from deploy.errors import DeployError, LostReplyError
from ml_pipeline.config import Environment

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

T = TypeVar("T")

_PATIENCE_SECONDS = 10
_SILENCE_SECONDS = 60  # the connector's own


class Connection:
    """A connection to one environment that outlives its sessions.

    Every method raises DeployError for what Snowflake refuses; the message carries Snowflake's own and the query id.
    Raises LostReplyError when the answer did not come, at the latest at the step's deadline.

    Args:
        environment: where to sign in, and as whom.
        sign_in: opens a session of the connector.
        options: those of the command line that name the target, for messages (deploy/names.py).

    """

    def __init__(
        self, environment: Environment, sign_in: "Callable[[], SnowflakeConnection]", options: str = ""
    ) -> None:
        self._environment = environment
        self._look_again = f"python -m deploy status {options or f'--env {environment.name}'}"
        self._sign_in = sign_in
        self._lost: set[int] = set()  # sessions of which nobody knows what they are doing
        self._change = threading.Lock()  # of the session: what was given up late may still be at work in its thread
        self._steps: list[Step] = []
        self._session: SnowflakeConnection | None = None
        with self.step("sign in"):
            self._request(lambda _: None, again=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._session is not None:
            self._session.close()

    @contextlib.contextmanager
    def step(self, name: str, seconds: float | None = None) -> Iterator[None]:
        """Give what is sent in here one deadline (by default the environment's) and a name for its error.

        A step within a step does not outlast it; a request that is sent outside of any is a step of its own.
        """
        whole = self._steps[-1] if self._steps else None
        self._steps.append(Step(name, self._environment.deploy.deadline_seconds if seconds is None else seconds, whole))
        try:
            yield
        finally:
            self._steps.pop()

    @property
    def seconds_left(self) -> float:
        """Until the deadline of the step."""
        return self._step.seconds_left

    @property
    def _step(self) -> Step:
        return self._steps[-1]

    def rows(self, sql: str) -> Rows:
        """Return the rows of one statement that can be repeated, with column names in lower case."""
        return self._request(lambda session: self._execute(session, sql), again=True)

    def run(self, statements: Sequence[str]) -> None:
        """Run several statements in one request. Snowflake stops at the first that fails; the earlier ones stay."""
        self.block("BEGIN\n{}\nEND".format("\n".join(map(gathering.executed, statements))))

    def block(self, body: str, *, again: bool = False) -> Any:
        """Run a block of Snowflake Scripting in one request and return its value, an OBJECT or ARRAY, as Python's.

        `again` says that it may be repeated when its answer was lost.
        """
        sql = f"EXECUTE IMMEDIATE {literal(body)}"
        row = self._request(lambda session: self._execute(session, sql), again=again)[0]
        value = next(iter(row.values()))
        return json.loads(value) if isinstance(value, str) else value

    def gather(self, **reads: str | gathering.Filtered) -> dict[str, Answer]:
        """Run several reads (SHOW, LIST, SELECT) in one request.

        Returns the rows of each, with column names in lower case and values as JSON has them; a read that Snowflake
        refuses is an Unread and does not keep the others from being answered.
        """
        parts = self.block(gathering.block(reads), again=True)
        return {name: gathering.part(parts.get(name.upper())) for name in reads}

    def put(self, file: Path, stage_path: str, *, overwrite: bool = False) -> None:
        """Upload a file as it is; one of that name that is there stays, unless it is to be overwritten."""
        where = f"{literal(file.resolve().as_uri())} {literal(stage_path)}"
        self.rows(f"PUT {where} AUTO_COMPRESS = FALSE OVERWRITE = {str(overwrite).upper()}")

    def get(self, stage_path: str, directory: Path) -> None:
        """Download a file into a directory."""
        self.rows(f"GET {literal(stage_path)} {literal(directory.resolve().as_uri() + '/')}")

    def script(self, text: str) -> None:
        """Run a file of SQL, statements that can be repeated, in one request."""

        def execute(session: "SnowflakeConnection") -> None:
            with session.cursor() as cursor:
                cursor.execute(text, num_statements=0, timeout=self._step.seconds_for_request)

        self._request(execute, again=True)

    def _execute(self, session: "SnowflakeConnection", sql: str) -> Rows:
        with session.cursor() as cursor:
            cursor.execute(sql, timeout=self._step.seconds_for_request)
            names = [column.name.lower() for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _request(self, work: "Callable[[SnowflakeConnection], T]", *, again: bool) -> T:
        """Return what the work returns. If that is `again` to be done, it is, until it is answered or the step ends."""
        if not self._steps:
            with self.step("request"):
                return self._request(work, again=again)
        while True:
            try:
                return self._once(work)
            except _ExpiredError as error:
                if not again:
                    raise LostReplyError(error.cause, error.remedy) from error
            except LostReplyError:
                if not (again and self.seconds_left):
                    raise

    def _once(self, work: "Callable[[SnowflakeConnection], T]") -> T:
        from snowflake.connector import errors

        step = self._step
        used: list[SnowflakeConnection] = []

        def done() -> T:
            used.append(self._session or self._opened(step))
            if not step.seconds_left:  # nobody waits for us any more, and somebody else goes on
                raise LateError
            return work(used[0])

        try:
            return step.within(done)
        except errors.Error as error:
            if not (gathering.is_over(error) or gathering.is_lost(error)):
                raise gathering.explained(error, self._environment) from error
            kind = _ExpiredError if gathering.is_over(error) else LostReplyError
            raise self._silence(used, kind, f"from Snowflake: {gathering.one_line(error)}") from error
        except LateError as error:
            raise self._silence(used, LostReplyError, f"within {step.seconds:.0f} seconds") from error

    def _opened(self, step: Step) -> "SnowflakeConnection":
        """Sign in, and let this be the session; unless it is too late for that, or another is there by now."""
        new = self._sign_in()
        self._cancel_lost(new)
        with self._change:
            if self._session is None and step.seconds_left:
                self._session = new
            session = self._session
        if session is not new:
            new.close()
        if session is None:
            raise LateError
        return session

    def _silence(self, used: "Sequence[SnowflakeConnection]", kind: type[LostReplyError], how: str) -> LostReplyError:
        """Leave the session, which may be waiting for an answer still: to close it would be to wait with it."""
        with self._change:
            for session in used:
                if session is self._session:  # and not one that has taken its place
                    self._lost.add(session.session_id)
                    self._session = None
        return kind(f"{self._step.name}: no answer {how}", self._look_again)

    def _cancel_lost(self, session: "SnowflakeConnection") -> None:
        """Cancel what the sessions that were left may still be doing, so that what is read back stays as it is.

        https://docs.snowflake.com/en/sql-reference/functions/system_cancel_all_queries
        """
        for lost in sorted(self._lost):
            self._execute(session, f"SELECT SYSTEM$CANCEL_ALL_QUERIES({int(lost)})")
            self._lost.discard(lost)


class _ExpiredError(LostReplyError):
    """The session has ended; a statement that was at work may go on all the same."""


def open_connection(environment: Environment, options: str = "") -> Connection:
    """Sign in to this environment. Raises DeployError if it cannot be reached or refuses."""
    return Connection(environment, lambda: _sign_in(environment), options)


def _sign_in(environment: Environment) -> "SnowflakeConnection":
    from snowflake.connector import errors
    from snowflake.connector.backoff_policies import linear_backoff

    from dag import connection

    # Aborts and sign-outs end, too, and tries come each second: the time-outs of statements are the steps'. What hears
    # nothing gives up in time to read back what was done.
    patience = {
        "network_timeout": _PATIENCE_SECONDS,
        "socket_timeout": min(_SILENCE_SECONDS, Step("", environment.deploy.deadline_seconds).seconds_for_request),
        "backoff_policy": linear_backoff(0, 1, 1, False),  # noqa: FBT003
    }
    try:
        return connection.sign_in(environment, **patience)
    except connection.SignInError as error:
        cause, *remedy = str(error).split("\nnext: ", maxsplit=1)
        usual = f"mend the variable, then: python -m deploy status --env {environment.name}"
        unreachable = isinstance(error.__cause__, errors.OperationalError)
        raise (LostReplyError if unreachable else DeployError)(cause, remedy[0] if remedy else usual) from error
