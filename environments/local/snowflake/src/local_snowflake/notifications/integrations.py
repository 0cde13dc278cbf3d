"""NOTIFICATION INTEGRATION: where messages go. CREATE, ALTER, DROP, SHOW and DESCRIBE.

https://docs.snowflake.com/en/sql-reference/sql/create-notification-integration. Other kinds of integrations are
refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..kernel.catalogue import Object
from ..kernel.errors import invalid, unsupported
from ..kernel.kinds import STAMP, Create, Kind
from ..kernel.result import DESCRIBE, Result, rows
from ..objects import options
from ..objects.clauses import merged

if TYPE_CHECKING:
    from ..kernel.names import Name
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

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
_OF_PROVIDERS = {name for names in _PROVIDERS.values() for name in names}


class Integration(Kind):
    """INTEGRATION: those for notifications."""

    word, plural, scope = WORD, "INTEGRATIONS", "account"
    aliases = ("NOTIFICATION INTEGRATION", "NOTIFICATION INTEGRATIONS")
    columns = ("name", "type", "category", "enabled", "comment", ("created_on", STAMP))

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE [OR REPLACE] NOTIFICATION INTEGRATION [IF NOT EXISTS] name TYPE = ... ENABLED = ... and so on."""
        name = self.read_name(session, tokens)
        given = tokens.options()
        kind = str(given.pop("TYPE", "")).upper()
        if kind not in _KNOWN:
            raise invalid("Missing option(s): TYPE", "002002", "42601")
        found = _read(kind, given)
        if "enabled" not in found:
            raise invalid("Missing option(s): ENABLED", "002002", "42601")
        _check(kind, found)
        comment = found.pop("comment", "")
        return self.add(session, create, Object(self.word, name, session.role, {"type": kind, **found}, comment))

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER NOTIFICATION INTEGRATION ... SET | UNSET."""
        if tokens.peek(1).upper == "TAG":
            return super().alter(session, name, tokens)
        integration = session.own(self.word, name)
        kind = integration.properties["type"]
        changes, gone = (_read(kind, tokens.options()), set()) if tokens.accept("SET") else _unset(kind, tokens)
        _check(kind, merged(integration, changes, gone).properties)
        return self.change(session, name, lambda o: merged(o, changes, gone))

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
    _check_names(kind, set(given))
    return options.read("NOTIFICATION INTEGRATION", given, _EVERY | _KNOWN[kind])


def _unset(kind: str, tokens: Tokens) -> tuple[dict[str, Any], set[str]]:
    """What UNSET leaves: an integration is enabled by default."""
    tokens.expect("UNSET")
    gone = set(options.names(tokens))
    _check_names(kind, {key.upper() for key in gone})
    return {"enabled": True} if "enabled" in gone else {}, gone - {"enabled"}


def _check_names(kind: str, names: set[str]) -> None:
    """A property that only another type has is none of this one."""
    others = {name for other in _KNOWN for name in _KNOWN[other] if other != kind} - _KNOWN[kind].keys()
    if wrong := names & others:
        raise invalid(f"invalid property '{min(wrong)}' for '{kind} NOTIFICATION INTEGRATION'", "001420")


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
    if wrong := {key.upper() for key in given} & _OF_PROVIDERS - set(needed):
        raise invalid(f"invalid property '{min(wrong)}' for '{given['notification_provider']}'", "001420")
    if kind == WEBHOOK:
        _check_webhook(given)
    if len(given.get("allowed_recipients", ())) > _MOST_RECIPIENTS:
        raise invalid(f"ALLOWED_RECIPIENTS can have {_MOST_RECIPIENTS} addresses.")
    allowed = given.get("allowed_recipients")
    strangers = [each for each in given.get("default_recipients", ()) if allowed and each not in allowed]
    if strangers:
        raise invalid(f"Email recipients {', '.join(strangers)} are not among ALLOWED_RECIPIENTS.")


def _check_webhook(given: dict[str, Any]) -> None:
    """Where Snowflake calls: known services alone, and servers on this machine, which stand for them here.

    https://docs.snowflake.com/en/sql-reference/sql/create-notification-integration-webhooks
    """
    url = given["webhook_url"]
    if not _SERVICES.match(url) and urlsplit(url).hostname not in _LOCAL:
        raise invalid(f"invalid value [{url}] for parameter 'WEBHOOK_URL': not a service that Snowflake calls")
    headers = {str(key).strip("'").upper() for key in given.get("webhook_headers", ())}
    if given.get("webhook_body_template") and "CONTENT-TYPE" not in headers:
        raise invalid("WEBHOOK_BODY_TEMPLATE needs the header Content-Type in WEBHOOK_HEADERS.")


_LOCAL = {"127.0.0.1", "localhost"}
_SERVICES = re.compile(
    r"https://(hooks\.slack\.com/services/."
    r"|[\w.-]+\.logic\.azure\.com/workflows/."
    r"|default[\w.-]+\.environment\.api\.powerplatform\.com/powerautomate/automations/direct/workflows/."
    r"|events\.pagerduty\.com/v2/enqueue\Z"
    r"|api-private\.atlassian\.com/automation/webhooks/jira/."
    r"|[\w-]+\.service-now\.com/.)"
)
_MOST_RECIPIENTS = 50


def _type(value: Any) -> str:
    return {bool: "Boolean", list: "List", dict: "Object"}.get(type(value), "String")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


KINDS = (Integration(),)
