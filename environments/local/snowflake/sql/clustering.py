"""CLUSTER BY: the keys that say how Snowflake lays a table's rows out. They are recorded, and shown.

https://docs.snowflake.com/en/user-guide/tables-clustering-keys
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from . import columns
from .parsing import parse

if TYPE_CHECKING:
    from ..tokens import Tokens
    from .columns import TableColumn


def read(tokens: Tokens, names: Collection[str] | None = None) -> str:
    """The keys between parentheses, LINEAR or not, as SHOW TABLES has them.

    Raises:
        SnowflakeError: 001003; 000904 for a column that the table does not have, if its columns are given.

    """
    tokens.accept("LINEAR")
    text = tokens.parenthesised()
    if names is not None:
        _check(text, names)
    return f"LINEAR({text})"


def check(properties: dict[str, Any], defined: list[TableColumn]) -> None:
    """The keys of a table that is being made are of its columns."""
    written = properties.get("cluster_by")
    if written:
        _check(written.removeprefix("LINEAR(").removesuffix(")"), {column.name for column in defined})


def _check(text: str, names: Collection[str]) -> None:
    columns.check_known((column.name for column in parse(f"SELECT {text}").find_all(exp.Column)), names)
