"""ENTITY_DETAIL: what snowflake.ml.feature_store asks for the tags of an object, and for the objects of a tag.

Snowflake documents no such function; the answers have the keys that the client reads (its `_lookup_tags` and
`_lookup_tagged_objects`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..kernel.errors import SnowflakeError, unsupported
from ..kernel.names import Name
from ..kernel.registry import kinds
from ..kernel.tokens import Tokens
from ..sql.naming import READABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..kernel.catalogue import Object
    from ..kernel.session import Session


def _entity_detail(session: Session, arguments: list[Any]) -> str:
    domain, name, asked = (str(argument) for argument in arguments)
    match (domain.upper(), json.loads(asked)):
        case ("TAG", ["TAG_REFERENCES_INTERNAL"]):
            tag = session.get("TAG", session.qualify(Tokens(name).name()))
            found = [_reference(str(tag.name), thing) for thing in _carrying(session, str(tag.name))]
            return json.dumps({"referencedEntities": {"tagReferenceList": found}})
        case (_, ["TAG_REFERENCES"]):
            thing = _named(session, domain.upper(), name)
            found = [_reference(tag, thing) for tag in thing.tags]
            return json.dumps({"tagReferencesInfo": {"tagReferenceList": found}})
    raise unsupported(f"ENTITY_DETAIL('{domain}', ..., '{asked}')")


def _carrying(session: Session, tag: str) -> Iterator[Object]:
    for kind in sorted({kind.word for kind in kinds().values()}):
        for thing in session.account.catalogue.of(kind):
            if tag in thing.tags and session.sees(thing):
                yield thing


def _named(session: Session, domain: str, name: str) -> Object:
    """The object; tables, views and dynamic tables share the domain TABLE."""
    full = session.qualify(Tokens(name).name())
    for kind in READABLE if domain == "TABLE" else (domain,):
        if session.find(kind, full):
            return session.get(kind, full)
    raise SnowflakeError(f"{domain.capitalize()} '{full}' does not exist or not authorized.", "002003", "02000")


def _reference(tag: str, thing: Object) -> dict[str, str]:
    database, schema, name = Tokens(tag).name()
    domain = "TABLE" if thing.kind in READABLE else thing.kind
    where: Name = thing.name
    return {
        "tagDatabase": database,
        "tagSchema": schema,
        "tagName": name,
        "tagValue": thing.tags[tag],
        "level": domain,
        "domain": domain,
        "entityDatabase": where.database,
        "entitySchema": where.schema,
        "entityName": where.name,
    }


FUNCTIONS = {"ENTITY_DETAIL": _entity_detail}
