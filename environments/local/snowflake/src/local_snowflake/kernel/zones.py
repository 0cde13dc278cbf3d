"""The time zones that the account knows: the names of the IANA database, as they are written there.

https://docs.snowflake.com/en/sql-reference/parameters#timezone
"""

from functools import cache
from zoneinfo import available_timezones

# Files of the database that are no zones: what this machine is set to, and what it was delivered with.
_NO_ZONES = {"localtime", "Factory", "posixrules"}


@cache
def known() -> frozenset[str]:
    """Their names; those below posix/ and right/ are other copies of the database, and not among them."""
    return frozenset(name for name in available_timezones() if name not in _NO_ZONES)
