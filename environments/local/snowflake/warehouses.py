"""Whether warehouses run: resumed by use, suspended after they idled as long as they are set to."""

import threading
import time


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

    def runs(self, name: str, auto_suspend: int | None) -> bool:
        """Whether it runs, given after how many idle seconds it suspends itself (None or 0: never)."""
        used = self._used.get(name)
        return used is not None and (not auto_suspend or time.monotonic() - used < auto_suspend)
