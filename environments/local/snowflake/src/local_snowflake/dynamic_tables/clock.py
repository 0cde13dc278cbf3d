"""The clock of dynamic tables: each one is refreshed before its rows are older than its TARGET_LAG."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..kernel.catalogue import now
from ..kernel.errors import SnowflakeError
from ..kernel.parts import Part
from . import options, refreshing
from .history import SCHEDULED, WORD

if TYPE_CHECKING:
    from ..kernel.account import Account
    from ..kernel.catalogue import Object

_log = logging.getLogger(__name__)
_NAP = 1.0  # seconds, while there is a table with a lag
_LONG_NAP = 30.0


class Clock(Part):
    """Refreshes the account's dynamic tables in the background.

    Args:
        account: whose tables these are.

    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._watch, name="dynamic tables", daemon=True)

    def begin(self) -> None:
        """Look at the tables from now on."""
        self._thread.start()

    def close(self) -> None:
        """Stop; a refresh that runs is waited for."""
        self._closing = True
        self.wake()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def wake(self) -> None:
        """Look again: a table was created, altered or resumed."""
        with self._changed:
            self._changed.notify()

    def _watch(self) -> None:
        while not self._closing:
            waiting = self._lagging()
            for thing in waiting:
                if not self._closing and due(thing) <= now():
                    self._refresh(thing)
            with self._changed:
                if not self._closing:
                    self._changed.wait(_NAP if waiting else _LONG_NAP)

    def _lagging(self) -> list[Object]:
        every = self._account.catalogue.of(WORD)
        return [o for o in every if _is_scheduled(o) and options.seconds(o.properties["target_lag"]) is not None]

    def _refresh(self, thing: Object) -> None:
        try:
            refreshing.refresh(self._account, thing, SCHEDULED)
        except SnowflakeError as error:
            _log.info("The refresh of %s failed: %s", thing.name, error.message)
        except Exception:  # noqa: BLE001 - one table's fault must not stop the others
            _log.exception("The refresh of %s met a fault of the local Snowflake", thing.name)


def _is_scheduled(thing: Object) -> bool:
    return thing.properties["scheduling_state"] == "ACTIVE" and thing.properties["scheduler"] == "ENABLE"


def due(thing: Object) -> datetime:
    """When the rows will be as old as they may get; one that has none yet is due now, one that failed a lag later."""
    last = thing.properties["data_timestamp"]
    if last is None:
        return thing.created_on
    lag = options.seconds(thing.properties["target_lag"]) or 0
    return datetime.fromisoformat(last) + timedelta(seconds=lag * (1 + thing.properties["failures"]))
