"""Reading tags back: SYSTEM$GET_TAG and INFORMATION_SCHEMA.TAG_REFERENCES.

https://docs.snowflake.com/en/sql-reference/functions/system_get_tag
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..kernel.errors import invalid
from ..kernel.registry import kinds
from ..kernel.result import SELECT, Result, rows
from ..kernel.tokens import Tokens
from ..sql.naming import RELATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..kernel.catalogue import Object
    from ..kernel.session import Session

# Domains that are not called as the kind of object is; Snowflake knows models as modules too.
_DOMAINS = {"MODULE": "MODEL"}


def _get_tag(session: Session, arguments: list[Any]) -> str | None:
    """SYSTEM$GET_TAG('tag', 'object', 'domain'): the value, NULL when neither the object nor what it lies in has it."""
    tag, name, domain = arguments
    wanted = session.get("TAG", session.qualify(Tokens(tag).name()))
    return next((value for key, value, _ in _lineage(session, name, domain) if key == str(wanted.name)), None)


def _references(session: Session, positional: list[Any], named: dict[str, Any]) -> Result:
    """TAG_REFERENCES('object', 'domain'): the tags set on the object or inherited; LEVEL says where each is set."""
    name, domain = positional
    thing, listed = _tagged(session, name, domain), {}
    for tag, value, level in _lineage(session, name, domain):
        database, schema, tag_name = Tokens(tag).name()
        found = {"TAG_DATABASE": database, "TAG_SCHEMA": schema, "TAG_NAME": tag_name, "TAG_VALUE": value}
        listed.setdefault(tag, found | {"LEVEL": level, "OBJECT_NAME": thing.name.name, "DOMAIN": domain.upper()})
    columns = ["TAG_DATABASE", "TAG_SCHEMA", "TAG_NAME", "TAG_VALUE", "LEVEL", "OBJECT_NAME", "DOMAIN"]
    return rows(columns, list(listed.values()), SELECT)


def _lineage(session: Session, name: str, domain: str) -> Iterator[tuple[str, str, str]]:
    """Tag, value and level of what is set on the object, on its schema and on its database, nearest first.

    https://docs.snowflake.com/en/user-guide/object-tagging/inheritance
    """
    thing = _tagged(session, name, domain)
    yield from ((tag, value, domain.upper()) for tag, value in thing.tags.items())
    container = thing.name.container
    while container:
        level = "SCHEMA" if container.database else "DATABASE"
        above = session.account.catalogue.get(level, container)
        yield from ((tag, value, level) for tag, value in above.tags.items())
        container = container.container


def _tagged(session: Session, name: str, domain: str) -> Object:
    word = domain.upper()
    kind = kinds().get(_DOMAINS.get(word, word))
    if kind is None:
        raise invalid(f"Invalid tag domain '{domain}'.", "001008")
    full = kind.read_name(session, Tokens(name))
    # Views and dynamic tables belong to the domain TABLE.
    words = RELATIONS if word == "TABLE" else (kind.word,)
    return session.get(next((w for w in words if session.find(w, full)), kind.word), full)


FUNCTIONS = {"SYSTEM$GET_TAG": _get_tag}
TABLE_FUNCTIONS = {"TAG_REFERENCES": _references}
