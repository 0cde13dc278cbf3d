"""DuckDB macros that give Snowflake's functions their meaning.

A macro that is a function of Snowflake's is called `sf_` and the function's name; `_sf_` are parts of others.
"""

import re
from functools import cache
from pathlib import Path

# In this order, as a macro may use those before it.
_FILES = ("numbers", "timestamp_tz", "text", "conditions", "dates", "implicit", "semi_structured", "vectors", "random")


@cache
def definitions() -> str:
    """The statements that define the macros, to be run once in the database that all connections share."""
    return "\n".join(Path(__file__).with_name(f"{name}.sql").read_text() for name in _FILES)


@cache
def functions() -> dict[str, str]:
    """The macro for each of Snowflake's functions that has one of its own."""
    return {name.upper(): f"sf_{name}" for name in re.findall(r"^CREATE MACRO sf_(\w+)", definitions(), re.MULTILINE)}
