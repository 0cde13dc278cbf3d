"""SYSTEM$SEND_SNOWFLAKE_NOTIFICATION: e-mails and queues are recorded, webhooks are called on this machine alone.

https://docs.snowflake.com/en/sql-reference/stored-procedures/system_send_snowflake_notification
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..kernel.errors import execution_error, invalid
from ..kernel.names import Name, fold
from . import log
from .integrations import EMAIL, WEBHOOK, WORD

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..kernel.session import Session

_TYPES = {"text/plain", "text/html", "application/json"}
_MESSAGE = "SNOWFLAKE_WEBHOOK_MESSAGE"
_LOCAL = {"127.0.0.1", "localhost"}
_TIMEOUT_SECONDS = 5


def _send(session: Session, arguments: list[Any]) -> str:
    if len(arguments) != 2:
        raise invalid("SYSTEM$SEND_SNOWFLAKE_NOTIFICATION takes 2 arguments.", "000939", "22023")
    messages, targets = (_merged(argument) for argument in arguments)
    if not messages or set(messages) - _TYPES:
        raise invalid(f"A message is of one of the types {', '.join(sorted(_TYPES))}, not {', '.join(messages)}.")
    found = [(session.get(WORD, Name("", "", fold(name)), "USAGE"), given) for name, given in targets.items()]
    for integration, given in found:
        _check(integration, given)
    about = {"query_id": session.last_query_id}
    for integration, _ in found:
        post(session.account, integration, next(iter(messages.values())), "STORED_PROCEDURE", about)
    return "Enqueued notifications"


def _merged(argument: Any) -> dict[str, Any]:
    """A JSON object, or several: a list of them, or their texts."""
    try:
        read = json.loads(argument) if isinstance(argument, str) else argument
        parts = [json.loads(p) if isinstance(p, str) else p for p in (read if isinstance(read, list) else [read])]
        return {key: value for part in parts for key, value in part.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise invalid(f"Invalid JSON for SYSTEM$SEND_SNOWFLAKE_NOTIFICATION: {argument}") from error


def _check(integration: Object, given: dict[str, Any]) -> None:
    name, known = integration.name.name, integration.properties
    if not known["enabled"]:
        raise execution_error(f"Integration '{name}' is not enabled.")
    if known["type"] != EMAIL:
        return
    recipients = given.get("toAddress") or known.get("default_recipients")
    if not recipients:
        raise execution_error(f"Integration '{name}' has no DEFAULT_RECIPIENTS, and the call names no recipients.")
    allowed = known.get("allowed_recipients")
    strangers = [each for each in recipients if allowed and each not in allowed]
    if strangers:
        raise execution_error(f"Email recipients {', '.join(strangers)} are not among ALLOWED_RECIPIENTS of '{name}'.")


def post(account: Account, integration: Object, message: str, source: str, about: dict[str, Any]) -> None:
    """Send a message and note how that went."""
    error = _delivered(integration, message) if integration.properties["type"] == WEBHOOK else None
    log.record(account, integration.name.name, source, about, error)


def _delivered(integration: Object, message: str) -> str | None:
    """Call the webhook; what went wrong, or None."""
    known = integration.properties
    if urlsplit(known["webhook_url"]).hostname not in _LOCAL:
        return "The local Snowflake calls webhooks on this machine alone."
    body = known.get("webhook_body_template", _MESSAGE).replace(_MESSAGE, message)
    headers = {str(key).strip("'"): str(value) for key, value in (known.get("webhook_headers") or {}).items()}
    request = urllib.request.Request(known["webhook_url"], body.encode(), headers)  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            answer.read()
    except urllib.error.HTTPError as error:
        return f"{error.code}: {error.read().decode(errors='replace')[:500]}"
    except OSError as error:
        return str(error)
    return None


FUNCTIONS: dict[str, Callable[[Session, list[Any]], str]] = {"SYSTEM$SEND_SNOWFLAKE_NOTIFICATION": _send}
