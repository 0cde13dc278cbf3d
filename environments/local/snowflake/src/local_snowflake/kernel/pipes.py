"""`first ->> second ->> third`: statements of which each may read what an earlier one answered, as `$1`, `$2`, ...

https://docs.snowflake.com/en/sql-reference/operators-flow
"""

from __future__ import annotations

from itertools import pairwise

from .errors import syntax_error
from .tokens import end_of, tokenize

PIPE = "->>"
_BEFORE_A_RELATION = {"FROM", "JOIN"}
_END = end_of("")


def parts(text: str) -> list[str]:
    """The statements of a chain in order; one when there is no pipe."""
    pipes = [t for t in tokenize(text) if t.text == PIPE]
    starts, ends = [0, *(t.end for t in pipes)], [*(t.start for t in pipes), len(text)]
    found = [text[a:b].strip() for a, b in zip(starts, ends, strict=True)]
    if not all(found):
        raise syntax_error(f"line 1 at position 0 unexpected '{PIPE}'.")
    return found


def filled(text: str, query_ids: list[str]) -> str:
    """A statement of a chain, with `$1` behind FROM or JOIN replaced by the answer before it, `$2` by the one before.

    Args:
        text: the statement.
        query_ids: the answers so far, oldest first.

    """
    pieces, at = [], 0
    for before, token in pairwise([_END, *tokenize(text)]):
        number = token.text[1:]
        if token.kind == "variable" and number.isdigit() and before.upper in _BEFORE_A_RELATION:
            pieces += [text[at : token.start], f"TABLE(RESULT_SCAN('{_answer(text, int(number), query_ids)}'))"]
            at = token.end
    return "".join(pieces) + text[at:]


def _answer(text: str, number: int, query_ids: list[str]) -> str:
    if not 0 < number <= len(query_ids):
        raise syntax_error(f"line 1 at position 0 unexpected '${number}'.\nStatement: {text[:300]}")
    return query_ids[-number]
