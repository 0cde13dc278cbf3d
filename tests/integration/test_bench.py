"""`make bench` measures: each benchmark runs, on little data, and gives its figures."""

import json
import subprocess
import sys

from tests.bench.__main__ import BENCHMARKS
from tests.conftest import DAY, ROOT

FIGURES = {
    "server": "start of an old account, seconds",
    "procedure": "warm call, seconds",
    "features": "speed relative to DuckDB (at least 0.6)",
    "scoring": "time relative to one process (at most 2)",
    "help": "python -m deploy --help, seconds (at most 0.15)",
    "deploys": "cells",
}
# One of them each day: each starts a server of its own, or several.
THERE = [name for name in FIGURES if name in BENCHMARKS]
TODAY = THERE[DAY % len(THERE)]


def test_each_benchmark_gives_its_figures(tmp_path):
    plot = tmp_path / "deploys.svg"
    few = ["--runs", "1", "--scale", "0.01", "--tasks", "10", "--round-trips", "0", "--plot", str(plot), "--json"]
    command = [sys.executable, "-m", "tests.bench", TODAY, *few]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert list(found) == [TODAY]
    if TODAY == "deploys":
        of_deploys(found["deploys"], plot.read_text())
    else:
        assert found[TODAY][FIGURES[TODAY]] > 0


def of_deploys(found, drawn):
    """All three deployers were measured, and ours do what they promise."""
    deployers = {cell["deployer"] for cell in found["cells"]}
    assert deployers == {"ours, classic", "ours, task_graph", "DAGOperation"}
    assert all(promise["holds"] for promise in found["promises"])
    assert found["not_measured"] == []
    assert "<svg" in drawn
