"""What goes wrong in a block: declared exceptions, failed statements, failed expressions.

https://docs.snowflake.com/en/developer-guide/snowflake-scripting/exceptions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.errors import SnowflakeError
from .variables import Declared, Value, number, varchar

if TYPE_CHECKING:
    from .tree import Handler, Place

STATEMENT, EXPRESSION, OTHER = "STATEMENT_ERROR", "EXPRESSION_ERROR", "OTHER"
_DECLARED_STATE = "P0001"


class Raised(Exception):  # noqa: N818 - what a block raises is called an exception, not an error
    """An exception on its way to a handler.

    Args:
        kind: the name of a declared exception, STATEMENT_ERROR or EXPRESSION_ERROR.
        error: message, code and state.
        place: what raised it.
        declared: the declared exception.

    """

    def __init__(self, kind: str, error: SnowflakeError, place: Place, declared: Declared | None = None) -> None:
        super().__init__(error.message)
        self.kind, self.error, self.place, self.declared = kind, error, place, declared

    @property
    def values(self) -> dict[str, Value]:
        """What a handler knows: SQLCODE, SQLERRM, SQLSTATE."""
        return {
            "SQLCODE": number(int(self.error.code)),
            "SQLERRM": varchar(self.error.message),
            "SQLSTATE": varchar(self.error.sqlstate),
        }

    def uncaught(self) -> SnowflakeError:
        """What the client is told when there is no handler."""
        place = f"on line {self.place.line} at position {self.place.position}"
        text = f"Uncaught exception of type '{self.kind}' {place}"
        message = f"{text} : {self.error.message}" if self.error.message else text
        return SnowflakeError(message, self.error.code, self.error.sqlstate)


def declared(exception: Declared, place: Place) -> Raised:
    """RAISE of a declared exception."""
    error = SnowflakeError(exception.message, str(exception.number), _DECLARED_STATE)
    return Raised(exception.name, error, place, exception)


def handles(handler: Handler, raised: Raised, known: dict[str, Declared | None]) -> bool:
    """Whether a handler is for what was raised.

    Args:
        handler: the WHEN clause.
        raised: the exception.
        known: the exceptions that the clause's names stand for in its block.

    """
    if OTHER in handler.names:
        return True
    if raised.declared is None:
        return raised.kind in handler.names
    return any(known.get(name) is raised.declared for name in handler.names)
