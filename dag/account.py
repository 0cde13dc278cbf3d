"""The account's name, also where somebody gives its address: as a host, a URL, or what the browser shows."""

import re
from urllib.parse import urlsplit

_DOMAIN = re.compile(r"(.+)\.snowflakecomputing\.(?:com|cn)")
# organization-account, or a locator with its region and cloud; behind it, "privatelink".
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9][A-Za-z0-9_-]*){0,3}")
_LONGEST = 255


class AccountError(ValueError):
    """The text names no account."""


def identifier(text: str) -> str:
    """Return the account identifier that the text gives. Raises AccountError where it is none, and no address of one.

    https://docs.snowflake.com/en/user-guide/admin-account-identifier
    """
    stripped = text.strip()
    try:
        url = urlsplit(stripped if "//" in stripped else f"//{stripped}")
        host, path = (url.hostname or "").rstrip("."), [part for part in url.path.split("/") if part]
    except ValueError:
        raise AccountError(f"{text!r} is not an account") from None
    if host == "app.snowflake.com" and len(path) >= 2:
        return _checked("-".join(path[:2]), text)
    if found := _DOMAIN.fullmatch(host):
        return _checked(found[1], text)
    return _checked(stripped, text)


def _checked(name: str, text: str) -> str:
    if not _ACCOUNT.fullmatch(name) or len(name) > _LONGEST:
        raise AccountError(f"{text!r} is neither an account such as ORGANIZATION-ACCOUNT nor its address")
    return name
