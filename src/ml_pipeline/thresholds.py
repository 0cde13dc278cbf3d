"""Thresholds: settings that bound the metrics of the definition, by their names.

[pipeline.quality_gate] has min_<metric> and max_<metric>, and by how much a new model may be worse than the version in
use: max_<metric>_drop where higher is better, else max_<metric>_rise. Those of slices are min_slice_<metric> and so on.
[pipeline.monitoring] has min_labelled_<metric> and max_labelled_<metric>. A new threshold is a new line there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .values import ConfigError, nearest

if TYPE_CHECKING:
    from .definition import Definition
    from .measures import Metric
    from .section import Open
    from .settings import Pipeline

SLICE, LABELLED = "slice_", "labelled_"


@dataclass(frozen=True)
class Threshold:
    """A bound of a metric: of all rows, of slices, or of labelled rows."""

    metric: str
    bound: float
    least: bool
    """Whether the metric must be at least this; else at most."""
    of_slices: bool = False
    relative: bool = False
    """Whether the bound is how far the metric may be from that of the version in use, to the worse side."""


def quality_gate(declared: Definition, settings: Pipeline) -> tuple[Threshold, ...]:
    """Return the thresholds of the quality gate. Raises ConfigError for a key that bounds no metric."""
    known = {**_bounds("", declared.metrics), **_bounds(SLICE, declared.slice_metrics)}
    return tuple(_read(settings.quality_gate, known, "quality_gate"))


def labelled(declared: Definition, settings: Pipeline) -> tuple[Threshold, ...]:
    """Return the thresholds of monitoring. Raises ConfigError for a key that bounds no monitored metric."""
    monitored = {name: metric for name, metric in declared.metrics.items() if metric.monitored}
    known = {key: each for key, each in _bounds(LABELLED, monitored).items() if not each.relative}
    return tuple(_read(settings.monitoring, known, "monitoring"))


def check(declared: Definition, settings: Pipeline) -> None:
    """Raise ConfigError for a key that bounds no metric of the definition."""
    quality_gate(declared, settings)
    labelled(declared, settings)


def _bounds(of: str, metrics: Mapping[str, Metric]) -> dict[str, Threshold]:
    """Return every key that bounds one of the metrics, with what it means."""
    found: dict[str, Threshold] = {}
    for name, metric in metrics.items():
        worse = "drop" if metric.higher_is_better else "rise"
        least = Threshold(name, 0, least=True, of_slices=of == SLICE)
        found |= {
            f"min_{of}{name}": least,
            f"max_{of}{name}": replace(least, least=False),
            f"max_{of}{name}_{worse}": replace(least, least=metric.higher_is_better, relative=True),
        }
    return found


def _read(values: Open, known: Mapping[str, Threshold], table: str) -> Iterator[Threshold]:
    for key, value in (values.model_extra or {}).items():
        if key not in known:
            raise ConfigError(
                f'"{key}" in [pipeline.{table}] bounds no metric of the definition{nearest(key, known)}\n'
                f"next: name one of {', '.join(known)}, or declare the metric"
            )
        yield replace(known[key], bound=value)
