"""Snowflake's expressions in DuckDB's words: a chain of pure functions from tree to tree."""

from collections.abc import Callable

from sqlglot import exp

ALL: tuple[Callable[[exp.Expression], exp.Expression], ...] = ()
