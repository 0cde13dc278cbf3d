"""What the tree of a statement must keep for the rules of this package: every call by the name it was written with.

sqlglot's own reader turns `DIV0(a, b)` into a CASE and forgets the name, so that what runs is what sqlglot thinks of
the function. With this, a call stays a call, and the tables of this package alone say what it means.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot.parsers.snowflake import SnowflakeParser

# Not a list of expressions in parentheses, or no call at all.
_GRAMMAR = ("TABLE", "IDENTIFIER")
_SPECIAL = ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "OPENJSON", "XMLTABLE")


class PlainCalls:
    """A parser with this before Snowflake's among its bases has no opinions on functions."""

    FUNCTIONS: ClassVar[dict[str, Any]] = {name: SnowflakeParser.FUNCTIONS[name] for name in _GRAMMAR}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        name: parser for name, parser in SnowflakeParser.FUNCTION_PARSERS.items() if name in _SPECIAL
    }
