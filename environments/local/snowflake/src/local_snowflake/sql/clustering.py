"""CLUSTER BY: recorded, once its expressions make sense.

https://docs.snowflake.com/en/user-guide/tables-clustering-keys
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sqlglot import exp

from ..kernel.errors import SnowflakeError, invalid
from .parsing import parse_expression

if TYPE_CHECKING:
    from ..kernel.tokens import Tokens


def read(tokens: Tokens) -> str:
    """`[LINEAR] (expression, ...)`, as SHOW has it."""
    tokens.accept("LINEAR")
    return f"LINEAR({tokens.parenthesised()})"


def check(by: str | None, columns: Collection[str]) -> None:
    """The expressions of a clustering key name columns of the table.

    Args:
        by: as `read`; None or "" for a table without one.
        columns: the names of the table's columns.

    Raises:
        SnowflakeError: 000904 for a column that is not there, 002026 for a key that is none.

    """
    if not by:
        return
    key = parse_expression(by).copy()
    if not key.expressions or key.find(exp.Query):
        raise invalid(f"Invalid clustering key '{by}'.", "002026", "42601")
    for column in key.find_all(exp.Column):
        if column.name not in columns or column.table:
            text = f"SQL compilation error:\ninvalid identifier '{column.sql('snowflake')}'"
            raise SnowflakeError(text, "000904", "42000")
