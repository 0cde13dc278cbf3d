"""Waiting for a job's state."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from ..kernel.errors import SnowflakeError
from ..kernel.executions import go_on
from . import states
from .processes import Jobs

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.names import Name
    from ..kernel.session import Session

_LOOK_SECONDS = 0.2


def until(session: Session, name: Name, wanted: Collection[str], seconds: float | None = None) -> Object:
    """The service once it is in one of these states, has ended, or the time is over; a cancelled query stops waiting.

    Raises:
        SnowflakeError: 002003 when it is dropped meanwhile; why the query was stopped.

    """
    deadline = None if seconds is None else time.monotonic() + seconds
    jobs, running = session.account[Jobs], session.running
    while True:
        go_on(running)
        with jobs.changed:
            service = session.account.catalogue.get("SERVICE", name)
            is_over = deadline is not None and time.monotonic() >= deadline
            if service.properties["status"] in states.ENDED.union(wanted) or is_over:
                return service
            jobs.changed.wait(_LOOK_SECONDS)


def to_the_end(session: Session, name: Name) -> Object:
    """The job once it has ended; with the statement that waits for it, it is cancelled.

    Raises:
        SnowflakeError: as `until`.

    """
    try:
        return until(session, name, states.ENDED)
    except SnowflakeError:  # the statement was cancelled, or its time is over
        session.account[Jobs].stop(session.account.catalogue.get("SERVICE", name))
        raise
