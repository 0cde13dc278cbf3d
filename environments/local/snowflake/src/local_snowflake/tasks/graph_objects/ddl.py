"""A task or a task graph object as the statement that creates it: what TASK_GRAPH_CHANGES compares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...kernel.names import literal, shown
from ..spec import NO_OVERLAP

if TYPE_CHECKING:
    from ...kernel.catalogue import Object


def task(thing: Object) -> str:
    """CREATE TASK."""
    its = thing.properties
    clauses = [
        _named("WAREHOUSE", its["warehouse"]),
        *_common(thing),
        _named("FINALIZE", its["finalizes"]),
        f"AFTER {', '.join(shown(name) for name in its['after'])}" if its["after"] else "",
        f"WHEN {its['condition']}" if its["condition"] else "",
        f"AS {its['definition']}",
    ]
    return _statement("TASK", thing, clauses)


def graph(thing: Object) -> str:
    """CREATE TASK GRAPH."""
    its = thing.properties
    defaults = ", ".join(f"{key} = {_value(value)}" for key, value in sorted(its["task_defaults"].items()))
    clauses = [
        f"ROOTS = ({shown(its['root'])})" if its["root"] else "",
        _named("FINALIZER", its["finalizer"]),
        *_common(thing),
        f"TASK_DEFAULTS ({defaults})" if defaults else "",
        f"WHEN {its['condition']}" if its["condition"] else "",
    ]
    return _statement("TASK GRAPH", thing, clauses)


def _common(thing: Object) -> list[str]:
    """What a task and a graph can both set."""
    its = thing.properties
    texts = ("schedule", "config", "error_integration", "success_integration", "target_completion_interval")
    overlap = its["overlap_policy"]
    return [
        *(f"{key.upper()} = {literal(its[key])}" for key in texts if its.get(key)),
        f"OVERLAP_POLICY = {overlap}" if overlap != NO_OVERLAP else "",
        *(f"{key} = {_value(value)}" for key, value in sorted(its["parameters"].items())),
        f"COMMENT = {literal(thing.comment)}" if thing.comment else "",
    ]


def _statement(word: str, thing: Object, clauses: list[str]) -> str:
    return "\n  ".join([f"CREATE {word} {shown(thing.name.name)}", *(clause for clause in clauses if clause)])


def _named(key: str, name: str | None) -> str:
    return f"{key} = {shown(name)}" if name else ""


def _value(value: Any) -> str:
    return literal(value) if isinstance(value, str) else str(value)
