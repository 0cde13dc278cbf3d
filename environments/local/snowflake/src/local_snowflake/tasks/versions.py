"""Versions of task graphs: a run keeps the texts and edges that its graph had when the version was set.

A version is set when the root is resumed or executed; one of a task graph object, when it is committed.
https://docs.snowflake.com/en/user-guide/tasks-graphs (Versioning of task graph runs)
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..kernel.names import Name
from . import graph
from .spec import STARTED, Task

if TYPE_CHECKING:
    from ..kernel.store import Store

_COLLECTION = "graph_version"


@dataclass(frozen=True)
class GraphVersion:
    """A graph as it was at one moment.

    Attributes:
        root: the root task's full name.
        number: 1, 2, 3 ... for one root task, or one task graph object.
        tasks: its tasks by bare name, the root first. Their `state` says which children were resumed.
        graph: the task graph object's full name and id, when it is the version of one.

    """

    root: Name
    number: int
    tasks: dict[str, Task] = field(hash=False)
    graph: tuple[Name, str] | None = None

    @property
    def id(self) -> str:
        """What its versions and runs are kept under: the id of what has the schedule."""
        return self.graph[1] if self.graph else self.root_task.id

    @property
    def holder(self) -> tuple[str, Name]:
        """Kind and name of what has the schedule: the root task, or the task graph object."""
        return ("TASK GRAPH", self.graph[0]) if self.graph else ("TASK", self.root)

    @property
    def root_task(self) -> Task:
        """The root task."""
        return self.tasks[self.root.name]

    @cached_property
    def finalizer(self) -> Task | None:
        """The finalizer task, if it has one."""
        name = graph.finalizer(self.tasks, self.root.name)
        return self.tasks[name] if name else None

    @property
    def key(self) -> str:
        """What names it in the store."""
        return _key(self.id, self.number)


def _key(holder_id: str, number: int) -> str:
    return f"{holder_id}.{number:06d}"


class Versions:
    """The versions that runs still need, in memory and in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._versions: dict[str, GraphVersion] = {}
        self._latest: dict[str, GraphVersion] = {}
        for key, body in store.all(_COLLECTION):
            self._remember(key, _from_json(body))

    def set(self, root: Name, tasks: graph.Tasks) -> tuple[GraphVersion, bool]:
        """The version of a graph as it is now, and whether it is a new one: an unchanged graph keeps its version.

        Args:
            root: the root task.
            tasks: the tasks of its schema.

        Raises:
            SnowflakeError: when the graph has more than one root.

        """
        return self.put(GraphVersion(root, 1, _frozen(root, tasks)))

    def put(self, wanted: GraphVersion) -> tuple[GraphVersion, bool]:
        """The version with these tasks, and whether it is a new one; its number follows the last one's."""
        with self._lock:
            last = self._latest.get(wanted.id)
            if last and last.tasks == wanted.tasks:
                return last, False
            new = replace(wanted, number=last.number + 1) if last else wanted
            self._store.put(_COLLECTION, new.key, _to_json(new))
            self._remember(new.key, new)
            return new, True

    def is_current(self, version: GraphVersion, tasks: graph.Tasks) -> bool:
        """Whether the graph is still as this version has it."""
        return version.root.name in tasks and _frozen(version.root, tasks) == version.tasks

    def latest(self, holder_id: str) -> GraphVersion | None:
        """The last version that was set for a root task or a task graph object."""
        return self._latest.get(holder_id)

    def find(self, holder_id: str, number: int) -> GraphVersion:
        """A version that a run refers to."""
        return self._versions[_key(holder_id, number)]

    def keep_only(self, used: Iterable[tuple[str, int]]) -> None:
        """Forget the versions that no run refers to, but for each graph's last one."""
        with self._lock:
            kept = {_key(*one) for one in used} | {v.key for v in self._latest.values()}
            gone = [key for key in self._versions if key not in kept]
            self._store.remove_many(_COLLECTION, gone)
            for key in gone:
                del self._versions[key]

    def _remember(self, key: str, version: GraphVersion) -> None:
        self._versions[key] = version
        self._latest[version.id] = version


def _frozen(root: Name, tasks: graph.Tasks) -> dict[str, Task]:
    members = graph.below(tasks, root.name)
    graph.check_whole(tasks, root.name, members)
    # Whether the root itself is resumed, and since when, makes no difference to a run.
    frozen = {name: replace(tasks[name], since=None) for name in members}
    frozen[root.name] = replace(frozen[root.name], state=STARTED)
    return frozen


def _to_json(version: GraphVersion) -> dict[str, Any]:
    graph_object = [_parts(version.graph[0]), version.graph[1]] if version.graph else None
    return {
        "root": _parts(version.root),
        "number": version.number,
        "tasks": [t.to_json() for t in version.tasks.values()],
        "graph": graph_object,
    }


def _from_json(body: dict[str, Any]) -> GraphVersion:
    tasks = [Task.from_json(task) for task in body["tasks"]]
    held = body.get("graph")
    graph_object = (Name(*held[0]), held[1]) if held else None
    return GraphVersion(Name(*body["root"]), body["number"], {task.name: task for task in tasks}, graph_object)


def _parts(name: Name) -> list[str]:
    return [name.database, name.schema, name.name]
