"""Gateways: an address that stays while the services behind it come and go.

https://docs.snowflake.com/en/sql-reference/sql/create-gateway
"""

from __future__ import annotations

import random
from datetime import datetime
from typing import TYPE_CHECKING, Any

import yaml

from ..jobs.states import is_model_service
from ..kernel.access import ACCOUNT
from ..kernel.catalogue import Object, now
from ..kernel.errors import does_not_exist, invalid, unsupported
from ..kernel.kinds import STAMP, Create, Kind
from ..kernel.names import Name
from ..kernel.result import DESCRIBE, EXECUTED, Result, rows, status
from ..kernel.tokens import Tokens
from . import access, properties
from .running import Services

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.session import Session

_MOST_TARGETS = 5


class Gateway(Kind):
    """GATEWAY: a traffic split; shadow traffic is refused."""

    word, plural = "GATEWAY", "GATEWAYS"
    columns = (
        "name", "ingress_url", "database_name", "schema_name", "owner", "owner_role_type", ("created_on", STAMP),
        ("updated_on", STAMP), "comment",
    )  # fmt: skip

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE [OR REPLACE] GATEWAY [IF NOT EXISTS] name FROM SPECIFICATION '...'."""
        name = self.read_name(session, tokens)
        given = {**_specification(session, tokens), "endpoint": properties.new_host()}
        return self.add(session, create, Object(self.word, name, session.role, given))

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER GATEWAY name FROM SPECIFICATION '...': the next request goes where it says."""
        if not tokens.looking_at("FROM"):
            return super().alter(session, name, tokens)
        gateway = session.get(self.word, name, "MODIFY")
        changes = {**_specification(session, tokens), "updated_on": now().isoformat()}
        session.account.catalogue.change(self.word, gateway.name, lambda o: o.with_properties(**changes))
        return status(EXECUTED)

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE GATEWAY: as SHOW, and the specification for those who may do more than see it."""
        tokens.end()
        privileged = any(session.may(privilege, thing) for privilege in ("USAGE", "MODIFY"))
        at = self.columns.index("owner_role_type") + 1
        columns = (*self.columns[:at], "spec", *self.columns[at:]) if privileged else self.columns
        return rows(columns, [self.row(session, thing)], DESCRIBE)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW GATEWAYS."""
        updated = thing.properties.get("updated_on")
        return super().row(session, thing) | {
            "ingress_url": properties.ingress_url(session.account, thing.properties["endpoint"]),
            "updated_on": datetime.fromisoformat(updated) if updated else thing.created_on,
        }


def _specification(session: Session, tokens: Tokens) -> dict[str, Any]:
    """The specification, and its targets as pairs of service and weight."""
    tokens.expect("FROM", "SPECIFICATION")
    text = tokens.value()
    tokens.end()
    session.require("BIND SERVICE ENDPOINT", "ACCOUNT", ACCOUNT)
    targets = [_target(session, each) for each in _read(text)["targets"]]
    if sum(weight for _, weight in targets) != 100:
        raise invalid("The weights of a gateway's targets must add up to 100.")
    return {"spec": text, "targets": targets}


def _read(text: str) -> dict[str, Any]:
    try:
        spec = yaml.safe_load(text)["spec"]
        kind, split, targets = spec["type"], spec.get("split_type"), spec.get("targets")
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise invalid(f"The specification of the gateway cannot be read: {error!r}") from error
    if kind != "traffic_split":
        raise unsupported(f"GATEWAY of type {kind}")
    if split != "custom" or not isinstance(targets, list) or not 1 <= len(targets) <= _MOST_TARGETS:
        raise invalid(f"A gateway has split_type custom and 1 to {_MOST_TARGETS} targets.")
    if not all(map(_is_target, targets)):
        raise invalid("A target has type endpoint, value <service>!<endpoint>, and an integer as its weight, 0 to 100.")
    return spec


def _is_target(written: Any) -> bool:
    weight = written.get("weight") if isinstance(written, dict) else None
    return type(weight) is int and 0 <= weight <= 100 and written.get("type") == "endpoint" and "value" in written


def _target(session: Session, written: dict[str, Any]) -> tuple[str, int]:
    service, _, endpoint = str(written["value"]).partition("!")
    name = session.qualify(Tokens(service).name())
    found = session.get("SERVICE", name)
    if not is_model_service(found) or endpoint.lower() != properties.ENDPOINT:
        raise does_not_exist("Endpoint", f"{name}!{endpoint}")
    access.require_endpoint(session, found)
    return str(name), written["weight"]


def chosen(account: Account, gateway: Object, without: set[str]) -> Object | None:
    """The service that the next request goes to: by weight, among those that can answer and that its owner may use.

    Args:
        account: whose services these are.
        gateway: as it is now.
        without: services that have been asked in vain.

    """
    healthy: list[tuple[Object, int]] = []
    for written, weight in gateway.properties["targets"]:
        service = account.catalogue.find("SERVICE", Name(*Tokens(written).name()))
        if service is None or not weight or service.id in without or not account[Services].may_answer(service):
            continue
        if access.may_call(account, {gateway.owner}, service):
            healthy.append((service, weight))
    if not healthy:
        return None
    return random.choices([s for s, _ in healthy], [w for _, w in healthy])[0]  # noqa: S311 - a split of traffic


KINDS = (Gateway(),)
FEATURE = "COMPUTE POOL"
