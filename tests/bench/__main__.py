"""`make bench`: times what the README claims, on this machine; --json for machines.

Each figure is the median of several runs. Figures of one table are measured in turns (A B C A B C ...), so that a
machine that slows down for a while does not favour one of them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from tests.bench import charts, deploys, limits, local_snowflake, scoring
from tests.bench.deploys import Cell
from tests.bench.timing import Figures, medians
from tests.conftest import ROOT


def main(arguments: list[str]) -> int:
    """Run the benchmarks that are asked for; all of them by default."""
    options = _parser().parse_args(arguments)
    found = {name: BENCHMARKS[name](options) for name in options.names or BENCHMARKS}
    print(json.dumps(found, indent=2)) if options.json else _show(found)
    broken = [promise for promise in found.get("deploys", {}).get("promises", ()) if not promise["holds"]]
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], help="which (default: all)")
    parser.add_argument(
        "--runs", type=int, default=5, help="how often each figure is measured; deploys at most 3 times"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--scale", type=float, default=1.0, help="features, scoring: scale factor of the data")
    parser.add_argument("--tasks", type=int, nargs="+", default=[10, 100, 1000], help="deploys: sizes of graphs")
    trips = {"type": int, "nargs": "+", "default": [0, 50, 350], "metavar": "MS"}
    parser.add_argument("--round-trips", **trips, help="deploys: added round-trip times")
    parser.add_argument("--all", action="store_true", help="deploys: what takes DAGOperation minutes, too")
    plot = ROOT / "dist" / "bench" / "deploys.svg"
    parser.add_argument("--plot", type=Path, default=plot, help="deploys: where to draw them")
    return parser


def _deploys(options: argparse.Namespace) -> dict[str, Any]:
    """Deploys: ours and Snowflake's own."""
    found = deploys.measure(options)
    cells = [Cell(**cell) for cell in found["cells"]]
    charts.draw(cells, options.plot)
    return found | {"promises": [vars(promise) for promise in limits.promises(cells)], "plot": str(options.plot)}


def _help(options: argparse.Namespace) -> Figures:
    """`python -m deploy --help`, a new process each time."""
    command = [sys.executable, "-m", "deploy", "--help"]
    run = lambda: subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)  # noqa: E731
    found = medians(4 * options.runs, help=run)
    return {"python -m deploy --help, seconds (at most 0.15)": found["help, seconds"]}


def _rehearsal(_: argparse.Namespace) -> Figures:
    """The whole delivery, once: by the deployer's commands alone, then through the workflow files."""
    fast, whole = _played("--fast"), _played()
    return {
        "without the workflow files, seconds (at most 60)": fast["seconds"],
        "through the workflow files, seconds (at most 180)": whole["seconds"],
        **{
            f"{step.replace('_', ' ')}, seconds" + (" (at most 30)" if step == "open_pull_request" else ""): run[
                "seconds"
            ]
            for step, run in whole["workflows"].items()
        },
    }


def _played(*options: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "environments.local.rehearsal", "--json", "--report", f"{folder}/report.html"]
        done = subprocess.run([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


BENCHMARKS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "server": local_snowflake.server,
    "procedure": local_snowflake.procedure,
    "scoring": scoring.scoring,
    "help": _help,
    "deploys": _deploys,
    "rehearsal": _rehearsal,
}
if find_spec("tests.example"):  # a fork may have replaced it
    from tests.example.feature_step import feature_step

    BENCHMARKS["features"] = feature_step


def _show(found: dict[str, dict[str, Any]]) -> None:
    table = Table("benchmark", "figure", "value", box=None)
    for name, figures in found.items():
        if name != "deploys":
            for figure, value in figures.items():
                table.add_row(name, figure, f"{value:,.3f}")
    console = Console(width=None if sys.stdout.isatty() else 120)
    if table.row_count:
        console.print(table)
    if "deploys" in found:
        _show_deploys(console, **found["deploys"])


def _show_deploys(
    console: Console,
    cells: list[dict[str, Any]],
    promises: list[dict[str, Any]],
    not_measured: list[str],
    plot: str,
) -> None:
    heads = ("tasks", "ms", "deploy", "by", "requests", "seconds", "with sign-in", "CPU", "runs")
    table = Table(*(Column(head, no_wrap=True) for head in heads), box=None)
    for cell in (Cell(**values) for values in cells):
        times = (f"{value:,.3f}" for value in (cell.seconds, cell.whole_seconds, cell.cpu_seconds))
        named = (str(cell.tasks), str(cell.round_trip), cell.what, cell.deployer)
        table.add_row(*named, f"{cell.requests:,}", *times, str(cell.runs))
    console.print(table)
    for promise in promises:
        console.print(f"{'holds' if promise['holds'] else 'BROKEN'}: {promise['text']}: {promise['found']}")
    for name in not_measured:
        console.print(f"not measured (--all does): {name}")
    console.print(f"plot: {plot}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
