"""What a value of the configuration may be: types for pydantic, each with what an error expects instead."""

import difflib
import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

MOST_CANDIDATES = 8
CHANGE = "ON CHANGE OF "
INTERVAL = re.compile(r"[1-9][0-9]* (?:SECONDS|MINUTES|HOURS)")
BACKENDS = ("classic", "task_graph", "auto")
TODAY = date.max
"""What "today" is until a run begins: the run puts its own day there, see `Run.from_config`."""
_TODAY = "today"

_NAME = r"[A-Z_][A-Z0-9_$]*"


class ConfigError(ValueError):
    """A configuration that cannot be used: the message names the file, the key and the nearest valid name.

    `remedy` is the next command to type, where there is one for this cause alone.
    """

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(cause)
        self.remedy = remedy


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a question after the known name that is most like this one, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def _matching(pattern: str, expected: str) -> BeforeValidator:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"expected {expected}")
        return value

    return BeforeValidator(read)


def _date(value: Any) -> date:
    if value == _TODAY:
        return TODAY
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ValueError('expected a date such as 1998-08-02, or "today"') from error


def _date_text(value: date) -> str:
    return _TODAY if value == TODAY else value.isoformat()


Whole = Annotated[int, Field(ge=0)]
"""A whole number from 0 on."""

Count = Annotated[int, Field(ge=1)]
"""A whole number from 1 on."""

Probability = Annotated[float, Field(ge=0, le=1)]
"""A number from 0 to 1."""

Candidates = Annotated[int, Field(ge=1, le=MOST_CANDIDATES)]
"""How many hyper-parameters to try."""

Date = Annotated[date, BeforeValidator(_date), PlainSerializer(_date_text, when_used="json")]
"""A date, or its text in JSON; "today" is TODAY."""

Identifier = Annotated[str, _matching(_NAME, "an upper case Snowflake name such as ML_DEV")]
"""A Snowflake name that needs no quotes: upper case letters, digits, _ and $."""

ModelName = Annotated[
    str,
    _matching(r"[A-Z_][A-Z0-9_]{0,38}", "an upper case name of at most 39 characters such as LATE_DELIVERY"),
]
"""A name as above, short enough for the names of the model's services to be labels of DNS: see labels.py."""

ComputePool = Annotated[str, _matching(rf"({_NAME})?", 'an upper case Snowflake name such as ML_DEV_POOL, or ""')]
"""A name as above, or nothing in an account that has no compute pools."""

Integration = Annotated[str, _matching(rf"({_NAME})?", 'an upper case Snowflake name such as ML_ALERTS, or ""')]
"""A notification integration's name as above, or nothing where there is none."""

PackageRepository = Annotated[
    str,
    _matching(rf"{_NAME}\.{_NAME}\.{_NAME}", "an upper case name such as SNOWFLAKE.SNOWPARK.PYPI_SHARED_REPOSITORY"),
]
"""An artifact repository with its database and schema."""

Repository = Annotated[
    str,
    _matching(
        rf"({_NAME}\.{_NAME}\.{_NAME})?",
        'an upper case name such as SNOWFLAKE.SNOWPARK.PYPI_SHARED_REPOSITORY, or ""',
    ),
]
"""The same, or nothing."""

SchemaName = Annotated[
    str, _matching(rf"{_NAME}\.{_NAME}", "a schema with its database such as SNOWFLAKE_SAMPLE_DATA.TPCH_SF1")
]
"""A schema with its database: DATABASE.SCHEMA."""

OptionalSchema = Annotated[
    str, _matching(rf"({_NAME}\.{_NAME})?", 'a schema with its database such as ML_DEV.MAIN, or ""')
]
"""A schema as above, or nothing where there is none."""

Package = Annotated[str, _matching(r"[a-z_]\w*(\.[a-z_]\w*)*", "the name of a package of src/ in lower case")]
"""A Python package of the payload."""

Share = Annotated[
    str,
    _matching(rf"({_NAME}\.{_NAME}(\.{_NAME})?)?", 'a share with its provider such as SFC_SAMPLES.SAMPLE_DATA, or ""'),
]
"""A share with its provider's account, or nothing for data that is not shared."""

Branch = Annotated[str, _matching(r"[\w.][\w./-]*", "the name of a branch such as main")]
"""A branch of git."""

Label = Annotated[str, _matching(r"[\w.@ -]{1,256}", "letters, digits, spaces and . @ _ -, at most 256")]
"""The value of a tag: letters, digits, spaces and . @ _ -"""

Notebook = Annotated[str, _matching(r"([\w-]+\.ipynb)?", 'a file of notebooks/ such as explore.ipynb, or ""')]
"""A file of notebooks/, or nothing."""

Runtime = Annotated[str, _matching(r"[\w.-]+", "a runtime such as V2.2-CPU-PY3.11")]
"""What a notebook runs in, by Snowflake's name for it."""

Refresh = Annotated[
    str,
    _matching(
        r"DOWNSTREAM|[1-9][0-9]* (minutes?|hours?|days?)", 'an age such as "90 minutes" or "1 day", or "DOWNSTREAM"'
    ),
]
"""An age such as "90 minutes", or DOWNSTREAM."""

Backend = Annotated[str, _matching("|".join(BACKENDS), f"one of {', '.join(BACKENDS)}")]
"""What holds the graph together in Snowflake: classic (its root task), task_graph (a TASK GRAPH object), or auto."""

Schedule = Annotated[
    str,
    _matching(
        rf"{CHANGE}{_NAME}\.{_NAME}\.{_NAME}|(?!{CHANGE})(\S+ ){{5}}\S+|{INTERVAL.pattern}|",
        'five cron fields and a time zone such as "0 5 * * * UTC", an interval such as "90 MINUTES", '
        '"ON CHANGE OF DATABASE.SCHEMA.TABLE", or ""',
    ),
]
"""When the graph runs by itself: five cron fields and a time zone, an interval, on a table's change, or never."""
