"""The checkers of `make lint` and our own rules as one question: who finds anything in this checkout?"""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.workflows import language_service
from tests.workflows.reading import Workflows
from tests.workflows.rules import RULES

PROGRAMS = Path(sys.executable).parent
LINTERS = {
    "actionlint": ["actionlint"],
    "languageservice": language_service.command(),
    "zizmor": ["zizmor", "--offline", "--persona", "auditor", "--quiet", "--no-progress", ".github"],
}


def findings(folder: Path) -> dict[str, str]:
    """What each check that finds anything says, by its name."""
    return {**linted(folder), **broken(folder)}


def installed(names: Iterable[str] = LINTERS) -> list[str]:
    """Those of the programs that are here: not everybody has Node."""
    node = language_service.available() and language_service.install()
    return [name for name in names if node or name != "languageservice"]


def linted(folder: Path, names: Iterable[str] = LINTERS) -> dict[str, str]:
    """What the programs of others find."""
    environ = {**os.environ, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    found = {}
    for name in installed(names):
        done = subprocess.run(LINTERS[name], cwd=folder, env=environ, capture_output=True, text=True)
        if done.returncode:
            found[name] = done.stdout + done.stderr
    return found


def broken(folder: Path) -> dict[str, str]:
    """Which of our rules are broken, and by what. A file that cannot be read breaks them all."""
    workflows, found = Workflows(folder), {}
    for name, rule in RULES.items():
        try:
            said = list(rule(workflows))
        except Exception as error:  # noqa: BLE001 - a mistake may be anywhere in what the rule reads
            said = [repr(error)]
        if said:
            found[name] = "\n".join(said)
    return found
