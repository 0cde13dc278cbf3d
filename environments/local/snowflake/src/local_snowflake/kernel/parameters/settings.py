"""What a session's parameters are now: its own, over those that its user and the account gave it when it began."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from .table import OF_CALLER, PARAMETERS, at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..catalogue import Object
    from .account import AccountParameters

# What a statement means depends on these.
_MEANING = (
    "BINARY_INPUT_FORMAT",
    "BINARY_OUTPUT_FORMAT",
    "DATE_INPUT_FORMAT",
    "DATE_OUTPUT_FORMAT",
    "TIMESTAMP_INPUT_FORMAT",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT",
    "TIMESTAMP_OUTPUT_FORMAT",
    "TIMESTAMP_TYPE_MAPPING",
    "TIMESTAMP_TZ_OUTPUT_FORMAT",
    "TIME_INPUT_FORMAT",
    "TIME_OUTPUT_FORMAT",
    "WEEK_OF_YEAR_POLICY",
    "WEEK_START",
)
# What means the same as the default, which is TIMESTAMP_OUTPUT_FORMAT's.
_SAME = dict.fromkeys(
    ("TIMESTAMP_LTZ_OUTPUT_FORMAT", "TIMESTAMP_TZ_OUTPUT_FORMAT"), PARAMETERS["TIMESTAMP_OUTPUT_FORMAT"].default
)
# How a statement is read, and what its failure means, depends on these.
_STATEMENTS = ("QUOTED_IDENTIFIERS_IGNORE_CASE", "TRANSACTION_ABORT_ON_ERROR")
# A value, and the level that it was set on ("" for the default).
Setting = tuple[Any, str]


class Settings(dict[str, Any]):
    """Every session parameter's value by its name; changed by `put` and `drop` only.

    Attributes:
        inherited: what the session began with, where that is no default.
        own: what it set itself.
        usual: whether expressions mean what they mean by default.
        plain: whether, beside that, statements are read and end as they do by default.

    """

    def __init__(self, inherited: Mapping[str, Setting] | None = None) -> None:
        super().__init__(_defaults())
        self.inherited, self.own = dict(inherited or {}), dict[str, Any]()
        self.update({name: value for name, (value, _) in self.inherited.items()})
        self._look()

    def put(self, name: str, value: Any) -> None:
        """Set a parameter to a typed value."""
        self.own[name] = self[name] = value
        self._look()

    def drop(self, name: str) -> None:
        """Forget what the session set."""
        self.own.pop(name, None)
        self[name] = self.inherited.get(name, (PARAMETERS[name].default, ""))[0]
        self._look()

    def level(self, name: str) -> str:
        """Where the value was set."""
        return "SESSION" if name in self.own else self.inherited.get(name, ("", ""))[1]

    def for_owner(self, account: AccountParameters) -> Settings:
        """What a procedure with its owner's rights works with when a session with these calls it."""
        kept = {name: (self[name], self.level(name)) for name in OF_CALLER if self.level(name)}
        given = {name: setting for name, setting in of_account(account).items() if name not in OF_CALLER}
        return Settings({**given, **kept})

    def _look(self) -> None:
        defaults = _defaults()
        self.usual = all(self[name] == defaults[name] or self[name] == _SAME.get(name) for name in _MEANING)
        self.plain = self.usual and all(self[name] == defaults[name] for name in _STATEMENTS)


@cache
def _defaults() -> dict[str, Any]:
    return {p.name: p.default for p in at("SESSION")}


def of_account(parameters: AccountParameters) -> dict[str, Setting]:
    """The session parameters that are set on the account."""
    return _session_ones(parameters.all.items(), "ACCOUNT")


def of_user(parameters: AccountParameters, user: Object | None) -> dict[str, Setting]:
    """The session parameters that a session of the user begins with; None for one who is gone."""
    return {**of_account(parameters), **_session_ones(set_on(user).items(), "USER")}


def _session_ones(given: Iterable[tuple[str, Any]], level: str) -> dict[str, Setting]:
    return {name: (value, level) for name, value in given if name in _defaults()}


def set_on(thing: Object | None) -> Mapping[str, Any]:
    """The parameters that are set on an object itself; none on one that is not there."""
    if thing is None:
        return {}
    mine = thing.properties
    kept = {p.name: mine[p.name.lower()] for p in at(thing.kind) if mine.get(p.name.lower()) is not None}
    return {**kept, **mine.get("parameters", {})}
