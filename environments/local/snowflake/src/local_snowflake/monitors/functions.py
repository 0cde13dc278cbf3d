"""MODEL_MONITOR_DRIFT_METRIC, MODEL_MONITOR_PERFORMANCE_METRIC and MODEL_MONITOR_STAT_METRIC.

https://docs.snowflake.com/en/sql-reference/functions/model-monitor-drift-metric and its neighbours. What a metric has
no value for, such as an AUC of lines of one class, is NULL.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from ..kernel.errors import execution_error, invalid, unsupported
from ..kernel.names import fold
from ..kernel.result import SELECT, Result, rows
from ..kernel.tokens import Tokens
from . import metrics, reading, windows
from .windows import Span

if TYPE_CHECKING:
    import pyarrow as pa

    from ..kernel.catalogue import Object
    from ..kernel.session import Session

_SEGMENT = ("SEGMENT_COLUMN", "SEGMENT_VALUE")
_START = (("EVENT_TIMESTAMP", "timestamp_ntz"), ("METRIC_VALUE", "real"))
_DRIFT = (
    *_START, ("COL_COUNT_USED", "fixed"), ("COL_COUNT_UNUSED", "fixed"), ("BASELINE_COL_COUNT_USED", "fixed"),
    ("BASELINE_COL_COUNT_UNUSED", "fixed"), "METRIC_NAME", "COLUMN_NAME", *_SEGMENT,
)  # fmt: skip
_PERFORMANCE = (*_START, ("COUNT_USED", "fixed"), ("COUNT_UNUSED", "fixed"), "METRIC_NAME", *_SEGMENT)
_STAT = (*_START, "METRIC_NAME", "COLUMN_NAME", *_SEGMENT)


@dataclass(frozen=True)
class _Asked:
    """A call: the monitor, the arguments before the granularity, the time range, and the segment."""

    monitor: Object
    arguments: tuple[str, ...]
    span: Span
    segment: tuple[str, str] | None

    def shown(self) -> dict[str, str | None]:
        column, value = self.segment or (None, None)
        return {"METRIC_NAME": self.arguments[0].upper(), "SEGMENT_COLUMN": column, "SEGMENT_VALUE": value}


def _asked(session: Session, positional: list[Any], named: dict[str, Any], required: int) -> _Asked:
    if named:
        raise unsupported(f"{', '.join(named)} => in a function of model monitors")
    if not required <= len(positional) <= required + 4:
        raise invalid(f"a function of model monitors takes {required} to {required + 4} arguments", "000938", "22023")
    first, *rest = positional[:required]
    more = [*positional[required:], None, None, None, None]
    monitor = session.get(reading.WORD, session.qualify(Tokens(str(first)).name()))
    session.require_warehouse()
    span = windows.span(more[0], more[1], more[2], monitor.properties["aggregation_days"])
    return _Asked(monitor, tuple(map(str, rest)), span, _segment(monitor, more[3]))


def _segment(monitor: Object, written: Any) -> tuple[str, str] | None:
    """`{"SEGMENTS": [{"column": ..., "value": ...}]}`: one segment."""
    if written is None:
        return None
    try:
        (found,) = json.loads(written)["SEGMENTS"]
        column, value = fold(found["column"]), found["value"]
    except (ValueError, KeyError, TypeError) as error:
        raise invalid(f"Invalid extra_args '{written}': one segment, with a column and a value.") from error
    if column not in monitor.properties["columns"]["by_role"]["SEGMENT_COLUMNS"]:
        raise invalid(f"'{column}' is not a segment column of the model monitor.")
    return column, value


def _of_segment(found: pa.Table, asked: _Asked) -> pa.Table:
    if asked.segment is None:
        return found
    column, value = asked.segment
    return found.filter(pc.equal(found.column(column), value))


def _windows(session: Session, asked: _Asked) -> Iterator[tuple[datetime, pa.Table]]:
    found = _of_segment(reading.rows(session, asked.monitor), asked)
    return windows.split(found, asked.monitor.properties["columns"]["timestamp"], asked.span)


def _column(monitor: Object, written: str) -> str:
    used = monitor.properties["columns"]
    name, roles = fold(written), used["by_role"]
    outcomes = [each for role in roles if role.startswith(("PREDICTION", "ACTUAL", "CUSTOM")) for each in roles[role]]
    if name not in {*used["features"], *outcomes}:
        raise invalid(f"Column '{name}' is not a feature, prediction or actual column of the model monitor.")
    return name


def drift(session: Session, positional: list[Any], named: dict[str, Any]) -> Result:
    """A column's drift from the baseline, by window."""
    asked = _asked(session, positional, named, 3)
    computed = metrics.named(metrics.DRIFT, asked.arguments[0])
    column = _column(asked.monitor, asked.arguments[1])
    kept = reading.baseline(session.account, asked.monitor)
    if kept is None:
        raise execution_error(f"The model monitor '{asked.monitor.name.name}' has no baseline, so it has no drift.")
    if column not in kept.column_names:
        raise execution_error(f"The baseline of '{asked.monitor.name.name}' has no column {column}.")
    before = _of_segment(kept, asked)
    baseline = reading.values(before, column)
    if asked.arguments[0].upper() in metrics.NUMERIC_ONLY and baseline.dtype.kind != "f":
        raise invalid(f"{asked.arguments[0]} needs a numerical column; {column} is none.")

    def row(found: pa.Table) -> dict[str, Any]:
        values = reading.values(found, column)
        return {
            "METRIC_VALUE": computed(baseline, values) if len(values) and len(baseline) else None,
            "COL_COUNT_USED": len(values),
            "COL_COUNT_UNUSED": len(found) - len(values),
            "BASELINE_COL_COUNT_USED": len(baseline),
            "BASELINE_COL_COUNT_UNUSED": len(before) - len(baseline),
            "COLUMN_NAME": column,
        }

    return _answer(session, asked, _DRIFT, row)


