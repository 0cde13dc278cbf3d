"""The only place where a value becomes SQL text: names, literals, and the names that Snowflake returns."""

import re

_LONGEST_NAME = 255
_KEYWORD = re.compile(r"[A-Z_]+")
_PART = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')


def identifier(name: str) -> str:
    """Return a quoted name, taken literally.

    Raises ValueError for what Snowflake accepts as no name: empty, longer than 255 characters, or with a NUL.
    """
    if not name or len(name) > _LONGEST_NAME or "\0" in name:
        raise ValueError(f"not a Snowflake name: {name!r}")
    return '"' + name.replace('"', '""') + '"'


def qualified(*parts: str) -> str:
    """Return a name with its database and schema, each part quoted."""
    return ".".join(map(identifier, parts))


def literal(value: str | float | None) -> str:
    """Return a SQL constant. Snowflake reads backslashes in string constants, so they are doubled as quotes are."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def keyword(word: str) -> str:
    """Check a word of SQL's own, such as NO_OVERLAP. Raises ValueError for anything else."""
    if not _KEYWORD.fullmatch(word):
        raise ValueError(f"not a keyword: {word!r}")
    return word


def split_name(text: str) -> tuple[str, ...]:
    """Split a name as Snowflake prints it, `DB.S."my task"`: unquoted parts are upper case."""
    return tuple(
        part.group(1).replace('""', '"') if part.group(1) else part.group(2).upper() for part in _PART.finditer(text)
    )


def like(text: str) -> str:
    """Return a pattern for LIKE that matches this text only (apart from case)."""
    return re.sub(r"([\\%_])", r"\\\1", text)
