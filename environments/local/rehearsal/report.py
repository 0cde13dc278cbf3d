"""The rehearsal's report: one HTML file without anything from outside, to open in a browser.

What steps found is shown by what it is, whatever the steps are called: a pipeline without a model, or with another
one, has a report, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jinja2

from . import charts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .findings import Findings
    from .full_run import FullRun


# What the definition's plots may have; a report draws those that it has.
_MODEL = {"roc": charts.roc, "calibration": charts.calibration}


def write(path: Path, found: Findings) -> None:
    """Write the report; its folder is made when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(found), encoding="utf-8")


def render(found: Findings) -> str:
    """The report's HTML."""
    loader = jinja2.PackageLoader(__package__, "templates")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    run = found.run
    return environment.get_template("report.html.j2").render(
        found=found,
        pictures={"graphs": [charts.graph(each) for each in found.graph.parts], "gantt": charts.gantt(run.tasks)},
        metrics=run.metrics,
        checks=next((result["checks"] for result in run.having("checks")), ()),
        provenance=next((result["provenance"] for result in run.having("provenance")), {}),
        model=list(_of_model(run)),
        monitored=next(run.having("monitor", "verdict"), None),
        monitoring=list(_of_monitoring(run)),
    )


def _of_model(run: FullRun) -> Iterator[str]:
    """The pictures of the evaluated model that can be drawn of what was found."""
    for result in run.having("plots"):
        plots = result["plots"]
        yield from (draw(plots) for name, draw in _MODEL.items() if all(name in each for each in plots.values()))
    for result in run.having("slices"):
        for name, rows in result["slices"].items():
            if rows and all(row.keys() >= charts.IN_A_SLICE for row in rows):
                yield charts.slices(name, rows)


def _of_monitoring(run: FullRun) -> Iterator[str]:
    """The pictures of what the monitor saw."""
    for result in run.having("drift", "max_drift"):
        yield charts.drift(result["drift"], result.get("drifted", []), result["max_drift"])
    for result in run.having("weeks"):
        yield charts.weeks(result["weeks"])
