"""Snowflake's expressions in DuckDB's words: a chain of pure functions from tree to tree.

A statement is read by `reading`, which keeps every function's name. What each means is a table entry: DuckDB's own
function, a macro of `macros` (so that DuckDB, which knows the types, decides by them), or a rule in Python where the
arguments change shape. What has no faithful counterpart is refused by name.
"""

from collections.abc import Callable

from sqlglot import exp

from . import conversions, macros
from .functions import expressions, known, unknown_function

# One walk does it all, from the leaves to the root: a rule sees arguments that are DuckDB's already.
ALL: tuple[Callable[[exp.Expression], exp.Expression], ...] = (expressions,)


def definitions() -> str:
    """The statements that define all macros, to be run once in the database that all connections share."""
    return f"{macros.definitions()}\n{conversions.definitions()}"


__all__ = ["ALL", "definitions", "known", "unknown_function"]
