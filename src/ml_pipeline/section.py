"""Tables of the configuration as frozen pydantic models, and errors that name the file, the key and what it expects.

`Section` is a table of the frame's keys alone. `Open` takes a team's own keys, too, and tables of such keys.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from .values import ConfigError, nearest

S = TypeVar("S", bound="Section")
_Tables = dict[str, Any]
Path = tuple[str, ...]
Place = Callable[[Path], tuple[str, Path]]
"""Where a key is: its file, and its path in that."""


class Section(BaseModel):
    """A table of the configuration."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)
    adds: ClassVar[bool] = False
    """Whether an environment's file may have keys that base.toml lacks."""

    def changed(self, **changes: Any) -> Self:
        """Return a copy with other values; those of a table within are a dictionary, or the whole table.

        Raises ConfigError for a key that is not there, and for a value that a file could not have.
        """
        return read(type(self), overlay(type(self), self.model_dump(), changes, "the change"), in_file("the change"))

    def to_dict(self) -> _Tables:
        """Return what JSON can carry."""
        return self.model_dump(mode="json")


def own(value: Any) -> Any:
    """Return the value of a team's own key: a truth value, a number, a text, a date, a list, or a table of these.

    A text that is a date becomes one: JSON carries dates as texts. Raises ValueError for anything else.
    """
    match value:
        case bool() | int() | Open():
            return value
        case float() if math.isfinite(value):
            return value
        case str():
            return _as_date(value)
        case date() if not isinstance(value, datetime):
            return value
        case list() | tuple():
            return tuple(map(own, value))
        case Mapping():
            return Open(**{key: own(each) for key, each in value.items()})
    raise ValueError("expected true or false, a number, a text, a date, a list or a table")


class Open(Section):
    """A table that a team adds keys to: base.toml gives their type, code reads them as attributes."""

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, Annotated[Any, BeforeValidator(own)]] = Field(init=False)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


def _as_date(text: str) -> str | date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return text
    return found if found.isoformat() == text else text


def read(kind: type[S], values: Mapping[str, Any], place: Place) -> S:
    """Return the values as `kind`. Raises ConfigError that names each wrong one, its file and table by `place`."""
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        mistakes = [_explained(each, kind, place) for each in error.errors(include_url=False)]
        raise ConfigError("\n".join(dict.fromkeys(mistakes))) from error


def in_file(file: str, *within: str) -> Place:
    """Return where the keys of a table of one file are."""
    return lambda path: (file, (*within, *path))


def typed(kind: Any, value: Any, where: str) -> Any:
    """Return the value as one of `kind`, a type of values.py. Raises ConfigError for one that it cannot be."""
    try:
        return TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_expected(error.errors()[0])}, not {value!r}") from error


def _explained(error: Mapping[str, Any], kind: type[Section], place: Place) -> str:
    path = tuple(map(str, error["loc"]))
    file, (*within, key) = place(path)
    known = _at(kind, path[:-1])
    match error["type"]:
        case "missing":
            return f'{file}: missing key "{key}" in {table(within)}{nearest(key, {*error["input"]} - {*known})}'
        case "extra_forbidden":
            return f'{file}: unknown key "{key}" in {table(within)}{nearest(key, known)}'
    return f'{file}: "{key}" in {table(within)}: {_expected(error)}, not {error["input"]!r}'


def _at(kind: type[Section] | None, path: Path) -> tuple[str, ...]:
    """Return the frame's keys of a table within `kind`."""
    for key in path:
        kind = inner(kind, key)
    return tuple(kind.model_fields) if kind else ()


def inner(kind: type[Section] | None, key: str) -> type[Section] | None:
    """Return what the table `key` of another one is, if the frame has it."""
    field = kind.model_fields.get(key) if kind else None
    found = field.annotation if field else None
    return found if isinstance(found, type) and issubclass(found, Section) else None


_TYPES = {
    "bool_type": "true or false",
    "dict_type": "a table",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_type": "a whole number",
    "model_type": "a table",
    "string_type": "a text",
}
_LIMITS = {"greater_than": "more than {gt}", "greater_than_equal": "at least {ge}"} | {
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
}


def _expected(error: Mapping[str, Any]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind in _TYPES:
        return f"expected {_TYPES[kind]}"
    if kind in _LIMITS:
        return "expected a number of " + _LIMITS[kind].format(**context)
    message = str(error["msg"])
    return message[:1].lower() + message[1:]


def table(path: Sequence[str]) -> str:
    """Return how an error names a table of a file."""
    return f"[{'.'.join(path)}]" if path else "the file"


def as_table(value: Any, file: str, *within: str) -> Mapping[str, Any]:
    """Return what the file has as this table. Raises ConfigError if that is no table."""
    if not isinstance(value, Mapping):
        raise ConfigError(f'{file}: "{within[-1]}" in {table(within[:-1])}: expected a table, not {value!r}')
    return value


def overlay(
    kind: type[Section] | None, base: Mapping[str, Any], values: Mapping[str, Any], file: str, *within: str
) -> _Tables:
    """Return `base` with the values of another table over it: `kind` has the frame's keys, all others keep their type.

    Raises ConfigError for a key that `base` lacks, and for a value of another type.
    """
    merged = dict(base)
    for key, given in as_table(values, file, *within).items():
        value = given.model_dump() if isinstance(given, Section) else given
        if key not in base and kind and kind.adds:
            merged[key] = value
            continue
        if key not in base:
            advice = nearest(key, base) or "; a new setting goes into base.toml first"
            raise ConfigError(f'{file}: unknown key "{key}" in {table(within)}{advice}')
        if inner(kind, key) or (isinstance(base[key], dict) and isinstance(value, dict)):
            merged[key] = overlay(inner(kind, key), base[key], value, file, *within, key)
        elif kind and key in kind.model_fields:
            merged[key] = value
        else:
            merged[key] = _kept(base[key], value, f'{file}: "{key}" in {table(within)}')
    return merged


_OWN = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", date: "a date"} | {
    tuple: "a list",
    Open: "a table",
}


def _kept(base: Any, value: Any, where: str) -> Any:
    """Return a value of a team's own key, which has the type of the one in base.toml."""
    try:
        found, model = own(value), own(base)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}, not {value!r}") from error
    if isinstance(model, float) and type(found) is int:
        return float(found)
    if isinstance(model, tuple) and isinstance(found, tuple) and model:
        return [_kept(model[0], each, where) for each in found]
    if type(found) is not type(model):
        raise ConfigError(f"{where}: expected {_OWN[type(model)]} as in base.toml, not {value!r}")
    return found
