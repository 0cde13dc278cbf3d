"""`make bench` measures: each benchmark runs, on little data, and gives its figures."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


FIGURES = {
    "server": "start of an old account, seconds",
    "procedure": "warm call, seconds",
    "features": "speed relative to DuckDB (at least 0.6)",
}


def test_each_benchmark_gives_its_figures():
    command = [sys.executable, "-m", "tests.bench", *FIGURES, "--runs", "1", "--scale", "0.01", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert list(found) == list(FIGURES)
    assert all(found[name][figure] > 0 for name, figure in FIGURES.items())