def performance(session: Session, positional: list[Any], named: dict[str, Any]) -> Result:
    """How well the version did on the lines whose actual value is known, by window."""
    asked = _asked(session, positional, named, 2)
    said, actual, computed = _compared(asked)

    def row(found: pa.Table) -> dict[str, Any]:
        known = found.filter(pc.is_valid(found.column(actual)))
        arrays = reading.values(known, actual), reading.values(known, said)
        value = computed(*arrays) if len(known) else None
        return {"METRIC_VALUE": value, "COUNT_USED": len(known), "COUNT_UNUSED": len(found) - len(known)}

    return _answer(session, asked, _PERFORMANCE, row)


def _compared(asked: _Asked) -> tuple[str, str, Callable[..., float | None]]:
    """The columns of what was said and what came true, and the metric of them."""
    name = asked.arguments[0].upper()
    by_role = asked.monitor.properties["columns"]["by_role"]
    binary = asked.monitor.properties["model_task"] == "TABULAR_BINARY_CLASSIFICATION"
    computed = metrics.named(metrics.SCORED | metrics.CLASSED if binary else metrics.REGRESSION, name)
    said = "PREDICTION_CLASS_COLUMNS" if name in metrics.CLASSED else "PREDICTION_SCORE_COLUMNS"
    actual = "ACTUAL_CLASS_COLUMNS" if binary else "ACTUAL_SCORE_COLUMNS"
    for role in (said, actual):
        if not by_role[role]:
            raise execution_error(f"The model monitor '{asked.monitor.name.name}' has no {role}, which {name} needs.")
    return by_role[said][0], by_role[actual][0], computed


def stat(session: Session, positional: list[Any], named: dict[str, Any]) -> Result:
    """How many values, or nulls, a column has, by window."""
    asked = _asked(session, positional, named, 3)
    column = _column(asked.monitor, asked.arguments[1])
    counted = metrics.named(
        {"COUNT": lambda a: len(a) - a.null_count, "COUNT_NULL": lambda a: a.null_count}, asked.arguments[0]
    )
    return _answer(
        session, asked, _STAT, lambda f: {"METRIC_VALUE": float(counted(f.column(column))), "COLUMN_NAME": column}
    )


def _answer(session: Session, asked: _Asked, columns: Any, row: Callable[[pa.Table], dict[str, Any]]) -> Result:
    found = [{"EVENT_TIMESTAMP": start, **row(part), **asked.shown()} for start, part in _windows(session, asked)]
    return rows(columns, found, SELECT)


TABLE_FUNCTIONS = {
    "MODEL_MONITOR_DRIFT_METRIC": drift,
    "MODEL_MONITOR_PERFORMANCE_METRIC": performance,
    "MODEL_MONITOR_STAT_METRIC": stat,
}
