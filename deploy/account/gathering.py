"""Many reads in one request: a block of Snowflake Scripting that runs each and returns their rows as one OBJECT.

A block is parsed as a whole before any of its handlers is there. So each read is a text that is executed within its own
handler: what an account cannot even parse is refused by itself, and the others are answered.
https://docs.snowflake.com/en/developer-guide/snowflake-scripting/blocks
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy.account import refusals
from deploy.account.sql import identifier, literal
from deploy.errors import DeployError

if TYPE_CHECKING:
    from ml_pipeline.config import Environment

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Unread:
    """What could not be read, and why: Snowflake's number, SQLSTATE and text."""

    code: int
    state: str
    message: str

    @property
    def missing(self) -> bool:
        """Whether there is no such object, or none that this role may see."""
        return self.state in refusals.MISSING_OBJECT

    def error(self, environment: "Environment") -> DeployError:
        """Return it as an error, where it is one."""
        return refusals.told(self.message, self.state, environment.name)


@dataclass(frozen=True)
class Filtered:
    """A read of which only the rows are wanted that have this text in this column.

    What a SHOW PARAMETERS answers, descriptions and all, is too long to be handed on a thousand times.
    """

    sql: str
    column: str
    value: str


def block(reads: "Mapping[str, str | Filtered]") -> str:
    """Return a block that runs each read and returns an OBJECT of their rows, by name in upper case."""
    variables = {name.upper(): f"part_{number}" for number, name in enumerate(reads)}
    declared = "\n".join(f"  {variable} VARIANT;" for variable in variables.values())
    parts = "\n".join(_gathered(variables[name.upper()], _sql(read), _where(read)) for name, read in reads.items())
    pairs = ", ".join(f"{literal(name)}, {variable}" for name, variable in variables.items())
    return f"DECLARE\n{declared}\nBEGIN\n{parts}\n  RETURN OBJECT_CONSTRUCT({pairs});\nEND"


def _sql(read: str | Filtered) -> str:
    return read.sql if isinstance(read, Filtered) else read


def _where(read: str | Filtered) -> str:
    if not isinstance(read, Filtered):
        return ""
    return f" WHERE {identifier(read.column)} = {literal(read.value)}"


def _gathered(variable: str, sql: str, where: str) -> str:
    return (
        f"  BEGIN\n    {executed(sql)}\n"
        f"    SELECT ARRAY_AGG(OBJECT_CONSTRUCT_KEEP_NULL(*)) INTO :{variable}\n"
        f"      FROM TABLE(RESULT_SCAN(LAST_QUERY_ID())){where};\n"
        f"  EXCEPTION WHEN OTHER THEN\n"
        f"    {variable} := OBJECT_CONSTRUCT('code', SQLCODE, 'state', SQLSTATE, 'message', SQLERRM);\n  END;"
    )


def part(value: Any) -> Rows | Unread:
    """Return what the block answered to one read: rows with column names in lower case, or why there are none."""
    if isinstance(value, dict):
        return Unread(int(value["code"]), str(value["state"]), str(value["message"]))
    return [{key.lower(): cell for key, cell in row.items()} for row in value or ()]


def executed(statement: str) -> str:
    """Return a statement as one of a block, in which its own colons and names are nobody's variables."""
    return f"EXECUTE IMMEDIATE {literal(statement)};"
