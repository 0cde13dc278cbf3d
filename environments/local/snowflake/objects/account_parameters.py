"""Parameters of the account: ALTER ACCOUNT SET | UNSET, and what the account keeps of it.

https://docs.snowflake.com/en/sql-reference/sql/alter-account
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import insufficient_privileges, unsupported
from ..python import repositories
from ..result import EXECUTED, Result, status

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..session import Session
    from ..store import Store
    from ..tokens import Tokens

# Those that the local account follows: what a value must be, and how it is kept.
KNOWN: dict[str, Callable[[str], Any]] = {repositories.PARAMETER: repositories.checked}


class AccountParameters:
    """The values, in memory and written through to the store.

    Args:
        store: the account's.

    """

    def __init__(self, store: Store) -> None:
        self._store = store
        kept = store.get("account", "parameters")
        self.new = kept is None
        self._values: dict[str, Any] = kept or {}

    def get(self, name: str) -> Any:
        """The value; None when it is not set."""
        return self._values.get(name)

    def set(self, name: str, value: Any) -> None:
        """Set a parameter; None unsets it."""
        self._values = {key: kept for key, kept in {**self._values, name: value}.items() if kept is not None}
        self._store.put("account", "parameters", self._values)


def _alter(session: Session, tokens: Tokens) -> Result:
    if "ACCOUNTADMIN" not in session.account.access.effective(session.roles):
        raise insufficient_privileges("ACCOUNT", "LOCAL")
    changes = _unset(tokens) if tokens.accept("UNSET") else _set(tokens)
    for name, value in changes.items():
        session.account.parameters.set(name, value)
    return status(EXECUTED)


def _set(tokens: Tokens) -> dict[str, Any]:
    text = tokens.text
    tokens.expect("SET")
    if tokens.peek(1).text != "=":
        raise unsupported(" ".join(text.split())[:300])
    return {name: KNOWN[_known(name, text)](str(value)) for name, value in tokens.options().items()}


def _unset(tokens: Tokens) -> dict[str, Any]:
    found = {_known(tokens.identifier(), tokens.text): None}
    while tokens.accept(","):
        found[_known(tokens.identifier(), tokens.text)] = None
    tokens.end()
    return found


def _known(name: str, text: str) -> str:
    if name not in KNOWN:
        raise unsupported(" ".join(text.split())[:300])
    return name


VERBS = {"ALTER ACCOUNT": _alter}
