"""The packages of a model's version: what its files ask for, and where each comes from.

`conda.yml` asks Anaconda's channel, `requirements.txt` the repository that `artifact_repository_map` names for pip;
without one, pip's requirements can be installed in containers only.
https://docs.snowflake.com/en/developer-guide/snowflake-ml/model-registry/overview
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from ..kernel.errors import SnowflakeError, invalid
from ..python import packages, repositories

if TYPE_CHECKING:
    from pathlib import Path

    from ..python.repositories import Repository

# The client puts its own library beside the model where the account's Anaconda channel does not have its version.
_EMBEDDED = "snowflake-ml-python.zip"
_LIBRARY = "snowflake-ml-python"
_SNOWFLAKE_CHANNELS = {"", "https://repo.anaconda.com/pkgs/snowflake"}


@dataclass(frozen=True)
class Packages:
    """What the functions of a version are installed with.

    Attributes:
        installed: `name==version`, with all that they require.
        embedded: packages whose own modules lie beside the model: this machine's run instead.
        repositories: names of those that they come from.
        lacking: why they cannot be installed in a warehouse; "" when they can.

    """

    installed: tuple[str, ...] = ()
    embedded: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    lacking: str = ""


def read(folder: Path, manifest: dict[str, Any]) -> Packages:
    """The packages that a manifest's runtimes ask for.

    Raises:
        SnowflakeError: a requirement that cannot be read; 000002 for one that this machine does not have.

    """
    runtimes = list((manifest.get("runtimes") or {}).values())
    asked = [found for runtime in runtimes for found in _asked(folder, runtime.get("dependencies") or {})]
    embedded = [_LIBRARY for runtime in runtimes for path in runtime.get("imports") or () if path.endswith(_EMBEDDED)]
    installed: dict[str, str] = {}
    lacking = ""
    for repository, wanted in asked:
        try:
            installed |= packages.check(wanted, repository or repositories.PYPI)
        except SnowflakeError as error:
            if error.code != packages.NOT_THERE:
                raise
            lacking = error.message
        if repository is None and wanted:
            lacking = f"pip's requirements need an artifact_repository_map to be installed: {', '.join(wanted)}."
    return Packages(
        installed=tuple(f"{name}=={version}" for name, version in installed.items()),
        embedded=tuple(embedded),
        repositories=tuple(each.name for each, wanted in asked if each and wanted),
        lacking=lacking,
    )


def _asked(folder: Path, dependencies: dict[str, Any]) -> list[tuple[Repository | None, tuple[str, ...]]]:
    """What is asked of each repository; None for pip's requirements that no repository is named for."""
    named = dependencies.get("artifact_repository_map") or {}
    found: list[tuple[Repository | None, tuple[str, ...]]] = []
    if dependencies.get("conda"):
        found.append((repositories.ANACONDA, _of_conda(folder / dependencies["conda"])))
    if dependencies.get("pip"):
        repository = repositories.named(named["pip"]) if named.get("pip") else None
        found.append((repository, _of_pip(folder / dependencies["pip"])))
    return found


def _of_conda(file: Path) -> tuple[str, ...]:
    import yaml

    listed = [each for each in yaml.safe_load(file.read_text()).get("dependencies") or () if isinstance(each, str)]
    return tuple(_plain(each) for each in map(_in_channel, listed) if not re.match(r"python\b(?!-)", each))


def _in_channel(written: str) -> str:
    channel, _, name = written.rpartition("::")
    if channel not in _SNOWFLAKE_CHANNELS:
        raise invalid(f"Only the Snowflake channel of Anaconda can be used, but the model asks for {written}.")
    return name


def _of_pip(file: Path) -> tuple[str, ...]:
    lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
    return tuple(_plain(line) for line in lines if line and not line.startswith("-"))


def _plain(written: str) -> str:
    """A requirement as PACKAGES would have it: without extras, which here bring nothing that is missing."""
    refused = invalid(f"Invalid package specification '{written}'.", "391531")
    try:
        wanted = Requirement(written)
    except InvalidRequirement as error:
        raise refused from error
    if wanted.url:
        raise refused
    return f"{wanted.name}{wanted.specifier}"
