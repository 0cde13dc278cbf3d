"""How a list of statements is left before its end: by RETURN, BREAK or CONTINUE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .variables import NULL, Value

if TYPE_CHECKING:
    from ..kernel.result import Result


@dataclass(frozen=True)
class Returned:
    """RETURN was met: with a value or with rows."""

    value: Value = NULL
    rows: Result | None = None


@dataclass(frozen=True)
class Left:
    """BREAK or CONTINUE was met, for the loop with that label or the innermost one."""

    again: bool
    label: str | None

    def is_for(self, label: str | None) -> bool:
        """Whether a loop with that label is meant."""
        return self.label is None or self.label == label


Signal = Returned | Left | None
