"""The repository's promises about its rooms: which way imports point, and that documents and code agree."""

import ast
import json
import re
import sys
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

from deploy.verbs import table

ROOT = Path(__file__).parents[2]
PACKAGES = {path.parent.name: f"src/{path.parent.name}" for path in (ROOT / "src").glob("*/__init__.py")}
"""The frame, and what a team puts beside it."""
TEAMS = PACKAGES.keys() - {"ml_pipeline"}
SOURCES = {**PACKAGES, "dag": "dag", "deploy": "deploy"}
# Room -> rooms that it must not import.
FORBIDDEN = {
    "ml_pipeline": {"dag", "deploy", "environments", "tests", *TEAMS},
    **{team: {"dag", "deploy", "environments", "tests"} for team in TEAMS},
    "dag": {"deploy", "environments", "tests", *TEAMS},
    "deploy": {"environments", "tests", *TEAMS},
}


def imported(code: str) -> set[str]:
    """The top-level packages that code imports, at any depth; relative imports stay in their own."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
    return names


def files(room: str) -> list[Path]:
    return sorted((ROOT / SOURCES[room]).rglob("*.py"))


@pytest.mark.parametrize("room", FORBIDDEN)
def test_imports_point_one_way(room):
    assert files(room)
    found = {str(path.relative_to(ROOT)): imported(path.read_text()) & FORBIDDEN[room] for path in files(room)}
    assert {path: names for path, names in found.items() if names} == {}


def modules(root: Path, folder: str) -> dict[str, Path]:
    """The modules of a folder below `root`, by their full names."""
    base = (root / folder).parent
    paths = {path: path.relative_to(base).with_suffix("").parts for path in (root / folder).rglob("*.py")}
    return {".".join(parts).removesuffix(".__init__"): path for path, parts in paths.items()}


def arrows(known: dict[str, Path]) -> dict[str, set[str]]:
    """Which of these modules each of them imports: at any depth, and for a type checker too."""
    return {name: reached(name, path, known) - {name} for name, path in known.items()}


def reached(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = name if path.stem == "__init__" else name.rpartition(".")[0]
            base = resolve_name("." * node.level + (node.module or ""), package)
            names = {f"{base}.{alias.name}" for alias in node.names}
            found |= names if names <= known.keys() else {base, *names}
    return found & known.keys()


@pytest.mark.parametrize("room", [*PACKAGES, "dag"])
def test_no_module_comes_back_to_itself_by_what_it_imports(room):
    # A circle raises CycleError, which names its modules.
    assert list(TopologicalSorter(arrows(modules(ROOT, SOURCES[room]))).static_order())


@pytest.mark.parametrize(
    "code",
    [
        "from room.b import thing",
        "from room import b",
        "import room.b",
        "from . import b",
        "from .b import thing",
        "def f():\n    from room.b import thing",
        "if TYPE_CHECKING:\n    from room.b import Thing",
    ],
)
def test_a_circle_is_found_however_it_is_written(tmp_path, code):
    files_ = {"__init__": "", "a": code, "b": "from room import c", "c": "from room.a import thing"}
    (tmp_path / "room").mkdir()
    for name, text in files_.items():
        (tmp_path / "room" / f"{name}.py").write_text(text)
    with pytest.raises(CycleError):
        TopologicalSorter(arrows(modules(tmp_path, "room"))).prepare()


def test_the_pipeline_needs_only_its_declared_packages():
    # numpy, pandas and joblib come with them; ray is of the image that a job with several instances runs in.
    declared = {"snowflake", "sklearn", "numpy", "pandas", "pydantic", "joblib", "ray", *PACKAGES}
    found = set().union(*(imported(path.read_text()) for room in PACKAGES for path in files(room)))
    assert found - declared - sys.stdlib_module_names == set()


def test_notebooks_import_the_pipeline_and_what_it_declares():
    # Snowflake's notebook runtime has matplotlib; here the group `local` brings it. `make notebook` brings dag.
    declared = {"snowflake", "sklearn", "pydantic", "numpy", "pandas", "matplotlib", "dag", *PACKAGES}
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert notebooks
    for path in notebooks:
        cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
        assert (
            imported("\n".join("".join(cell["source"]) for cell in cells)) - declared - sys.stdlib_module_names == set()
        )
        assert not [cell for cell in cells if cell["outputs"] or cell["execution_count"]], "clear the outputs"


@pytest.mark.parametrize("room", SOURCES)
def test_nothing_knows_that_the_environment_is_local(room):
    pattern = re.compile(r"127\.0\.0\.1|localhost|[\"']local[\"']")
    found = {str(path.relative_to(ROOT)) for path in files(room) if pattern.search(path.read_text())}
    assert found == set()


DOCUMENTS = sorted({ROOT / "README.md", ROOT / "AGENTS.md", *(ROOT / "docs").glob("*.md"), *ROOT.glob(".github/*.md")})


def test_every_verb_is_in_the_page_on_delivering():
    page = (ROOT / "docs/deliver.md").read_text()
    assert [verb for verb in table.VERBS if f"| `{verb}` |" not in page] == []


def may_be_deleted(path):
    """A fork may do without the local Snowflake: docs/local-snowflake.md."""
    return "environments/local/" in path and not (ROOT / "environments/local/snowflake").exists()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_that_a_document_names_exists(document):
    named = set(re.findall(r"`make ([a-z]+)|^\$ make ([a-z]+)", document.read_text(), re.MULTILINE))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {name for pair in named for name in pair if name} - targets == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_links_to_exists(document):
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", document.read_text())]
    ours = [link for link in links if link and "://" not in link and not may_be_deleted(link)]
    assert [link for link in ours if not (document.parent / link).exists()] == []


def test_the_readme_is_a_door_and_every_page_is_behind_it():
    readme = (ROOT / "README.md").read_text()
    assert len(readme.splitlines()) <= 120
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"(docs/{page.name})" not in readme] == []


def test_every_folder_of_the_frame_that_the_readme_names_exists():
    # What is a team's own may have been replaced.
    rows = [row for row in (ROOT / "README.md").read_text().splitlines() if "**Yours.**" not in row]
    named = re.findall(r"\| `([\w/.*]+)` \|", "\n".join(rows))
    ours = [name for name in named if "/" in name and not may_be_deleted(name)]
    assert [name for name in ours if not list(ROOT.glob(name))] == []


def test_the_ci_runs_the_two_commands_of_the_readme():
    script = (ROOT / ".ci/run").read_text()
    assert "make test" in script
    assert "make rehearse" in script


# The page tells of the example, which a fork replaces: docs/your-own-pipeline.md.
EXAMPLE_IS_GONE = not (ROOT / "tests/example").exists()


def life_cycle():
    """The rows of the page's table: stage, what it is on Snowflake, our files, the test that runs them."""
    text = (ROOT / "docs/model.md").read_text().partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return [(stage, tool, re.findall(r"`([^`]+)`", ours), test.strip("`")) for stage, tool, ours, test in rows[2:]]


