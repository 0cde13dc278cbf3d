"""What Snowflake's grammar of queries and DML has; all else is refused, as the reader takes other dialects' SQL too.

`words` looks at the text's tokens, `clauses` at the tree: each says what is allowed, never what is not. What Snowflake
has and the local one does not answer is refused by name (000002), what Snowflake does not have as a syntax error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from . import clauses, words
from .position import refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot.tokens import Token


def check(tree: exp.Expression, tokens: Sequence[Token]) -> None:
    """Refuse the statement unless each of its tokens and each node of its tree is Snowflake's.

    Raises:
        SnowflakeError: 001003; 000002.

    """
    if not isinstance(tree, _STATEMENTS):
        raise refused(tokens[0].text, tokens)
    words.check_symbols(tokens)
    words.check_words(tokens, clauses.check(tree, tokens))


_STATEMENTS = (exp.Select, exp.SetOperation, exp.Subquery, exp.Insert, exp.Update, exp.Delete, exp.Merge)


__all__ = ["check"]
