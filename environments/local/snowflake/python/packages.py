"""The packages that Python in the account may use: those installed beside it.

https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-packages
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

from ..errors import execution_error, invalid
from ..result import SELECT, Result, rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..session import Session


def check(packages: Iterable[str]) -> None:
    """Every requirement of PACKAGES (`name`, `name==1.2`, `name>=1,<2`) must be met by what is installed.

    Raises:
        SnowflakeError: 100357, naming what cannot be met.

    """
    missing = [p for p in packages if not _met(p)]
    if missing:
        text = (
            "Cannot create a Python function with the specified packages. "
            f"Please check your packages specification and try again: {', '.join(missing)}."
        )
        raise execution_error(text, "100357")


def _met(requirement: str) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        wanted = Requirement(requirement)
    except InvalidRequirement as error:
        raise invalid(f"Invalid package specification '{requirement}'.", "391531") from error
    try:
        return wanted.specifier.contains(metadata.version(wanted.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False


@cache
def _installed() -> list[tuple[str, str]]:
    read = [d.metadata for d in metadata.distributions()]  # each time it is asked for, it is read anew
    found = {m["Name"]: m["Version"] for m in read if m["Name"]}
    return sorted((name.lower(), version) for name, version in found.items())


def _view(session: Session, database: str) -> Result:
    """INFORMATION_SCHEMA.PACKAGES."""
    runtime = f"{sys.version_info.major}.{sys.version_info.minor}"
    listed = [
        {"PACKAGE_NAME": name, "VERSION": version, "LANGUAGE": "python", "RUNTIME_VERSION": runtime}
        for name, version in _installed()
    ]
    return rows(["PACKAGE_NAME", "VERSION", "LANGUAGE", "RUNTIME_VERSION"], listed, SELECT)


VIEWS = {"PACKAGES": _view}
