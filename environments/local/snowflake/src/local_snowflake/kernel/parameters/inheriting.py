"""A parameter of an object: its own value, or its container's, or the account's, or the default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..access import ACCOUNT
from .settings import Setting, set_on
from .table import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    for level, place in _up(kind, name):
        given = account.parameters.all if level == "ACCOUNT" else set_on(account.catalogue.find(level, place))
        if parameter in given:
            return given[parameter], level
    return PARAMETERS[parameter].default, ""


def value(account: Account, parameter: str, kind: str, name: Name) -> Any:
    """The value that holds for an object."""
    return setting(account, parameter, kind, name)[0]
