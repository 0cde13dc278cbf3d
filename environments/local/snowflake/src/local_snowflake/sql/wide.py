"""Whole numbers of more than 64 bits, of which a NUMBER has up to 38 digits.

DuckDB calculates with 64 bits several times as fast, and nearly every number fits. So a statement is tried with these,
and again with 128 bits where one does not fit. A column is widened when such a number is first written to it.
https://docs.snowflake.com/en/sql-reference/data-types-numeric
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

from ..kernel.errors import SnowflakeError

if TYPE_CHECKING:
    from ..kernel.session import Session

_T = TypeVar("_T")
_WIDE: ContextVar[bool] = ContextVar("_WIDE", default=False)
# How the refusal of a number that does not fit begins.
BEYOND = "whole numbers beyond 64 bits"
# What 64 bits hold for certain.
SAFE_DIGITS = 18


def wide() -> bool:
    """Whether whole numbers have 128 bits now."""
    return _WIDE.get()


def attempted(session: Session, attempt: Callable[[], _T]) -> _T:
    """What the attempt answers; one that meets a number of more than 64 bits is made again with 128.

    In a transaction an error has ended what DuckDB calls one, so it stays refused there.

    Raises:
        SnowflakeError: of the attempt.

    """
    try:
        return attempt()
    except SnowflakeError as error:
        if BEYOND not in error.message or wide() or session.in_transaction or session.enclosed:
            raise
    token = _WIDE.set(True)
    try:
        return attempt()
    finally:
        _WIDE.reset(token)
