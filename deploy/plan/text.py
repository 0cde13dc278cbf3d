"""A plan for people: lines for a terminal, Markdown with a drawing for a pull request."""

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from deploy.plan.plan import Added, Change, Changed, Plan, Removed, Section

_SIGNS = {Added: "+", Changed: "~", Removed: "-"}
_WHOLE = 200  # characters of two values that are shown whole
_AROUND = 24  # characters shown on both sides of a difference
_STYLES = {Added: "#d3f9d8,stroke:#2b8a3e", Changed: "#fff3bf,stroke:#e67700", Removed: "#ffe3e3,stroke:#c92a2a"}


def summary(plan: Plan) -> str:
    """One line: how many of each."""
    if plan.empty:
        return f"no changes: the deployed {'graphs are' if len(plan.sections) > 1 else 'graph is'} the release's"
    words = [f"{len(plan.added)} to add, {len(plan.changed)} to change, {len(plan.removed)} to remove"]
    words += [f"{len(plan.resumed)} to resume"] if plan.resumed else []
    moves = dict.fromkeys((each.moved_from, each.backend) for each in plan.sections if each.moved_from)
    words += [f"moved from {old} to {new}" for old, new in moves]
    words += ["staged edits to commit"] if any(each.commits for each in plan.sections) else []
    return ", ".join(words)


def text(plan: Plan) -> str:
    """Return the plan as lines: + added, ~ changed with each property, - removed, ^ resumed.

    Of several graphs each has a heading, and a line of its own that sums it up.
    """
    if len(plan.sections) <= 1:
        return "\n".join([*(line for each in plan.sections for line in _body(each)), summary(plan)])
    parts = ("\n".join([f"graph {each.name}", *_body(each), _headline(each)]) for each in plan.sections)
    return "\n\n".join((*parts, f"all graphs: {summary(plan)}"))


def _headline(section: Section) -> str:
    if not section.graph.tasks:
        return "the release no longer has this graph: it goes when the release has passed"
    return summary(Plan((section,)))


def _body(section: Section) -> list[str]:
    lines = [line for change in section.changes for line in _lines(change)]
    return [*lines, *(f"^ {name}" for name in section.resumed)]


def _lines(change: Change) -> Iterator[str]:
    yield f"{_SIGNS[type(change)]} {change.name}"
    if isinstance(change, Changed):
        for key, (old, new) in change.differences.items():
            yield from _difference(key, old, new)


def _difference(key: str, old: Any, new: Any) -> Iterator[str]:
    if key == "CONFIG":
        before, after = (_flat(json.loads(value or "{}")) for value in (old, new))
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                yield f"    CONFIG {name}: {_shown(before.get(name))} -> {_shown(after.get(name))}"
    elif "\n" in f"{old}{new}":
        yield f"    {key}:"
        kept = list(difflib.unified_diff(str(old or "").splitlines(), str(new or "").splitlines(), lineterm="", n=0))
        yield from (f"      {line}" for line in kept if not line.startswith(("---", "+++", "@@")))
    else:
        yield f"    {key}: {' -> '.join(_apart(_shown(old), _shown(new)))}"


def _flat(config: Mapping[str, Any], table: str = "") -> dict[str, Any]:
    """Return the values of nested tables by their dotted names."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        flat |= _flat(value, f"{table}{key}.") if isinstance(value, dict) else {f"{table}{key}": value}
    return flat


def _apart(old: str, new: str) -> tuple[str, ...]:
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


def _shown(value: Any) -> str:
    return "(none)" if value is None else str(value)


def markdown(plan: Plan, title: str) -> str:
    """Return the plan for a pull request: a line, a drawing with the changed tasks marked, and the changes.

    Of several graphs, each has a section of its own.
    """
    parts = [summary(plan)]
    for each in plan.sections:
        parts += [f"#### {each.name}", _headline(each)] if len(plan.sections) > 1 else []
        parts.append(f"```mermaid\n{mermaid(each)}\n```")
        changes = "\n".join([*_body(each), _headline(each)])
        parts.append(f"<details><summary>Changes</summary>\n\n```diff\n{changes}\n```\n\n</details>")
    return "\n\n".join([f"### {title}", *parts, f"Plan `{plan.hash[:12]}`"]) + "\n"


def mermaid(plan: Section) -> str:
    """Return the graph that a section leads to, and what it removes, as a Mermaid flowchart."""
    drawn = [*plan.graph.tasks, *plan.removed]
    numbers = {task.name: f"t{index}" for index, task in enumerate(drawn)}
    lines = ["flowchart LR"]
    for task in drawn:
        shape = '(["{}"])' if task.finalizes else '["{}"]'
        lines.append(f"  {numbers[task.name]}{shape.format(task.name.replace(chr(34), '#quot;'))}")
    lines += [
        f"  {numbers[name]} --> {numbers[task.name]}" for task in drawn for name in task.predecessors if name in numbers
    ]
    for kind, style in _STYLES.items():
        if marked := [numbers[change.name] for change in plan.changes if type(change) is kind]:
            word = kind.__name__.lower()
            lines += [f"  classDef {word} fill:{style}", f"  class {','.join(marked)} {word}"]
    return "\n".join(lines)
