"""Waiting until the lease of a holder who is dead has run out."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from deploy import names
from deploy.errors import DeployError
from deploy.records import lock

if TYPE_CHECKING:
    from deploy.account.connection import Connection
    from deploy.records.lock import Lock
    from ml_pipeline.config import Environment

_LOOKS = 4  # at a lease that somebody else has
_MARGIN_SECONDS = 0.5  # of two clocks


def await_end(connection: "Connection", environment: "Environment", seen: "Lock", say: Callable[[str], None]) -> "Lock":
    """Wait until the lease that was seen has run out, and return the lock as it is then: its holder is dead.

    Raises DeployError as soon as the holder shows that it is not, by renewing its lease or by ending its work.
    """
    say(f"waiting: {names.schema(environment)} is being deployed by {seen.told}")
    most = max(1.0, environment.deploy.lease_seconds / _LOOKS)
    end = time.monotonic() + seen.seconds_left
    now = seen
    while now.live:
        time.sleep(min(most, max(0.0, end - time.monotonic()) + _MARGIN_SECONDS))
        with connection.step("wait for the lock"):
            now = lock.read(connection, environment)
        renewed = now.live and time.monotonic() + now.seconds_left > end + _MARGIN_SECONDS
        if renewed or now.token not in (seen.token, seen.token + lock.ABANDONED):
            raise DeployError(*lock.taken_over(environment, now))
    return now
