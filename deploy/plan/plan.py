"""What a deploy would do, as a value: pure, hashed, and printed elsewhere."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.graph.graph import CLASSIC, EMPTY, Graph, TaskSpec
from deploy.plan.deployed import Deployed


@dataclass(frozen=True)
class _Change:
    task: TaskSpec

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.name


class Added(_Change):
    """A task that is not there yet."""


class Removed(_Change):
    """A task that the release no longer has."""


@dataclass(frozen=True)
class Changed(_Change):
    """A task that is there with other properties."""

    old: TaskSpec

    @property
    def differences(self) -> dict[str, tuple[Any, Any]]:
        """Old and new value of each property that differs; None where there is none."""
        old, new = self.old.aspects, self.task.aspects
        keys = [*new, *(key for key in old if key not in new)]
        return {key: (old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)}


Change = Added | Changed | Removed


@dataclass(frozen=True)
class Section:
    """The changes that turn what is deployed of one graph into `graph`, held together by `backend`.

    `graph` is empty where the release no longer has it. `resumed` names the children that are there but suspended.
    `moved_from` is the backend that holds the graph now, if it is another one. `commits` says that edits are staged
    which nobody committed. Whether the schedule is on is in no plan: the smoke run decides that.
    """

    name: str
    graph: Graph
    changes: tuple[Change, ...]
    resumed: tuple[str, ...] = ()
    backend: str = CLASSIC
    moved_from: str = ""
    commits: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.changes or self.resumed or self.moved_from or self.commits)

    @property
    def added(self) -> tuple[TaskSpec, ...]:
        """The tasks that are new."""
        return tuple(change.task for change in self.changes if isinstance(change, Added))

    @property
    def changed(self) -> tuple[Changed, ...]:
        """The tasks that are there with other properties."""
        return tuple(change for change in self.changes if isinstance(change, Changed))

    @property
    def removed(self) -> tuple[TaskSpec, ...]:
        """The tasks that go, predecessors first."""
        return tuple(change.task for change in self.changes if isinstance(change, Removed))

    @property
    def held_by(self) -> str:
        """The backend that holds the graph now; where it is new, the one that will."""
        return self.moved_from or self.backend

    def old(self, task: TaskSpec) -> TaskSpec | None:
        """Return a task that is changed as it is there now."""
        return next((change.old for change in self.changed if change.name == task.name), None)

    @property
    def before(self) -> tuple[TaskSpec, ...]:
        """The tasks as they are there now."""
        touched = {change.name for change in self.changes}
        kept = [task for task in self.graph.tasks if task.name not in touched]
        return (*kept, *(change.old for change in self.changed), *self.removed)

    @property
    def written(self) -> tuple[TaskSpec, ...]:
        """The tasks to write, predecessors first; the root and the finalizer say which backend holds the graph."""
        names = {change.name for change in self.changes}
        moved = bool(self.moved_from)
        return tuple(
            task
            for task in self.graph.tasks
            if task.name in names or (moved and (task == self.graph.root or task.finalizes))
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what is done about the graph as a whole."""
        return {"backend": self.backend, "moved_from": self.moved_from, "commits": self.commits}


@dataclass(frozen=True)
class Plan:
    """What turns what is deployed into a release: a section for each of its graphs, in order, then for those that go.

    `backend` is what is to hold the graphs of the release.
    """

    sections: tuple[Section, ...] = ()
    backend: str = CLASSIC

    @property
    def graph(self) -> Graph:
        """The graphs that the plan leads to."""
        return Graph.joined(section.graph for section in self.sections)

    @property
    def added(self) -> tuple[TaskSpec, ...]:
        """The tasks that are new."""
        return tuple(task for section in self.sections for task in section.added)

    @property
    def changed(self) -> tuple[Changed, ...]:
        """The tasks that are there with other properties."""
        return tuple(change for section in self.sections for change in section.changed)

    @property
    def removed(self) -> tuple[TaskSpec, ...]:
        """The tasks that go, predecessors first."""
        return tuple(task for section in self.sections for task in section.removed)

    @property
    def resumed(self) -> tuple[str, ...]:
        """The children of all graphs that are there but suspended."""
        return tuple(name for section in self.sections for name in section.resumed)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return all(section.empty for section in self.sections)

    @property
    def kept(self) -> "Plan":
        """The part for the graphs that the release has."""
        return Plan(tuple(section for section in self.sections if section.graph.tasks), self.backend)

    @property
    def gone(self) -> "Plan":
        """The part for the graphs that the release no longer has."""
        return Plan(tuple(section for section in self.sections if not section.graph.tasks), self.backend)

    @property
    def hash(self) -> str:
        """A name for exactly these changes: sha256 of their JSON."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON-able values: tasks by their names, which are different in all graphs of a schema."""
        return {
            "release": self.graph.release,
            "graphs": {section.name: section.to_dict() for section in self.sections},
            "added": [task.to_dict() for task in self.added],
            "changed": {change.name: change.differences for change in self.changed},
            "removed": [task.name for task in self.removed],
            "resumed": list(self.resumed),
        }


def make(desired: Graph, deployed: Iterable[Deployed], backend: str = CLASSIC) -> Plan:
    """Return the plan that leads from what is deployed to the desired graphs, each held together by this backend."""
    wanted, there = {each.name: each for each in desired.parts}, {each.name: each for each in deployed}
    sections = (
        _section(name, wanted.get(name, EMPTY), there.get(name, Deployed()), backend)
        for name in (*wanted, *(name for name in there if name not in wanted))
    )
    return Plan(tuple(sections), backend)


def again(proposal: Plan, deployed: Iterable[Deployed]) -> Plan:
    """Return what is left to do of a plan, and of its graphs alone, where this is deployed now."""
    names = {section.name for section in proposal.sections}
    return make(proposal.graph, (each for each in deployed if each.name in names), proposal.backend)


def _section(name: str, desired: Graph, deployed: Deployed, backend: str) -> Section:
    there = deployed.graph.by_name
    backend = backend if desired.tasks else deployed.backend  # what goes is taken from where it is
    changes = tuple(_changes(desired, there))
    moved = deployed.backend if there and deployed.backend != backend else ""
    suspended = [task.name for task in desired.children if task.name in there and task.name not in deployed.started]
    resumed = tuple(suspended) if backend == CLASSIC else ()
    return Section(name, desired, changes, resumed, backend, moved, deployed.staged and not moved)


def _changes(desired: Graph, there: Mapping[str, TaskSpec]) -> Iterator[Change]:
    for task in desired.tasks:
        if task.name not in there:
            yield Added(task)
        elif there[task.name] != task:
            yield Changed(task, there[task.name])
    yield from (Removed(task) for task in there.values() if task.name not in desired)
