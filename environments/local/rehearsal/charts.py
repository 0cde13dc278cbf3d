"""The report's pictures, as SVG text."""

from __future__ import annotations

import io
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.patches import FancyBboxPatch

    from deploy.graph.graph import Graph

    from .full_run import TaskRun

_COLOURS = {"SUCCEEDED": "#2e7d32", "SKIPPED": "#9e9e9e", "FAILED": "#c62828", "CANCELLED": "#ef6c00"}
_BLUE, _ORANGE, _GREY, _BLACK = "#1565c0", "#ef6c00", "#9e9e9e", "#212121"


def _drawn(draw: Callable[[Axes], None], width: float, height: float) -> str:
    """Draw on a figure of that many inches and return its SVG element."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # Text stays text, and the same data gives the same file.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "rehearsal", "font.size": 9}):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes)
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None})
    text = target.getvalue()
    return text[text.index("<svg") :]


def gantt(tasks: tuple[TaskRun, ...]) -> str:
    """When each task of a run ran, in seconds since its start."""
    ran = [t for t in tasks if t.start and t.end]
    start = min((t.start for t in ran), default=None)

    def draw(axes: Axes) -> None:
        for row, task in enumerate(ran):
            begin, length = (task.start - start).total_seconds(), (task.end - task.start).total_seconds()
            axes.barh(row, max(length, 0.01), left=begin, color=_COLOURS.get(task.state, _GREY), height=0.6)
            axes.annotate(f"{length:.1f} s", (begin + length, row), xytext=(4, -3), textcoords="offset points")
        axes.set_yticks(range(len(ran)), [t.name for t in ran])
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set_xlabel("seconds")

    return _drawn(draw, 8, 0.6 + 0.32 * len(ran))


def graph(described: Graph) -> str:
    """The task graph: predecessors left of what follows them, conditions dashed, the finalizer below."""
    places = _places(described)

    def draw(axes: Axes) -> None:
        boxes = {name: _box(axes, _short(name), place, described) for name, place in places.items()}
        for task in described.tasks:
            for before in task.predecessors:
                # An edge over more than one column bends, so that it does not run through the tasks between: below
                # them if one of its ends is in a lower row.
                far = abs(places[task.name][0] - places[before][0]) > 1
                bend = -0.3 if places[before][1] == places[task.name][1] == 0 else 0.3
                style = {
                    "arrowstyle": "-|>",
                    "color": "#555",
                    "linestyle": "--" if task.condition else "-",
                    "connectionstyle": f"arc3,rad={bend}" if far else "arc3",
                    "patchA": boxes[before],
                    "patchB": boxes[task.name],
                    "shrinkA": 1,
                    "shrinkB": 1,
                }
                axes.annotate("", places[task.name], places[before], arrowprops=style)
        axes.set_axis_off()
        axes.margins(0.05, 0.6)
        axes.autoscale_view()
        axes.scatter(*zip(*places.values(), strict=True), alpha=0)

    columns = 1 + max(x for x, _ in places.values())
    return _drawn(draw, 1.15 * columns, 2.4)


def _box(axes: Axes, name: str, place: tuple[float, float], described: Graph) -> FancyBboxPatch:
    """Draw a task, and return the outline at which its arrows begin and end."""
    finalizes = any(task.finalizes for task in described.tasks if _short(task.name) == name)
    style = {"boxstyle": "round,pad=0.4", "facecolor": "#e3f2fd", "edgecolor": _BLUE}
    style["linestyle"] = "--" if finalizes else "-"
    return axes.annotate(name, place, ha="center", va="center", bbox=style, fontsize=7).get_bbox_patch()


def _short(name: str) -> str:
    return name.rpartition("$")[2]


def _places(described: Graph) -> dict[str, tuple[float, float]]:
    depth: dict[str, int] = {}
    for task in described.tasks:  # predecessors come first
        depth[task.name] = max((depth[p] + 1 for p in task.predecessors), default=0)
    deepest, places = max(depth.values()), {}
    for task in sorted(described.tasks, key=lambda task: -_length(described, task.name)):  # the longest way straight on
        column = depth[task.name] if task.predecessors or depth[task.name] or not task.finalizes else deepest + 1
        taken = sum(x == column for x, _ in places.values())
        places[task.name] = (float(column), -1.0 * taken)
    return places


def _length(described: Graph, name: str) -> int:
    """How many tasks in a row come after this one, at most."""
    after = [task.name for task in described.tasks if name in task.predecessors]
    return max((_length(described, each) + 1 for each in after), default=0)


_NAMES = {"new": "new model", "in_use": "version in use"}
_STYLES: dict[str, dict[str, Any]] = {
    "new": {"color": _BLUE, "zorder": 3},
    "in_use": {"color": _ORANGE, "linestyle": "--"},
}


IN_A_SLICE = {"value", "rows", "mean_label", "mean_predicted"}
"""What each row of a slice must say to be drawn."""


def roc(plots: dict[str, Any]) -> str:
    """The receiver operating characteristic on the held-out rows, of the new model and of the version in use."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=_GREY, linestyle=":")
        for which, found in plots.items():
            axes.plot(*zip(*found["roc"], strict=True), label=_NAMES[which], **_STYLES[which])
        axes.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC")
        axes.legend(frameon=False)

    return _drawn(draw, 3.6, 3.2)


