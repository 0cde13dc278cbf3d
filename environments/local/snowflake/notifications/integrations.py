"""NOTIFICATION INTEGRATION: where messages go. CREATE, ALTER, DROP, SHOW and DESCRIBE.

https://docs.snowflake.com/en/sql-reference/sql/create-notification-integration. Other kinds of integrations are
refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..catalogue import Object
from ..errors import invalid, syntax_error, unsupported
from ..kinds import STAMP, Create, Kind
from ..objects import options
from ..result import DESCRIBE, EXECUTED, Result, rows, status

if TYPE_CHECKING:
    from ..catalogue import Object as Thing
    from ..names import Name
    from ..session import Session
    from ..tokens import Tokens

WORD = "INTEGRATION"
EMAIL, WEBHOOK, QUEUE = "EMAIL", "WEBHOOK", "QUEUE"
_EVERY = {"ENABLED": options.FLAG, "COMMENT": options.TEXT}
_TEXTS = {
    WEBHOOK: ("WEBHOOK_URL", "WEBHOOK_BODY_TEMPLATE"),
    QUEUE: (
        "DIRECTION", "NOTIFICATION_PROVIDER", "AWS_SNS_TOPIC_ARN", "AWS_SNS_ROLE_ARN", "AZURE_TENANT_ID",
        "AZURE_EVENT_GRID_TOPIC_ENDPOINT", "GCP_PUBSUB_TOPIC_NAME",
    ),
    EMAIL: ("DEFAULT_SUBJECT",),
}  # fmt: skip
_KNOWN: dict[str, dict[str, str]] = {kind: dict.fromkeys(names, options.TEXT) for kind, names in _TEXTS.items()}
_KNOWN[EMAIL] |= dict.fromkeys(("ALLOWED_RECIPIENTS", "DEFAULT_RECIPIENTS"), options.LIST)
_KNOWN[WEBHOOK] |= {"WEBHOOK_HEADERS": options.NESTED}
# What each provider of a queue cannot do without.
_PROVIDERS = {
    "AWS_SNS": ("AWS_SNS_TOPIC_ARN", "AWS_SNS_ROLE_ARN"),
    "AZURE_EVENT_GRID": ("AZURE_EVENT_GRID_TOPIC_ENDPOINT", "AZURE_TENANT_ID"),
    "GCP_PUBSUB": ("GCP_PUBSUB_TOPIC_NAME",),
}


class Integration(Kind):
    """INTEGRATION: those for notifications."""

    word, plural, scope = WORD, "INTEGRATIONS", "account"
    aliases = ("NOTIFICATION INTEGRATION", "NOTIFICATION INTEGRATIONS")
    columns = ("name", "type", "category", "enabled", "comment", ("created_on", STAMP))

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE [OR REPLACE] NOTIFICATION INTEGRATION [IF NOT EXISTS] name TYPE = ... ENABLED = ... and so on."""
        if "NOTIFICATION INTEGRATION" not in " ".join(tokens.text.upper().split())[:80]:
            raise syntax_error("unexpected 'INTEGRATION': of which kind?")
        name = self.read_name(session, tokens)
        given = tokens.options()
        tokens.end()
        kind = str(given.pop("TYPE", "")).upper()
        if kind not in _KNOWN:
            raise invalid(f"invalid value [{kind}] for parameter 'TYPE'")
        found = _read(kind, given)
        if "enabled" not in found:
            raise invalid("Missing option(s): ENABLED", "002002", "42601")
        _check(kind, found)
        comment = found.pop("comment", "")
        return self.add(session, create, Object(self.word, name, session.role, {"type": kind, **found}, comment))

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER NOTIFICATION INTEGRATION ... SET."""
        if not tokens.looking_at("SET") or tokens.peek(1).upper == "TAG":
            return super().alter(session, name, tokens)
        tokens.expect("SET")
        changes = _read(session.own(self.word, name).properties["type"], tokens.options())
        comment = changes.pop("comment", None)

        def changed(old: Thing) -> Thing:
            new = old.with_properties(**changes)
            _check(old.properties["type"], new.properties)
            return replace(new, comment=old.comment if comment is None else comment)

        self.change(session, name, changed)
        return status(EXECUTED)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW INTEGRATIONS."""
        given = thing.properties
        provider = given.get("notification_provider")
        kind = f"QUEUE - {provider}" if provider else given["type"]
        shown = {"type": kind, "category": "NOTIFICATION", "enabled": str(given["enabled"]).lower()}
        return {**super().row(session, thing), **shown}

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE NOTIFICATION INTEGRATION: a row for each property."""
        tokens.end()
        described = [
            {"property": key.upper(), "property_type": _type(value), "property_value": _shown(value)}
            for key, value in thing.properties.items()
            if key != "type"
        ]
        return rows(("property", "property_type", "property_value", "property_default"), described, DESCRIBE)


def _read(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    if "WEBHOOK_SECRET" in given:
        raise unsupported("NOTIFICATION INTEGRATION ... WEBHOOK_SECRET")
    return options.read("NOTIFICATION INTEGRATION", given, _EVERY | _KNOWN[kind])


def _check(kind: str, given: dict[str, Any]) -> None:
    """What the type needs, and who may be written to."""
    needed: tuple[str, ...] = ("WEBHOOK_URL",) if kind == WEBHOOK else ()
    if kind == QUEUE:
        provider = given.get("notification_provider", "").upper()
        if given.get("direction", "").upper() != "OUTBOUND" or provider not in _PROVIDERS:
            raise unsupported("NOTIFICATION INTEGRATION ... TYPE = QUEUE but DIRECTION = OUTBOUND to a known provider")
        needed = _PROVIDERS[provider]
    lacking = [name for name in needed if not given.get(name.lower())]
    if lacking:
        raise invalid(f"Missing option(s): {', '.join(lacking)}", "002002", "42601")
    allowed = given.get("allowed_recipients")
    strangers = [each for each in given.get("default_recipients", ()) if allowed and each not in allowed]
    if strangers:
        raise invalid(f"Email recipients {', '.join(strangers)} are not among ALLOWED_RECIPIENTS.")


def _type(value: Any) -> str:
    return {bool: "Boolean", list: "List", dict: "Object"}.get(type(value), "String")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


KINDS = (Integration(),)
