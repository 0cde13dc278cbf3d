"""Whether a statement can be parsed, found out without doing any of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..grammar.admission import admit
from ..kernel import pipes
from ..kernel.blocks import has_body
from ..kernel.errors import unsupported
from ..kernel.registry import verbs
from ..kernel.tokens import Tokens
from ..sql.parsing import parse
from . import OBJECT_VERBS, head_of, key_of, kind_named, known_verb, verb_of

if TYPE_CHECKING:
    from ..kernel.account import Account

_TREES = {"SELECT", "WITH", "(", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE"}
# WITH p AS PROCEDURE ... CALL p(), WITH m AS MODEL ...: no query.
_NAMED_BY_WITH, _BEHIND_AS = {"PROCEDURE", "MODEL"}, 3
# What a client carries out, so that no block can hold it: https://docs.snowflake.com/en/sql-reference/sql/put
_BY_CLIENTS = {"PUT", "GET"}


def is_statement(text: str) -> bool:
    """Whether a text begins as a statement does, rather than as an expression."""
    return known_verb(Tokens(text)) is not None


def check_immediate(text: str) -> None:
    """Refuse what EXECUTE IMMEDIATE cannot run: what a client carries out, which sees another statement.

    Raises:
        SnowflakeError: 000002.

    """
    if known_verb(Tokens(text)) in _BY_CLIENTS:
        raise unsupported(" ".join(text.split())[:300])


def check(account: Account, text: str, *, complete: bool) -> None:
    """Refuse a statement of a block that cannot be parsed.

    Args:
        account: which kinds of objects there are depends on it.
        text: the statement; `:V` stands for a variable.
        complete: whether there are no variables. With some, its clauses are checked when it runs and they have values.

    Raises:
        SnowflakeError: 001003 at the word that has no place there, 000002 for what is not supported.

    """
    if pipes.PIPE in text and not has_body(Tokens(text)):
        for number, part in enumerate(pipes.parts(text)):
            _check(account, Tokens(pipes.filled(part, [""] * number)), complete=complete)
    else:
        _check(account, Tokens(text), complete=complete)


def _check(account: Account, tokens: Tokens, *, complete: bool) -> None:
    verb = verb_of(tokens)
    if verb in _BY_CLIENTS or (verb in verbs() and verb not in verbs(account.lacking)):
        raise tokens.unexpected()
    if verb in _TREES and tokens.peek(_BEHIND_AS).upper not in _NAMED_BY_WITH:
        parse(tokens.text)
    elif verb == "CALL":
        _check_call(tokens)
    elif complete and verb in verbs():
        admit(tokens, verb)
    elif verb in OBJECT_VERBS:
        _check_kind(account, tokens, verb, complete=complete)


def _check_call(tokens: Tokens) -> None:
    tokens.expect("CALL")
    tokens.name()
    if tokens.accept("!"):
        tokens.identifier()
    parse(f"SELECT F({tokens.parenthesised()})")
    tokens.end()


def _check_kind(account: Account, tokens: Tokens, verb: str, *, complete: bool) -> None:
    tokens.accept(verb)
    head_of(tokens)
    tokens.accept("TERSE")
    found = kind_named(account, tokens)
    if found is None:
        raise tokens.unexpected()
    if complete:
        admit(tokens, key_of("DESCRIBE" if verb == "DESC" else verb, found[0]))
