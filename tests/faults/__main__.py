"""`make faults`: every fault at every request of every delivery, and all encounters (tests/faults/encounters.py).

It prints what became of them; --json for machines.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.faults import encounters
from tests.faults.baseline import Kills
from tests.faults.points import SCENARIOS, TROUBLES, Scenario, Trouble, points
from tests.faults.races import Row
from tests.faults.sweeps import Result
from tests.faults.workers import Workers

_COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
_A_FEW = 5  # points of a thousand
_A_LINE_EACH = 100  # points, where nobody watches a bar
_WIDTH = 150  # where nobody watches


@dataclass(frozen=True)
class Sweep:
    """One trouble at every request of one delivery."""

    scenario: Scenario
    trouble: Trouble
    results: tuple[Result, ...]

    @property
    def converged(self) -> int:
        """At how many points everything was as it should be afterwards."""
        return sum(not result.wrong for result in self.results)

    @property
    def aborts(self) -> int:
        """At how many a deliverer that lived on gave up."""
        return sum(result.aborted for result in self.results)

    @property
    def cell(self) -> str:
        """In short: points, those that converged if not all did, and aborts if there were any."""
        count = len(self.results)
        whole = str(count) if self.converged == count else f"[red]{self.converged} of {count}[/red]"
        return whole + (f" ({self.aborts})" if self.aborts else "")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {
            "scenario": self.scenario.name,
            "backend": self.scenario.backend,
            "fault": self.trouble.title,
            "points": len(self.results),
            "converged": self.converged,
            "aborts": self.aborts,
            "broken": {str(result.point): result.wrong for result in self.results if result.wrong},
            "gave_up": {str(result.point): result.said for result in self.results if result.aborted},
        }


def main(arguments: list[str]) -> int:
    """Run the sweeps and the encounters; 1 if a point did not converge, or an encounter broke something."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--only", default="", metavar="TEXT", help="points whose description contains this")
    parser.add_argument("--every", action="store_true", help="points too that show what another one shows")
    parser.add_argument(
        "--within",
        type=float,
        default=math.inf,
        metavar="MINUTES",
        help="begin no sweep's point later: others each run",
    )
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="(default: 2)")
    options = parser.parse_args(arguments)
    console = Console(stderr=True)
    console = console if console.is_terminal else Console(stderr=True, width=_WIDTH)
    began = time.monotonic()
    with Workers(options.workers) as workers:
        plain = workers.plain()
        chosen = [
            point for each in TROUBLES for s in SCENARIOS for point in points(s, plain[s], [each], every=options.every)
        ]
        chosen = [point for point in chosen if options.only in str(point)]
        if math.isfinite(options.within):
            random.shuffle(chosen)
        results = _again(workers, _run(workers, chosen, options.within * 60, console), console)
        kills = workers.kills_of_the_baseline()
    rows = _meet(options.workers, console) if not options.only else []
    sweeps = [Sweep(s, t, found) for s in SCENARIOS for t in TROUBLES if (found := _of(s, t, results))]
    _show(sweeps, kills, rows, console)
    console.print(f"in {time.monotonic() - began:.0f} s")
    if options.json:
        found = {"sweeps": [sweep.to_dict() for sweep in sweeps], "encounters": [asdict(row) for row in rows]}
        print(json.dumps(found | {"baseline": asdict(kills)}, indent=2))
    return int(any(result.wrong for result in results) or any(row.broken for row in rows))


def _run(workers: Workers, chosen: list[Any], seconds: float, console: Console) -> list[Result]:
    with Progress(*_COLUMNS, console=console) as progress:
        under_way = progress.add_task("faults", total=len(chosen))
        results = []
        for result in workers.run(chosen, seconds):
            results.append(result)
            progress.advance(under_way)
            if not console.is_terminal and len(results) % _A_LINE_EACH == 0:
                console.print(f"{len(results)} of {len(chosen)} points")
            for line in result.wrong:
                progress.console.print(f"{result.point}: {line}", style="red", markup=False)
    if len(results) < len(chosen):
        console.print(f"{len(chosen) - len(results)} points were not begun: the time was up")
    return results


def _again(workers: Workers, results: list[Result], console: Console) -> list[Result]:
    """Run alone what went wrong among others: a machine that is too busy for a deadline breaks no law.

    What goes wrong then, too, is broken. So is everything, if it is more than a few.
    """
    wrong = [result.point for result in results if result.wrong]
    if len(wrong) > _A_FEW:
        return results
    alone = {}
    for point in wrong:
        (alone[point],) = workers.run([point])
        console.print(f"again, alone: {point}: {'; '.join(alone[point].wrong) or 'converged'}", markup=False)
    return [alone.get(result.point, result) for result in results]


def _meet(processes: int, console: Console) -> list[Row]:
    found = []
    with Progress(*_COLUMNS, console=console) as progress:
        for rows in progress.track(
            encounters.rows(processes), total=len(encounters.ENCOUNTERS), description="encounters"
        ):
            found += rows
            for row in rows:
                for line in row.broken:
                    progress.console.print(f"{row.what}, {row.backend}: {line}", style="red", markup=False)
    return found


def _of(scenario: Scenario, trouble: Trouble, results: Iterable[Result]) -> tuple[Result, ...]:
    found = (each for each in results if (each.point.scenario, each.point.trouble) == (scenario, trouble))
    return tuple(sorted(found, key=lambda result: result.point.at))


def _show(sweeps: list[Sweep], kills: Kills, rows: list[Row], console: Console) -> None:
    table = Table("", *dict.fromkeys(sweep.scenario.title for sweep in sweeps), box=None)
    for trouble in dict.fromkeys(sweep.trouble for sweep in sweeps):
        cells = {sweep.scenario.title: sweep.cell for sweep in sweeps if sweep.trouble == trouble}
        table.add_row(trouble.title, *(cells.get(column.header, "") for column in table.columns[1:]))
    results = list(chain.from_iterable(sweep.results for sweep in sweeps))
    converged = sum(not result.wrong for result in results)
    aborts = sum(result.aborted for result in results)
    console.print("Points that converged (in brackets: where a deploy that lived on gave up, and said so):")
    console.print(table)
    console.print(f"{converged} of {len(results)} points converged, {aborts} aborts")
    for row in rows:
        console.print(f"{row.what}, {row.backend}: {row.points} times, {len(row.broken)} broken")
    console.print(
        f"DAGOperation.deploy, killed at each request: {kills.broken} of {kills.points} points left a broken graph, "
        f"{kills.broken_after_repeating} still did after the same command had been run again"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
