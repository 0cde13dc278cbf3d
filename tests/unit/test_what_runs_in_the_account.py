"""What Snowflake runs of ours imports only what it is given there: its PACKAGES, what these bring, Python's library.

Here all packages are installed, so a wrong import is seen by looking: each import of each module, those inside
functions too, and the imports of the modules of ours that it imports.
"""

import ast
import re
import subprocess
import sys
from functools import cache
from importlib import metadata
from importlib.util import resolve_name
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from ml_pipeline import functions, handlers, payload

SOURCE = Path(handlers.__file__).parents[1]
FRAME = Path(handlers.__file__).parent
OURS = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
IMAGE = {"ray"}
"""What the runtime image of an ML Job has beside the packages; the one use of it is in a job with several nodes."""


def is_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def statements(node: ast.AST):
    """Every statement below a node but those that only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if not is_typing(child):
            yield child
            yield from statements(child)


def source(module: str) -> Path:
    """The file of a module of the payload, by its full name; of a package, its __init__."""
    path = SOURCE / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def imports(module: str) -> frozenset[str]:
    """The full names that a module of the payload imports, at any depth."""
    found = set()
    for node in statements(ast.parse(source(module).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), module.rpartition(".")[0])
            of_package = base in OURS
            found |= {f"{base}.{alias.name}" for alias in node.names} if of_package else {base}
    return frozenset(found)


def closure(module: str) -> dict[str, str]:
    """What a module imports from elsewhere, transitively, each with the module of ours that does."""
    seen, waiting, found = set(), [module], {}
    while waiting:
        each = waiting.pop()
        if each in seen:
            continue
        seen.add(each)
        for name in imports(each):
            first, _, rest = name.partition(".")
            if first not in OURS:
                found[name] = each
            elif rest:
                waiting.append(f"{first}.{rest.split('.')[0]}")
    return found


@cache
def brought(names: tuple[str, ...]) -> frozenset[str]:
    """The distributions of these names and all that they require here, as pip resolves them."""
    found, waiting = set(), list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            required = metadata.requires(name) or ()
        except metadata.PackageNotFoundError:  # for another platform or Python
            continue
        found.add(name)
        needed = (Requirement(line) for line in required)
        waiting += [each.name for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]
    return frozenset(found)


def given(names: tuple[str, ...]) -> set[str]:
    """The top-level modules of these packages and of what they bring."""
    mapping = metadata.packages_distributions()
    there = brought(names)
    return {
        module
        for module, owners in mapping.items()
        if {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners} & there
    }


def strangers(module: str, packages: tuple[str, ...]) -> dict[str, str]:
    known = given(packages) | sys.stdlib_module_names
    return {name: where for name, where in closure(module).items() if name.split(".")[0] not in known}


PINNED = tuple(pin.split("==")[0] for pin in payload.packages())


def test_the_handler_of_a_function_imports_only_its_packages():
    assert strangers("ml_pipeline.handlers", handlers.PACKAGES) == {}


def test_a_function_is_given_no_snowpark():
    assert "snowflake" not in given(handlers.PACKAGES)
    assert strangers("ml_pipeline.functions", handlers.PACKAGES)


@pytest.mark.parametrize(
    "entry",
    [
        "ml_pipeline.training_job",
        "ml_pipeline.trials",
        *(f"{package}.{name}" for package in sorted(OURS - {"ml_pipeline"}) for name in ("steps", "model")),
    ],
)
def test_tasks_and_jobs_import_only_what_their_packages_bring(entry):
    assert {name for name in strangers(entry, PINNED) if name not in IMAGE} == set()


@pytest.mark.parametrize("job", sorted(f"ml_pipeline.{path.stem}" for path in FRAME.glob(payload.ENTRYPOINTS)))
def test_every_entrypoint_of_a_job_is_looked_at(job):
    assert {name for name in strangers(job, PINNED) if name not in IMAGE} == set()


def test_a_function_names_its_handler_and_its_packages(monkeypatch):
    made = []
    monkeypatch.setattr(functions, "_payload", lambda *_: "@s/p.zip")
    session = type("Session", (), {"sql": lambda _, text: made.append(text) or Collected()})()
    functions.created(session, None, "F () RETURNS NUMBER", handlers.DistributionShift, handlers.PACKAGES)
    (text,) = made
    assert re.search("HANDLER = '(.*)'", text)[1] == "ml_pipeline.handlers.DistributionShift"
    assert all(f"'{each}=={metadata.version(each)}'" in text for each in handlers.PACKAGES)


class Collected:
    def collect(self):
        return []


ALONE = """
import importlib.abc, sys

class Without(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in others:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

others = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Without())
import pandas as pd
from ml_pipeline import handlers
shift = handlers.DistributionShift().end_partition(pd.DataFrame({"IS_BASELINE": [True, False], "VALUE": [1.0, 2.0]}))
print(len(shift))
"""


def test_the_handler_runs_where_nothing_else_is():
    """The same by running them: an import hook refuses the modules of all other packages."""
    others = set(metadata.packages_distributions()) - given(handlers.PACKAGES) - OURS
    assert "snowflake" in others
    ran = subprocess.run([sys.executable, "-c", ALONE, ",".join(others)], capture_output=True, text=True)
    assert (ran.stdout.strip(), ran.returncode) == ("2", 0), ran.stderr
