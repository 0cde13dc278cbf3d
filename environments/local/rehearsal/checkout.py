"""A scratch copy of the project with a history of its own, so that the story's commits are nobody's."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .errors import RehearsalError

_AUTHOR = {
    "GIT_AUTHOR_NAME": "Rehearsal",
    "GIT_AUTHOR_EMAIL": "rehearsal@example.com",
    "GIT_COMMITTER_NAME": "Rehearsal",
    "GIT_COMMITTER_EMAIL": "rehearsal@example.com",
    # The user's own settings (signing, hooks, templates) are for the user's own commits.
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


@dataclass(frozen=True)
class Checkout:
    """A git working tree that the story commits to."""

    folder: Path

    @classmethod
    def copy(cls, project: Path, folder: Path) -> Self:
        """Copy the project as it is now, uncommitted work included, and commit it.

        Raises:
            RehearsalError: when the project is no git checkout.
        """
        listed = _git(project, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
        for name in filter(None, listed.split("\0")):
            if (project / name).is_file():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(project / name, target)
        return cls.begin(folder)

    @classmethod
    def begin(cls, folder: Path) -> Self:
        """Make a folder a git working tree, and commit what is in it."""
        _git(folder, "init", "--quiet", "--initial-branch=main")
        made = cls(folder)
        made.commit("The project as it is")
        return made

    def commit(self, message: str) -> None:
        """Commit everything."""
        _git(self.folder, "add", "--all")
        _git(self.folder, "commit", "--quiet", "--allow-empty", "--message", message)

    def replace(self, file: str, old: str, new: str) -> None:
        """Edit a file, as a developer would.

        Raises:
            RehearsalError: when the text to replace is not in the file.
        """
        path = self.folder / file
        text = path.read_text()
        if old not in text:
            raise RehearsalError(f"the story edits {file}, but there is no {old!r} in it: mend the story")
        path.write_text(text.replace(old, new, 1))

    def append(self, file: str, text: str) -> None:
        """Add to the end of a file."""
        with (self.folder / file).open("a", encoding="utf-8") as opened:
            opened.write(text)


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, env={**os.environ, **_AUTHOR}, capture_output=True, text=True, check=False)
    if done.returncode:
        cause = f"{' '.join(command[:4])}: {done.stderr.strip()}"
        raise RehearsalError(f"{cause}\nnext: git init && git add -A && git commit -m 'Start'")
    return done.stdout
