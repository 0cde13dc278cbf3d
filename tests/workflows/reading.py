"""The workflow files as values."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from environments.local.github import yaml12

HERE = "$/"
"""What a path within this repository begins with in `uses:`."""


@dataclass(frozen=True)
class Job:
    """A job, and where it is."""

    file: str
    id: str
    values: dict[str, Any]

    @property
    def place(self) -> str:
        return f"{self.file}: {self.id}"

    @property
    def steps(self) -> list[dict[str, Any]]:
        return self.values.get("steps", [])

    @property
    def needs(self) -> list[str]:
        found = self.values.get("needs", [])
        return [found] if isinstance(found, str) else found

    @property
    def calls(self) -> str:
        """The file that it calls; empty if it has steps of its own."""
        return str(self.values.get("uses", "")).rpartition("/")[2]

    @property
    def environment(self) -> str:
        found = self.values.get("environment", "")
        return found.get("name", "") if isinstance(found, dict) else found


@dataclass(frozen=True)
class Workflows:
    """All workflow files of a checkout."""

    folder: Path

    @cached_property
    def files(self) -> dict[str, dict[str, Any]]:
        return {path.name: read(path) for path in sorted((self.folder / ".github/workflows").glob("*.yml"))}

    @cached_property
    def texts(self) -> dict[str, str]:
        """Workflows and actions, by their paths."""
        paths = sorted((self.folder / ".github").rglob("*.yml"))
        return {str(path.relative_to(self.folder)): path.read_text() for path in paths}

    @cached_property
    def jobs(self) -> list[Job]:
        return [Job(file, name, job) for file, values in self.files.items() for name, job in values["jobs"].items()]

    @property
    def steps(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each step of a job or an action, and where it is."""
        for job in self.jobs:
            yield from ((job.place, step) for step in job.steps)
        for path in sorted((self.folder / ".github/actions").glob("*/action.yml")):
            yield from ((path.parent.name, step) for step in read(path)["runs"]["steps"])


def read(path: Path) -> dict[str, Any]:
    """Read a YAML file."""
    return copy.deepcopy(_parsed(path.read_text()))


@cache
def _parsed(text: str) -> dict[str, Any]:
    return yaml12.loads(text)


def triggers(workflow: dict[str, Any]) -> dict[str, Any]:
    """What starts it, with the options of each event."""
    found = workflow["on"]
    if isinstance(found, str):
        return {found: None}
    return dict.fromkeys(found) if isinstance(found, list) else found
