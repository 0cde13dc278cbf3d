"""What a procedure with its owner's rights may not do: ask or change its caller's session.

https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-rights
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .errors import SnowflakeError
from .names import fold

if TYPE_CHECKING:
    from .session import Session
    from .tokens import Tokens

# Statements by their first word: queries, DML, DDL, GRANT and REVOKE, SHOW, DESCRIBE and LIST; a procedure may call
# another one and have transactions: https://docs.snowflake.com/en/sql-reference/transactions
_ALLOWED = {
    "SELECT", "WITH", "(", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "CREATE", "ALTER",
    "DROP", "COMMENT", "GRANT", "REVOKE", "DESCRIBE", "DESC", "SHOW", "LIST", "LS", "CALL", "BEGIN", "START",
    "COMMIT", "ROLLBACK",
}  # fmt: skip
# COPY INTO loads and unloads rows. EXECUTE IMMEDIATE runs a statement, which is asked for again.
_ALLOWED_PHRASES = {"COPY INTO", "EXECUTE IMMEDIATE"}
# Snowpark moves files without a statement on an account; here its PUT and GET are how it does.
_OF_SNOWPARK = {"PUT", "GET"}
_SNOWPARK, _SCRIPTING = "PYTHON", "SQL"
_TEMPORARY = {"TEMP", "TEMPORARY"}


def check(session: Session, verb: str, tokens: Tokens) -> None:
    """Refuse what the session's procedure may not run.

    Args:
        session: works for a call, with the rights of the procedure's owner.
        verb: the words that say what the statement does.
        tokens: the statement, from its first word on.

    Raises:
        SnowflakeError: 090236, naming the statement's type.

    """
    words = verb.split(" ")
    if words[0] not in _ALLOWED and verb not in _ALLOWED_PHRASES:
        if not (verb in _OF_SNOWPARK and session.owners_rights == _SNOWPARK):
            raise _unsupported(verb)
    elif words[0] in _CHECKS:
        _CHECKS[words[0]](session, tokens)


def check_location(session: Session) -> None:
    """Refuse the user's own stage, which is the caller's.

    Raises:
        SnowflakeError: 090236.

    """
    if session.owners_rights:
        text = "Stored procedure execution error: User stage file access is not allowed within an owner's rights SP"
        raise SnowflakeError(text, "090236", "42601")


def _unsupported(what: str) -> SnowflakeError:
    text = f"Stored procedure execution error: Unsupported statement type '{what.replace(' ', '_')}'."
    return SnowflakeError(text, "090236", "42601")


def _alter(session: Session, tokens: Tokens) -> None:
    if tokens.peek(1).upper == "SESSION":
        raise _unsupported("ALTER SESSION")
    if tokens.peek(1).upper == "USER" and _names_caller(session, tokens):
        raise _unsupported("ALTER USER")


def _names_caller(session: Session, tokens: Tokens) -> bool:
    """Whether ALTER USER [IF EXISTS] names nobody, which means the caller, or the caller."""
    at = 4 if tokens.peek(2).upper == "IF" else 2
    return tokens.peek(at).upper in {"SET", "UNSET"} or fold(tokens.peek(at).text or "") == session.user


def _create(session: Session, tokens: Tokens) -> None:
    """Snowpark's own temporary objects are SCOPED; others would stay in the caller's session."""
    at = 3 if tokens.peek(1).upper == "OR" else 1
    if session.owners_rights == _SNOWPARK and tokens.peek(at).upper in _TEMPORARY:
        kind = tokens.peek(at + 1).upper
        text = f"Stored procedure execution error: Unsupported statement type 'temporary {kind}'."
        raise SnowflakeError(text, "090236", "42601")


def _list(session: Session, _: Tokens) -> None:
    if session.owners_rights == _SCRIPTING:
        raise _unsupported("LIST FILES")


def _show(_: Session, tokens: Tokens) -> None:
    """What tells of the session or of the current user is not shown."""
    what, about = tokens.peek(1).upper, {tokens.peek(n).upper for n in range(2, _LONGEST_SHOW)}
    own = what == "PARAMETERS" and (not about & {"IN", "FOR"} or "SESSION" in about)
    own |= what == "GRANTS" and not about & {"IN", "ON", "TO", "OF"}
    if own or what in {"VARIABLES", "LOCKS", "TRANSACTIONS", "DELEGATED"}:
        raise _unsupported(f"SHOW {what}")


_LONGEST_SHOW = 8  # words in which a SHOW says what it is about: SHOW PARAMETERS LIKE 'x' IN SESSION
_CHECKS: dict[str, Callable[[Session, Tokens], None]] = {
    "ALTER": _alter,
    "CREATE": _create,
    "LIST": _list,
    "LS": _list,
    "SHOW": _show,
}
