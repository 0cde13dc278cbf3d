"""GitHub's own parser of workflow files, in Node: installed from its lock when it is first asked."""

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
STAND_INS = HERE.parents[2] / "environments/local/github/actions"
OLDEST_NODE = 20


def available() -> bool:
    """Whether there is a Node that can run it. GitHub's runners have one; a laptop need not."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    return int(version.strip().lstrip("v").partition(".")[0] or 0) >= OLDEST_NODE


def command() -> list[str]:
    """What asks it about the checkout in the working directory."""
    return ["node", "--import", (HERE / "json.mjs").as_uri(), str(HERE / "check.mjs"), ".", str(STAND_INS)]


def install() -> bool:
    """Install what the lock names, unless it is there; say whether it is now."""
    installed, lock = HERE / "node_modules/.package-lock.json", HERE / "package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return True
    quiet = ["--loglevel=error", "--no-audit", "--no-fund", "--ignore-scripts"]
    return subprocess.run(["npm", "ci", *quiet], cwd=HERE, stdout=subprocess.DEVNULL).returncode == 0
