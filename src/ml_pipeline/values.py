"""What a value of the configuration may be, and how an untyped one becomes it."""

import difflib
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NewType, TypeVar, get_type_hints

Scalar = str | int | float | bool
T = TypeVar("T")

Identifier = NewType("Identifier", str)
"""A Snowflake name that needs no quotes: upper case letters, digits, _ and $."""

ModelName = NewType("ModelName", str)
"""A name as above, short enough for the names of the model's services to be labels of DNS: see labels.py."""

ComputePool = NewType("ComputePool", str)
"""A name as above, or nothing in an account that has no compute pools."""

Integration = NewType("Integration", str)
"""A notification integration's name as above, or nothing where there is none."""

Count = NewType("Count", int)
"""A whole number from 1 on."""

MOST_CANDIDATES = 8
Candidates = NewType("Candidates", int)
"""How many hyper-parameters to try: from 1 to MOST_CANDIDATES."""

PackageRepository = NewType("PackageRepository", str)
"""An artifact repository with its database and schema."""

Repository = NewType("Repository", str)
"""The same, or nothing."""

SchemaName = NewType("SchemaName", str)
"""A schema with its database: DATABASE.SCHEMA."""

OptionalSchema = NewType("OptionalSchema", str)
"""A schema as above, or nothing where there is none."""

Label = NewType("Label", str)
"""The value of a tag: letters, digits, spaces and . @ _ -"""

Schedule = NewType("Schedule", str)
"""When the graph runs by itself: five cron fields and a time zone, an interval, on a table's change, or never."""

Timeouts = tuple[tuple[str, int], ...]
"""Tasks that have a limit of their own, each with its minutes."""

Notebook = NewType("Notebook", str)
"""A file of notebooks/, or nothing."""

Runtime = NewType("Runtime", str)
"""What a notebook runs in, by Snowflake's name for it."""

Refresh = NewType("Refresh", str)
"""An age such as "90 minutes", or DOWNSTREAM."""

Backend = NewType("Backend", str)
"""What holds the graph together in Snowflake: classic (its root task), task_graph (a TASK GRAPH object), or auto."""

CHANGE = "ON CHANGE OF "
INTERVAL = re.compile(r"[1-9][0-9]* (?:SECONDS|MINUTES|HOURS)")

BACKENDS = ("classic", "task_graph", "auto")


class ConfigError(ValueError):
    """A configuration that cannot be used; the message names the file, the key and the nearest valid name."""


def section(kind: type[T], values: Mapping[str, Any], file: str, section: str) -> T:
    """Read a table of the file as `kind`, a dataclass. Raises ConfigError for a key or value that is wrong."""
    types = get_type_hints(kind)
    check_keys(values, tuple(types), file, f"[{section}]")
    return kind(**{key: typed(types[key], values[key], f'{file}: "{key}" in [{section}]') for key in types})


def check_keys(values: Mapping[str, Any], expected: tuple[str, ...], file: str, where: str) -> None:
    """Raise ConfigError for a key that is unknown, with the nearest one, or missing."""
    for key in values:
        if key not in expected:
            raise ConfigError(f'{file}: unknown key "{key}" in {where}{nearest(key, expected)}')
    missing = [key for key in expected if key not in values]
    if missing:
        raise ConfigError(f'{file}: missing key "{missing[0]}" in {where}')


def nearest(name: str, known: tuple[str, ...] | list[str]) -> str:
    """Return a question after the known name that is most like this one, or nothing."""
    close = difflib.get_close_matches(name, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def typed(kind: Any, value: Any, where: str) -> Any:
    """Return the value as one of `kind`. Raises ConfigError for one that it cannot be."""
    try:
        return _READERS[kind](value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {error}, not {value!r}") from error


def plain(value: Any) -> Scalar:
    """Return a value as JSON can carry it."""
    return value.isoformat() if isinstance(value, date) else value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("expected a whole number")
    if value < 0:
        raise ValueError("expected a number that is not negative")
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("expected a whole number from 1 on")
    return value


def _candidates(value: Any) -> int:
    if _count(value) > MOST_CANDIDATES:
        raise ValueError(f"expected a whole number from 1 to {MOST_CANDIDATES}")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("expected true or false")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("expected a text")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("expected a number")
    return float(value)


def _date(value: Any) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ValueError("expected a date such as 1998-08-02") from error


def _matching(pattern: str, expected: str) -> Callable[[Any], Any]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"expected {expected}")
        return value

    return read


_NAME = r"[A-Z_][A-Z0-9_$]*"
_identifier = _matching(_NAME, "an upper case Snowflake name such as ML_DEV")
_model_name = _matching(r"[A-Z_][A-Z0-9_]{0,38}", "an upper case name of at most 39 characters such as LATE_DELIVERY")
_compute_pool = _matching(rf"({_NAME})?", 'an upper case Snowflake name such as ML_DEV_POOL, or ""')
_integration = _matching(rf"({_NAME})?", 'an upper case Snowflake name such as ML_ALERTS, or ""')
_schema_name = _matching(rf"{_NAME}\.{_NAME}", "a schema with its database such as SNOWFLAKE_SAMPLE_DATA.TPCH_SF1")
_repository = _matching(
    rf"({_NAME}\.{_NAME}\.{_NAME})?", 'an upper case name such as SNOWFLAKE.SNOWPARK.PYPI_SHARED_REPOSITORY, or ""'
)
_package_repository = _matching(
    rf"{_NAME}\.{_NAME}\.{_NAME}", "an upper case name such as SNOWFLAKE.SNOWPARK.PYPI_SHARED_REPOSITORY"
)
_optional_schema = _matching(rf"({_NAME}\.{_NAME})?", 'a schema with its database such as ML_DEV.MAIN, or ""')
_label = _matching(r"[\w.@ -]{1,256}", "letters, digits, spaces and . @ _ -, at most 256")
_notebook = _matching(r"([\w-]+\.ipynb)?", 'a file of notebooks/ such as explore.ipynb, or ""')
_runtime = _matching(r"[\w.-]+", "a runtime such as V2.2-CPU-PY3.11")
_refresh = _matching(
    r"DOWNSTREAM|[1-9][0-9]* (minutes?|hours?|days?)", 'an age such as "90 minutes" or "1 day", or "DOWNSTREAM"'
)
_backend = _matching("|".join(BACKENDS), f"one of {', '.join(BACKENDS)}")
_schedule = _matching(
    rf"{CHANGE}{_NAME}\.{_NAME}\.{_NAME}|(?!{CHANGE})(\S+ ){{5}}\S+|{INTERVAL.pattern}|",
    'five cron fields and a time zone such as "0 5 * * * UTC", an interval such as "90 MINUTES", '
    '"ON CHANGE OF DATABASE.SCHEMA.TABLE", or ""',
)

_READERS: dict[Any, Callable[[Any], Any]] = {
    bool: _boolean,
    str: _text,
    int: _integer,
    float: _number,
    date: _date,
    Identifier: _identifier,
    ModelName: _model_name,
    ComputePool: _compute_pool,
    Integration: _integration,
    Count: _count,
    Candidates: _candidates,
    PackageRepository: _package_repository,
    Repository: _repository,
    SchemaName: _schema_name,
    OptionalSchema: _optional_schema,
    Label: _label,
    Notebook: _notebook,
    Runtime: _runtime,
    Refresh: _refresh,
    Backend: _backend,
    Schedule: _schedule,
}
