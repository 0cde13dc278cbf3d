"""ALTER TASK GRAPH: https://docs.snowflake.com/en/sql-reference/sql/alter-task-graph."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...kernel.catalogue import now
from ...kernel.errors import SnowflakeError, invalid, unsupported
from ...kernel.result import EXECUTED, status
from .. import condition
from ..rules import schema_tasks
from ..scheduler import Scheduler
from ..spec import STARTED, suspended
from ..versions import GraphVersion
from ..work import check_privileges
from . import clauses, shape
from .committed import Committed
from .membership import check_declared
from .spec import WORD, TaskGraph

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...kernel.catalogue import Object
    from ...kernel.names import Name
    from ...kernel.result import Result
    from ...kernel.session import Session
    from ...kernel.tokens import Tokens

_COMMON = (("SET", "TAG"), ("UNSET", "TAG"))


def alter(common: Callable[..., Result], session: Session, name: Name, tokens: Tokens) -> Result:
    """Answer ALTER TASK GRAPH.

    Args:
        common: answers what every kind of object has in common.
        session: whose statement it is.
        name: the graph.
        tokens: the statement; the cursor stands behind the name.

    """
    if any(tokens.looking_at(*words) for words in _COMMON):
        return common(session, name, tokens)
    act = tokens.accept_any(*_ACTS)
    if act:
        tokens.end()
        return _ACTS[act](session, name)
    thing = session.own(WORD, name)
    new = _changed(session, thing, tokens)
    check_declared(session, new)
    session.account.catalogue.change(WORD, name, lambda _: new)
    return status(EXECUTED)


def commit(session: Session, name: Name) -> Result:
    """Make the latest definitions of the graph and its members those that run, all at once.

    A run under way goes on with the version that it began with.

    Raises:
        SnowflakeError: naming the rule that the graph breaks; what was committed before then stays.

    """
    thing, scheduler = session.own(WORD, name), session.account[Scheduler]
    live = TaskGraph.of(thing)
    members = shape.members(schema_tasks(session, name), live)
    _refuse_shared(session, thing, members)
    version = GraphVersion(name.sibling(live.root or ""), 1, live.effective(members), (name, thing.id))
    stamp = now().isoformat()
    things = [session.account.catalogue.get("TASK", name.sibling(member)) for member in members]
    scheduler.committed.put(Committed(thing, tuple(things)))
    if scheduler.runs.versions.put(version)[1]:
        changes = {"last_committed_on": stamp}
        session.account.catalogue.change_all([thing, *things], lambda o: o.with_properties(**changes))
    scheduler.wake()
    return status(EXECUTED)


def _refuse_shared(session: Session, thing: Object, members: dict[str, object]) -> None:
    for member in members:
        other = session.account[Scheduler].committed.graph_of(thing.name.sibling(member))
        if other and other.id != thing.id:
            raise invalid(f"Task '{member}' is in the committed version of task graph {other.name}.")


def resume(session: Session, name: Name) -> Result:
    """Start the graph's schedule, as it was committed.

    Raises:
        SnowflakeError: 091093 when nothing is committed, or that has no schedule; 091089 when the owner lacks a
            privilege.

    """
    thing = session.get(WORD, name, "OPERATE")
    if TaskGraph.of(thing).started:
        return status(EXECUTED)
    version = committed_version(session, thing)
    if not version.root_task.schedule:
        why = "a task graph needs a SCHEDULE, and the committed version has none."
        raise invalid(f"Task graph {name} cannot be resumed: {why}", "091093", "22023")
    check_owner(session, version)
    session.account[Scheduler].runs.failures.forget(thing.id)
    since = now().isoformat()
    session.account.catalogue.change(WORD, name, lambda o: o.with_properties(state=STARTED, since=since))
    session.account[Scheduler].wake()
    return status(EXECUTED)


def suspend(session: Session, name: Name) -> Result:
    """No new scheduled runs; a run under way goes on."""
    if TaskGraph.of(session.get(WORD, name, "OPERATE")).started:
        why = suspended("USER_SUSPENDED")
        session.account.catalogue.change(WORD, name, lambda o: o.with_properties(**why))
        session.account[Scheduler].wake()
    return status(EXECUTED)


def committed_version(session: Session, thing: Object) -> GraphVersion:
    """The version that runs.

    Raises:
        SnowflakeError: 091093 when nothing is committed.

    """
    version = session.account[Scheduler].runs.versions.latest(thing.id)
    if version is None:
        text = f"Task graph {thing.name} has no committed version: ALTER TASK GRAPH {thing.name} COMMIT first."
        raise SnowflakeError(text, "091093", "22023")
    return version


def check_owner(session: Session, version: GraphVersion) -> None:
    """The owner role may run every task of the version.

    Raises:
        SnowflakeError: 091089, naming the privilege.

    """
    alike = {(task.owner, task.warehouse): task for task in version.tasks.values()}
    for task in alike.values():
        check_privileges(session.account, task)


# ---- changes
def _changed(session: Session, thing: Object, tokens: Tokens) -> Object:
    """The graph as the rest of the statement wants it."""
    for words, change in _FORMS.items():
        if tokens.accept(*words.split()):
            return change(session, thing, tokens)
    raise unsupported(f"ALTER TASK GRAPH ... {tokens.rest[:100]}")


def _set(session: Session, thing: Object, tokens: Tokens) -> Object:
    if tokens.looking_at("CONTACT"):
        raise unsupported(f"ALTER TASK GRAPH ... SET {tokens.rest[:100]}")
    draft = clauses.Draft()
    while not tokens.done:
        clauses.read_property(session, thing.name, tokens, draft)
        tokens.accept(",")
    comment = thing.comment if draft.comment is None else draft.comment
    return replace(thing, properties=draft.over(thing.properties), comment=comment)


def _unset(_: Session, thing: Object, tokens: Tokens) -> Object:
    if tokens.looking_at("CONTACT"):
        raise unsupported(f"ALTER TASK GRAPH ... UNSET {tokens.rest[:100]}")
    properties = {**thing.properties, "parameters": dict(thing.properties["parameters"])}
    comment = thing.comment
    while not tokens.done:
        key = tokens.take().upper
        tokens.accept(",")
        if key == "COMMENT":
            comment = ""
        elif (kept_under := clauses.kept_under(key)) is None:
            properties["parameters"].pop(key, None)
        else:
            properties[kept_under] = clauses.ABSENT[kept_under]
    return replace(thing, properties=properties, comment=comment)


def _unset_defaults(_: Session, thing: Object, tokens: Tokens) -> Object:
    gone = clauses.default_names(tokens)
    tokens.end()
    kept = {key: value for key, value in thing.properties["task_defaults"].items() if key not in gone}
    return thing.with_properties(task_defaults=kept)


def _modify_when(_: Session, thing: Object, tokens: Tokens) -> Object:
    found = condition.read(tokens)
    tokens.end()
    return thing.with_properties(condition=found.text)


def _remove_when(_: Session, thing: Object, tokens: Tokens) -> Object:
    tokens.end()
    return thing.with_properties(condition=None)


_ACTS: dict[str, Callable[[Session, Name], Result]] = {"COMMIT": commit, "RESUME": resume, "SUSPEND": suspend}
_FORMS: dict[str, Callable[[Session, Object, Tokens], Object]] = {
    "UNSET TASK_DEFAULTS": _unset_defaults,
    "SET": _set,
    "UNSET": _unset,
    "MODIFY WHEN": _modify_when,
    "REMOVE WHEN": _remove_when,
}
