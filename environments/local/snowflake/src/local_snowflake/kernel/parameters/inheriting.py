"""A parameter of an object: its own value, or its container's, or the account's, or the default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..access import ACCOUNT
from .settings import Setting, set_on
from .table import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..account import Account
    from ..names import Name


def _up(kind: str, name: Name) -> Iterator[tuple[str, Name]]:
    """The object and what it inherits from, the nearest first."""
    if kind != "ACCOUNT":
        yield kind, name
    container = name.container
    while container:
        yield ("SCHEMA" if container.database else "DATABASE"), container
        container = container.container
    yield "ACCOUNT", ACCOUNT


def setting(account: Account, parameter: str, kind: str, name: Name) -> Setting:
    """The value that holds for an object, and the level on which it was set."""
    return _nearest(parameter, _levels(account, kind, name))


def settings(account: Account, parameters: Iterable[str], kind: str, name: Name) -> list[Setting]:
    """The same of several parameters, looking once at each level."""
    levels = list(_levels(account, kind, name))
    return [_nearest(parameter, levels) for parameter in parameters]


def _levels(account: Account, kind: str, name: Name) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What is set on each level, the nearest first."""
    for level, place in _up(kind, name):
        yield level, account.parameters.all if level == "ACCOUNT" else set_on(account.catalogue.find(level, place))


def _nearest(parameter: str, levels: Iterable[tuple[str, Mapping[str, Any]]]) -> Setting:
    for level, given in levels:
        if parameter in given:
            return given[parameter], level
    return PARAMETERS[parameter].default, ""


def value(account: Account, parameter: str, kind: str, name: Name) -> Any:
    """The value that holds for an object."""
    return setting(account, parameter, kind, name)[0]
