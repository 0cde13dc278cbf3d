"""The functions of SNOWFLAKE.NOTIFICATION, which write a message or an integration as JSON.

https://docs.snowflake.com/en/user-guide/notifications/snowflake-notifications
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ..kernel.errors import SnowflakeError
from ..tables.translate import constants

if TYPE_CHECKING:
    from ..sql.scope import Scope

SECRET = "SNOWFLAKE_WEBHOOK_SECRET"  # noqa: S105 - a placeholder's name
_SPACE = ("SNOWFLAKE", "NOTIFICATION")


def _email(name: str, subject: Any = None, *addresses: Any) -> str:
    keys = ("toAddress", "ccAddress", "bccAddress")
    given = {"subject": subject} | {k: _list(v) for k, v in zip(keys, addresses, strict=False)}
    return json.dumps({name: {key: value for key, value in given.items() if value}})


def _list(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value.startswith("[") else value


_FUNCTIONS = {
    "TEXT_PLAIN": lambda text: json.dumps({"text/plain": text}),
    "TEXT_HTML": lambda text: json.dumps({"text/html": text}),
    "APPLICATION_JSON": lambda text: json.dumps({"application/json": text}),
    "INTEGRATION": lambda name: json.dumps({name: {}}),
    "EMAIL_INTEGRATION_CONFIG": _email,
    "SANITIZE_WEBHOOK_CONTENT": lambda text: str(text).replace(SECRET, ""),
}


def _call(scope: Scope, node: exp.Dot) -> exp.Expression | None:
    """`SNOWFLAKE.NOTIFICATION.TEXT_PLAIN('...')` with its value in its place."""
    function = node.expression
    if not isinstance(function, exp.Anonymous) or _parts(node.this) != _SPACE:
        return None
    known = _FUNCTIONS.get(function.name.upper())
    if known is None:
        text = f"SQL compilation error:\nUnknown function SNOWFLAKE.NOTIFICATION.{function.name}"
        raise SnowflakeError(text, "002140", "42601")
    return exp.Literal.string(known(*constants(scope, function.expressions)))


def _parts(node: exp.Expression) -> tuple[str, ...]:
    return tuple(part.name.upper() for part in (node.flatten() if isinstance(node, exp.Dot) else [node]))


REWRITES = {"Dot": _call}
