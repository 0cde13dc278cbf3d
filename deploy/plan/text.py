"""A plan for people: lines for a terminal, Markdown with a drawing for a pull request."""

import difflib
import json
from collections.abc import Iterator
from typing import Any

from deploy.graph.graph import Graph
from deploy.plan.plan import Added, Change, Changed, Plan, Removed

_SIGNS = {Added: "+", Changed: "~", Removed: "-"}
_WHOLE = 200  # characters of two values that are shown whole
_AROUND = 24  # characters shown on both sides of a difference
_STYLES = {"added": "#d3f9d8,stroke:#2b8a3e", "changed": "#fff3bf,stroke:#e67700", "removed": "#ffe3e3,stroke:#c92a2a"}


def summary(plan: Plan) -> str:
    """One line: how many of each."""
    if plan.empty:
        return "no changes: the deployed graph is the release's"
    counts = {kind: sum(isinstance(change, kind) for change in plan.changes) for kind in _SIGNS}
    line = f"{counts[Added]} to add, {counts[Changed]} to change, {counts[Removed]} to remove"
    return ", ".join([line, *([f"{len(plan.resumed)} to resume"] if plan.resumed else []), *_held(plan)])


def _held(plan: Plan) -> Iterator[str]:
    if plan.moved_from:
        yield f"moved from {plan.moved_from} to {plan.backend}"
    if plan.commits:
        yield "staged edits to commit"


def text(plan: Plan) -> str:
    """Return the plan as lines: + added, ~ changed with each property, - removed, ^ resumed."""
    lines = [line for change in plan.changes for line in _lines(change)]
    return "\n".join([*lines, *(f"^ {name}" for name in plan.resumed), summary(plan)])


def _lines(change: Change) -> Iterator[str]:
    yield f"{_SIGNS[type(change)]} {change.name}"
    if isinstance(change, Changed):
        for key, (old, new) in change.differences.items():
            yield from _difference(key, old, new)


def _difference(key: str, old: Any, new: Any) -> Iterator[str]:
    if key == "CONFIG":
        yield from _config(json.loads(old or "{}"), json.loads(new or "{}"))
    elif "\n" in f"{old}{new}":
        yield f"    {key}:"
        kept = list(difflib.unified_diff(str(old or "").splitlines(), str(new or "").splitlines(), lineterm="", n=0))
        yield from (f"      {line}" for line in kept if not line.startswith(("---", "+++", "@@")))
    else:
        before, after = _apart(_shown(old), _shown(new))
        yield f"    {key}: {before} -> {after}"


def _apart(old: str, new: str) -> tuple[str, str]:
    """Leave out what two long lines have in common, but for some characters on both sides of the difference."""
    if len(old) + len(new) <= _WHOLE:
        return old, new
    start = max(0, _common(old, new) - _AROUND)
    end = max(0, _common(old[start:][::-1], new[start:][::-1]) - _AROUND)
    return tuple(f"{'…' * (start > 0)}{text[start : len(text) - end]}{'…' * (end > 0)}" for text in (old, new))


def _common(old: str, new: str) -> int:
    """With how many of the same characters both begin."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(old), len(new)))


def _config(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            yield f"    CONFIG {key}: {_shown(old.get(key))} -> {_shown(new.get(key))}"


def _shown(value: Any) -> str:
    return "(none)" if value is None else str(value)


def markdown(plan: Plan, title: str) -> str:
    """Return the plan for a pull request: a line, a drawing with the changed tasks marked, and the changes."""
    drawing = f"```mermaid\n{mermaid(plan)}\n```"
    details = f"<details><summary>Changes</summary>\n\n```diff\n{text(plan)}\n```\n\n</details>"
    return "\n\n".join([f"### {title}", summary(plan), drawing, details, f"Plan `{plan.hash[:12]}`"]) + "\n"


def mermaid(plan: Plan) -> str:
    """Return the graph that the plan leads to, and what it removes, as a Mermaid flowchart."""
    gone = Graph(tuple(change.task for change in plan.changes if isinstance(change, Removed)))
    drawn = [*plan.graph.tasks, *gone.tasks]
    numbers = {task.name: f"t{index}" for index, task in enumerate(drawn)}
    lines = ["flowchart LR"]
    for task in drawn:
        shape = '(["{}"])' if task.finalizes else '["{}"]'
        lines.append(f"  {numbers[task.name]}{shape.format(task.name.replace(chr(34), '#quot;'))}")
    lines += [
        f"  {numbers[name]} --> {numbers[task.name]}" for task in drawn for name in task.predecessors if name in numbers
    ]
    return "\n".join([*lines, *_marks(plan, numbers)])


def _marks(plan: Plan, numbers: dict[str, str]) -> Iterator[str]:
    marked = {
        word: [numbers[change.name] for change in plan.changes if type(change) is kind]
        for word, kind in {"added": Added, "changed": Changed, "removed": Removed}.items()
    }
    for word, nodes in marked.items():
        if nodes:
            yield f"  classDef {word} fill:{_STYLES[word]}"
            yield f"  class {','.join(nodes)} {word}"
