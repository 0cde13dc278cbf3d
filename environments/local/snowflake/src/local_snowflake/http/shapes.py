"""What a request says, checked in one place before anything is done: the fields of its body, and its numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..kernel.errors import SnowflakeError

# The types of JSON: bool is no int here.
_NAMES = {str: "a text", int: "a whole number", bool: "true or false", dict: "an object", list: "a list"}
_NUMBER = re.compile(r"[0-9]{1,9}")
BAD_REQUEST = "390400"


@dataclass(frozen=True)
class Required:
    """A field that must be there."""

    shape: Any


@dataclass(frozen=True)
class OneOf:
    """An object whose fields depend on one of them: `OneOf("type", {"A": shape, "B": shape})`."""

    field: str
    shapes: dict[str, Any]


@dataclass(frozen=True)
class Matching:
    """A text that keeps to a pattern."""

    pattern: str
    called: str


@dataclass(frozen=True)
class Open:
    """An object that may have other fields than these."""

    fields: dict[str, Any]


IDENTIFIER = Matching(r'"([^"]|"")+"|[A-Za-z_][A-Za-z0-9_$]*', "an identifier")


def bad_request(cause: str) -> SnowflakeError:
    """The error of a request that cannot be read."""
    return SnowflakeError(f"The request's body cannot be read: {cause}.", BAD_REQUEST, "08P01")


def check(given: Any, shape: Any, where: str = "the body") -> Any:
    """The value, which has the shape. A field that is null is one that is not there.

    Args:
        given: out of JSON.
        shape: a type; a list of one shape; an object's fields with their shapes (no others may come); one of the
            classes above; `object` for anything.
        where: what the value is called.

    Raises:
        SnowflakeError: 390400, which names the first field that is wrong.

    """
    if isinstance(shape, OneOf):
        kind = check(given, dict, where).get(shape.field)
        if not isinstance(kind, str) or kind not in shape.shapes:
            raise bad_request(f"{where}.{shape.field} is none of {', '.join(shape.shapes)}")
        check(given, {shape.field: str, **shape.shapes[kind]}, where)
    elif isinstance(shape, Matching):
        if not re.fullmatch(shape.pattern, check(given, str, where)):
            raise bad_request(f"{where} is not {shape.called}")
    elif isinstance(shape, Open | dict):
        _check_fields(check(given, dict, where), shape, where)
    elif isinstance(shape, list):
        for at, each in enumerate(check(given, list, where)):
            check(each, shape[0], f"{where}[{at}]")
    elif not isinstance(given, shape) or (isinstance(given, bool) and shape is int):
        raise bad_request(f"{where} is not {_NAMES[shape]}")
    return given


def _check_fields(given: dict[str, Any], shape: Open | dict[str, Any], where: str) -> None:
    fields = shape.fields if isinstance(shape, Open) else shape
    if isinstance(shape, dict) and (unknown := sorted(given.keys() - fields.keys())):
        raise bad_request(f"{where} has no field '{unknown[0]}'")
    for name, wanted in fields.items():
        inner = wanted.shape if isinstance(wanted, Required) else wanted
        if given.get(name) is not None:
            check(given[name], inner, f"{where}.{name}")
        elif isinstance(wanted, Required):
            raise bad_request(f"{where}.{name} is missing")


def number(written: str, called: str, least: int = 0) -> int:
    """A whole number of at most nine digits.

    Raises:
        SnowflakeError: 390400.

    """
    if not _NUMBER.fullmatch(written) or int(written) < least:
        raise bad_request(f"{called} is no whole number of at least {least}")
    return int(written)
