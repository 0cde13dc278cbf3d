"""The parameters that are set on the account itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..store import Store


class AccountParameters:
    """Their values, in memory and written through to the store.

    Args:
        store: the account's.

    """

    def __init__(self, store: Store) -> None:
        self._store = store
        kept = store.get("account", "parameters")
        self.new = kept is None
        self._values: dict[str, Any] = kept or {}

    @property
    def all(self) -> Mapping[str, Any]:
        """The values by name."""
        return self._values

    def get(self, name: str) -> Any:
        """The value; None when it is not set."""
        return self._values.get(name)

    def set(self, name: str, value: Any) -> None:
        """Set a parameter to a typed value; None unsets it."""
        self.change({name: value})

    def change(self, changes: Mapping[str, Any]) -> None:
        """Set several parameters; None unsets one."""
        new = {**self._values, **changes}
        self._values = {name: value for name, value in new.items() if value is not None}
        self._store.put("account", "parameters", self._values)
