"""The workload identity of a service user: what its tokens must say, checked when it is set, and shown.

https://docs.snowflake.com/en/user-guide/workload-identity-federation
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..kernel.catalogue import now
from ..kernel.errors import insufficient_privileges, invalid, unsupported
from ..kernel.kinds import STAMP
from ..kernel.names import Name
from ..kernel.result import Result, rows

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

PROPERTY = "workload_identity"
# What a token must be for, unless OIDC_AUDIENCE_LIST says otherwise.
AUDIENCE = "snowflakecomputing.com"
_KEYS = {"TYPE", "ISSUER", "SUBJECT", "OIDC_AUDIENCE_LIST"}
_OTHER_PROVIDERS = {"AWS", "AZURE", "GCP"}
_LONGEST_SUBJECT = 255
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def defined(session: Session, user: str, given: dict[str, Any]) -> dict[str, Any]:
    """WORKLOAD_IDENTITY = (TYPE = OIDC ISSUER = '...' SUBJECT = '...' [OIDC_AUDIENCE_LIST = ('...')]), checked.

    Raises:
        SnowflakeError: 004616 for what is missing or wrong; 000002 for another provider than OIDC.

    """
    provider = str(given.get("TYPE", "")).upper()
    if provider in _OTHER_PROVIDERS:
        raise unsupported(f"WORKLOAD_IDENTITY of TYPE {provider}: the local Snowflake knows OIDC")
    if provider != "OIDC" or given.keys() - _KEYS:
        unknown = sorted(given.keys() - _KEYS) or ["TYPE"]
        raise _wrong(unknown[0], given.get(unknown[0], ""), "It must be one that WORKLOAD_IDENTITY has.")
    issuer, subject = str(given.get("ISSUER", "")), str(given.get("SUBJECT", ""))
    if not is_issuer(session.account, issuer):
        raise _wrong("ISSUER", issuer, "ISSUER must be a valid HTTPS URL.")
    if not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise _wrong("SUBJECT", subject, f"SUBJECT must have 1 to {_LONGEST_SUBJECT} characters.")
    other = identified(session.account, issuer, subject)
    if other and other.name.name != user:
        raise _wrong("SUBJECT", subject, "Another user has this ISSUER and SUBJECT.")
    audiences = given.get("OIDC_AUDIENCE_LIST") or [AUDIENCE]
    return {"issuer": issuer, "subject": subject, "audiences": audiences, "created_on": now().isoformat()}


def _wrong(key: str, value: Any, rule: str) -> Exception:
    text = f"Invalid {key} property in WORKLOAD_IDENTITY of TYPE 'OIDC': '{value}'. {rule}"
    return invalid(text, "004616", "42601")


def may_be_fetched(account: Account, url: str) -> bool:
    """Whether keys may be fetched from there: by https, and by http from this machine if the server was told so."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        return account.http_issuers and parts.hostname in _LOOPBACK
    return parts.scheme == "https" and bool(parts.hostname)


def is_issuer(account: Account, url: str) -> bool:
    """Whether it can be an issuer: a URL of at most 2048 characters with neither query nor fragment nor blanks.

    https://docs.snowflake.com/en/sql-reference/sql/create-authentication-policy
    """
    plain = not set(url) & {"?", "#", " "} and len(url) <= _LONGEST_ISSUER
    return plain and may_be_fetched(account, url)


_LONGEST_ISSUER = 2048


def identified(account: Account, issuer: str, subject: str) -> Object | None:
    """The user whose tokens come from this issuer and have this subject, letter by letter."""
    wanted = (issuer, subject)
    for user in account.catalogue.of("USER"):
        identity = user.properties.get(PROPERTY)
        if identity and (identity["issuer"], identity["subject"]) == wanted:
            return user
    return None


def _show(session: Session, tokens: Tokens) -> Result:
    """SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS [FOR USER name]."""
    tokens.expect("IDENTITY", "AUTHENTICATION", "METHODS")
    name = session.user
    if tokens.accept("FOR", "USER"):
        name = tokens.identifier()
    tokens.end()
    user = session.get("USER", Name("", "", name)) if name != session.user else _self(session)
    if name != session.user and not session.may("MONITOR", user):
        raise insufficient_privileges("USER", name)
    identity = user.properties.get(PROPERTY)
    columns = ["name", "type", "comment", ("last_used", STAMP), ("created_on", STAMP), "additional_info"]
    return rows(columns, [_row(user, identity)] if identity else [])


def _self(session: Session) -> Object:
    return session.account.catalogue.get("USER", Name("", "", session.user))


def _row(user: Object, identity: dict[str, Any]) -> dict[str, Any]:
    about = {
        "issuer": identity["issuer"],
        "subject": identity["subject"],
        "audienceList": identity["audiences"],
    }
    used = identity.get("last_used")
    return {
        "name": user.name.name,
        "type": "OIDC",
        "last_used": datetime.fromisoformat(used) if used else None,
        "created_on": datetime.fromisoformat(identity["created_on"]),
        "additional_info": json.dumps(about),
    }


VERBS = {"SHOW USER WORKLOAD": _show}
