"""Which versions a list of packages stands for: those asked for, what they require, and the newest that fits.

What a package requires is read from the one that is installed here; of other versions of it, the names are taken.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from ..kernel.errors import SnowflakeError, execution_error, invalid
from . import channels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .repositories import Repository

# `package_name[==version]`, and the other comparisons that the page lists; wildcards are PyPI's.
# https://docs.snowflake.com/en/sql-reference/sql/create-function
_SPECIFIED = re.compile(r"[\w.-]+\s*((==|<=|>=|<|>|!=|~=)\s*[\w.*+!-]+(\s*,\s*)?)*\s*\Z")
_ROUNDS = 20
NOT_THERE = "100357"
"""The code of the error that names what a repository does not have."""


def read(packages: Iterable[str]) -> list[Requirement]:
    """The items of PACKAGES, read.

    Raises:
        SnowflakeError: 391531 for what is no `name` or `name==version`.

    """
    return [_read(written) for written in packages]


def _read(written: str) -> Requirement:
    refused = invalid(f"Invalid package specification '{written}'.", "391531")
    if not _SPECIFIED.match(written.strip()):
        raise refused
    try:
        return Requirement(written)
    except InvalidRequirement as error:
        raise refused from error


def resolved(packages: Iterable[str], repository: Repository) -> dict[str, str]:
    """The version of each package, and of what they require, by name.

    Raises:
        SnowflakeError: 100357, naming what the repository does not have or what contradicts itself.

    """
    return dict(_resolved(tuple(packages), repository))


@lru_cache(256)
def _resolved(packages: tuple[str, ...], repository: Repository) -> tuple[tuple[str, str], ...]:
    asked = read(packages)
    missing = [str(each) for each in asked if not _has(repository, each)]
    if missing:
        raise _refused(missing)
    found: dict[str, str] = {}
    for _ in range(_ROUNDS):
        wanted = _wanted(asked, found)
        chosen = {name: _chosen(repository.table, name, specifier) for name, specifier in wanted.items()}
        # What a table does not know at all, it cannot say a version of: it is left out.
        known = _names(repository.table)
        clashing = [f"{name}{wanted[name]}" for name, version in chosen.items() if version is None and name in known]
        if clashing:
            raise _refused(clashing)
        now = {name: version for name, version in chosen.items() if version}
        if now == found:
            break
        found = now
    shown = {_key(name): name for name in repository.channel.versions}
    return tuple(sorted((shown[name], version) for name, version in found.items()))


def _has(repository: Repository, asked: Requirement) -> bool:
    # PyPI takes every spelling of a name; Anaconda's channel knows snowflake.core, but no snowflake-core.
    spelled = repository.table == channels.PYPI or asked.name.lower() in repository.channel.versions
    return spelled and _chosen(repository.table, _key(asked.name), asked.specifier) is not None


def _wanted(asked: list[Requirement], found: dict[str, str]) -> dict[str, SpecifierSet]:
    """What is asked for, and what the versions found so far require; with all that is said of each version."""
    wanted: dict[str, SpecifierSet] = {}
    for each in asked:
        wanted[_key(each.name)] = wanted.get(_key(each.name), SpecifierSet()) & each.specifier
    for name, version in found.items():
        for each in requirements(name):
            specifier = each.specifier if installed(name) == version else SpecifierSet()
            wanted[_key(each.name)] = wanted.get(_key(each.name), SpecifierSet()) & specifier
    return wanted


def _key(name: str) -> str:
    return canonicalize_name(name)


@lru_cache(1024)
def _chosen(table: str, name: str, specifier: SpecifierSet) -> str | None:
    """The newest version that fits, a release rather than what comes before one; None where the table has none."""
    fitting = [v for v in _versions(table, name) if specifier.contains(v, prereleases=True)]
    return str(next((v for v in fitting if not v.is_prerelease), fitting[0])) if fitting else None


@lru_cache(2)
def _names(table: str) -> dict[str, tuple[str, ...]]:
    return {_key(name): found for name, found in channels.read(table).versions.items()}


@lru_cache(512)
def _versions(table: str, name: str) -> list[Version]:
    return sorted(map(Version, _names(table).get(name, ())), reverse=True)


@lru_cache(512)
def installed(name: str) -> str:
    """The version of a package that this machine has, "" for none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


@lru_cache(512)
def requirements(name: str, extras: tuple[str, ...] = ()) -> tuple[Requirement, ...]:
    """What an installed package requires here; nothing of one that is not installed."""
    try:
        lines = metadata.requires(name) or ()
    except metadata.PackageNotFoundError:
        return ()
    found = []
    for each in map(Requirement, lines):
        if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            found += [each, *(r for r in requirements(each.name, tuple(each.extras)) if each.extras)]
    return tuple(found)


def _refused(missing: list[str]) -> SnowflakeError:
    text = (
        "Cannot create a Python function with the specified packages. "
        f"Please check your packages specification and try again: {', '.join(missing)}."
    )
    return execution_error(text, NOT_THERE)
