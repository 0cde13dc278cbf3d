"""Statements as trees: identifiers folded as Snowflake folds them, and a name on every column."""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import TokenError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

from ..kernel.errors import invalid, syntax_error, unsupported
from ..kernel.names import literal
from ..kernel.tokens import tokenize
from .nesting import flattened
from .transforms import reading


def parse(text: str) -> exp.Expression:
    """One query or DML as a tree.

    Raises:
        SnowflakeError: 001003 when it cannot be parsed; 000002 when it is neither.

    """
    # Clients and blocks send the same texts again and again; to copy a tree is a tenth of reading it.
    return _remembered(text).copy() if len(text) <= _LONGEST_REMEMBERED else _read(text)


def _read(text: str) -> exp.Expression:
    shown = " ".join(text.split())[:300]
    try:
        found = reading.parse(_quoted(text) if "snow://" in text else text)
    except TokenError as error:
        raise syntax_error(f"line 1 at position 0 unexpected '<EOF>'.\nStatement: {shown}") from error
    if isinstance(found, exp.Command):
        raise unsupported(shown)
    if len(text) > reading.SURELY_FLAT:
        flattened(found)
    if len(text) > 2 * _LONGEST_IN:  # a shorter text has no longer list
        _check_lists(found)
    return named(normalize_identifiers(found, dialect="snowflake"))


def _check_lists(tree: exp.Expression) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/values; no page says how long IN's list may be."""
    for node in tree.find_all(exp.Values, exp.In):
        most, length = _LONGEST_VALUES if isinstance(node, exp.Values) else _LONGEST_IN, len(node.expressions)
        if length > most:
            what = f"maximum number of expressions in a list exceeded, expected at most {most:,}, got {length:,}"
            raise invalid(what, "001795", "42601")


# IN: the number that accounts have been seen to name in the error, before VALUES was given more.
_LONGEST_VALUES, _LONGEST_IN = 200_000, 16_384


def _quoted(text: str) -> str:
    """The text with each bare `snow://...` as a literal, which means the same in FROM."""
    for token in reversed(tokenize(text)):
        if token.kind == "url":
            text = f"{text[: token.start]}{literal(token.text)}{text[token.end :]}"
    return text


_LONGEST_REMEMBERED = 2_000  # characters
_remembered = lru_cache(maxsize=256)(_read)


def parse_expression(text: str) -> exp.Expression:
    """A scalar expression, such as a column's default."""
    return parse(f"SELECT {text}").expressions[0].unalias()


def named(expression: exp.Expression) -> exp.Expression:
    """The tree with an alias on every projection that has no name: its own text in upper case, as Snowflake does."""
    for select in list(expression.find_all(exp.Select)):
        select.set("expressions", [_named(projection) for projection in select.expressions])
    return expression


def _named(projection: exp.Expression) -> exp.Expression:
    if isinstance(projection, exp.Column | exp.Alias | exp.Aliases) or projection.is_star:
        return projection
    text = projection.meta.get(reading.TEXT) or projection.sql("snowflake")
    return exp.alias_(projection, text.upper(), quoted=True, copy=False)
