"""The task graphs as values: what is rendered, deployed, compared, recorded and put back."""

import base64
import dataclasses
import functools
import graphlib
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from deploy.errors import DeployError

Value = str | int | bool

CHANGES_OF = "CHANGES_OF"
"""Among a root's properties, the table whose changes start the graph (deploy/apply/trigger.py)."""

CLASSIC, TASK_GRAPH, AUTO = "classic", "task_graph", "auto"
"""What holds a graph together; AUTO is what the account has."""

_LONGEST_PLAIN = 100_000  # characters
_TIMEOUT_MS = 3_600_000  # Snowflake's default


@dataclass(frozen=True)
class TaskSpec:
    """One task, normalised: two texts that mean the same to Snowflake are the same here.

    `finalizes` is the root of the graph whose finalizer this is. `properties` are the properties of CREATE TASK by
    their SQL names; absent ones have Snowflake's default.
    """

    name: str
    definition: str
    predecessors: tuple[str, ...] = ()
    finalizes: str = ""
    condition: str = ""
    properties: tuple[tuple[str, Value], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the task as JSON-able values."""
        return dict(vars(self))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote, from JSON."""
        properties = tuple((key, value) for key, value in values["properties"])
        return cls(**{**values, "predecessors": tuple(values["predecessors"]), "properties": properties})

    @property
    def values(self) -> dict[str, Value]:
        """The properties by name."""
        return dict(self.properties)

    @property
    def aspects(self) -> dict[str, Any]:
        """Everything that can differ between two versions of this task, by the words of CREATE TASK."""
        placed = {"AFTER": ", ".join(self.predecessors), "FINALIZE": self.finalizes, "WHEN": self.condition}
        return {key: value for key, value in placed.items() if value} | self.values | {"AS": self.definition}


@dataclass(frozen=True)
class Graph:
    """The tasks of one root, or of all roots of a release: each root first, and every task after its predecessors.

    `root` and what it says are those of one root's graph; `parts` are the graphs of a release, one by one.
    """

    tasks: tuple[TaskSpec, ...]

    @classmethod
    def joined(cls, graphs: Iterable["Graph"]) -> Self:
        """Return several graphs as one value, in their order. Raises DeployError for two tasks of one name."""
        return cls(_apart([task for graph in graphs for task in graph.tasks]))

    @classmethod
    def of(cls, tasks: Iterable[TaskSpec]) -> Self:
        """Return the graph of these tasks, in its one order. Raises DeployError for a cycle, or two of one name."""
        ordered = _apart(sorted(tasks, key=lambda task: (bool(task.finalizes), task.name)))
        by_name = {task.name: task for task in ordered}
        order = graphlib.TopologicalSorter({name: task.predecessors for name, task in by_name.items()})
        try:
            names = list(order.static_order())
        except graphlib.CycleError as error:
            cause = f"the task graph has a cycle: {' -> '.join(error.args[1])}"
            raise DeployError(cause, "edit dag/dag.py") from error
        ranked = sorted((name for name in names if name in by_name), key=lambda name: bool(by_name[name].finalizes))
        return cls(tuple(by_name[name] for name in ranked))

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    @functools.cached_property
    def by_name(self) -> dict[str, TaskSpec]:
        """The tasks by name."""
        return {task.name: task for task in self.tasks}

    @functools.cached_property
    def parts(self) -> tuple["Graph", ...]:
        """The graphs one by one, each with one root, in their order."""
        root_of: dict[str, str] = {}
        for task in self.tasks:
            before = next(iter(task.predecessors), task.name)
            root_of[task.name] = task.finalizes or root_of.get(before, before)
        roots = dict.fromkeys(root_of.values())
        return tuple(Graph(tuple(task for task in self.tasks if root_of[task.name] == root)) for root in roots)

    @property
    def name(self) -> str:
        """The root's name, which is the graph's; empty if there is none."""
        return self.root.name if self.root else ""

    @functools.cached_property
    def root(self) -> TaskSpec | None:
        """The task that starts the others; none in an empty graph."""
        return next((task for task in self.tasks if not task.predecessors and not task.finalizes), None)

    @property
    def children(self) -> tuple[TaskSpec, ...]:
        """All but the root: the tasks in between and the finalizer."""
        return tuple(task for task in self.tasks if task != self.root)

    @property
    def release(self) -> str:
        """The digest that the graph's CONFIG carries (the first one's, of several); empty if it carries none."""
        return str(json.loads(str(self._of_root("CONFIG", "{}"))).get("release", ""))

    @property
    def timeout_seconds(self) -> float:
        """How long a run of the graph may take."""
        return int(self._of_root("USER_TASK_TIMEOUT_MS", _TIMEOUT_MS)) / 1000

    @property
    def scheduled(self) -> bool:
        """Whether the graph starts by itself (once that is switched on): on a schedule, or when a table changes."""
        return bool(self.schedule or self.changes_of)

    @property
    def changes_of(self) -> str:
        """The table whose changes start the graph; empty if none do."""
        return str(self._of_root(CHANGES_OF, ""))

    @property
    def schedule(self) -> str:
        """The schedule as it is written; empty if there is none."""
        return str(self._of_root("SCHEDULE", ""))

    def on_change_of(self, table: str) -> Self:
        """Return this graph as one that changes of the table start; itself for no table."""
        if not table or self.root is None:
            return self
        root = dataclasses.replace(self.root, properties=(*self.root.properties, (CHANGES_OF, table)))
        return type(self)(tuple(root if task == self.root else task for task in self.tasks))

    @property
    def retries(self) -> int:
        """How often Snowflake starts a failed run again by itself."""
        return int(self._of_root("TASK_AUTO_RETRY_ATTEMPTS", 0))

    def _of_root(self, name: str, default: Value) -> Value:
        return self.root.values.get(name, default) if self.root else default

    def to_text(self) -> str:
        """Return the graph as rendered, for the record of releases: JSON, compressed if it is long.

        It has to go into a statement, whose text may have 1 MB; a graph of 1000 tasks is 20 times smaller compressed.
        """
        text = json.dumps([task.to_dict() for task in self.tasks], sort_keys=True)
        return text if len(text) < _LONGEST_PLAIN else base64.b85encode(zlib.compress(text.encode())).decode()

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what `to_text` wrote."""
        plain = text if text.startswith("[") else zlib.decompress(base64.b85decode(text)).decode()
        values = json.loads(plain)
        for each in values:  # a record that is older than several graphs says only that it is the finalizer
            each["finalizes"] = values[0]["name"] if each["finalizes"] is True else each["finalizes"] or ""
        return cls(tuple(map(TaskSpec.from_dict, values)))


def _apart(tasks: list[TaskSpec]) -> tuple[TaskSpec, ...]:
    """Return the tasks. Raises DeployError if two of them have one name."""
    (name, count), *_ = Counter(task.name for task in tasks).most_common(1) or [("", 0)]
    if count > 1:
        raise DeployError(f"two tasks are called {name}", "edit dag/dag.py")
    return tuple(tasks)


EMPTY = Graph(())


def task_name(root: str) -> str:
    """Return the name of the task that waits for a table's changes, beside this root."""
    return f"{root}_ON_CHANGE"
