"""Results that clients may still ask for: RESULT_SCAN, asynchronous queries, the chunks of large results."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from .result import Result

# "USER" or "ROLE", and its name.
Owner = tuple[str, str]
# A request with a statement for every task of a large graph has thousands of results, which the client asks for one
# by one.
_KEPT_RESULTS, _KEPT_BYTES = 10_000, 2**30


class Results:
    """The newest results by query id: at most 10,000, and at most 1 GiB besides the newest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: OrderedDict[str, Result] = OrderedDict()
        self._owners: dict[str, Owner] = {}
        self._bytes = 0

    def keep(self, result: Result, owner: Owner) -> None:
        """Remember a result and whose it is; the oldest are forgotten."""
        with self._lock:
            self._forget(result.query_id)
            self._results[result.query_id] = result
            self._owners[result.query_id] = owner
            self._bytes += result.rows.nbytes
            while len(self._results) > 1 and (len(self._results) > _KEPT_RESULTS or self._bytes > _KEPT_BYTES):
                self._forget(next(iter(self._results)))

    def find(self, query_id: str) -> Result | None:
        """A remembered result."""
        with self._lock:
            return self._results.get(query_id)

    def of(self, query_id: str, mine: Collection[Owner]) -> Result | None:
        """A remembered result that one of these owns."""
        with self._lock:
            return self._results.get(query_id) if self._owners.get(query_id) in mine else None

    def _forget(self, query_id: str) -> None:
        gone = self._results.pop(query_id, None)
        self._owners.pop(query_id, None)
        self._bytes -= gone.rows.nbytes if gone else 0
