"""Reading tags back: SYSTEM$GET_TAG and INFORMATION_SCHEMA.TAG_REFERENCES.

https://docs.snowflake.com/en/sql-reference/functions/system_get_tag
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import invalid
from ..registry import kinds
from ..result import SELECT, Result, rows
from ..tokens import Tokens

if TYPE_CHECKING:
    from ..catalogue import Object
    from ..session import Session

# Domains that are not called as the kind of object is; Snowflake knows models as modules too.
_DOMAINS = {"MODULE": "MODEL"}


def _get_tag(session: Session, arguments: list[Any]) -> str | None:
    """SYSTEM$GET_TAG('tag', 'object', 'domain'): the value, NULL when the object does not have the tag."""
    tag, name, domain = arguments
    wanted = session.get("TAG", session.qualify(Tokens(tag).name()))
    return _tagged(session, name, domain).tags.get(str(wanted.name))


def _references(session: Session, positional: list[Any], named: dict[str, Any]) -> Result:
    """TAG_REFERENCES('object', 'domain'): the tags set on the object itself."""
    name, domain = positional
    thing = _tagged(session, name, domain)
    listed = []
    for tag, value in thing.tags.items():
        database, schema, tag_name = Tokens(tag).name()
        found = {"TAG_DATABASE": database, "TAG_SCHEMA": schema, "TAG_NAME": tag_name, "TAG_VALUE": value}
        listed.append(found | {"LEVEL": domain.upper(), "OBJECT_NAME": thing.name.name, "DOMAIN": domain.upper()})
    columns = ["TAG_DATABASE", "TAG_SCHEMA", "TAG_NAME", "TAG_VALUE", "LEVEL", "OBJECT_NAME", "DOMAIN"]
    return rows(columns, listed, SELECT)


def _tagged(session: Session, name: str, domain: str) -> Object:
    word = domain.upper()
    kind = kinds().get(_DOMAINS.get(word, word))
    if kind is None:
        raise invalid(f"Invalid tag domain '{domain}'.", "001008")
    return session.get(kind.word, kind.read_name(session, Tokens(name)))


FUNCTIONS = {"SYSTEM$GET_TAG": _get_tag}
TABLE_FUNCTIONS = {"TAG_REFERENCES": _references}
