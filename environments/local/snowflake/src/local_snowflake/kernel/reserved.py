"""Words that cannot be names, each with the page's rule.

https://docs.snowflake.com/en/sql-reference/reserved-keywords
"""

from __future__ import annotations

from .errors import SnowflakeError, invalid


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


# Reserved by ANSI or by Snowflake: no name at all.
ANYWHERE = words("""
    ALL ALTER AND ANY AS BETWEEN BY CHECK COLUMN CONNECT CREATE CURRENT DELETE DISTINCT DROP ELSE EXISTS FOLLOWING FOR
    FROM GRANT GROUP HAVING ILIKE IN INCREMENT INSERT INTERSECT INTO IS LIKE MINUS NOT NULL OF ON OR ORDER QUALIFY
    REGEXP REVOKE RLIKE ROW ROWS SAMPLE SELECT SET SOME START TABLE TABLESAMPLE THEN TO TRIGGER UNION UNIQUE UPDATE
    VALUES WHENEVER WHERE WINDOW WITH
    """)
# Neither the name of a table nor an alias in FROM.
IN_FROM = words("CROSS FULL INNER JOIN LATERAL LEFT NATURAL RIGHT USING")
# No column of that name can be read in an expression.
IN_EXPRESSIONS = words("CASE CAST FALSE TRUE TRY_CAST WHEN")
# No column can have the name.
AS_COLUMN = words("CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER LOCALTIME LOCALTIMESTAMP")
# No column can be made with the name.
IN_DEFINITIONS = AS_COLUMN | IN_EXPRESSIONS | {"CONSTRAINT"}
NO_COLUMN = ANYWHERE | IN_DEFINITIONS
# The limit of every name: https://docs.snowflake.com/en/sql-reference/identifiers-syntax
LONGEST = 255


def too_long(name: str) -> SnowflakeError:
    """A name over the limit."""
    return invalid(f"Invalid identifier {name[:50]}...: longer than {LONGEST} characters.", "000904", "42000")
