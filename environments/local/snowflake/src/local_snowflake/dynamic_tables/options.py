"""The clauses of CREATE DYNAMIC TABLE and of ALTER DYNAMIC TABLE ... SET.

https://docs.snowflake.com/en/sql-reference/sql/create-dynamic-table
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ..kernel.errors import invalid, unsupported
from ..kernel.kinds import read_tags
from ..kernel.names import Name, fold
from ..sql import clustering

if TYPE_CHECKING:
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

DOWNSTREAM = "DOWNSTREAM"
_LAG = re.compile(r"(\d+)\s+(SECOND|MINUTE|HOUR|DAY)S?", re.IGNORECASE)
_SHORTEST = timedelta(seconds=60)
_CHOICES = {
    "REFRESH_MODE": ("AUTO", "FULL", "INCREMENTAL"),
    "INITIALIZE": ("ON_CREATE", "ON_SCHEDULE"),
    "SCHEDULER": ("ENABLE", "DISABLE"),
}
_RECORDED = {"DATA_RETENTION_TIME_IN_DAYS", "MAX_DATA_EXTENSION_TIME_IN_DAYS"}
_CHANGEABLE = {"TARGET_LAG", "WAREHOUSE", "INITIALIZATION_WAREHOUSE", "SCHEDULER", *_RECORDED}
_WORDS = ("AS", "CLUSTER", "COPY", "WITH", "TAG", "COMMENT", "REQUIRE", "IMMUTABLE", "BACKFILL", "FROZEN")


@dataclass
class Clauses:
    """What stands between the columns and the query.

    Attributes:
        given: target_lag, warehouse and so on, by their lower case names.

    """

    given: dict[str, Any] = field(default_factory=dict)
    comment: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    copy_grants: bool = False


def read(session: Session, tokens: Tokens) -> Clauses:
    """Read the clauses up to AS.

    Raises:
        SnowflakeError: 000002 for a clause that would change the rows and is not supported; as `checked`.

    """
    found = Clauses()
    while not tokens.accept("AS"):
        if tokens.accept("CLUSTER", "BY"):
            found.given["cluster_by"] = clustering.read(tokens)
        elif tokens.accept("COPY", "GRANTS"):
            found.copy_grants = True
        elif tokens.accept("WITH", "TAG", "(") or tokens.accept("TAG", "("):
            found.tags = read_tags(session, tokens)
            tokens.expect(")")
        elif tokens.accept("COMMENT"):
            tokens.accept("=")
            found.comment = tokens.value()
        elif tokens.peek().upper in _WORDS or tokens.done:
            raise unsupported(f"CREATE DYNAMIC TABLE ... {tokens.rest[:60]}")
        else:
            found.given |= checked(session, tokens.options(*_WORDS))
    return _complete(found)


def changes(session: Session, tokens: Tokens) -> dict[str, Any]:
    """The properties of ALTER DYNAMIC TABLE ... SET, checked."""
    options = tokens.options()
    if unknown := options.keys() - _CHANGEABLE:
        raise invalid(f"invalid property '{min(unknown)}' for 'DYNAMIC TABLE'", "001420")
    return checked(session, options)


def checked(session: Session, options: dict[str, Any]) -> dict[str, Any]:
    """Options by their lower case names.

    Raises:
        SnowflakeError: 001420 for an unknown one, 001008 for a wrong value, 002043 for a warehouse that the session
            may not use.

    """
    return {key.lower(): _value(session, key, value) for key, value in options.items()}


def _value(session: Session, key: str, value: Any) -> Any:
    if key == "TARGET_LAG":
        return _target_lag(str(value))
    if key in {"WAREHOUSE", "INITIALIZATION_WAREHOUSE"}:
        return session.get("WAREHOUSE", Name("", "", fold(str(value))), "USAGE").name.name
    if key in _CHOICES:
        if str(value).upper() not in _CHOICES[key]:
            raise invalid(f"invalid value [{value}] for parameter '{key}'")
        return str(value).upper()
    if key not in _RECORDED:
        raise invalid(f"invalid property '{key}' for 'DYNAMIC TABLE'", "001420")
    return value


def _target_lag(text: str) -> str:
    if text.upper() == DOWNSTREAM:
        return DOWNSTREAM
    lag = seconds(text)
    if lag is None:
        raise invalid(f"Invalid TARGET_LAG '{text}': expected '<num> {{ seconds | minutes | hours | days }}'")
    if lag < _SHORTEST.total_seconds():
        raise invalid(f"Invalid TARGET_LAG '{text}': the shortest is 60 seconds")
    return text


def seconds(target_lag: str) -> float | None:
    """How old the rows may get, in seconds; None for DOWNSTREAM."""
    found = _LAG.fullmatch(target_lag.strip())
    return timedelta(**{f"{found[2].lower()}s": int(found[1])}).total_seconds() if found else None


def _complete(found: Clauses) -> Clauses:
    if found.given.get("scheduler") == "DISABLE" and "target_lag" in found.given:
        raise invalid("TARGET_LAG can't be defined when SCHEDULER = DISABLE.")
    needed = ["warehouse"] if found.given.get("scheduler") == "DISABLE" else ["target_lag", "warehouse"]
    for key in needed:
        if key not in found.given:
            raise invalid(f"Missing option(s): [{key.upper()}]", "002019", "42601")
    defaults = {"target_lag": DOWNSTREAM, "refresh_mode": "AUTO", "initialize": "ON_CREATE", "scheduler": "ENABLE"}
    found.given = defaults | found.given
    return found
