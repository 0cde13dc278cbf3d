"""INFORMATION_SCHEMA.POLICY_REFERENCES: which policies an object has, and which objects a policy protects.

https://docs.snowflake.com/en/sql-reference/functions/policy_references
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..kernel.errors import does_not_exist, unsupported
from ..kernel.names import Name
from ..kernel.result import SELECT, Result, rows
from ..kernel.tokens import Tokens
from ..policies import attached
from . import policies as sign_in

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.session import Session
    from ..policies.attached import Attachment

_COLUMNS = (
    "POLICY_DB", "POLICY_SCHEMA", "POLICY_NAME", "POLICY_KIND", "REF_DATABASE_NAME", "REF_SCHEMA_NAME",
    "REF_ENTITY_NAME", "REF_ENTITY_DOMAIN", "REF_COLUMN_NAME", "REF_ARG_COLUMN_NAMES", "TAG_DATABASE", "TAG_SCHEMA",
    "TAG_NAME", "POLICY_STATUS",
)  # fmt: skip
_ENTITY, _POLICY = {"REF_ENTITY_NAME", "REF_ENTITY_DOMAIN"}, {"POLICY_NAME", "POLICY_KIND"}
_DOMAINS = {"TABLE": ("TABLE", "DYNAMIC TABLE"), "VIEW": ("VIEW",)}


def _references(session: Session, positional: list[Any], named: dict[str, Any]) -> Result:
    """POLICY_REFERENCES(REF_ENTITY_NAME =>, REF_ENTITY_DOMAIN =>) or (POLICY_NAME => [, POLICY_KIND =>])."""
    if named.keys() == _ENTITY and not positional:
        domain = str(named["REF_ENTITY_DOMAIN"]).upper()
        if domain == "USER":
            found = sign_in.references(session, str(named["REF_ENTITY_NAME"]))
        else:
            thing = _entity(session, str(named["REF_ENTITY_NAME"]), domain)
            found = [_row(session, thing, has) for has in attached.on(thing)]
    elif "POLICY_NAME" in named and named.keys() <= _POLICY and not positional:
        policy = _policy(session, str(named["POLICY_NAME"]))
        found = [_row(session, thing, has) for thing, has in attached.having(session.account, policy)]
    else:
        raise unsupported(f"POLICY_REFERENCES({', '.join(named)})")
    return rows(_COLUMNS, found, SELECT)


def _entity(session: Session, name: str, domain: str) -> Object:
    if domain not in _DOMAINS:
        raise unsupported(f"POLICY_REFERENCES(REF_ENTITY_DOMAIN => '{domain}')")
    full = session.qualify(Tokens(name).name())
    kind = next((kind for kind in _DOMAINS[domain] if session.find(kind, full)), domain)
    return session.get(kind, full)


def _policy(session: Session, name: str) -> Object:
    full = session.qualify(Tokens(name).name())
    for kind in (attached.MASKING, attached.ROW_ACCESS):
        if session.find(kind, full):
            return session.get(kind, full)
    raise does_not_exist("POLICY", full)


def _row(session: Session, thing: Object, has: Attachment) -> dict[str, Any]:
    policy = attached.policy(session.account, has)
    others = has.over[1:] if has.column else has.over
    return {
        **_located("POLICY", policy.name),
        "POLICY_KIND": policy.kind.replace(" ", "_"),
        "REF_DATABASE_NAME": thing.name.database,
        "REF_SCHEMA_NAME": thing.name.schema,
        "REF_ENTITY_NAME": thing.name.name,
        "REF_ENTITY_DOMAIN": "VIEW" if thing.kind == "VIEW" else "TABLE",
        "REF_COLUMN_NAME": has.column or None,
        "REF_ARG_COLUMN_NAMES": json.dumps(others) if others else None,
        "POLICY_STATUS": "ACTIVE",
    }


def _located(prefix: str, name: Name) -> dict[str, str]:
    return {f"{prefix}_DB": name.database, f"{prefix}_SCHEMA": name.schema, f"{prefix}_NAME": name.name}


TABLE_FUNCTIONS = {"POLICY_REFERENCES": _references}
