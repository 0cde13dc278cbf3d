"""The plot of the deploys: seconds and requests over the number of tasks, a column for each distance."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.deploys import CLASSIC, DAG_OPERATION, EVERY, TASK_GRAPH, UNCHANGED, Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINES = {
    (DAG_OPERATION, EVERY): ("#616161", "o-"),
    (CLASSIC, EVERY): ("#1565c0", "o-"),
    (TASK_GRAPH, EVERY): ("#ef6c00", "o-"),
    (CLASSIC, UNCHANGED): ("#1565c0", "o:"),
    (TASK_GRAPH, UNCHANGED): ("#ef6c00", "o:"),
}


def draw(cells: Sequence[Cell], path: Path) -> None:
    """Write the plot as SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    trips = sorted({cell.round_trip for cell in cells})
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "bench", "font.size": 9}):
        figure = Figure(figsize=(1 + 3.2 * len(trips), 6), layout="constrained")
        grid = figure.subplots(2, len(trips), sharex=True, sharey="row", squeeze=False)
        for column, trip in enumerate(trips):
            here = [cell for cell in cells if cell.round_trip == trip]
            _panel(grid[0][column], here, "seconds")
            _panel(grid[1][column], here, "requests")
            grid[0][column].set_title(f"{trip} ms of added round-trip time")
            grid[1][column].set_xlabel("tasks")
        for row, label in zip(grid, ("seconds after the sign-in", "requests after the sign-in"), strict=True):
            row[0].set_ylabel(label)
        handles, labels = grid[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None})


def _panel(axes: "Axes", cells: Sequence[Cell], figure: str) -> None:
    axes.set(xscale="log", yscale="log")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, which="major", color="#eeeeee")
    for (deployer, what), (colour, style) in _LINES.items():
        points = sorted((c.tasks, getattr(c, figure)) for c in cells if (c.deployer, c.what) == (deployer, what))
        label = f"{deployer}: {what}"
        axes.plot([x for x, _ in points], [y for _, y in points], style, color=colour, markersize=4, label=label)
