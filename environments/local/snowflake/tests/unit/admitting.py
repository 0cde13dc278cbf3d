"""Whether the local Snowflake admits a statement: it has the verb and the kind, and their grammar has the statement."""

from types import SimpleNamespace

from local_snowflake.grammar.admission import admit
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.tokens import Tokens
from local_snowflake.statements import OBJECT_VERBS, head_of, key_of, kind_named, known_verb

_ALL = SimpleNamespace(lacking=frozenset())  # an account that lacks nothing


def admits(statement: str) -> bool:
    key = _key(Tokens(statement))
    try:
        admit(Tokens(statement), key)
    except SnowflakeError:
        return False
    return bool(key)


def _key(tokens: Tokens) -> str:
    """The key of a statement; nothing when the account does not answer such."""
    if tokens.peek(3).upper == "PROCEDURE" and tokens.peek().upper == "WITH":
        return "WITH AS PROCEDURE"
    verb = known_verb(tokens) or ""
    tokens.accept(*verb.split(" "))
    if verb not in OBJECT_VERBS:
        return verb
    head_of(tokens)
    tokens.accept("TERSE")
    found = kind_named(_ALL, tokens)
    return key_of("DESCRIBE" if verb == "DESC" else verb, found[0]) if found else ""
