"""Triggered tasks: a root without a schedule runs when a stream of its WHEN condition has data.

https://docs.snowflake.com/en/user-guide/tasks-triggered
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..kernel.errors import SnowflakeError
from . import condition
from .work import stream_has_data

if TYPE_CHECKING:
    from .graph_runs import GraphRuns
    from .spec import Task
    from .versions import GraphVersion


class Triggers:
    """When triggered tasks were started last.

    Args:
        runs: the account's graph runs.

    """

    def __init__(self, runs: GraphRuns) -> None:
        self._runs = runs
        self._last: dict[str, datetime] = {}

    def ready(self, task: Task, moment: datetime) -> bool:
        """Whether a run is to start now: there is data, no run is under way, and the last start is long enough ago."""
        last = self._last.get(task.id)
        pause = timedelta(seconds=task.parameter("USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS"))
        if (last and moment < last + pause) or not self._runs.idle(task.id):
            return False
        version = self._runs.versions.latest(task.id)
        if version is None or not self._holds(version):
            return False
        self._last[task.id] = moment
        return True

    def _holds(self, version: GraphVersion) -> bool:
        """Whether the condition holds; one that cannot be evaluated starts a run, which fails and says why."""
        try:
            return condition.parse(version.root_task.condition or "").holds(_Streams(self._runs, version))
        except SnowflakeError:
            return True


class _Streams:
    """What a root's condition can ask; a root has no predecessors."""

    def __init__(self, runs: GraphRuns, version: GraphVersion) -> None:
        self._runs, self._version = runs, version

    def predecessor_value(self, written: str | None) -> str | None:
        raise SnowflakeError(f"Task '{written}' is not a predecessor of the root task.", "091092", "22023")

    def predecessor_states(self) -> tuple[str, ...]:
        return ()

    def stream_has_data(self, written: str) -> bool:
        return stream_has_data(self._runs.account, self._version, self._version.root_task, written)
