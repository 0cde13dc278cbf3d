"""What packages the account can install: two dated tables, since the real lists are only there where an account is.

pypi.toml stands for SNOWFLAKE.SNOWPARK.PYPI_SHARED_REPOSITORY, anaconda.toml for Snowflake's Anaconda channel; `python
-m local_snowflake.python.channels` says how each is made anew.
https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-packages
"""

from __future__ import annotations

import datetime
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
PYPI, ANACONDA = "pypi.toml", "anaconda.toml"
RUNTIME = "3.11"


@dataclass(frozen=True)
class Channel:
    """A source of packages.

    Attributes:
        date: the day of the table.
        versions: the versions of each package, newest first, by the name that PACKAGES takes, in lower case.

    """

    date: datetime.date
    versions: dict[str, tuple[str, ...]]


@cache
def read(name: str) -> Channel:
    """A channel's table: PYPI or ANACONDA."""
    table = tomllib.loads((FOLDER / name).read_text())
    return Channel(table["date"], {package: tuple(text.split()) for package, text in table["versions"].items()})
