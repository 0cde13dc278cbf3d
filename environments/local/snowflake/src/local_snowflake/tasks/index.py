"""The tasks of the account as typed values, by schema, with their links; kept up to date by the catalogue."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .graph import Linked
from .spec import Task

if TYPE_CHECKING:
    from ..kernel.catalogue import Catalogue, Object
    from ..kernel.names import Name


class TaskIndex:
    """What a statement about one task of a thousand looks up instead of reading all of them.

    Args:
        catalogue: where the tasks are.

    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._lock = threading.Lock()
        self._schemas: dict[Name | None, Linked] = {}
        self._started: dict[Name, tuple[Object, Task]] = {}
        catalogue.watch("TASK", self._note)

    def of(self, schema: Name | None) -> Linked:
        """The tasks of a schema (a name with a database) as they are now."""
        with self._lock:
            found = self._schemas.get(schema)
            return found.copy() if found else Linked()

    def started_roots(self) -> list[tuple[Object, Task]]:
        """The root tasks that are resumed."""
        with self._lock:
            return list(self._started.values())

    def _note(self, old: Object | None, new: Object | None) -> None:
        with self._lock:
            if old:
                self._schemas[old.name.container].drop(old.name.name)
                self._started.pop(old.name, None)
            if new:
                task = Task.of(new)
                self._schemas.setdefault(new.name.container, Linked()).put(task)
                if task.started and task.is_root:
                    self._started[new.name] = (new, task)
