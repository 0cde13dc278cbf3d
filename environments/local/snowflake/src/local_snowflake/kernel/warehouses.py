"""Whether warehouses run: resumed by use, suspended after they idled as long as they are set to."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .catalogue import Object

_IDLE = 600  # seconds, unless the warehouse says otherwise


class Warehouses:
    """When each warehouse was last used. Kept in memory: after a restart all are suspended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[str, float] = {}

    def use(self, name: str) -> None:
        """The warehouse is used now, so it runs."""
        with self._lock:
            self._used[name] = time.monotonic()

    def suspend(self, name: str) -> None:
        """The warehouse is suspended now."""
        with self._lock:
            self._used.pop(name, None)

    def runs(self, warehouse: Object) -> bool:
        """Whether it runs, and has not suspended itself because it was idle (NULL or 0: it never does)."""
        used, idle = self._used.get(warehouse.name.name), warehouse.properties.get("auto_suspend", _IDLE)
        return used is not None and (not idle or time.monotonic() - used < idle)

    def resumes(self, warehouse: Object) -> bool:
        """Whether a statement can use it: it runs, or the statement resumes it (AUTO_RESUME, TRUE by default)."""
        return warehouse.properties.get("auto_resume", True) or self.runs(warehouse)
