"""A task graph object as the rest of this package sees it: a typed value, and the tasks that it makes of its members.

The reference pages are public, of a preview: https://docs.snowflake.com/en/user-guide/task-graph-object and
https://docs.snowflake.com/en/sql-reference/sql/create-task-graph. Where they are silent, the local Snowflake reads them
so; this is the one place that says it:

- Members are the root task that ROOTS names, every task after it, and the task that FINALIZER names, all in the graph's
  schema and with its owner. What is graph-wide (SCHEDULE, CONFIG, OVERLAP_POLICY, retries, automatic suspension) is
  set on the graph; a root task that sets any of it, or is resumed, cannot be a member.
- A member runs whenever the graph runs: it is neither resumed nor suspended, and cannot be executed, on its own.
- RESUME and EXECUTE need a committed version, which COMMIT alone makes. RESUME and SUSPEND act at once; every other
  change of the graph and its members waits for COMMIT once there is a committed version.
- A retry goes on with the version that the run began with. A graph that is replaced is suspended, as one that is
  dropped.
- TASK_DEFAULTS hold for a member that does not set the property itself, and take WAREHOUSE and the parameters that a
  child task may have. The warehouse does not reach a member that sets a property of serverless tasks.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .. import options
from ..spec import NO_OVERLAP, STARTED, SUSPENDED, Task

if TYPE_CHECKING:
    from ...kernel.catalogue import Object
    from ..graph import Tasks

WORD = "TASK GRAPH"
LIVE = ("state", "since", "last_committed_on", "last_suspended_on", "last_suspended_reason")


@dataclass(frozen=True)
class TaskGraph:
    """One task graph object's definition.

    Attributes:
        root: bare name of its root task; None while ROOTS is not set.
        finalizer: bare name of its finalizer task.
        parameters: TASK_AUTO_RETRY_ATTEMPTS and SUSPEND_TASK_AFTER_NUM_FAILURES, where they are set.
        task_defaults: WAREHOUSE and parameters by upper-case name, for members that do not set them.
        since: when it was last resumed, ISO.

    """

    name: str
    owner: str
    root: str | None = None
    finalizer: str | None = None
    schedule: str | None = None
    config: str | None = None
    condition: str | None = None
    overlap_policy: str = NO_OVERLAP
    parameters: dict[str, Any] = field(default_factory=dict)
    task_defaults: dict[str, Any] = field(default_factory=dict)
    state: str = SUSPENDED
    since: str | None = None

    @classmethod
    def of(cls, thing: Object) -> TaskGraph:
        """The task graph of a catalogue entry."""
        known = {key: value for key, value in thing.properties.items() if key in _FIELDS}
        return cls(name=thing.name.name, owner=thing.owner, **known)

    @property
    def started(self) -> bool:
        """Whether it is resumed."""
        return self.state == STARTED

    def effective(self, members: Tasks) -> dict[str, Task]:
        """The tasks of a run: the members with the graph's defaults, the root with its settings too."""
        found = {name: self._with_defaults(task) for name, task in members.items()}
        if self.finalizer:
            found[self.finalizer] = replace(found[self.finalizer], finalizes=self.root)
        root = found[self.root or ""]
        found[root.name] = replace(
            root,
            schedule=self.schedule,
            config=self.config,
            overlap_policy=self.overlap_policy,
            condition=_both(self.condition, root.condition),
            parameters={**root.parameters, **self.parameters},
        )
        return found

    def _with_defaults(self, task: Task) -> Task:
        given = {key: value for key, value in self.task_defaults.items() if key != "WAREHOUSE"}
        serverless = any(key in task.parameters for key in options.SERVERLESS)
        warehouse = task.warehouse or (None if serverless else self.task_defaults.get("WAREHOUSE"))
        if warehouse:
            given = {key: value for key, value in given.items() if key not in options.SERVERLESS}
        # Whether and when a task was resumed makes no difference to a run of its graph.
        parameters = {**given, **task.parameters}
        return replace(task, warehouse=warehouse, parameters=parameters, state=STARTED, since=None)


def clock_task(thing: Object, root: Task) -> Task:
    """What the clock looks at: the committed root task with the graph object's id, state and time of resumption."""
    live = TaskGraph.of(thing)
    return replace(root, id=thing.id, state=live.state, since=live.since)


def _both(graphs: str | None, roots: str | None) -> str | None:
    return f"({graphs}) AND ({roots})" if graphs and roots else graphs or roots


_FIELDS = set(TaskGraph.__dataclass_fields__) - {"name", "owner"}
