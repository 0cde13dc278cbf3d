"""`make test`: every test, then the coverage of both halves of the project and the ledger against what is promised."""

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent
# One more than there are cores: now and then each waits for a server or a deadline.
_PROCESSES = (os.cpu_count() or 1) + 1
# What runs in production and what it is tested on: name, files, per cent of lines and branches.
PROMISED = (
    ("src, dag and deploy", "src/*,dag/*,deploy/*", 90),
    ("environments/local", "environments/local/rehearsal/*,environments/local/github/*", 85),
)


def main(arguments: list[str]) -> int:
    """Run pytest with the arguments; without any, hold the coverage to its promise too."""
    coverage = [sys.executable, "-m", "coverage"]
    # conftest.py says which files come first; xdist would begin with those of most tests.
    pytest = ["-m", "pytest", "-n", str(_PROCESSES), "--dist", "loadfile", "--no-loadscope-reorder", *arguments]
    # Where Python may not keep what it compiled, as in many containers, each process would compile all of it anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    without = find_spec("local_snowflake") is None
    if without:
        print("There is no local Snowflake here: the tests that need none run, and the coverage is not judged.")
    if arguments or without:
        return subprocess.run([sys.executable, *pytest], cwd=ROOT).returncode
    subprocess.run([*coverage, "erase"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as ledger:
        # The local Snowflake writes down what it is asked: by tests of the product, and in rehearsals.
        os.environ |= {"LEDGER": ledger, "SNOWFLAKE_LOCAL_RECORD": str(Path(ledger, "rehearsal.jsonl"))}
        failed = subprocess.run([sys.executable, *pytest, "--cov", "--cov-report="], cwd=ROOT).returncode
        print("\nThe ledger (docs/statements.md):", flush=True)
        failed |= subprocess.run([sys.executable, "-m", "tests.ledger", "check", ledger], cwd=ROOT).returncode
    for what, files, percent in PROMISED:
        print(f"\nCoverage of {what}, by lines and branches (at least {percent} %):", flush=True)
        report = [*coverage, "report", f"--include={files}", f"--fail-under={percent}", "--skip-covered"]
        failed |= subprocess.run(report, cwd=ROOT).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
