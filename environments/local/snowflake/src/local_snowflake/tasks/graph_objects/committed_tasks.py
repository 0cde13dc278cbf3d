"""SHOW COMMITTED TASKS and DESCRIBE COMMITTED TASK: the definitions that run, in the columns of SHOW TASKS.

https://docs.snowflake.com/en/sql-reference/sql/show-committed-tasks
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ...kernel.catalogue import inside
from ...kernel.kinds import Kind
from ...kernel.registry import kinds
from ...kernel.result import DESCRIBE, Result, rows
from ..scheduler import Scheduler
from .spec import WORD

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...kernel.catalogue import Object
    from ...kernel.kinds import Show
    from ...kernel.session import Session
    from ...kernel.tokens import Tokens


class CommittedTask(Kind):
    """COMMITTED TASK: no object of the catalogue, but what a task graph object keeps of a task."""

    word, plural = "COMMITTED TASK", "COMMITTED TASKS"
    about = MappingProxyType({"GRAPH": WORD})

    def show(self, session: Session, show: Show) -> Result:
        """SHOW COMMITTED TASKS."""
        found = [thing for thing in self.listed(session, show) if show.admits(thing.name.name)]
        return rows(kinds()["TASK"].columns, [self.row(session, thing) for thing in found[: show.limit]])

    def listed(self, session: Session, show: Show) -> Iterable[Object]:
        """The committed tasks of one graph, or of every graph in a place, that the session sees."""
        graphs = session.account[Scheduler].committed
        if show.about:
            one = graphs.of(show.about)
            wanted = [one] if one else []
        else:
            wanted = [g for g in graphs.all() if show.within is None or inside(g.graph.name, show.within)]
        seen = [member for committed in wanted for member in committed.members if session.sees(member)]
        return sorted(seen, key=lambda member: member.name)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW COMMITTED TASKS."""
        return kinds()["TASK"].row(session, thing)


def _describe(session: Session, tokens: Tokens) -> Result:
    """DESCRIBE COMMITTED TASK: no rows for a task that is in no committed version."""
    name = session.qualify(tokens.name())
    tokens.end()
    session.get("TASK", name)
    found = session.account[Scheduler].committed.member(name)
    kind = kinds()["TASK"]
    return rows(kind.columns, [kind.row(session, found)] if found else [], DESCRIBE)


KINDS = (CommittedTask(),)
VERBS = {"DESCRIBE COMMITTED TASK": _describe, "DESC COMMITTED TASK": _describe}
FEATURE = "TASK GRAPH"
