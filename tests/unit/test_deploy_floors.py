"""The rooms of deploy/ stand on floors: imports lead down, never up or across, and go in no circle.

From above, they show the way of a release. Imports for types count: what needs only a name needs the room, too.
"""

import ast
import graphlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = (
    {"__main__"},
    {"verbs"},
    {"delivery"},
    {"smoke", "setup", "cleanup"},
    {"apply", "records"},
    {"plan"},
    {"graph", "release"},
    {"model"},
    {"account"},
    {"job"},
    {"errors", "chain"},
)
# Beside the floors: what names things. It needs no more than the spelling of names, and every room needs it.
BESIDE = {"names": {"deploy.account.sql", "deploy.errors"}}
HIDDEN = {"account": {"names"}}  # from which rooms even that is no use


def modules():
    """The modules of deploy/ by name, with their code."""
    paths = sorted((ROOT / "deploy").rglob("*.py"))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text() for path in paths}


def arrows(sources):
    """What of deploy/ each module imports: whole modules, at any depth of the code, types included."""
    return {name: set(_imported(code, sources)) for name, code in sources.items()}


def _imported(code, sources):
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in sources)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            named = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in sources else node.module for name in named)


def room(module):
    return module.split(".")[1]


def floor(module):
    return next(number for number, rooms in enumerate(FLOORS) if room(module) in rooms)


def faults(sources):
    """What is wrong with the imports: arrows up or across, and circles of modules."""
    found = {name: {other for other in there if other.startswith("deploy.")} for name, there in arrows(sources).items()}
    yield from (
        f"{module} imports {other}"
        for module, there in found.items()
        for other in there
        if room(module) != room(other) and not allowed(module, other)
    )
    try:
        graphlib.TopologicalSorter(found).prepare()
    except graphlib.CycleError as error:
        yield " -> ".join(error.args[1])


def allowed(module, other):
    if room(module) in BESIDE:
        return other in BESIDE[room(module)]
    if room(other) in BESIDE:
        return room(other) not in HIDDEN.get(room(module), ())
    return floor(module) < floor(other)


def test_imports_lead_down_and_in_no_circle():
    assert list(faults(modules())) == []


def test_every_room_has_a_floor_and_every_floor_its_rooms():
    found = {room(name) for name in modules() if name != "deploy.__init__"}
    assert found == set().union(*FLOORS, BESIDE)


@pytest.mark.parametrize(
    ("module", "line", "seen"),
    [
        ("deploy.account.sql", "from deploy.verbs import cli", "deploy.account.sql imports deploy.verbs.cli"),
        ("deploy.account.connection", "from deploy import names", "deploy.account.connection imports deploy.names"),
        ("deploy.smoke.runs", "import deploy.cleanup.gc", "deploy.smoke.runs imports deploy.cleanup.gc"),
        ("deploy.names", "from deploy.graph.graph import Graph", "deploy.names imports deploy.graph.graph"),
        (
            "deploy.records.snapshot",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from deploy.delivery.state import State",
            "deploy.records.snapshot imports deploy.delivery.state",
        ),
        (
            "deploy.plan.plan",
            "def later():\n    from deploy.plan import text",
            "deploy.plan.plan -> deploy.plan.text",
        ),
    ],
)
def test_an_arrow_that_leads_up_across_or_back_is_seen(module, line, seen):
    sources = modules()
    sources[module] += f"\n{line}\n"
    assert seen in "\n".join(faults(sources))
