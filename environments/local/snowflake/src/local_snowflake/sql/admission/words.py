"""The tokens of a statement: each operator is Snowflake's, and each word is a name or of Snowflake's grammar.

The reader drops words that it thinks have no meaning (NOT MATERIALIZED, ASYMMETRIC, TABLE after INTO): the tree alone
would not show them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot.tokens import Token, TokenType

from ...kernel.reserved import words
from .position import unexpected

# Grammar of queries and DML; what else stands in a statement must be a name, a type or a literal.
_GRAMMAR = words("""
    ALL AND ANY AS ASC ASOF BERNOULLI BETWEEN BLOCK BOOLEAN BY
    CASE CAST COLLATE CROSS CUBE CURRENT DEFAULT DELETE DESC DIRECTED DISTINCT
    ELSE END ESCAPE EXCEPT EXCLUDE EXISTS EXTRACT FALSE FETCH FIRST FOLLOWING FOR FROM FULL GROUP GROUPING HAVING
    IDENTIFIER IGNORE ILIKE IN INCLUDE INNER INSERT INTERSECT INTERVAL INTO IS JOIN LAST LATERAL LEFT LIKE LIMIT
    MATCH_CONDITION MATCHED MERGE MINUS NAME NATURAL NEXT NOT NULL NULLS OFFSET ON ONLY OR ORDER OUTER OVER OVERWRITE
    PARTITION PATTERN FILE_FORMAT PIVOT POSITION PRECEDING QUALIFY RANGE RECURSIVE REGEXP RENAME REPEATABLE REPLACE
    RESPECT RIGHT RLIKE ROLLUP ROW ROWS SAMPLE SEED SELECT SET SETS SOME SYSTEM TABLE TABLESAMPLE THEN TOP TRUE TRY_CAST
    UNBOUNDED UNION UNPIVOT UPDATE USING VALUES WHEN WHERE WITH WITHIN DISTINCT
    CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP DATE TIME TIMESTAMP
    TIMESTAMP_NTZ TIMESTAMP_LTZ TIMESTAMP_TZ TIMESTAMPNTZ TIMESTAMPLTZ TIMESTAMPTZ DATETIME
    """)
_T = TokenType
# Written otherwise, some of these tokens are other dialects' operators: `==`, `~~`.
_OPERATORS: dict[TokenType, frozenset[str] | None] = {
    **dict.fromkeys(
        (_T.COMMA, _T.L_PAREN, _T.R_PAREN, _T.DCOLON, _T.DOT, _T.SLASH, _T.STAR, _T.PARAMETER, _T.PLUS, _T.DASH),
        None,
    ),
    **dict.fromkeys((_T.LT, _T.GT, _T.LTE, _T.GTE, _T.FARROW, _T.COLON, _T.DPIPE, _T.MOD, _T.PLACEHOLDER), None),
    **dict.fromkeys((_T.L_BRACKET, _T.R_BRACKET, _T.L_BRACE, _T.R_BRACE, _T.EXCLAMATION, _T.ARROW, _T.HINT), None),
    **dict.fromkeys((_T.IDENTIFIER, _T.SEMICOLON), None),
    _T.EQ: frozenset("="),
    _T.NEQ: frozenset(("<>", "!=")),
}
_LITERALS = {_T.STRING, _T.RAW_STRING, _T.NUMBER, _T.HEX_STRING}
_STRINGS = {_T.STRING, _T.RAW_STRING, _T.HEX_STRING}
# Words that a text literal can follow; elsewhere it would be an alias, or another dialect's kind of literal.
_BEFORE_TEXT = words("""
    SELECT DISTINCT ALL TOP FROM WHERE AND OR NOT ON HAVING QUALIFY BY LIMIT OFFSET FETCH CASE WHEN THEN ELSE IN IS LIKE
    ILIKE RLIKE REGEXP ANY SOME ESCAPE BETWEEN COLLATE INTERVAL DATE TIME TIMESTAMP TIMESTAMP_NTZ TIMESTAMP_LTZ
    TIMESTAMP_TZ TIMESTAMPNTZ TIMESTAMPLTZ TIMESTAMPTZ DATETIME JOIN USING FOR VALUES RETURN
    """)
_BEFORE_STAGE = {"FROM", "JOIN", ",", "(", "INTO", "USING", "=>"}
_AFTER_LOCATION = {_T.COMMA, _T.L_PAREN, _T.R_PAREN}
_OPENING, _CLOSING = {_T.L_PAREN, _T.L_BRACKET, _T.L_BRACE}, {_T.R_PAREN, _T.R_BRACKET, _T.R_BRACE}


def check_symbols(tokens: Sequence[Token]) -> None:
    """Refuse operators, commas and literals that are not Snowflake's.

    Raises:
        SnowflakeError: 001003, at the token.

    """
    for before, token in _outside_of_locations(tokens):
        if token.token_type in _LITERALS:
            _literal(token, before)
        elif token.token_type in _OPERATORS:
            _operator(token, before)
        elif not _spelt(token):
            raise unexpected(token)
    if tokens and tokens[-1].token_type is _T.COMMA:
        raise unexpected(None)


def check_words(tokens: Sequence[Token], names: set[str]) -> None:
    """Refuse words that are neither of the grammar nor names.

    Args:
        tokens: the statement's.
        names: the names and types in its tree, in upper case.

    Raises:
        SnowflakeError: 001003, at the token.

    """
    for before, token in _outside_of_locations(tokens):
        is_word = token.token_type not in _LITERALS and token.token_type not in _OPERATORS
        if is_word and (not _word(token, names) or (before is not None and _adjacent(before, token))):
            raise unexpected(token)


def _outside_of_locations(tokens: Sequence[Token]) -> Iterator[tuple[Token | None, Token]]:
    """Each token with the one before it, without those that belong to `@stage/path`."""
    if not any(token.token_type is _T.PARAMETER for token in tokens):
        yield from zip([None, *tokens], tokens, strict=False)
        return
    before: Token | None = None
    inside = False
    for token in tokens:
        at = before is not None and before.token_type is _T.PARAMETER and before.text == "@"
        inside = before is not None and before.end + 1 == token.start and (at or inside)
        inside = inside and token.token_type not in _AFTER_LOCATION
        if not inside:
            yield before, token
        before = token


def _spelt(token: Token) -> bool:
    """Whether the token is spelt in letters, as names and words are; other signs are other dialects' operators."""
    return token.text[:1].isalnum() or token.text[:1] in {"_", "$"}


