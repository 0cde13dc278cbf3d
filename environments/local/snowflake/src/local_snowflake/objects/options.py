"""`KEY = value` options of account objects: which there are, and what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..kernel.errors import invalid, unsupported
from ..kernel.names import fold
from ..kernel.parameters.table import can_set
from .parameters import typed

if TYPE_CHECKING:
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

NUMBER, TEXT, NAME, FLAG, LIST, NESTED = "number", "text", "name", "flag", "list", "nested"


def properties(session: Session, kind: str, given: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    """The options and the parameters of an object, checked and typed, under their lower-case names.

    Args:
        session: which sets them.
        kind: whose they are.
        given: as `Tokens.options` read them.
        known: as `read` takes them.

    Raises:
        SnowflakeError: as `read`; 001008 and 000002 for a parameter's value.

    """
    parameters = {key: value for key, value in given.items() if can_set(kind, key)}
    found = typed(session.account, kind, parameters)
    rest = read(kind, {key: value for key, value in given.items() if key not in parameters}, known)
    return {**rest, **{name.lower(): value for name, value in found.items()}}


def read(kind: str, given: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    """The options, typed, under their lower-case names. The grammar has admitted them already.

    Args:
        kind: whose options these are, for the error.
        given: as `Tokens.options` read them.
        known: option name to one of the types above.

    Raises:
        SnowflakeError: 000002 for an option that the local account does not follow, 001008 for a value of the wrong
            type.

    """
    return {key.lower(): _typed(kind, key, value, known) for key, value in given.items()}


def names(tokens: Tokens) -> list[str]:
    """The options that UNSET names, up to the end, in lower case."""
    found = []
    while not tokens.done:
        found.append(tokens.identifier().lower())
        tokens.accept(",")
    return found


def _typed(kind: str, key: str, value: Any, known: dict[str, str]) -> Any:
    if key not in known:
        raise unsupported(f"{kind} ... {key}")
    wanted = known[key]
    if wanted == NUMBER:
        return _number(key, value)
    if wanted == FLAG:
        return _flag(key, value)
    if wanted in {LIST, NESTED}:
        return value if isinstance(value, list | dict) else [value]
    return fold(str(value)) if wanted == NAME else str(value)


def _number(key: str, value: Any) -> int | None:
    if str(value).upper() == "NULL":
        return None
    try:
        return int(value)
    except ValueError as error:
        raise invalid(f"invalid value [{value}] for parameter '{key}'") from error


def _flag(key: str, value: Any) -> bool:
    text = str(value).upper()
    if text not in {"TRUE", "FALSE"}:
        raise invalid(f"invalid value [{value}] for parameter '{key}'")
    return text == "TRUE"
