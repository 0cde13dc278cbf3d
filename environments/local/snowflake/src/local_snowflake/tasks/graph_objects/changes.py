"""TASK_GRAPH_CHANGES: what a COMMIT would change.

https://docs.snowflake.com/en/sql-reference/functions/task_graph_changes
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...kernel.errors import SnowflakeError, invalid
from ...kernel.result import SELECT, Result, rows
from ...kernel.tokens import Tokens
from ..rules import schema_tasks
from ..scheduler import Scheduler
from . import ddl, shape
from .spec import WORD, TaskGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...kernel.catalogue import Object
    from ...kernel.session import Session

_COLUMNS = ("ENTITY_TYPE", "ENTITY_NAME", "BEFORE", "AFTER")


def task_graph_changes(session: Session, positional: list[Any], named: dict[str, Any]) -> Result:
    """The graph itself and its members, where the latest definition is not the committed one.

    Raises:
        SnowflakeError: 091093 when the graph was never committed.

    """
    given = {**dict(zip(("TASK_GRAPH_NAME",), positional, strict=False)), **named}
    if given.keys() != {"TASK_GRAPH_NAME"} or len(positional) > 1:
        raise invalid("Function TASK_GRAPH_CHANGES takes one argument: TASK_GRAPH_NAME.", "001015")
    name = session.qualify(Tokens(str(given["TASK_GRAPH_NAME"])).name())
    thing = session.get(WORD, name)
    committed = session.account[Scheduler].committed.of(thing)
    if committed is None:
        raise SnowflakeError(f"Task graph {name} has no committed version to compare with.", "091093", "22023")
    own = _row("TASK_GRAPH", name.name, ddl.graph(committed.graph), ddl.graph(thing))
    return rows(_COLUMNS, [*own, *_members(session, committed.members, _live(session, thing))], SELECT)


def _live(session: Session, thing: Object) -> list[Object]:
    tasks = schema_tasks(session, thing.name)
    names = shape.member_names(tasks, TaskGraph.of(thing))
    return [session.account.catalogue.get("TASK", thing.name.sibling(name)) for name in names]


def _members(session: Session, committed: Iterable[Object], live: Iterable[Object]) -> Iterator[dict[str, Any]]:
    """Only tasks that the session sees."""
    before = {thing.name.name: ddl.task(thing) for thing in committed if session.sees(thing)}
    after = {thing.name.name: ddl.task(thing) for thing in live if session.sees(thing)}
    for name in sorted({*before, *after}):
        yield from _row("TASK", name, before.get(name), after.get(name))


def _row(kind: str, name: str, before: str | None, after: str | None) -> list[dict[str, Any]]:
    changed = {"ENTITY_TYPE": kind, "ENTITY_NAME": name, "BEFORE": before, "AFTER": after}
    return [changed] if before != after else []


TABLE_FUNCTIONS = {"TASK_GRAPH_CHANGES": task_graph_changes}
FEATURE = "TASK GRAPH"