def calibration(plots: dict[str, Any]) -> str:
    """The mean prediction of each of the two against the share of the label."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=_GREY, linestyle=":")
        for which, found in plots.items():
            predicted, label = (
                [each[name] for each in found["calibration"]] for name in ("mean_predicted", "mean_label")
            )
            axes.plot(predicted, label, marker="o", markersize=3, label=_NAMES[which], **_STYLES[which])
        axes.set(xlabel="mean predicted", ylabel="mean label", title="Calibration")
        axes.legend(frameon=False)

    return _drawn(draw, 3.6, 3.2)


def slices(title: str, rows: list[dict[str, Any]]) -> str:
    """The means of the label and of both predictions for each value of a feature; behind them, how many rows."""
    values = [row["value"] for row in rows]

    def draw(axes: Axes) -> None:
        most = max(row["rows"] for row in rows)
        highest = max(row["mean_label"] for row in rows)
        width = 0.8 * min((b - a for a, b in pairwise(values)), default=1)
        axes.bar(values, [0.25 * highest * row["rows"] / most for row in rows], width, color="#eeeeee", label="rows")
        axes.plot(values, [row["mean_label"] for row in rows], "o-", color=_BLACK, markersize=3, label="mean label")
        axes.plot(values, [row["mean_predicted"] for row in rows], label=_NAMES["new"], **_STYLES["new"])
        if all("in_use" in row for row in rows):
            before = [row["in_use"]["mean_predicted"] for row in rows]
            axes.plot(values, before, label=_NAMES["in_use"], **_STYLES["in_use"])
        axes.set(title=f"By {title.replace('_', ' ')}")
        axes.legend(frameon=False, fontsize=7, ncols=2)

    return _drawn(draw, 3.6, 3.2)


def drift(values: dict[str, float], drifted: list[str], most: float) -> str:
    """How far each feature of the open rows has moved from the baseline, and from where on that is drift.

    Features that move in any data, such as counts that grow, stand in grey whatever their value.
    """
    names = [name for name, value in values.items() if value is not None]

    def draw(axes: Axes) -> None:
        for row, name in enumerate(names):
            colour = _COLOURS["FAILED"] if name in drifted else _BLUE if values[name] <= most else _GREY
            axes.barh(row, values[name], color=colour, height=0.6)
            axes.annotate(f"{values[name]:.3f}", (values[name], row), xytext=(4, -3), textcoords="offset points")
        axes.axvline(most, color=_GREY, linestyle=":")
        axes.set_yticks(range(len(names)), [name.replace("_", " ").lower() for name in names])
        axes.invert_yaxis()
        axes.set_xscale("symlog", linthresh=most)
        axes.set_xlim(0, max(10.0, 2 * max(values[name] for name in names)))
        axes.set(xlabel="population stability index", title="Drift of the open rows")

    return _drawn(draw, 5.4, 3.6)


def weeks(found: list[dict[str, Any]]) -> str:
    """The means of prediction and label by week; the label ends where it is not known yet."""

    def draw(axes: Axes) -> None:
        dates = [date.fromisoformat(week["week"]) for week in found]
        axes.plot(
            dates,
            [_or_nan(week["mean_label"]) for week in found],
            "o-",
            color=_GREY,
            markersize=2.5,
            label="mean label",
        )
        axes.plot(
            dates, [week["mean_predicted"] for week in found], "o-", color=_BLUE, markersize=2.5, label="mean predicted"
        )
        axes.set(title="Prediction and label by week", ylabel="mean")
        axes.legend(frameon=False, loc="lower left", ncols=2)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(AutoDateLocator()))

    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    return _drawn(draw, 5.4, 3.6)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
