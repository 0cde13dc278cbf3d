"""`make test`: every test, and the coverage that they reach against what is promised."""

import os
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).parent.parent
# One more than there are cores: now and then each waits for a server or a deadline.
_PROCESSES = (os.cpu_count() or 1) + 1
# Per cent of the lines and branches.
_PROMISED = 85


def main(arguments: list[str]) -> int:
    """Run pytest with the arguments; without any, hold the coverage to its promise too."""
    coverage = [sys.executable, "-m", "coverage"]
    # conftest.py says which files come first; xdist would begin with those of most tests.
    pytest = ["-m", "pytest", "-n", str(_PROCESSES), "--dist", "loadfile", "--no-loadscope-reorder", *arguments]
    # Where Python may not keep what it compiled, as in many containers, each process would compile all of it anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if arguments:
        return subprocess.run([sys.executable, *pytest], cwd=HOUSE).returncode
    subprocess.run([*coverage, "erase"], cwd=HOUSE, check=True)
    failed = subprocess.run([sys.executable, *pytest, "--cov", "--cov-report="], cwd=HOUSE).returncode
    print(f"\nCoverage, by lines and branches (at least {_PROMISED} %):", flush=True)
    return (
        failed
        | subprocess.run([*coverage, "report", f"--fail-under={_PROMISED}", "--skip-covered"], cwd=HOUSE).returncode
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
