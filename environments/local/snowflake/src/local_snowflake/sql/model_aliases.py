"""`WITH m AS MODEL name VERSION v SELECT m!METHOD(...)`, with the model in place of its alias.

https://docs.snowflake.com/en/sql-reference/commands-model
"""

from __future__ import annotations

from itertools import pairwise

from ..kernel.names import fold
from ..kernel.tokens import Tokens, tokenize


def without_model_aliases(text: str) -> str:
    """A query with `WITH m AS MODEL name [VERSION v]` resolved: every `m!` becomes `MODEL(name, v)!`."""
    tokens = Tokens(text)
    tokens.expect("WITH")
    models: dict[str, str] = {}
    while tokens.peek(1).upper == "AS" and tokens.peek(2).upper == "MODEL":
        alias = tokens.identifier()
        tokens.expect("AS", "MODEL")
        start = tokens.peek().start
        tokens.name()
        name = text[start : tokens.peek().start].strip()
        version = tokens.take().text if tokens.accept("VERSION") else "DEFAULT"
        models[alias] = f"MODEL({name.rstrip(',')}, {version})"
        tokens.accept(",")
    rest = tokens.rest
    more = tokens.peek(1).upper in {"AS", "("}
    return ("WITH " if more else "") + _with_models(rest, models)


def _with_models(text: str, models: dict[str, str]) -> str:
    pieces, at = [], 0
    tokens = tokenize(text)
    for word, mark in pairwise(tokens):
        if mark.text == "!" and word.kind in {"word", "quoted"} and fold(word.text) in models:
            pieces += [text[at : word.start], models[fold(word.text)]]
            at = word.end
    return "".join(pieces) + text[at:]