def _adjacent(number: Token, word: Token) -> bool:
    return number.token_type is _T.NUMBER and number.end + 1 == word.start


def _word(token: Token, names: set[str]) -> bool:
    text = token.text.upper()
    return text in names or all(word in _GRAMMAR or word in names for word in text.split())


def _operator(token: Token, before: Token | None) -> None:
    allowed = _OPERATORS[token.token_type]
    if allowed is not None and token.text not in allowed:
        raise unexpected(token)
    follows_comma = before is not None and before.token_type is _T.COMMA
    if follows_comma and token.token_type in _CLOSING | {_T.COMMA}:
        raise unexpected(token)
    if token.token_type is _T.COMMA and (before is None or before.token_type in _OPENING):
        raise unexpected(token)
    if token.text == "@" and (before is None or before.text.upper() not in _BEFORE_STAGE):
        raise unexpected(token)


def _literal(token: Token, before: Token | None) -> None:
    """A text literal follows an operator or one of the words that ask for a value; 0x1F and 1_000 are no numbers."""
    if token.token_type is _T.HEX_STRING and token.end - token.start + 1 == len(token.text) + len("0x"):
        raise unexpected(token)
    if token.token_type is _T.NUMBER and before is not None and before.text.upper() == "INTERVAL":
        raise unexpected(token)
    if token.token_type in _STRINGS and before is not None:
        after_value = before.token_type in _LITERALS | {_T.R_PAREN, _T.R_BRACKET, _T.R_BRACE, _T.IDENTIFIER}
        if after_value or (before.token_type not in _OPERATORS and before.text.upper().split()[-1] not in _BEFORE_TEXT):
            raise unexpected(token)
