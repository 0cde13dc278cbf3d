"""What features keep for an account while it is open: its schedules, its workers, its services; one of each type."""

from __future__ import annotations

from typing import TypeVar


class Part:
    """What an account has one of, from its opening to its end."""

    def begin(self) -> None:
        """The account answers from now on."""

    def close(self) -> None:
        """The account ends: stop what runs."""


P = TypeVar("P", bound=Part)


class Parts:
    """The parts of an account, in the order in which they were made: each may use those before it."""

    def __init__(self) -> None:
        self._kept: dict[type[Part], Part] = {}

    def keep(self, part: Part) -> None:
        """Take in a part."""
        if type(part) in self._kept:
            raise TypeError(f"the account has a {type(part).__name__} already")
        self._kept[type(part)] = part

    def __getitem__(self, kind: type[P]) -> P:
        try:
            return self._kept[kind]  # type: ignore[return-value]
        except KeyError:
            text = f"this account has no {kind.__name__}: open it with local_snowflake.opening.opened"
            raise LookupError(text) from None

    def of(self, kind: type[P]) -> list[P]:
        """The parts of a type and of those below it."""
        return [part for part in self._kept.values() if isinstance(part, kind)]

    def begin(self) -> None:
        """Let them begin, in their order."""
        for part in self._kept.values():
            part.begin()

    def close(self) -> None:
        """Close them, the last one first."""
        for part in reversed(self._kept.values()):
            part.close()
