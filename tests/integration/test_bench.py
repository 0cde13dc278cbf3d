"""`make bench` measures: each benchmark runs, on little data, and gives its figures."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("server", "start of an old account, seconds"),
        ("procedure", "warm call, seconds"),
        ("features", "speed relative to DuckDB (at least 0.6)"),
    ],
)
def test_a_benchmark_gives_its_figures(name, figure):
    command = [sys.executable, "-m", "tests.bench", name, "--runs", "1", "--scale", "0.01", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)[name][figure] > 0