@pytest.mark.parametrize(("stage", "_tool", "ours", "test"), life_cycle())
def test_every_stage_of_the_life_cycle_is_a_file_of_ours_and_a_test_that_runs_it(stage, _tool, ours, test):
    assert ours, stage
    for name in ours:
        pattern = name if "/" in name else f"src/*/{name}"
        assert list(ROOT.glob(pattern)) or EXAMPLE_IS_GONE, f"{stage}: there is no {name}"
    found = list((ROOT / "tests").glob(f"**/integration/{test}"))
    assert found or EXAMPLE_IS_GONE, f"{stage}: there is no {test}"
    assert all(re.search(r"^def test_", path.read_text(), re.MULTILINE) for path in found)


def test_the_life_cycle_leaves_no_part_of_the_pipeline_out():
    named = {Path(name).name for _, _, ours, _ in life_cycle() for name in ours}
    parts = {path.name for path in files("ml_pipeline")}
    shared = {
        "__init__.py",
        "candidate.py",
        "clock.py",
        "config.py",
        "definition.py",
        "errors.py",
        "graph_tables.py",
        "kinds.py",
        "labels.py",
        "measures.py",
        "parameters.py",
        "payload.py",
        "section.py",
        "settings.py",
        "tables.py",
        "values.py",
    }
    assert parts - shared - named == set()
