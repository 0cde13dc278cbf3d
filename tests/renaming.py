"""`python -m tests.renaming`: is everything green whatever a team is called?

Each set of names is given to `make init` in a copy of the project; the copy is then linted, and its unit tests run. It
takes minutes for each set: give the names of sets as arguments to try only those.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEAMS = {
    "short": {"prefix": "A", "graph": "G", "model": "M", "owner": "a", "cost_center": "b", "branch": "x"},
    "digits": {"prefix": "X2Y_3", "graph": "G7", "model": "M_1", "owner": "team 7", "branch": "release/1.x"},
    "prefix": {"prefix": "ML_TEAM", "graph": "LATE_DELIVERY_2", "model": "LATE_DELIVERY_2"},
    # A model's services are labels of DNS, of 63 characters that end with their own: 39 are left for its name.
    "long": {"prefix": "P" * 40, "graph": "G" * 40, "model": "M" * 39, "owner": "o" * 40},
}
"""A short name, one with digits, one that the template's own is a prefix of, and one of 40 characters."""
CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "--quiet", "."),
    ("actionlint",),
    ("python", "-m", "pytest", "-q", "--no-header", "--tb=no", "tests/unit"),
)


def options(team: dict[str, str]) -> list[str]:
    """The options of `make init` for a set of names."""
    return [word for name, value in team.items() for word in (f"--{name.replace('_', '-')}", value)]


def copy(folder: Path) -> None:
    """Make a copy of the project, uncommitted work included, in a repository of its own."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for name in (".venv", ".venv-cli"):
        (folder / name).symlink_to(ROOT / name)
    for command in (("init", "--quiet"), ("add", "--all")):
        subprocess.run(["git", *command], cwd=folder, check=True)


def green(team: dict[str, str]) -> bool:
    """Give a copy these names, and say whether all that is checked there is as it should be."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        copy(folder)
        programs = ROOT / ".venv/bin"
        # The copy's own packages, not those that the virtual environment points to.
        environ = os.environ | {
            "PYTHONPATH": f"{folder / 'src'}{os.pathsep}{folder}",
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        }
        commands = [("python", "-m", "deploy", "init", *options(team)), *CHECKS]
        codes = [
            subprocess.run([str(programs / command[0]), *command[1:]], cwd=folder, env=environ).returncode
            for command in commands
        ]
        return not any(codes)


def main(arguments: list[str]) -> int:
    """Try the sets of names, or those that are given."""
    found = {}
    for name in arguments or TEAMS:
        print(f"\n{name}: {' '.join(options(TEAMS[name]))}", flush=True)
        found[name] = green(TEAMS[name])
    print("\n" + "\n".join(f"{'green' if ok else 'RED  '} {name}" for name, ok in found.items()))
    return 0 if all(found.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
