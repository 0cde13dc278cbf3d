"""The rehearsal's report: one HTML file without anything from outside, to open in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jinja2

from . import charts

if TYPE_CHECKING:
    from pathlib import Path

    from .findings import Findings


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
    evaluation = found.run.results["EVALUATE"]
    plots, monitored = evaluation["plots"], found.run.results["MONITOR"]
    pictures = {
        "graph": charts.graph(found.graph),
        "gantt": charts.gantt(found.run.tasks),
        "model": [draw(plots) for name, draw in _MODEL.items() if all(name in each for each in plots.values())],
        "slices": [charts.slices(name, rows) for name, rows in evaluation["slices"].items()],
        "drift": charts.drift(monitored["drift"], monitored["drifted"], monitored["max_drift"]),
        "weeks": charts.weeks(monitored["weeks"]),
    }
    return environment.get_template("report.html.j2").render(
        found=found,
        metrics=evaluation["metrics"],
        checks=found.run.results["QUALITY_GATE"]["checks"],
        provenance=evaluation["provenance"],
        monitored=monitored,
        pictures=pictures,
    )
