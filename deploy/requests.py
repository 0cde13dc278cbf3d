"""One connection to Snowflake: few requests, each within a deadline, and errors that say what to do next.

A request ends in one of three ways: an answer; a refusal (DeployError), after which nothing of the refused statement
was done; or silence (LostReplyError), after which nobody knows. A write is then never sent again blindly: who asked
reads back what is there, and goes on from that. After a lost reply, or when its session has expired, the connection
signs in again; what the lost session may still be doing is cancelled first.
"""

import contextlib
import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from deploy.errors import DeployError, LostReplyError, MissingObjectError
from deploy.sql_text import literal

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

    from ml_pipeline.config import Environment

T = TypeVar("T")

_MISSING_GRANT = {"42501"}
_MISSING_OBJECT = {"02000", "42S02"}
# The session is over: its token, or the one that renews it, is unknown or has expired.
_SESSION_ENDED = {390104, 390111, 390112, 390113, 390114, 390115}
_CANCELLED = {604, 630}  # at a deadline: what came before in the same request was done
_PATIENCE_SECONDS = 10
# A request may take this part of its step, so that there is time left to read back what it did.
_PART_OF_STEP = 3


@dataclass(frozen=True)
class Unread:
    """What could not be read, and why: Snowflake's number, SQLSTATE and text."""

    code: int
    state: str
    message: str

    @property
    def missing(self) -> bool:
        """Whether there is no such object, or none that this role may see."""
        return self.state in _MISSING_OBJECT

    def error(self, environment: "Environment") -> DeployError:
        """Return it as an error, where it is one."""
        return _told(self.message, self.state, environment.name)


Rows = list[dict[str, Any]]


