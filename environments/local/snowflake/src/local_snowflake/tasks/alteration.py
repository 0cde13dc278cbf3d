"""ALTER TASK: https://docs.snowflake.com/en/sql-reference/sql/alter-task."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import now
from ..kernel.errors import SnowflakeError, invalid, unsupported
from ..kernel.result import EXECUTED, status
from . import condition, graph, options, reading
from .graph_objects.membership import refuse_own_life
from .rules import check, detached, require_suspended, schema_tasks
from .scheduler import Scheduler
from .spec import STARTED, Task, suspended
from .work import check_privileges

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..kernel.catalogue import Object
    from ..kernel.names import Name
    from ..kernel.result import Result
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

_COMMON = (("SET", "TAG"), ("UNSET", "TAG"))


def alter(common: Callable[..., Result], session: Session, name: Name, tokens: Tokens) -> Result:
    """Answer ALTER TASK.

    Args:
        common: answers what every kind of object has in common.
        session: whose statement it is.
        name: the task.
        tokens: the statement; the cursor stands behind the name.

    """
    if any(tokens.looking_at(*words) for words in _COMMON):
        return common(session, name, tokens)
    if tokens.accept("RESUME"):
        tokens.end()
        return resume(session, name)
    if tokens.accept("SUSPEND"):
        tokens.end()
        return suspend(session, name)
    thing = session.own("TASK", name)
    new = _changed(session, thing, tokens)
    tasks = schema_tasks(session, name)
    require_suspended(name, tasks, name.name)
    check(name, tasks, Task.of(new))
    session.account.catalogue.change("TASK", name, lambda _: new)
    return status(EXECUTED)


def resume(session: Session, name: Name) -> Result:
    """Resume a task; resuming a root starts its schedule and sets a version of its graph.

    Raises:
        SnowflakeError: 091089 when the owner lacks a privilege; 091421 for a child of a running graph; 091093 for a
            root with neither a schedule nor a stream to wait for.

    """
    scheduler = session.account[Scheduler]
    task = Task.of(session.get("TASK", name, "OPERATE"))
    if task.started:
        return status(EXECUTED)
    refuse_own_life(session, name, "RESUME")
    if not task.is_root:
        require_suspended(name, schema_tasks(session, name), name.name)
    elif not task.schedule and not task.triggered:
        text = f"Task {name} cannot be resumed: a root task needs a SCHEDULE, or a WHEN that asks for a stream's data."
        raise invalid(text, "091093", "22023")
    check_privileges(session.account, task)
    if task.is_root:
        scheduler.runs.commit(name)
        scheduler.runs.failures.forget(task.id)
    _start(session, name)
    if task.is_root:
        scheduler.wake()
    return status(EXECUTED)


def resume_dependents(session: Session, name: Name) -> int:
    """Resume the tasks after a task, then the task itself, so that a root's schedule starts last.

    A root without a schedule stays suspended; it can be executed all the same.

    Returns:
        How many tasks the graph has from there on.

    Raises:
        SnowflakeError: as `resume`.

    """
    session.get("TASK", name, "OPERATE")
    refuse_own_life(session, name, "RESUME")
    tasks = schema_tasks(session, name)
    members = graph.below(tasks, name.name)
    sleeping = [tasks[member] for member in members[1:] if not tasks[member].started]
    if sleeping:
        require_suspended(name, tasks, name.name)
    for task in sleeping:
        session.get("TASK", name.sibling(task.name), "OPERATE")
        check_privileges(session.account, task)
        _start(session, name.sibling(task.name))
    if not tasks[name.name].is_root or tasks[name.name].schedule:
        resume(session, name)
    return len(members)


def _start(session: Session, name: Name) -> None:
    since = now().isoformat()
    session.account.catalogue.change("TASK", name, lambda o: o.with_properties(state=STARTED, since=since))


def suspend(session: Session, name: Name) -> Result:
    """Suspend a task: no new runs; a run under way goes on with the version that it began with.

    Raises:
        SnowflakeError: 091421 for a child of a graph whose root is resumed.

    """
    task = Task.of(session.get("TASK", name, "OPERATE"))
    if not task.is_root:
        require_suspended(name, schema_tasks(session, name), name.name)
    if task.started:
        refuse_own_life(session, name, "SUSPEND")
        why = suspended("USER_SUSPENDED")
        session.account.catalogue.change("TASK", name, lambda o: o.with_properties(**why))
        if task.is_root:
            session.account[Scheduler].wake()
    return status(EXECUTED)


def _changed(session: Session, thing: Object, tokens: Tokens) -> Object:
    """The task as the rest of the statement wants it."""
    for words, change in _FORMS.items():
        if tokens.accept(*words.split()):
            return change(session, thing, tokens)
    raise unsupported(f"ALTER TASK ... {tokens.rest[:100]}")


def _add_after(session: Session, thing: Object, tokens: Tokens) -> Object:
    names = _predecessors(session, thing, tokens)
    return thing.with_properties(after=list(dict.fromkeys([*thing.properties["after"], *names])))


def _remove_after(session: Session, thing: Object, tokens: Tokens) -> Object:
    gone, before = _predecessors(session, thing, tokens), thing.properties["after"]
    for name in gone:
        if name not in before:
            raise SnowflakeError(f"Invalid predecessor {name} was specified.", "091085", "42601")
    return detached(thing, replace(Task.of(thing), after=tuple(n for n in before if n not in gone)))


def _predecessors(session: Session, thing: Object, tokens: Tokens) -> list[str]:
    names = reading.predecessors(session, thing.name, tokens)
    tokens.end()
    return names


def _modify_as(session: Session, thing: Object, tokens: Tokens) -> Object:
    return thing.with_properties(definition=reading.body(session, tokens.rest))


def _modify_when(_: Session, thing: Object, tokens: Tokens) -> Object:
    found = condition.read(tokens)
    tokens.end()
    return thing.with_properties(condition=found.text)


def _remove_when(_: Session, thing: Object, tokens: Tokens) -> Object:
    tokens.end()
    return thing.with_properties(condition=None)


def _set(session: Session, thing: Object, tokens: Tokens) -> Object:
    if tokens.looking_at("EXECUTE") or tokens.looking_at("CONTACT"):
        raise unsupported(f"ALTER TASK ... SET {tokens.rest[:100]}")
    changes = options.read(session, tokens)
    properties: dict[str, Any] = changes.over(thing.properties)
    if "finalizes" in changes.properties:
        properties["finalizes"] = reading.sibling(thing.name, changes.properties["finalizes"])
    options.check_compute(properties)
    comment = thing.comment if changes.comment is None else changes.comment
    return replace(thing, properties=properties, comment=comment)


def _unset(_: Session, thing: Object, tokens: Tokens) -> Object:
    properties = {**thing.properties, "parameters": dict(thing.properties["parameters"])}
    comment = thing.comment
    while not tokens.done:
        key = tokens.take().upper
        tokens.accept(",")
        if key == "COMMENT":
            comment = ""
            continue
        kept_under = options.property_of(key)
        if kept_under is None:
            properties["parameters"].pop(key, None)
        else:
            properties[kept_under] = options.ABSENT[kept_under]
    return replace(thing, properties=properties, comment=comment)


_FORMS: dict[str, Callable[[Session, Object, Tokens], Object]] = {
    "ADD AFTER": _add_after,
    "REMOVE AFTER": _remove_after,
    "MODIFY AS": _modify_as,
    "MODIFY WHEN": _modify_when,
    "REMOVE WHEN": _remove_when,
    "SET": _set,
    "UNSET": _unset,
}
