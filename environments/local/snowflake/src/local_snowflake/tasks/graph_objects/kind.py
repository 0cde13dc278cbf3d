"""TASK GRAPH: CREATE, ALTER, DROP, SHOW, DESCRIBE and EXECUTE.

https://docs.snowflake.com/en/sql-reference/sql/create-task-graph
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ...kernel.catalogue import Object
from ...kernel.errors import SnowflakeError
from ...kernel.kinds import STAMP, Create, Kind
from ...kernel.result import EXECUTED, Result, status
from ..scheduler import Scheduler
from ..spec import DEFAULTS, suspended
from . import clauses, membership
from .alteration import alter
from .executing import execute
from .spec import LIVE, WORD, TaskGraph

if TYPE_CHECKING:
    from ...kernel.names import Name
    from ...kernel.session import Session
    from ...kernel.tokens import Tokens


class TaskGraphKind(Kind):
    """TASK GRAPH: a schedule and settings for a root task and all that comes after it."""

    word, plural = WORD, "TASK GRAPHS"
    columns = (
        ("created_on", STAMP),
        "name",
        "id",
        "database_name",
        "schema_name",
        "owner",
        "comment",
        "schedule",
        ("roots", "array"),
        "finalizer",
        "state",
        "condition",
        "overlap_policy",
        "error_integration",
        "success_integration",
        "config",
        ("task_auto_retry_attempts", "fixed"),
        ("suspend_task_after_num_failures", "fixed"),
        "task_defaults",
        ("last_committed_on", STAMP),
        ("last_suspended_on", STAMP),
        "last_suspended_reason",
        "owner_role_type",
    )

    # ---- statements
    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE [OR REPLACE | OR ALTER] TASK GRAPH."""
        name = self.read_name(session, tokens)
        draft = clauses.read(session, name, tokens)
        with session.account[Scheduler].shape:
            old = session.account.catalogue.find(self.word, name)
            if old and create.or_alter:
                return self._redefine(session, old, draft)
            new = Object(self.word, name, session.role, draft.over(clauses.ABSENT), draft.comment or "", draft.tags)
            if not (old and create.if_not_exists):
                membership.check_declared(session, new)
            if old and create.or_replace:
                _require_suspended(old)
            return self.add(session, create, new)

    def _redefine(self, session: Session, old: Object, draft: clauses.Draft) -> Result:
        """CREATE OR ALTER: every property is as written now; what is committed and whether it is resumed stays."""
        session.own(self.word, old.name)
        kept = {key: old.properties[key] for key in LIVE if key in old.properties}
        new = replace(old, properties={**draft.over(clauses.ABSENT), **kept}, comment=draft.comment or "")
        membership.check_declared(session, new)
        session.account.catalogue.change(self.word, old.name, lambda _: new)
        return status(EXECUTED)

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER TASK GRAPH."""
        with session.account[Scheduler].shape:
            return alter(super().alter, session, name, tokens)

    def drop(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """DROP TASK GRAPH: its members stay, as ordinary tasks."""
        with session.account[Scheduler].shape:
            _require_suspended(session.own(self.word, name))
            return super().drop(session, name, tokens)

    # ---- what they are made of
    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW TASK GRAPHS: the latest definition, committed or not."""
        graph = TaskGraph.of(thing)
        parameters = {key.lower(): graph.parameters.get(key, DEFAULTS[key]) for key in clauses.PARAMETERS}
        shown = {
            "id": thing.id,
            "roots": json.dumps([str(thing.name.sibling(graph.root))] if graph.root else []),
            "finalizer": str(thing.name.sibling(graph.finalizer)) if graph.finalizer else None,
            "state": graph.state,
            "task_defaults": json.dumps(graph.task_defaults),
        }
        times = {key: _time(thing.properties.get(key)) for key in ("last_committed_on", "last_suspended_on")}
        return {**super().row(session, thing), **parameters, **shown, **times}

    def handed_over(self, thing: Object) -> Object:
        """A graph with a new owner is suspended: it would run with other rights."""
        return thing.with_properties(**suspended("GRANT_OWNERSHIP")) if TaskGraph.of(thing).started else thing

    def remove(self, session: Session, name: Name) -> None:
        """Take the graph out; what it had committed is forgotten, a run under way goes on."""
        scheduler = session.account[Scheduler]
        gone = session.account.catalogue.get(self.word, name)
        super().remove(session, name)
        for action in (scheduler.runs.forget, scheduler.committed.forget):
            session.account.catalogue.afterwards(partial(action, gone.id))
        session.account.catalogue.afterwards(scheduler.wake)


def _require_suspended(thing: Object) -> None:
    if TaskGraph.of(thing).started:
        text = f"Task graph {thing.name} is resumed: ALTER TASK GRAPH ... SUSPEND it first."
        raise SnowflakeError(text, "091421", "22000")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


KINDS = (TaskGraphKind(),)
VERBS = {"EXECUTE TASK GRAPH": execute}
FEATURE = "TASK GRAPH"
