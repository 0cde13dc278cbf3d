"""How a session reads a statement's text: what a quoted name is, and what TIMESTAMP stands for in a definition."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..kernel.tokens import Token, tokenize
from . import datatypes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..kernel.parameters.settings import Settings


@contextmanager
def read_by(settings: Settings) -> Iterator[None]:
    """While this lasts, TIMESTAMP in a definition is what the session maps it to."""
    reset = datatypes.TIMESTAMP.set(settings["TIMESTAMP_TYPE_MAPPING"])
    try:
        yield
    finally:
        datatypes.TIMESTAMP.reset(reset)


def folded(text: str) -> str:
    """The text with every quoted name in upper case, as QUOTED_IDENTIFIERS_IGNORE_CASE reads it.

    https://docs.snowflake.com/en/sql-reference/identifiers-syntax#label-identifier-casing-parameter
    """
    tokens, pieces, at = tokenize(text), [], 0
    for number, token in enumerate(tokens):
        if token.kind == "quoted" or _names(tokens, number):
            pieces += [text[at : token.start], token.text.upper()]
            at = token.end
    return "".join([*pieces, text[at:]])


def _names(tokens: Sequence[Token], at: int) -> bool:
    """Whether a string is the name in IDENTIFIER('"name"')."""
    is_text = tokens[at].kind in {"string", "dollar"} and '"' in tokens[at].text
    return is_text and at > 1 and tokens[at - 1].text == "(" and tokens[at - 2].upper == "IDENTIFIER"
