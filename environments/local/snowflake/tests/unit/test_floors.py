"""Rooms stand on floors: a module imports from its own room and from lower floors, for types as well as to run."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import local_snowflake

PACKAGE = local_snowflake.__name__
SOURCE = Path(local_snowflake.__file__).parent
# From the ground up. Rooms of one floor do not know each other.
FLOORS = (
    ("kernel",),
    ("grammar", "sql"),
    ("stages", "streams", "statements", "sample_data"),
    ("policies", "scripting", "experiments"),
    ("tables",),
    ("python", "loading", "dynamic_tables"),
    ("models", "jobs"),
    ("objects", "monitors", "datasets", "notebooks"),
    ("services", "notifications"),
    ("tasks",),
    ("http", "opening"),
    ("__main__", "testing"),
)
LARGEST_CIRCLE = 3  # files
FLOOR = {room: number for number, floor in enumerate(FLOORS) for room in floor}


@dataclass(frozen=True)
class Import:
    """A line that imports a module of ours; both as they are called inside the package."""

    line: int
    importer: str
    imported: str

    @property
    def rooms(self) -> tuple[str, str]:
        return room(self.importer), room(self.imported)

    def __str__(self) -> str:
        file = f"{SOURCE.name}/{self.importer.replace('.', '/')}.py:{self.line}"
        return f"{file} imports {self.imported}: {self.rooms[0]} -> {self.rooms[1]}"


def room(module: str) -> str:
    return module.split(".")[0]


def modules(source: Path) -> dict[str, Path]:
    """The files by the names of their modules inside the package; a package's own is called by the package's."""
    found = {".".join(path.relative_to(source).with_suffix("").parts): path for path in source.rglob("*.py")}
    return {name.removesuffix(".__init__"): path for name, path in found.items() if name != "__init__"}


MODULES = modules(SOURCE)


def imports(name: str, path: Path) -> Iterator[Import]:
    """Every import of ours in a file, wherever it stands: at the top, for type checkers, inside of a function."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for written in _written(node, package):
            yield Import(node.lineno, name, _module(written))


def _written(node: ast.AST, package: str) -> list[str]:
    """The full names that a statement imports, inside the package."""
    if isinstance(node, ast.Import):
        return [a.name.removeprefix(f"{PACKAGE}.") for a in node.names if a.name.startswith(f"{PACKAGE}.")]
    if not isinstance(node, ast.ImportFrom):
        return []
    module = node.module or ""
    if node.level:
        above = package.split(".")[: len(package.split(".")) - node.level + 1] if package else []
        base = ".".join([*above, *module.split(".")]).strip(".")
    elif module == PACKAGE or module.startswith(f"{PACKAGE}."):
        base = module.removeprefix(PACKAGE).strip(".")
    else:
        return []
    return [f"{base}.{alias.name}".strip(".") for alias in node.names]


def _module(written: str) -> str:
    """The module that a full name lies in."""
    while written not in MODULES and "." in written:
        written = written.rpartition(".")[0]
    return written


def wrong(found: Iterable[Import]) -> list[str]:
    """The imports that lead to another room which is on no lower floor."""
    return [str(i) for i in found if i.rooms[0] != i.rooms[1] and FLOOR[i.rooms[0]] <= FLOOR[i.rooms[1]]]


@pytest.fixture(scope="module")
def every() -> list[Import]:
    return [each for name, path in MODULES.items() for each in imports(name, path)]


@pytest.fixture
def planted(tmp_path) -> Callable[[str, str], list[Import]]:
    """The imports of a module that has this text."""

    def imports_of(name: str, text: str) -> list[Import]:
        path = tmp_path / "module.py"
        path.write_text(text)
        return list(imports(name, path))

    return imports_of


def test_each_room_has_a_floor():
    assert {room(name) for name in MODULES} == FLOOR.keys()


def test_a_room_imports_from_lower_floors_only(every):
    assert not (found := wrong(every)), "\n".join(["imports that lead up, or sideways:", *found])


@pytest.mark.parametrize(
    "line",
    [
        "from ..tasks.scheduler import Scheduler",
        "from .. import tasks",
        "from ..tasks import scheduler",
        "import local_snowflake.tasks.scheduler",
        "from local_snowflake.tasks import scheduler",
        "from local_snowflake import tasks",
        "if TYPE_CHECKING:\n    from ..tasks.scheduler import Scheduler",
        "def f():\n    from ..tasks.scheduler import Scheduler",
    ],
)
def test_an_import_that_leads_up_is_named(planted, line):
    (found,) = wrong(planted("kernel.session", line))
    assert "kernel/session.py:" in found
    assert "kernel -> tasks" in found


def test_rooms_of_one_floor_do_not_import_each_other(planted):
    found = wrong(planted("stages.kinds", "from ..streams import reading"))
    assert found == ["local_snowflake/stages/kinds.py:1 imports streams.reading: stages -> streams"]


def test_modules_that_are_imported_by_name_are_the_registry_s_or_a_user_s():
    """What the rest of this file cannot see."""
    calls = (name for name, path in MODULES.items() if "import_module(" in path.read_text(encoding="utf-8"))
    assert set(calls) == {"kernel.registry", "python.interpreter.loading", "python.interpreter.zygote"}


def test_circles_of_files_have_three_at_most(every):
    """The account, its sessions and their statements know each other; no others need more."""
    known: dict[str, set[str]] = {}
    for each in every:
        known.setdefault(each.importer, set()).add(each.imported)
    reached = {name: _reached(name, known) for name in known}
    circles = {frozenset(n for n in reached[name] if name in reached.get(n, ())) for name in known}
    assert not [sorted(circle) for circle in circles if len(circle) > LARGEST_CIRCLE]


def _reached(start: str, known: Mapping[str, set[str]]) -> set[str]:
    found, left = set[str](), [start]
    while left:
        new = known.get(left.pop(), set()) - found
        found |= new
        left += new
    return found
