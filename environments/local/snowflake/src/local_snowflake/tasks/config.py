"""A task graph's CONFIG: JSON that every task of a run can read.

https://docs.snowflake.com/en/sql-reference/functions/system_get_task_graph_config
"""

import json
from typing import Any

from ..kernel.errors import SnowflakeError, invalid


def parse(text: str) -> dict[str, Any]:
    """The object that the text holds.

    Raises:
        SnowflakeError: 001008 when it is no JSON object.

    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise _invalid(text) from error
    if not isinstance(found, dict):
        raise _invalid(text)
    return found


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Both, with the values of `over` where both have one; objects are merged key by key."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = merge(base[key], value) if both else value
    return merged


def at(config: dict[str, Any], path: str) -> str | None:
    """The value at a dotted path as text: strings bare, anything else as JSON; None where there is nothing."""
    found: Any = config
    for key in path.split("."):
        if not isinstance(found, dict) or key not in found:
            return None
        found = found[key]
    return found if found is None or isinstance(found, str) else json.dumps(found)


def _invalid(text: str) -> SnowflakeError:
    return invalid(f"Invalid task graph configuration (a JSON object is needed): {text[:200]}")