class Connection:
    """A connection to one environment that outlives its sessions.

    Every method raises DeployError for what Snowflake refuses; the message carries Snowflake's own and the query id.
    Raises LostReplyError when the answer did not come, at the latest at the step's deadline.

    Args:
        environment: where to sign in, and as whom.
        sign_in: opens a session of the connector.

    """

    def __init__(self, environment: "Environment", sign_in: "Callable[[], SnowflakeConnection]") -> None:
        self._environment = environment
        self._sign_in = sign_in
        self._lost: list[int] = []  # sessions of which nobody knows what they are doing
        self._step = _Step("sign in", environment.deploy.deadline_seconds)
        self._session: SnowflakeConnection | None = None
        self._request(lambda _: None, again=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._session is not None:
            self._session.close()

    @contextlib.contextmanager
    def step(self, name: str, seconds: float | None = None) -> Iterator[None]:
        """Give what is sent in here one deadline (by default the environment's) and a name for its error."""
        outer, self._step = self._step, _Step(name, seconds or self._environment.deploy.deadline_seconds)
        try:
            yield
        finally:
            self._step = outer

    @property
    def seconds_left(self) -> float:
        """Until the deadline of the step."""
        return self._step.seconds_left

    def rows(self, sql: str) -> Rows:
        """Return the rows of one statement that can be repeated, with column names in lower case."""
        return self._request(lambda session: self._execute(session, sql), again=True)

    def run(self, statements: Sequence[str]) -> None:
        """Run several statements in one request. Snowflake stops at the first that fails; the earlier ones stay."""
        self.block("BEGIN\n{}\nEND".format("\n".join(map(executed, statements))))

    def block(self, body: str, *, again: bool = False) -> Any:
        """Run a block of Snowflake Scripting in one request and return its value, an OBJECT or ARRAY, as Python's.

        `again` says that it may be repeated when its answer was lost.
        """
        sql = f"EXECUTE IMMEDIATE {literal(body)}"
        row = self._request(lambda session: self._execute(session, sql), again=again)[0]
        value = next(iter(row.values()))
        return json.loads(value) if isinstance(value, str) else value

    def gather(self, **reads: str) -> dict[str, Rows | Unread]:
        """Run several reads (SHOW, LIST, SELECT) in one request.

        Returns the rows of each, with column names in lower case and values as JSON has them; a read that Snowflake
        refuses is an Unread and does not keep the others from being answered.
        """
        parts = self.block(_gathering(reads), again=True)
        return {name: _part(parts.get(name.upper())) for name in reads}

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

        try:
            return self._step.within(lambda: work(self._open()))
        except errors.Error as error:
            if error.errno in _SESSION_ENDED:
                self._forget()
                raise _ExpiredError(*self._silence(f"from Snowflake: {_one_line(error)}")) from error
            if _is_lost(error):
                self._forget()
                raise LostReplyError(*self._silence(f"from Snowflake: {_one_line(error)}")) from error
            raise explained(error, self._environment.name) from error
        except _LateError as error:
            self._forget()
            raise LostReplyError(*self._silence(f"within {self._step.seconds:.0f} seconds")) from error

    def _open(self) -> "SnowflakeConnection":
        if self._session is None:
            self._session = self._sign_in()
            self._cancel_lost(self._session)
        return self._session

    def _forget(self) -> None:
        """Leave the session, which may be waiting for an answer still: to close it would be to wait with it."""
        if self._session is not None:
            self._lost.append(self._session.session_id)
        self._session = None

    def _cancel_lost(self, session: "SnowflakeConnection") -> None:
        """Cancel what the sessions that were left may still be doing, so that what is read back stays as it is.

        https://docs.snowflake.com/en/sql-reference/functions/system_cancel_all_queries
        """
        while self._lost:
            self._execute(session, f"SELECT SYSTEM$CANCEL_ALL_QUERIES({self._lost[0]})")
            self._lost.pop(0)

    def _silence(self, how: str) -> tuple[str, str]:
        return f"{self._step.name}: no answer {how}", self._status

    @property
    def _status(self) -> str:
        from deploy import names

        return f"python -m deploy status {names.arguments(self._environment)}"


class _ExpiredError(LostReplyError):
    """The session has ended; a statement that was at work may go on all the same."""


class _LateError(Exception):
    """The deadline has passed."""


class _Step:
    """What is being done, and how long it may take."""

    def __init__(self, name: str, seconds: float) -> None:
        self.name = name
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def seconds_left(self) -> float:
        return max(0.0, self._end - time.monotonic())

    @property
    def seconds_for_request(self) -> int:
        return max(1, math.ceil(min(self.seconds_left, self.seconds / _PART_OF_STEP)))

    def within(self, work: Callable[[], T]) -> T:
        """Return what `work` returns. Raises _LateError at the deadline: it is left to itself, in its own thread.

        The connector's own time-outs bound single tries and sleeps, not an answer that never comes.
        """
        done: Future[T] = Future()
        threading.Thread(target=_settle, args=(done, work), daemon=True, name=self.name).start()
        try:
            return done.result(self.seconds_left)
        except TimeoutError as error:
            raise _LateError from error


def _settle(future: "Future[T]", work: Callable[[], T]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
        future.set_exception(error)


def _gathering(reads: Mapping[str, str]) -> str:
    """Return a block that runs each read and returns an OBJECT of their rows, by name in upper case."""
    variables = {name.upper(): f"part_{number}" for number, name in enumerate(reads)}
    declared = "\n".join(f"  {variable} VARIANT;" for variable in variables.values())
    parts = "\n".join(_gathered(variables[name.upper()], sql) for name, sql in reads.items())
    pairs = ", ".join(f"{literal(name)}, {variable}" for name, variable in variables.items())
    return f"DECLARE\n{declared}\nBEGIN\n{parts}\n  RETURN OBJECT_CONSTRUCT({pairs});\nEND"


def _gathered(variable: str, sql: str) -> str:
    return (
        f"  BEGIN\n    {sql};\n"
        f"    SELECT ARRAY_AGG(OBJECT_CONSTRUCT_KEEP_NULL(*)) INTO :{variable}\n"
        "      FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()));\n"
        f"  EXCEPTION WHEN OTHER THEN\n"
        f"    {variable} := OBJECT_CONSTRUCT('code', SQLCODE, 'state', SQLSTATE, 'message', SQLERRM);\n  END;"
    )


def _part(value: Any) -> Rows | Unread:
    if isinstance(value, dict):
        return Unread(int(value["code"]), str(value["state"]), str(value["message"]))
    return [{key.lower(): cell for key, cell in row.items()} for row in value or ()]


def executed(statement: str) -> str:
    """Return a statement as one of a block, in which its own colons and names are nobody's variables."""
    return f"EXECUTE IMMEDIATE {literal(statement)};"


def _is_lost(error: Any) -> bool:
    """Whether the connector gave up, or cancelled at the deadline: anything but an answer of Snowflake's."""
    from snowflake.connector import errors

    answers = (errors.ProgrammingError, errors.IntegrityError, errors.DataError, errors.NotSupportedError)
    return error.errno in _CANCELLED or not isinstance(error, answers)


def _one_line(error: Any) -> str:
    return " ".join(str(error.msg or error).split())


def explained(error: Any, environment: str) -> DeployError:
    """Turn a connector's error into cause and remedy."""
    return _told(_one_line(error), error.sqlstate, environment)


def _told(cause: str, state: str, environment: str) -> DeployError:
    if state in _MISSING_GRANT:
        return DeployError(
            f"missing grant: {cause}", f"ask an administrator: python -m deploy bootstrap --env {environment}"
        )
    if state in _MISSING_OBJECT:
        remedy = f"if it was never set up, ask an administrator: python -m deploy bootstrap --env {environment}"
        return MissingObjectError(cause, remedy)
    return DeployError(cause, f"python -m deploy status --env {environment}")


def open_connection(environment: "Environment") -> Connection:
    """Sign in to this environment. Raises DeployError if it cannot be reached or refuses."""
    return Connection(environment, lambda: _sign_in(environment))


def _sign_in(environment: "Environment") -> "SnowflakeConnection":
    from snowflake.connector import errors
    from snowflake.connector.backoff_policies import linear_backoff

    from dag import connection

    # Aborts and sign-outs end, too, and tries come each second: the time-outs of statements are the steps'.
    patience = {"network_timeout": _PATIENCE_SECONDS, "backoff_policy": linear_backoff(0, 1, 1, False)}  # noqa: FBT003
    try:
        return connection.sign_in(environment, **patience)
    except connection.SignInError as error:
        cause, *remedy = str(error).split("\nnext: ", maxsplit=1)
        usual = f"mend the variable, then: python -m deploy status --env {environment.name}"
        unreachable = isinstance(error.__cause__, errors.OperationalError)
        raise (LostReplyError if unreachable else DeployError)(cause, remedy[0] if remedy else usual) from error
