"""The objects that the administrator's SQL makes, read from the rendered files."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_USE_ROLE = re.compile(r"USE\s+ROLE\s+(\S+)", re.IGNORECASE)
_NAME = r'(?:[\w$]+|"[^"]+")(?:\.(?:[\w$]+|"[^"]+"))*'
# Kinds of one word, or of several that end with one of these.
_KIND = (
    r"(?:(?!IF\b)[A-Z]+\s+)*(?:POOL|POLICY|INTEGRATION|MONITOR|RULE|FORMAT|VIEW|REPOSITORY)"
    r"|(?:(?:EXTERNAL|TRANSIENT|TEMPORARY|SECURE)\s+)?[A-Z]+"
)
_CREATE = re.compile(
    rf"CREATE\s+(?:OR\s+(?:REPLACE|ALTER)\s+)?({_KIND})\s+(?:IF\s+NOT\s+EXISTS\s+)?({_NAME})(?=[\s;(]|$)(.*)",
    re.IGNORECASE | re.DOTALL,
)
_OPTION = re.compile(r"\b(\w+)\s*=\s*('[^']*'|[\w$.-]+)")


@dataclass(frozen=True)
class Made:
    """An object that one of the files makes, and the role that makes it, which owns it."""

    kind: str
    name: str
    role: str
    options: Mapping[str, str]

    @property
    def place(self) -> str:
        """The database that holds it, so that it is dropped with that; empty for an object of the account."""
        return self.name.split(".")[0] if "." in self.name else ""


def statements(text: str) -> list[str]:
    """Return the statements of a file of SQL, without comments, as the connector tells them apart."""
    from snowflake.connector.util_text import split_statements

    found = (statement for statement, _ in split_statements(io.StringIO(text), remove_comments=True))
    return [each for each in (statement.strip().removesuffix(";").strip() for statement in found) if each]


def objects(texts: Mapping[str, str]) -> Iterator[Made]:
    """Return what the rendered files make, in order."""
    for text in texts.values():
        role = ""
        for statement in statements(text):
            if used := _USE_ROLE.match(statement):
                role = used[1]
            elif created := _CREATE.match(statement):
                kind, name, rest = created.groups()
                options = {key.upper(): value.strip("'") for key, value in _OPTION.findall(rest)}
                yield Made(" ".join(kind.upper().split()).removeprefix("TRANSIENT "), name, role, options)
