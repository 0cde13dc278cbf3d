"""`python -m local_snowflake.python.channels [NAME ...]`: ask PyPI anew, and write pypi.toml.

It asks through `pip index versions`, one package at a time, for the names in pypi.toml and those given. anaconda.toml
is written by hand: from an account, `SELECT package_name, version FROM information_schema.packages WHERE language =
'python'` gives what belongs there.
"""

from __future__ import annotations

import datetime
import re
import subprocess
import sys

from packaging.version import InvalidVersion, Version

from . import FOLDER, PYPI, RUNTIME, Channel, read

_KEPT = 100  # the newest versions of each package


def _versions(name: str) -> list[str]:
    """What PyPI has of a package for this Python, newest first."""
    asked = subprocess.run(["pip", "index", "versions", name], capture_output=True, text=True, check=False)
    found = re.search(r"^Available versions: (.*)$", asked.stdout, re.MULTILINE)
    return [each for each in found[1].split(", ") if _is_version(each)][:_KEPT] if found else []


def _is_version(text: str) -> bool:
    """Whether it is one by today's rules: old releases have others, which cannot be compared."""
    try:
        return bool(Version(text))
    except InvalidVersion:
        return False


def _text(versions: dict[str, list[str]]) -> str:
    lines = [f'"{name}" = "{" ".join(found)}"' for name, found in sorted(versions.items())]
    head = [
        f"# What PyPI had for Python {RUNTIME}: the newest {_KEPT} releases of each package. Made by",
        "# `python -m local_snowflake.python.channels NAME ...`, which adds packages and asks anew.",
        f"date = {datetime.datetime.now(tz=datetime.UTC).date()}",
        "",
        "[versions]",
    ]
    return "\n".join([*head, *lines, ""])


def main(names: list[str]) -> int:
    """Write pypi.toml; 1 when pip's Python is another one, or PyPI does not know a name."""
    pip = subprocess.run(["pip", "--version"], capture_output=True, text=True, check=True).stdout
    if f"(python {RUNTIME})" not in pip:
        print(f"error: `pip` belongs to another Python. Put the pip of Python {RUNTIME} first on the PATH.")
        return 1
    path = FOLDER / PYPI
    known: Channel | None = read(PYPI) if path.exists() else None
    asked = {name: _versions(name) for name in sorted({*(known.versions if known else ()), *map(str.lower, names)})}
    unknown = [name for name, found in asked.items() if not found]
    path.write_text(_text({name: found for name, found in asked.items() if found}))
    print(f"{path}: {len(asked) - len(unknown)} packages")
    if unknown:
        print(f"error: PyPI has no release of {', '.join(unknown)} for Python {RUNTIME}.")
    return bool(unknown)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
