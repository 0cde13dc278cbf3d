"""Many reads in one request, and what the connector raises, told apart: a refusal, a lost answer, an ended session.

A block of Snowflake Scripting runs each read and returns their rows as one OBJECT. It is parsed as a whole before any
of its handlers is there. So each read is a text that is executed within its own handler: what an account cannot even
parse is refused by itself, and the others are answered.
https://docs.snowflake.com/en/developer-guide/snowflake-scripting/blocks
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.account.sql import identifier, literal
from deploy.errors import DeployError, MissingObjectError
from ml_pipeline.config import Environment

Rows = list[dict[str, Any]]

MISSING_GRANT = {"42501"}
# A session signs in without the warehouse that its role may not use; what needs one then fails (000606).
_NO_WAREHOUSE = "57P03"
_MISSING_OBJECT = {"02000", "42S02"}
# The session is over: its token, or the one that renews it, is unknown or has expired.
_SESSION_ENDED = {390104, 390111, 390112, 390113, 390114, 390115}
_CANCELLED = {604, 630}  # at a deadline: what came before in the same request was done


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

    def error(self, environment: Environment) -> DeployError:
        """Return it as an error, where it is one."""
        return _told(self.message, self.state, environment)


Answer = Rows | Unread
Answers = Mapping[str, Answer]
Gather = Callable[..., dict[str, Answer]]


@dataclass(frozen=True)
class Filtered:
    """A read of which only the rows are wanted that have this text in this column.

    What a SHOW PARAMETERS answers, descriptions and all, is too long to be handed on a thousand times.
    """

    sql: str
    column: str
    value: str


def block(reads: Mapping[str, str | Filtered]) -> str:
    """Return a block that runs each read and returns an OBJECT of their rows, by name in upper case."""
    declared = "\n".join(f"  part_{number} VARIANT;" for number in range(len(reads)))
    parts = "\n".join(_gathered(f"part_{number}", read) for number, read in enumerate(reads.values()))
    pairs = ", ".join(f"{literal(name.upper())}, part_{number}" for number, name in enumerate(reads))
    return f"DECLARE\n{declared}\nBEGIN\n{parts}\n  RETURN OBJECT_CONSTRUCT({pairs});\nEND"


def _gathered(variable: str, read: str | Filtered) -> str:
    sql = read.sql if isinstance(read, Filtered) else read
    where = f" WHERE {identifier(read.column)} = {literal(read.value)}" if isinstance(read, Filtered) else ""
    return (
        f"  BEGIN\n    {executed(sql)}\n"
        f"    SELECT ARRAY_AGG(OBJECT_CONSTRUCT_KEEP_NULL(*)) INTO :{variable}\n"
        f"      FROM TABLE(RESULT_SCAN(LAST_QUERY_ID())){where};\n"
        f"  EXCEPTION WHEN OTHER THEN\n"
        f"    {variable} := OBJECT_CONSTRUCT('code', SQLCODE, 'state', SQLSTATE, 'message', SQLERRM);\n  END;"
    )


def part(value: Any) -> Answer:
    """Return what the block answered to one read: rows with column names in lower case, or why there are none."""
    if isinstance(value, dict):
        return Unread(int(value["code"]), str(value["state"]), str(value["message"]))
    return lowered(value or ())


def lowered(rows: Iterable[Mapping[str, Any]]) -> Rows:
    """Return OBJECTs with their keys in lower case."""
    return [{key.lower(): value for key, value in row.items()} for row in rows]


def executed(statement: str) -> str:
    """Return a statement as one of a block, in which its own colons and names are nobody's variables."""
    return f"EXECUTE IMMEDIATE {literal(statement)};"


def there(answer: Answer, environment: Environment) -> Rows:
    """Return the rows; none of what is not there. Raises DeployError for any other refusal."""
    if isinstance(answer, Unread) and not answer.missing:
        raise answer.error(environment)
    return readable(answer)


def readable(answer: Answer | None) -> Rows:
    """Return the rows; none of what was refused, or not asked for."""
    return answer if isinstance(answer, list) else []


def is_over(error: Any) -> bool:
    """Whether the session has ended."""
    return error.errno in _SESSION_ENDED


def is_lost(error: Any) -> bool:
    """Whether the connector gave up, or cancelled at the deadline: anything but an answer of Snowflake's."""
    from snowflake.connector import errors

    answers = (errors.ProgrammingError, errors.IntegrityError, errors.DataError, errors.NotSupportedError)
    return error.errno in _CANCELLED or not isinstance(error, answers)


def one_line(error: Any) -> str:
    """Return the error's text in one line."""
    return " ".join(str(error.msg or error).split())


def explained(error: Any, environment: Environment) -> DeployError:
    """Turn a connector's error into cause and remedy."""
    return _told(one_line(error), error.sqlstate, environment)


def _told(cause: str, state: str, environment: Environment) -> DeployError:
    """Return the error of a refusal, with what to do about it by its SQLSTATE."""
    bootstrap = f"ask an administrator: python -m deploy bootstrap --env {environment.name}"
    if state == _NO_WAREHOUSE:
        place = environment.snowflake
        lacking = f"the role {place.role} lacks USAGE ON WAREHOUSE {place.warehouse}, or there is no such warehouse"
        return DeployError(f"{lacking}: {cause}", bootstrap)
    if state in MISSING_GRANT:
        return DeployError(f"missing grant: {cause}", bootstrap)
    if state in _MISSING_OBJECT:
        return MissingObjectError(cause, f"if it was never set up, {bootstrap}")
    return DeployError(cause, f"python -m deploy status --env {environment.name}")
