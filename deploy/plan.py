"""What a deploy would do, as a value: pure, hashed, and printed elsewhere."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from deploy.deployed import Deployed
from deploy.graph import Graph, TaskSpec


@dataclass(frozen=True)
class Added:
    """A task that is not there yet."""

    task: TaskSpec

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.name


@dataclass(frozen=True)
class Removed:
    """A task that the release no longer has."""

    task: TaskSpec

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.name


@dataclass(frozen=True)
class Changed:
    """A task that is there with other properties."""

    old: TaskSpec
    task: TaskSpec

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.name

    @property
    def differences(self) -> dict[str, tuple[Any, Any]]:
        """Old and new value of each property that differs; None where there is none."""
        old, new = self.old.aspects, self.task.aspects
        keys = [*new, *(key for key in old if key not in new)]
        return {key: (old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)}


Change = Added | Changed | Removed


@dataclass(frozen=True)
class Plan:
    """The changes that turn what is deployed into `graph`.

    `resumed` names the children that are there but suspended. The root is in no plan: whether the schedule is on is
    decided by the smoke run.
    """

    graph: Graph
    changes: tuple[Change, ...]
    resumed: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.changes and not self.resumed

    @property
    def hash(self) -> str:
        """A name for exactly these changes: sha256 of their JSON."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON-able values."""
        return {
            "release": self.graph.release,
            "added": [asdict(change.task) for change in self.changes if isinstance(change, Added)],
            "changed": {change.name: change.differences for change in self.changes if isinstance(change, Changed)},
            "removed": [change.name for change in self.changes if isinstance(change, Removed)],
            "resumed": list(self.resumed),
        }


def make(desired: Graph, deployed: Deployed) -> Plan:
    """Return the plan that leads from what is deployed to the desired graph."""
    changes = tuple(_changes(desired, deployed.graph.by_name))
    new = {change.name for change in changes if isinstance(change, Added)}
    suspended = (task.name for task in desired.children if task.name not in deployed.started | new)
    return Plan(desired, changes, tuple(suspended))


def _changes(desired: Graph, there: Mapping[str, TaskSpec]) -> Iterator[Change]:
    for task in desired.tasks:
        if task.name not in there:
            yield Added(task)
        elif there[task.name] != task:
            yield Changed(there[task.name], task)
    yield from (Removed(task) for task in there.values() if task.name not in desired)
