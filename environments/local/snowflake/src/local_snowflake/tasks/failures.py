"""How often in a row each task of a graph failed: what SUSPEND_TASK_AFTER_NUM_FAILURES counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .progress import FAILURES, SUCCEEDED

if TYPE_CHECKING:
    from ..kernel.store import Store
    from .history import TaskRun

_COLLECTION = "task_failures"


class Failures:
    """Failures in a row by task name, for each root id; kept in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counts: dict[str, dict[str, int]] = dict(store.all(_COLLECTION))

    def note(self, root_id: str, runs: Iterable[TaskRun]) -> dict[str, int]:
        """Count the ends of a graph run: a success starts again at 0; skipped and cancelled runs do not count.

        Returns:
            The counts of the tasks that have failed since their last success.

        """
        before = self._counts.get(root_id, {})
        after = dict(before)
        for run in runs:
            if run.state in FAILURES:
                after[run.name] = after.get(run.name, 0) + 1
            elif run.state == SUCCEEDED:
                after.pop(run.name, None)
        if after != before:
            self._counts[root_id] = after
            self._store.put(_COLLECTION, root_id, after)
        return after

    def forget(self, root_id: str) -> None:
        """Start again: the root was resumed, or is gone."""
        if self._counts.pop(root_id, None) is not None:
            self._store.remove(_COLLECTION, root_id)
