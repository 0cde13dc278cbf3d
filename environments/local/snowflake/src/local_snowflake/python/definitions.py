"""What CREATE PROCEDURE and CREATE FUNCTION say: arguments, what is returned, and the code.

https://docs.snowflake.com/en/sql-reference/sql/create-procedure
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..kernel.errors import SnowflakeError, invalid, unsupported
from ..sql import datatypes
from ..sql.datatypes import DataType
from . import repositories

if TYPE_CHECKING:
    from ..kernel.tokens import Tokens
    from ..kernel.types import Column

_RUNTIME = f"{sys.version_info.major}.{sys.version_info.minor}"
# Options that ask for something outside the account; what has no effect here is recorded, the rest is refused.
_REFUSED = {"EXTERNAL_ACCESS_INTEGRATIONS", "SECRETS", "TARGET_PATH"}


@dataclass(frozen=True)
class Argument:
    """An argument: its name, its type as Snowflake writes it, and its default in SQL if it has one."""

    name: str
    type: str
    default: str | None = None

    @property
    def data_type(self) -> DataType:
        """The type, read."""
        return datatypes.parse(self.type)

    @property
    def column(self) -> Column:
        """The argument as a column."""
        return self.data_type.column(self.name)


@dataclass(frozen=True)
class Definition:
    """A procedure or function.

    Attributes:
        returns: the type of its value; "" for RETURNS TABLE.
        columns: the columns of RETURNS TABLE (name and type); none for `RETURNS TABLE ()`.
        execute_as: "OWNER" or "CALLER".
        strict: whether a NULL argument makes the value NULL without a call.
        packages: as PACKAGES lists them.
        installed: `name==version` of what they stood for when it was created, with all that they require.
        artifact_repository: where they come from; "" for Anaconda's channel where nothing says so.

    """

    arguments: tuple[Argument, ...]
    returns: str = ""
    columns: tuple[Argument, ...] = ()
    language: str = "SQL"
    runtime_version: str = ""
    packages: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
    artifact_repository: str = ""
    imports: tuple[str, ...] = ()
    handler: str = ""
    body: str = ""
    execute_as: str = "OWNER"
    strict: bool = False
    volatility: str = "VOLATILE"
    secure: bool = False
    comment: str = ""

    @property
    def brought(self) -> tuple[str, ...]:
        """The packages whose modules the code may import; an earlier server has not written down what they require."""
        return self.installed or self.packages

    @property
    def tabular(self) -> bool:
        """Whether it returns rows."""
        return not self.returns

    @property
    def returned(self) -> str:
        """What it returns, as SHOW and DESCRIBE print it."""
        if not self.tabular:
            return self.returns
        return f"TABLE ({', '.join(f'{c.name} {c.data_type.name}' for c in self.columns)})"

    @property
    def required(self) -> int:
        """How many arguments a call must give."""
        return sum(a.default is None for a in self.arguments)

    def to_json(self) -> dict[str, Any]:
        """The definition as a catalogue entry's properties keep it."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Definition:
        """The definition that `to_json` made this of."""
        listed = {k: tuple(Argument(**a) for a in kept[k]) for k in ("arguments", "columns")}
        # A definition of an earlier server has no `installed`.
        texts = {k: tuple(kept.get(k, ())) for k in ("packages", "installed", "imports")}
        return cls(**{**kept, **listed, **texts})


def read(tokens: Tokens, *stops: str) -> Definition:
    """A definition from its argument list on, up to the end or one of the stop words.

    Raises:
        SnowflakeError: a syntax error, or something that the local account refuses by name.

    """
    return read_rest(tokens, read_arguments(tokens), *stops)


def read_rest(tokens: Tokens, arguments: tuple[Argument, ...], *stops: str) -> Definition:
    """A definition from RETURNS on, as `read`."""
    tokens.expect("RETURNS")
    found: dict[str, Any] = {"arguments": arguments, **_returns(tokens)}
    while not tokens.done and tokens.peek().upper not in stops:
        found |= _option(tokens)
    return _checked(Definition(**found))


def read_arguments(tokens: Tokens) -> tuple[Argument, ...]:
    """`(name type [DEFAULT value], ...)`.

    Raises:
        SnowflakeError: as `read`.

    """
    tokens.expect("(")
    found: list[Argument] = []
    while not tokens.accept(")"):
        name, kind = tokens.identifier(), str(datatypes.read(tokens))
        found.append(Argument(name, kind, _default(tokens)))
        if not tokens.looking_at(")"):
            tokens.expect(",")
    _check_arguments(found)
    return tuple(found)


