"""What docs/your-own-pipeline.md says: files to write, tables of settings to replace and commands to type, in order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "your-own-pipeline.md"
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_TABLE = re.compile(r"^\[[^\]\n]+\][^\n]*\n(?:(?!\[)[^\n]*\n)*", re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """A line to type in a terminal."""

    text: str


@dataclass(frozen=True)
class File:
    """A file to write, or, where `tables` is set, one whose tables of that name are replaced."""

    path: str
    text: str
    tables: bool


def instructions(text: str) -> Iterator[Command | File]:
    """Return what the page's blocks say, in order; a block of `sh` is an example for a real account."""
    for kind, path, body in _BLOCK.findall(text):
        if kind == "console":
            yield from (Command(line[2:]) for line in body.splitlines() if line.startswith("$ "))
        elif path:
            yield File(path, body, tables=kind == "toml" and path.endswith("base.toml"))


def follow(file: File, project: Path) -> None:
    """Write the file, or replace its tables."""
    path = project / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(replaced(path.read_text(), file.text) if file.tables else file.text)


def replaced(text: str, tables: str) -> str:
    """Return a TOML text in which each table that `tables` has is that of `tables`. Raises KeyError for a new one."""
    for table in _TABLE.findall(tables):
        name = table.partition("]")[0] + "]"
        found = next((each for each in _TABLE.findall(text) if each.startswith(name)), None)
        if found is None:
            raise KeyError(f"{name}: there is no such table to replace")
        comments = re.search(r"(?:^#[^\n]*\n)*\Z", found, re.MULTILINE)[0]  # they belong to the next table
        text = text.replace(found, f"{table.rstrip()}\n\n{comments}")
    return text
