"""How the benchmarks measure: works in turns, and the median of several runs."""

import statistics
import time
from collections.abc import Callable
from typing import Any

Figures = dict[str, float]


def seconds(work: Callable[[], Any]) -> float:
    """How long the work takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def medians(runs: int, **works: Callable[[], Any]) -> Figures:
    """The median seconds of each work, measured in turns (A B C A B C ...).

    A machine that slows down for a while then does not favour one of them.
    """
    times = [{name: seconds(work) for name, work in works.items()} for _ in range(runs)]
    return {f"{name}, seconds": statistics.median(t[name] for t in times) for name in works}
