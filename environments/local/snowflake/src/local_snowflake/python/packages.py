"""PACKAGES of functions and procedures: what CREATE refuses, and what the account says of packages.

https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-packages
"""

from __future__ import annotations

import json
import logging
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from ..kernel.errors import invalid, unsupported
from ..kernel.result import SELECT, Result, rows
from ..kernel.tokens import Tokens
from . import channels, repositories, resolving

if TYPE_CHECKING:
    from ..kernel.names import Name
    from ..kernel.session import Session
    from .definitions import Definition
    from .repositories import Repository

_LOG = logging.getLogger(__name__)
# https://docs.snowflake.com/en/sql-reference/sql/create-procedure
_RUNTIMES = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
NOT_THERE = resolving.NOT_THERE
_told: set[tuple[str, str]] = set()


def resolved(session: Session, definition: Definition, schema: Name | None) -> Definition:
    """The definition with where its packages come from, and what they stand for, as CREATE freezes it.

    Raises:
        SnowflakeError: 002003 for a repository that the session may not use; see `check`.

    """
    if not definition.packages:
        return definition
    repository = repositories.of(session.account, definition.artifact_repository, schema)
    repositories.require(session.account, session.roles, repository)
    found = check(definition.packages, repository)
    default = repositories.given(session.account, schema)
    named = definition.artifact_repository or (default.name if default else "")
    installed = tuple(f"{name}=={version}" for name, version in found.items())
    return replace(definition, installed=installed, artifact_repository=named)


def require(session: Session, definition: Definition) -> None:
    """Who calls it must be allowed to use the repository that its packages come from.

    Raises:
        SnowflakeError: 002003.

    """
    if definition.packages:
        written = definition.artifact_repository
        repository = repositories.named(written) if written else repositories.ANACONDA
        repositories.require(session.account, session.roles, repository)


def check(packages: tuple[str, ...], repository: Repository) -> dict[str, str]:
    """The versions that PACKAGES stands for; the server's log says which run instead.

    Raises:
        SnowflakeError: 100357, naming what the repository does not have; 000002 for what this machine does not have.

    """
    found = resolving.resolved(packages, repository)
    asked = {each.name: each for each in resolving.read(packages)}
    absent = [name for name in asked if not resolving.installed(name)]
    if absent:
        raise unsupported(
            f"PACKAGES = ({', '.join(absent)}): the repository has it, but this machine does not. "
            f"Install it beside the local Snowflake: uv add --group local {' '.join(absent)}"
        )
    versions = {canonicalize_name(name): version for name, version in found.items()}
    for name in asked:
        _tell(name, versions[canonicalize_name(name)])
    return found


def _tell(name: str, version: str) -> None:
    """Say once for each version that another one runs here."""
    here = resolving.installed(name)
    if here and here != version and (name, version) not in _told:
        _told.add((name, version))
        _LOG.warning("PACKAGES: an account runs %s %s, this machine runs %s %s instead", name, version, name, here)


def _resolve(session: Session, arguments: list[Any]) -> str:
    """SYSTEM$RESOLVE_PYTHON_PACKAGES(python, packages [, repository]), which takes no privilege.

    https://docs.snowflake.com/en/sql-reference/functions/system_resolve_python_packages
    """
    if len(arguments) not in {2, 3}:
        raise invalid("Invalid argument count for function SYSTEM$RESOLVE_PYTHON_PACKAGES.", "000939")
    python, written = str(arguments[0]), str(arguments[1])
    if python not in _RUNTIMES:
        raise invalid(f"Invalid Python version '{python}': it must be one of {', '.join(_RUNTIMES)}.")
    if python != channels.RUNTIME:
        raise unsupported(f"SYSTEM$RESOLVE_PYTHON_PACKAGES('{python}', ...): there are tables for {channels.RUNTIME}")
    tokens = Tokens(written)
    asked = tuple(tokens.values())
    tokens.end()
    # Without a name it is Anaconda, whatever the default of the schema is.
    repository = repositories.named(str(arguments[2])) if arguments[2:] and arguments[2] else repositories.ANACONDA
    found = [f"{name}=={version}" for name, version in resolving.resolved(asked, repository).items()]
    return json.dumps(sorted([*_base(), *found]))


def _base() -> list[str]:
    """What is there whatever is asked for: Python, and the libraries of the system."""
    return tomllib.loads((channels.FOLDER / channels.ANACONDA).read_text())["base"]


def _view(session: Session, database: str) -> Result:
    """INFORMATION_SCHEMA.PACKAGES, which lists Anaconda's channel.

    https://docs.snowflake.com/en/sql-reference/info-schema/packages; the clients ask for RUNTIME_VERSION, too.
    """
    listed = [
        {"PACKAGE_NAME": name, "VERSION": version, "LANGUAGE": "python", "RUNTIME_VERSION": channels.RUNTIME}
        for name, versions in repositories.ANACONDA.channel.versions.items()
        for version in versions
    ]
    return rows(["PACKAGE_NAME", "VERSION", "LANGUAGE", "RUNTIME_VERSION"], listed, SELECT)


FUNCTIONS = {"SYSTEM$RESOLVE_PYTHON_PACKAGES": _resolve}
VIEWS = {"PACKAGES": _view}
