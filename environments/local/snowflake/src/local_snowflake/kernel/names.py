"""Names of objects: how Snowflake folds, quotes and qualifies them."""

import re
from dataclasses import dataclass, replace

from .errors import cannot_be_performed

_PLAIN = re.compile(r"[A-Z_][A-Z0-9_$]*\Z")


def quote(identifier: str) -> str:
    """The identifier as a quoted SQL identifier, for Snowflake and DuckDB alike."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """The text as a SQL string literal for DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def fold(written: str) -> str:
    """An identifier as written ("Quoted" or plain) to the name that Snowflake stores."""
    if written.startswith('"') and written.endswith('"') and len(written) > 1:
        return written[1:-1].replace('""', '"')
    return written.upper()


def shown(identifier: str) -> str:
    """The identifier as Snowflake prints it: quoted only where it must be."""
    return identifier if _PLAIN.match(identifier) else quote(identifier)


@dataclass(frozen=True, order=True)
class Name:
    """A full name. Account objects have neither database nor schema; a schema's name has only a database."""

    database: str
    schema: str
    name: str

    def __str__(self) -> str:
        """The dotted name as error messages show it."""
        return ".".join(shown(part) for part in (self.database, self.schema, self.name) if part)

    @property
    def sql(self) -> str:
        """The dotted name, every part quoted."""
        return ".".join(quote(part) for part in (self.database, self.schema, self.name) if part)

    @property
    def container(self) -> "Name | None":
        """The schema or database that holds the object; None for account objects and databases."""
        if self.schema:
            return Name(self.database, "", self.schema)
        return Name("", "", self.database) if self.database else None

    def sibling(self, name: str) -> "Name":
        """Another object in the same container."""
        return replace(self, name=name)


def qualify(parts: tuple[str, ...], database: str | None, schema: str | None) -> Name:
    """A schema object's full name from one to three folded parts and the session's current database and schema.

    Raises:
        SnowflakeError: 090105 when a part is missing and the session has no current one.

    """
    padded = ("",) * (3 - len(parts)) + parts
    full = Name(padded[0] or database or "", padded[1] or schema or "", padded[2])
    if not full.database or not full.schema:
        raise cannot_be_performed()
    return full
