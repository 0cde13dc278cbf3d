"""Names of services and jobs: each is a label of the account's DNS too, which takes 63 characters.

A run's id is a UUID of 36, so a long name of a step or a model leaves no room for it.
https://docs.snowflake.com/en/developer-guide/snowpark-container-services/service-network-communications
"""

import hashlib

LONGEST = 63
DIGEST = 8
"""Letters that stand for the rest of a name that is too long."""


def fitted(name: str, longest: int = LONGEST) -> str:
    """Return the name, or, where it is longer than that, its beginning and a digest of the whole."""
    if len(name) <= longest:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST].upper()
    return f"{name[: longest - DIGEST - 1]}_{digest}"