def _check_arguments(found: list[Argument]) -> None:
    """They are not too many, their names differ, and those with a default stand last.

    Raises:
        SnowflakeError: 391528, 002025 and 001008.

    """
    if len(found) > _MOST_ARGUMENTS:
        raise invalid(f"A procedure or function has {_MOST_ARGUMENTS} arguments at most, not {len(found)}.", "391528")
    names = [argument.name for argument in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise SnowflakeError(f"SQL compilation error:\nduplicate argument name '{twice[0]}'", "002025", "42S21")
    optional = [argument.default is not None for argument in found]
    if optional != sorted(optional):
        raise invalid("Optional arguments must be placed after the required ones.")


# https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-snowflake-scripting (limitations)
_MOST_ARGUMENTS = 500


def _default(tokens: Tokens) -> str | None:
    if not tokens.accept("DEFAULT"):
        return None
    start, depth, last = tokens.peek(), 0, tokens.peek()
    while not tokens.done and (depth or tokens.peek().text not in {",", ")"}):
        last = tokens.take()
        depth += {"(": 1, ")": -1}.get(last.text, 0)
    return tokens.text[start.start : last.end]


def _returns(tokens: Tokens) -> dict[str, Any]:
    if tokens.accept("TABLE"):
        return {"columns": read_arguments(tokens)}
    kind = str(datatypes.read(tokens))
    tokens.accept("NOT", "NULL") or tokens.accept("NULL")
    return {"returns": kind}


def _option(tokens: Tokens) -> dict[str, Any]:
    for words, found in _PHRASES:
        if tokens.accept(*words):
            return found
    if tokens.looking_at("EXECUTE", "AS", "RESTRICTED", "CALLER"):
        raise unsupported("EXECUTE AS RESTRICTED CALLER")
    if tokens.accept("LANGUAGE"):
        return {"language": tokens.identifier()}
    if tokens.accept("AS"):
        return {"body": _body(tokens)}
    key = tokens.take().upper
    if key in _REFUSED:
        raise unsupported(f"{key} of a procedure or function")
    if key not in _OPTIONS:
        raise invalid(f"invalid property '{key}'", "001420")
    tokens.expect("=")
    return _OPTIONS[key](tokens)


def _body(tokens: Tokens) -> str:
    if tokens.peek().kind in {"dollar", "string"}:
        return tokens.take().value
    text = tokens.rest
    while not tokens.done:
        tokens.take()
    return text


def _repository(tokens: Tokens) -> dict[str, Any]:
    return {"artifact_repository": repositories.named(".".join(tokens.name())).name}


def _constraint(tokens: Tokens) -> dict[str, Any]:
    """Asks for a kind of machine, of which there is one."""
    tokens.parenthesised()
    return {}


_PHRASES: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("CALLED", "ON", "NULL", "INPUT"), {"strict": False}),
    (("RETURNS", "NULL", "ON", "NULL", "INPUT"), {"strict": True}),
    (("STRICT",), {"strict": True}),
    (("VOLATILE",), {"volatility": "VOLATILE"}),
    (("IMMUTABLE",), {"volatility": "IMMUTABLE"}),
    (("EXECUTE", "AS", "OWNER"), {"execute_as": "OWNER"}),
    (("EXECUTE", "AS", "CALLER"), {"execute_as": "CALLER"}),
)
_OPTIONS = {
    "RUNTIME_VERSION": lambda tokens: {"runtime_version": tokens.value()},
    "PACKAGES": lambda tokens: {"packages": tuple(tokens.values())},
    "IMPORTS": lambda tokens: {"imports": tuple(tokens.values())},
    "HANDLER": lambda tokens: {"handler": tokens.value()},
    "COMMENT": lambda tokens: {"comment": tokens.value()},
    "ARTIFACT_REPOSITORY": _repository,
    "RESOURCE_CONSTRAINT": _constraint,
}


_OF_HANDLERS = ("runtime_version", "packages", "imports", "handler")


def _checked(found: Definition) -> Definition:
    if found.language == "SQL":
        if given := [name.upper() for name in _OF_HANDLERS if getattr(found, name)]:
            raise invalid(f"invalid property '{given[0]}' for LANGUAGE SQL", "001420")
        if not found.body:
            raise invalid("A body is required for LANGUAGE SQL: AS '...'.", "001003", "42000")
        return found
    if found.language != "PYTHON":
        raise unsupported(f"LANGUAGE {found.language}")
    if not found.runtime_version:
        raise invalid("Runtime version is required for Python functions and procedures.", "391516")
    if found.runtime_version != _RUNTIME:
        what = f"RUNTIME_VERSION = {found.runtime_version} (this account runs on Python {_RUNTIME} only)"
        raise unsupported(what)
    if not found.handler:
        raise invalid("Handler is required for Python functions and procedures.", "391517")
    if not found.body and not found.imports:
        raise invalid("Python code is required: AS '...', or IMPORTS.", "001003", "42000")
    return found
