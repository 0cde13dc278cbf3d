"""Snowflake's SQL as a tree in which every function is still called what the statement calls it.

sqlglot's own reader turns `DIV0(a, b)` into a CASE and forgets the name, so that what runs is what sqlglot thinks of
the function. Here a call stays a call, and the tables of this package alone say what it means.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import ParseError
from sqlglot.parsers.snowflake import SnowflakeParser

from ...errors import syntax_error

# The text of a projection that has no alias: Snowflake names the column after it.
TEXT = "text"

# What is grammar rather than a call, and calls whose arguments are not a plain list.
_GRAMMAR = ("TABLE", "IDENTIFIER")
_SPECIAL = ("CAST", "TRY_CAST", "EXTRACT", "POSITION")


class _Parser(SnowflakeParser):
    """Reads calls as calls, and keeps the text of each projection."""

    FUNCTIONS: ClassVar[dict[str, Any]] = {name: SnowflakeParser.FUNCTIONS[name] for name in _GRAMMAR}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {name: SnowflakeParser.FUNCTION_PARSERS[name] for name in _SPECIAL}

    def _parse_projections(self) -> tuple[list[exp.Expression], list[exp.Expression] | None]:
        return self._parse_csv(self._parse_projection), None

    def _parse_projection(self) -> exp.Expression | None:
        start = self._curr
        projection = self._parse_expression()
        if projection is not None and start is not None:
            projection.meta[TEXT] = self._find_sql(start, self._prev)
        return projection

    def _kv_to_prop_eq(self, expressions: list[exp.Expression], parse_map: bool = False) -> list[exp.Expression]:  # noqa: FBT001, FBT002 - sqlglot's signature
        pairs = super()._kv_to_prop_eq(expressions, parse_map)
        for pair in pairs:
            if isinstance(pair, exp.PropertyEQ) and isinstance(pair.this, exp.Identifier):
                pair.this.set("quoted", True)  # noqa: FBT003 - the keys of `{'a': 1}` keep their case
        return pairs


_DIALECT = Snowflake()


def parse(text: str) -> exp.Expression:
    """Read one statement.

    Raises:
        SnowflakeError: 001003 where the text stops making sense.

    """
    try:
        found = _Parser(dialect=_DIALECT).parse(_DIALECT.tokenize(text), text)
    except ParseError as error:
        raise syntax_error(_place(error.errors[0] if error.errors else {})) from error
    if len(found) != 1 or found[0] is None:
        raise syntax_error("line 1 at position 0 unexpected ';'.")
    return found[0]


def _place(error: dict[str, Any]) -> str:
    near = error.get("highlight") or "<EOF>"
    position = max(int(error.get("col") or 1) - len(near), 0)
    return f"line {error.get('line', 1)} at position {position} unexpected '{near}'."
