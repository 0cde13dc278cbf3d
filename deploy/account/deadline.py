"""A step and its deadline, which holds whatever the connector waits for."""

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

# A request may take this part of its step, so that there is time left to read back what it did.
_PART_OF_STEP = 3


class LateError(Exception):
    """The deadline has passed."""


class Step:
    """What is being done, and how long it may take: no longer than the step that it is a part of, if there is one."""

    def __init__(self, name: str, seconds: float, whole: "Step | None" = None) -> None:
        self.name = name
        self.seconds = seconds
        own = time.monotonic() + seconds
        self._end: float = min(own, whole._end) if whole else own

    @property
    def seconds_left(self) -> float:
        """Until the deadline."""
        return max(0.0, self._end - time.monotonic())

    @property
    def seconds_for_request(self) -> int:
        """How long one request may take."""
        return max(1, math.ceil(min(self.seconds_left, self.seconds / _PART_OF_STEP)))

    def within(self, work: Callable[[], T]) -> T:
        """Return what `work` returns. Raises LateError at the deadline: it is left to itself, in its own thread.

        The connector's own time-outs bound single tries and sleeps, not an answer that never comes.
        """
        done: Future[T] = Future()

        def settle() -> None:
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
                done.set_exception(error)

        threading.Thread(target=settle, daemon=True, name=self.name).start()
        try:
            return done.result(self.seconds_left)
        except TimeoutError as error:
            raise LateError from error
