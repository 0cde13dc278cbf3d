"""Whether a statement keeps to its grammar, found by its first words as the local Snowflake finds it."""

from environments.local.snowflake.errors import SnowflakeError
from environments.local.snowflake.grammar.admission import admit, grammars
from environments.local.snowflake.tokens import Tokens

_OF_OBJECTS = ("CREATE", "ALTER", "DROP", "DESCRIBE", "DESC", "SHOW")
_LONGEST_KIND, _MODIFIERS = 3, 7  # words


def key_of(statement: str) -> str:
    words = [token.upper for token in Tokens(statement).all[:12]]
    for count in range(_LONGEST_KIND, 0, -1):
        if " ".join(words[:count]) in grammars():
            return " ".join(words[:count])
    assert words[0] in _OF_OBJECTS, f"no grammar for: {statement}"
    verb = "DESCRIBE" if words[0] == "DESC" else words[0]
    for start in range(1, _MODIFIERS):
        for count in range(_LONGEST_KIND, 0, -1):
            key = " ".join([verb, *words[start : start + count]])
            if key in grammars():
                return key
    raise AssertionError(f"no grammar for: {statement}")


def admits(statement: str) -> bool:
    try:
        admit(Tokens(statement), key_of(statement))
    except SnowflakeError:
        return False
    return True
