"""Mistakes that people make in workflow files, each seeded into a copy of ours.

`python -m tests.workflows.mistakes` writes mistakes.md: which check catches each of them.
"""

import shutil
import sys
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.workflows import checks

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("mistakes.md")


@dataclass(frozen=True)
class Mistake:
    """What somebody did: a text of a file, and what it became."""

    what: str
    file: str
    old: str
    new: str

    def make(self, folder: Path) -> None:
        """Make it in a checkout. Raises ValueError where the text is not found: then the mistake is out of date."""
        path = folder / ".github" / self.file
        text = path.read_text()
        if self.old not in text:
            raise ValueError(f"{self.file} has no {self.old!r}: mend the mistake {self.what!r}")
        path.write_text(text.replace(self.old, self.new, 1))


MISTAKES = [Mistake(**values) for values in tomllib.loads(Path(__file__).with_suffix(".toml").read_text())["mistake"]]


def seed(mistake: Mistake, folder: Path) -> None:
    """Make a mistake in a new copy of what the checks read."""
    for part in (".github", "environments"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("local", "__pycache__"))
    (folder / ".git").mkdir()  # where actionlint looks for a project
    mistake.make(folder)


def all_caught(folder: Path) -> dict[str, list[str]]:
    """Which checks catch each mistake."""

    def one(number: int, mistake: Mistake) -> list[str]:
        seed(mistake, folder / str(number))
        return list(checks.findings(folder / str(number)))

    with ThreadPoolExecutor(2) as pool:
        found = pool.map(one, range(len(MISTAKES)), MISTAKES)
    return {mistake.what: names for mistake, names in zip(MISTAKES, found, strict=True)}


def table(found: dict[str, Iterable[str]]) -> str:
    """Return it as Markdown."""
    rows = [f"| {m.file} | {m.what} | {', '.join(found[m.what]) or '**nobody**'} |" for m in MISTAKES]
    head = (
        f"# {len(MISTAKES)} mistakes, and which checks catch them\n\nWritten by `python -m tests.workflows.mistakes`.\n"
    )
    return "\n".join([head, "| file | mistake | caught by |", "|---|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        TABLE.write_text(table(all_caught(Path(scratch))))
    sys.exit("nobody" in TABLE.read_text())
