"""TASK: CREATE, ALTER, DROP, SHOW, DESCRIBE and EXECUTE.

https://docs.snowflake.com/en/sql-reference/sql/create-task
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..kernel.access import ACCOUNT
from ..kernel.catalogue import Object
from ..kernel.errors import unsupported
from ..kernel.kinds import STAMP, Create, Kind, Show
from ..kernel.result import EXECUTED, Result, rows, status
from . import graph, options
from .alteration import alter
from .executing import execute
from .graph_objects.membership import refuse_committed
from .reading import Draft, read
from .rules import check, detached, require_suspended, schema_tasks
from .scheduler import Scheduler
from .spec import CHILD_OVERLAP, Task, suspended

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..kernel.names import Name
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

_TERSE = (("created_on", STAMP), "name", "kind", "database_name", "schema_name", "schedule")
_LIVE = ("state", "since", "last_committed_on", "last_suspended_on", "last_suspended_reason", "created_by_user")


class TaskKind(Kind):
    """TASK: a statement with a schedule or with predecessors."""

    word, plural = "TASK", "TASKS"
    filters = ("ROOT ONLY",)
    columns = (
        ("created_on", STAMP),
        "name",
        "id",
        "database_name",
        "schema_name",
        "owner",
        "comment",
        "warehouse",
        "schedule",
        ("predecessors", "array"),
        "state",
        "definition",
        "condition",
        "allow_overlapping_execution",
        "error_integration",
        ("last_committed_on", STAMP),
        ("last_suspended_on", STAMP),
        "owner_role_type",
        "config",
        "budget",
        "task_relations",
        "last_suspended_reason",
        "success_integration",
        "scheduling_mode",
        "target_completion_interval",
        "execute_as_user",
        "overlap_policy",
        "created_by_user",
    )

    # ---- statements
    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE [OR REPLACE | OR ALTER] TASK, also by CLONE."""
        name = self.read_name(session, tokens)
        if tokens.accept("CLONE"):
            source = session.get("TASK", self.read_name(session, tokens))
            tokens.end()
            return self.define(session, create, name, _clone(source, name))
        draft = read(session, name, tokens)
        if create.or_alter:
            options.check_or_alter(draft.properties)
        return self.define(session, create, name, draft)

    def define(self, session: Session, create: Create, name: Name, draft: Draft) -> Result:
        """Create or redefine a task, as the head of the statement says.

        Raises:
            SnowflakeError: 091421 when the task's graph is not suspended; others for broken rules and privileges.

        """
        with session.account[Scheduler].shape:
            if create.or_alter and draft.tags:
                raise unsupported("TAG in CREATE OR ALTER TASK")
            old = session.account.catalogue.find(self.word, name)
            if old and create.or_alter:
                return self._redefine(session, old, draft)
            if old and create.if_not_exists:
                return self.add(session, create, old)
            if draft.properties["warehouse"] is None:
                session.require("EXECUTE MANAGED TASK", "ACCOUNT", ACCOUNT)
            properties = {**draft.properties, "created_by_user": session.user}
            new = Object(self.word, name, session.role, properties, draft.comment, draft.tags)
            tasks = schema_tasks(session, name)
            if old and create.or_replace:
                refuse_committed(session, name)
                require_suspended(name, tasks, name.name)
                tasks = graph.without(tasks, name.name)
            check(name, tasks, Task.of(new))
            return self.add(session, create, new)

    def _redefine(self, session: Session, old: Object, draft: Draft) -> Result:
        """CREATE OR ALTER: everything is as written now, but the task stays resumed or suspended, as it was."""
        session.own(self.word, old.name)
        kept = {key: old.properties[key] for key in _LIVE if key in old.properties}
        new = replace(old, properties={**draft.properties, **kept}, comment=draft.comment)
        tasks = schema_tasks(session, old.name)
        require_suspended(old.name, tasks, old.name.name)
        check(old.name, tasks, Task.of(new))
        session.account.catalogue.change(self.word, old.name, lambda _: new)
        return status(EXECUTED)

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER TASK."""
        with session.account[Scheduler].shape:
            return alter(super().alter, session, name, tokens)

    def drop(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """DROP TASK: the tasks after it lose a predecessor."""
        with session.account[Scheduler].shape:
            session.own(self.word, name)
            refuse_committed(session, name)
            tasks = schema_tasks(session, name)
            if len(graph.below(tasks, name.name, recursive=False)) > 1 or not tasks[name.name].is_root:
                require_suspended(name, tasks, name.name)
            return super().drop(session, name, tokens)

    def show(self, session: Session, show: Show) -> Result:
        """SHOW [TERSE] TASKS."""
        listed = super().show(session, show)
        if not show.terse:
            return listed
        return rows(_TERSE, [{**row, "kind": None} for row in listed.rows.to_pylist()])

    # ---- what they are made of
    def listed(self, session: Session, show: Show) -> Iterable[Object]:
        """The tasks that SHOW considers."""
        found = super().listed(session, show)
        return [o for o in found if Task.of(o).is_root] if "ROOT ONLY" in show.extra else found

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW TASKS, also of TASK_DEPENDENTS."""
        task, properties = Task.of(thing), thing.properties
        shown = {
            "id": thing.id,
            "predecessors": json.dumps([str(thing.name.sibling(p)) for p in task.after]),
            "state": task.state,
            "allow_overlapping_execution": str(task.overlap_policy == CHILD_OVERLAP).lower(),
            "task_relations": json.dumps(relations(session, thing)),
            "target_completion_interval": properties["target_completion_interval"],
        }
        times = {key: _time(properties.get(key)) for key in ("last_committed_on", "last_suspended_on")}
        return {**super().row(session, thing), **shown, **times}

    def handed_over(self, thing: Object) -> Object:
        """A task with a new owner is suspended: it would run with other rights."""
        return thing.with_properties(**suspended("GRANT_OWNERSHIP")) if Task.of(thing).started else thing

    def remove(self, session: Session, name: Name) -> None:
        """Take the task out; the tasks after it lose a predecessor, its finalizer its root."""
        scheduler = session.account[Scheduler]
        gone = session.account.catalogue.get(self.word, name)
        tasks = schema_tasks(session, name)
        for other in graph.freed_by(tasks, name.name):
            session.account.catalogue.change(self.word, name.sibling(other.name), lambda o, t=other: detached(o, t))
        super().remove(session, name)
        session.account.catalogue.afterwards(lambda: scheduler.runs.forget(gone.id))
        if tasks[name.name].started:
            session.account.catalogue.afterwards(scheduler.wake)


def relations(session: Session, thing: Object) -> dict[str, Any]:
    """What `task_relations` shows: predecessors, and who finalizes whom."""
    task = Task.of(thing)
    found: dict[str, Any] = {"Predecessors": [str(thing.name.sibling(p)) for p in task.after]}
    last = graph.finalizer(schema_tasks(session, thing.name), task.name) if task.is_root else None
    if last:
        found["FinalizerTask"] = str(thing.name.sibling(last))
    if task.finalizes:
        found["FinalizedRootTask"] = str(thing.name.sibling(task.finalizes))
    return found


def _clone(source: Object, name: Name) -> Draft:
    """A copy: suspended, never run; in another schema it has no predecessors."""
    properties = {key: value for key, value in source.properties.items() if key not in _LIVE}
    if source.name.container != name.container:
        properties |= {"after": [], "finalizes": None}
    return Draft(properties, source.comment, source.tags)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


KINDS = (TaskKind(),)
VERBS = {"EXECUTE TASK": execute}
