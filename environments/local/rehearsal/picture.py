"""`make picture`: draw docs/rehearsal.png, the picture of the README, from the report of the last rehearsal."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[3]
REPORT, PICTURE = ROOT / ".local/rehearsal.html", ROOT / "docs/rehearsal.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SIZE = "1080,1500"  # pixels: down to the end of PROD's run
_OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking")


def main() -> int:
    """Draw the picture; 1 where there is no report or no browser."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not REPORT.is_file():
        return _fail(f"there is no {REPORT.relative_to(ROOT)}", "make rehearse")
    if browser is None:
        return _fail("no Chromium is installed", "apt-get install chromium, or your system's package of it")
    with tempfile.TemporaryDirectory() as profile:
        options = (*_OPTIONS, f"--user-data-dir={profile}", f"--window-size={SIZE}", f"--screenshot={PICTURE}")
        done = subprocess.run([browser, *options, REPORT.as_uri()], check=False, capture_output=True, text=True)
    if done.returncode or not PICTURE.is_file():
        return _fail(f"{browser} has drawn nothing: {done.stderr.strip()[-500:]}", f"{browser} {REPORT}")
    print(f"drew {PICTURE.relative_to(ROOT)}")
    return 0


def _fail(cause: str, following: str) -> int:
    print(f"error: {cause}\nnext: {following}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
