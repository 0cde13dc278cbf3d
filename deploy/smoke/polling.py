"""Long polls: each is one request that looks, waits and looks again in Snowflake, until there is something to say.

Requests get rarer as what they wait for gets longer, looks only a little: the end of a run of length T is found
within max(0.2 s, 2 % of T) and the time that a look takes, and a run of ten minutes needs at most 20 requests.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_SHORTEST_PAUSE = 0.2
_PAUSE_SHARE = 0.02  # of the time that has passed
_GROWTH = 1.5  # from one poll's patience to the next one's, the first being a second
_LONGEST = 60.0  # seconds of patience
_REPLY_SECONDS = 60  # for signing in again, and for an answer that is on its way


@dataclass(frozen=True)
class Poll:
    """One request: so many looks, each after a pause, in seconds."""

    looks: int
    pause: float

    @property
    def patience(self) -> float:
        """How long it lasts if there is nothing to say."""
        return self.looks * self.pause

    @property
    def seconds(self) -> float:
        """The deadline of a step that consists of it: a request may take a third of its step (account/deadline.py)."""
        return 3 * self.patience + _REPLY_SECONDS

    def loop(self, look: str) -> str:
        """Return the statements that look again and again; `look` RETURNs once there is something to say.

        It ends by Snowflake's clock if looks take long. To be used once in a block.
        """
        return f"""LET poll_end TIMESTAMP_LTZ := {_in_milliseconds(self.patience)};
FOR poll_look IN 1 TO {self.looks} DO
CALL SYSTEM$WAIT({round(self.pause * 1000)}, 'MILLISECONDS');
{look}
IF (CURRENT_TIMESTAMP() >= poll_end) THEN BREAK; END IF;
END FOR;"""


def polls(
    seconds: float, longest_pause: float = _LONGEST, clock: Callable[[], float] = time.monotonic
) -> Iterator[Poll]:
    """Return the polls of a wait that ends after so many seconds, each sized when it is asked for."""
    start = clock()
    for number in itertools.count():
        elapsed = clock() - start
        if elapsed >= seconds:
            return
        pause = min(max(_SHORTEST_PAUSE, elapsed * _PAUSE_SHARE), longest_pause)
        patience = min(_GROWTH**number, _LONGEST, seconds - elapsed)
        yield Poll(max(1, round(patience / pause)), pause)


def every(seconds: float, statements: str) -> tuple[str, str]:
    """Return what runs statements, each with its semicolon, now and then: what to put before a loop, and in it."""
    due = _in_milliseconds(seconds)
    return (
        f"LET turn_due TIMESTAMP_LTZ := {due};",
        f"IF (CURRENT_TIMESTAMP() >= turn_due) THEN\n{statements}\nturn_due := {due};\nEND IF;",
    )


def _in_milliseconds(seconds: float) -> str:
    return f"DATEADD('millisecond', {round(seconds * 1000)}, CURRENT_TIMESTAMP())"
