"""`make fork`: a fork's day on a copy of this repository, green at each point.

It follows docs/your-own-pipeline.md (of `make test` the unit tests, all of it with --whole), adds a step and a setting,
changes a schedule, and merges a later version of the template. After that no file has changed that is the frame's.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fork import page

ROOT = Path(__file__).parents[2]
OWN = re.compile(
    r"src/(?!ml_pipeline/)|dag/dag\.py$|environments/[\w-]+\.toml$|environments/sql/|environments/local/seed\.sql$|"
    r"tests/example/|notebooks/|"
    # Written by `make init` and `uv add`, not by hand.
    r"pyproject\.toml$|uv\.lock$|\.github/CODEOWNERS$|\.github/workflows/(cd|scorecard)\.yml$"
)
UNIT_TESTS = ".venv/bin/python -m pytest -q -n 2 tests/unit"
IDENTITY = ("-c", "user.name=fork", "-c", "user.email=fork@example.invalid")


class Fork:
    """A copy of the repository, in a folder that goes when all is done."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "fork"
        self.upstream = folder / "upstream"
        for target in (self.upstream, self.folder):
            git(folder, "clone", "-q", str(ROOT if target == self.upstream else self.upstream), str(target))
        self._environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SNOWFLAKE_", "PYTEST_", "COV_", "COVERAGE_")) and name != "VIRTUAL_ENV"
        }
        self._environ["PATH"] = f"{ROOT / '.uv/bin'}:{self._environ['PATH']}"

    def run(self, command: str) -> None:
        """Type a command in the fork's folder. Raises SystemExit where it fails."""
        with timed(command):
            done = subprocess.run(
                ["bash", "-c", command], cwd=self.folder, env=self._environ, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
        if done.returncode:
            sys.exit(f"{done.stdout[-6000:]}\nerror: in the fork, `{command}` ended with {done.returncode}")

    def commit(self, message: str) -> None:
        git(self.folder, "add", "-A")
        git(self.folder, *IDENTITY, "commit", "-q", "-m", message)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text that stands once in a file."""
        path = self.folder / file
        text = path.read_text()
        if text.count(old) != 1:
            sys.exit(f"error: {file} has {old!r} {text.count(old)} times")
        path.write_text(text.replace(old, new))


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}\nerror: git {' '.join(arguments)} ended with {done.returncode}")
    return done.stdout


@contextmanager
def timed(what: str) -> Iterator[None]:
    start = time.monotonic()
    print(f"  {what}", end="", flush=True)
    yield
    print(f"  ({time.monotonic() - start:.0f} s)", flush=True)


def follow_the_page(fork: Fork, *, whole: bool) -> None:
    print("the page: docs/your-own-pipeline.md")
    for instruction in page.instructions(page.PAGE.read_text()):
        if isinstance(instruction, page.Command):
            fork.run(UNIT_TESTS if instruction.text == "make test" and not whole else instruction.text)
        else:
            page.follow(instruction, fork.folder)
            print(f"  wrote {instruction.path}")
    fork.commit("Our pipeline in place of the example")


def grow(fork: Fork, package: str) -> None:
    """Add a step that uses a setting of its own, and change a schedule."""
    print("a step, a setting and a schedule")
    (fork.folder / f"src/{package}/late.py").write_text(
        '"""Count the deliveries that are predicted to be late."""\n\nfrom typing import Any\n\n'
        "from snowflake.snowpark import Session\nfrom snowflake.snowpark import functions as F  # noqa: N812\n\n"
        "from ml_pipeline import predictions\nfrom ml_pipeline.config import Run\n\n\n"
        "def late(session: Session, run: Run, _inputs: dict[str, Any]) -> dict[str, Any]:\n"
        '    """Return how many predictions are above the promised minutes."""\n'
        "    rows = session.table(run.name(predictions.TABLE))\n"
        "    score = run.definition.kind.score\n"
        '    return {"late": rows.filter(F.col(score) > run.settings.data.promised_minutes).count()}\n'
    )
    steps = fork.folder / f"src/{package}/steps.py"
    steps.write_text(steps.read_text() + "late = step(late_deliveries.late)\n")
    fork.edit(f"src/{package}/steps.py", "from ml_pipeline.tasks import step\n", LATE_IMPORT)
    fork.edit(
        "dag/dag.py",
        "    score >> monitor\n",
        "    score >> [monitor, graph.step('LATE', 'Counts late deliveries.')]\n",
    )
    fork.edit("environments/base.toml", "label_lag_days = 1", "promised_minutes = 45\nlabel_lag_days = 1")
    fork.edit("environments/dev.toml", 'schedule = "0 4 * * MON UTC"', 'schedule = "30 3 * * TUE UTC"')
    fork.run(".venv/bin/ruff format -q . && make lint")
    fork.run("make rehearse ARGS=--fast")
    fork.commit("A step, a setting, another schedule")


LATE_IMPORT = "from ml_pipeline.tasks import step\n\nfrom . import late as late_deliveries\n"


def take_a_later_version(fork: Fork) -> None:
    """Merge a template that has gone on: its frame, its documents, its example and its settings have changed."""
    print("a later version of the template")
    for file, text in LATER.items():
        path = fork.upstream / file
        path.write_text(path.read_text() + text)
    git(fork.upstream, *IDENTITY, "commit", "-q", "-am", "A later version")
    git(fork.folder, "fetch", "-q", "origin")
    done = subprocess.run(
        ["git", *IDENTITY, "merge", "-q", "--no-edit", "origin/HEAD"], cwd=fork.folder, capture_output=True, text=True
    )
    unmerged = git(fork.folder, "diff", "--name-only", "--diff-filter=U").split()
    # What the fork has deleted and the template has changed is the one thing that git asks for.
    foreign = [name for name in unmerged if not name.startswith(("src/late_delivery/", "tests/example/"))]
    if foreign or (done.returncode and not unmerged):
        sys.exit(f"{done.stdout}{done.stderr}\nerror: the merge conflicts in {', '.join(foreign)}")
    if unmerged:
        git(fork.folder, "rm", "-q", *unmerged)
        git(fork.folder, *IDENTITY, "commit", "-q", "--no-edit")
    fork.run("make lint")
    fork.run(UNIT_TESTS)


LATER = {
    "src/ml_pipeline/errors.py": '\n\nclass LaterError(PipelineError):\n    """Of a later version."""\n',
    "environments/base.toml": "\n# A later version.\n",
    "docs/model.md": "\nA later version.\n",
    "deploy/errors.py": "\n# A later version.\n",
    "src/late_delivery/features.py": "\n# A later version.\n",
}


def check_whose_files_have_changed(fork: Fork) -> None:
    changed = git(fork.folder, "diff", "--name-only", "origin/HEAD").split()
    foreign = [name for name in changed if not OWN.match(name)]
    if foreign:
        sys.exit(f"error: the fork had to change files of the frame: {', '.join(foreign)}")
    print(f"{len(changed)} files differ from the template, none of them the frame's")


def main() -> int:
    """Live through the day; what fails ends it."""
    with tempfile.TemporaryDirectory(prefix="fork-") as folder:
        fork = Fork(Path(folder))
        follow_the_page(fork, whole="--whole" in sys.argv[1:])
        package = next(p.parent.name for p in fork.folder.glob("src/*/steps.py") if p.parent.name != "ml_pipeline")
        grow(fork, package)
        take_a_later_version(fork)
        check_whose_files_have_changed(fork)
        shutil.rmtree(fork.folder)
    print("the fork is green")
    return 0


if __name__ == "__main__":
    sys.exit(main())
