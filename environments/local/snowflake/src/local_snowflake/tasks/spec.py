"""A task as the rest of this package sees it: a typed value made from the catalogue's entry."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import now
from . import condition, schedule

if TYPE_CHECKING:
    from ..kernel.catalogue import Object

STARTED, SUSPENDED = "started", "suspended"
NO_OVERLAP, CHILD_OVERLAP, ALL_OVERLAP = "NO_OVERLAP", "ALLOW_CHILD_OVERLAP", "ALLOW_ALL_OVERLAP"

# Parameters of a task, with what holds when they are not set.
DEFAULTS: dict[str, Any] = {
    "USER_TASK_TIMEOUT_MS": 3_600_000,
    "SUSPEND_TASK_AFTER_NUM_FAILURES": 10,
    "TASK_AUTO_RETRY_ATTEMPTS": 0,
    "USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE": "Medium",
    "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS": 30,
    "SERVERLESS_TASK_MIN_STATEMENT_SIZE": "XSMALL",
    "SERVERLESS_TASK_MAX_STATEMENT_SIZE": "XXLARGE",
}
_LONGEST_MS = 604_800_000  # seven days; what USER_TASK_TIMEOUT_MS = 0 stands for


@dataclass(frozen=True)
class Task:
    """One task's definition.

    Attributes:
        name: its bare name; a graph lies in one schema.
        after: bare names of its predecessors.
        finalizes: the root whose finalizer it is.
        parameters: what was set, by upper-case name: those in DEFAULTS and session parameters.
        since: when it was last resumed, ISO; an interval counts from there.

    """

    name: str
    id: str
    owner: str
    definition: str
    warehouse: str | None = None
    schedule: str | None = None
    config: str | None = None
    condition: str | None = None
    after: tuple[str, ...] = ()
    finalizes: str | None = None
    overlap_policy: str = NO_OVERLAP
    state: str = SUSPENDED
    parameters: dict[str, Any] = field(default_factory=dict)
    since: str | None = None

    @classmethod
    def of(cls, thing: Object) -> Task:
        """The task of a catalogue entry."""
        known = {key: value for key, value in thing.properties.items() if key in _FIELDS}
        known["after"] = tuple(known.get("after", ()))
        return cls(name=thing.name.name, id=thing.id, owner=thing.owner, **known)

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Task:
        """The task that `to_json` wrote."""
        return cls(**{**body, "after": tuple(body["after"])})

    def to_json(self) -> dict[str, Any]:
        """JSON-able values of every field."""
        return asdict(self)

    @property
    def is_root(self) -> bool:
        """Whether it starts a graph; a standalone task is a graph of one."""
        return not self.after and not self.finalizes

    @property
    def triggered(self) -> bool:
        """Whether it starts when a stream has data, for want of a schedule."""
        return self.is_root and not self.schedule and condition.reads_stream(self.condition)

    @property
    def started(self) -> bool:
        """Whether it is resumed."""
        return self.state == STARTED

    @property
    def timeout(self) -> float:
        """How long it may take, seconds."""
        return (self.parameter("USER_TASK_TIMEOUT_MS") or _LONGEST_MS) / 1000

    @property
    def has_own_timeout(self) -> bool:
        """Whether its time-out was set, so that the root's does not hold for it."""
        return "USER_TASK_TIMEOUT_MS" in self.parameters

    def parameter(self, name: str) -> Any:
        """A parameter's value: as set, or the default."""
        return self.parameters.get(name, DEFAULTS[name])

    def next_run(self, moment: datetime) -> datetime | None:
        """When its schedule is due next, later than the moment and than its resumption; None without a schedule."""
        if not self.schedule:
            return None
        since = datetime.fromisoformat(self.since) if self.since else moment
        return schedule.parse(self.schedule).after(moment, since)


def suspended(reason: str) -> dict[str, str]:
    """The properties of a task that is suspended now, and why."""
    return {"state": SUSPENDED, "last_suspended_on": now().isoformat(), "last_suspended_reason": reason}


_FIELDS = set(Task.__dataclass_fields__) - {"name", "id", "owner"}
